#!/usr/bin/env bash
# Runs Envoy ($ENVOY) with the dynamic bootstrap until Ctrl-C; switch.sh finds it through .run/.
set -euo pipefail
. scripts/lib.sh

# free VARIABLE PORT
free() {
    if [[ ! $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > 65535)); then
        fail "$1=$2 is no port: give one from 1 to 65535"
    fi
    # Envoy would share the port with another Envoy without a word.
    if (: <>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
        fail "port $2 is taken on 127.0.0.1: stop what uses it, or choose another, as in: make run $1=$(($2 + 1))"
    fi
}

need_curl
ask "$(admin)/ready" --output /dev/null && fail "a proxy already runs from this folder, see 'make status': stop it first"
free PORT "${PORT:=10000}"
free ADMIN_PORT "${ADMIN_PORT:=9901}"
free UPSTREAM_PORT "${UPSTREAM_PORT:=10080}"
((PORT != ADMIN_PORT && PORT != UPSTREAM_PORT && ADMIN_PORT != UPSTREAM_PORT)) ||
    fail "PORT=$PORT, ADMIN_PORT=$ADMIN_PORT and UPSTREAM_PORT=$UPSTREAM_PORT must differ"

started=()
stop() {
    trap - EXIT
    kill "${started[@]}" 2>/dev/null || true
    wait
    rm -rf .run
}
trap stop EXIT
trap 'exit 0' INT
trap exit TERM HUP

mkdir -p .run
cp envoy/dynamic/off.yaml .run/plugin.yaml
echo "127.0.0.1:$PORT" >.run/proxy
# No line has two ports; `t` ends a line's editing, so that a port just put in is not taken for another one.
sed -e "s/port_value: 10000/port_value: $PORT/;t" -e "s/port_value: 9901/port_value: $ADMIN_PORT/;t" \
    -e "s/port_value: 10080/port_value: $UPSTREAM_PORT/" envoy/dynamic/bootstrap.yaml >.run/bootstrap.yaml
"$ENVOY" -c .run/bootstrap.yaml --log-level warning --component-log-level main:error --disable-hot-restart \
    --file-flush-interval-msec 100 --admin-address-path .run/admin >.run/envoy.log 2>&1 &
proxy=$!
started+=("$proxy")

deadline=$((SECONDS + 30))
until ask "http://127.0.0.1:$ADMIN_PORT/ready" --fail --output /dev/null; do
    if ! kill -0 "$proxy" 2>/dev/null || ((SECONDS > deadline)); then
        cat .run/envoy.log >&2
        fail "Envoy did not start; it says why above"
    fi
    sleep 0.05
done

cat <<END

Envoy runs on http://127.0.0.1:$PORT in front of a demonstration application. Maintenance is off.
In another terminal, from this folder:

  curl -i http://127.0.0.1:$PORT/    the application answers
  make on RETRY_AFTER=300            from now on 503, with Retry-After: 300
  make off                           the application again
  make status                        what the proxy says and answers

Ctrl-C stops everything. Admin: http://127.0.0.1:$ADMIN_PORT/. Envoy's log follows, a line for each request:

END
tail -n +1 -f .run/envoy.log &
started+=($!)
wait "$proxy"
