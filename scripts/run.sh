#!/usr/bin/env bash
# Runs Envoy ($ENVOY) with envoy/dynamic/bootstrap.yaml until Ctrl-C. switch.sh reads the proxy's addresses from .run/.
set -euo pipefail
. scripts/lib.sh

# check_port VARIABLE PORT: fails unless PORT is valid and free
check_port() {
    if [[ ! $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > 65535)); then
        fail "$1=$2 is not a port number: use 1 to 65535"
    fi
    # Envoy listens with SO_REUSEPORT: a second Envoy would share the port without an error.
    if (: <>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
        fail "port $2 on 127.0.0.1 is in use: stop the program that uses it, or try 'make run $1=$(($2 + 1))'"
    fi
}

need_curl
http_get "$(admin_url)/ready" --output /dev/null &&
    fail "a proxy is already running from this folder: stop it first (see 'make status')"
check_port PORT "${PORT:=10000}"
check_port ADMIN_PORT "${ADMIN_PORT:=9901}"
check_port UPSTREAM_PORT "${UPSTREAM_PORT:=10080}"
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
# `t` ends the editing of a line after its first substitution, so that no chosen port is substituted again.
sed -e "s/port_value: 10000/port_value: $PORT/;t" -e "s/port_value: 9901/port_value: $ADMIN_PORT/;t" \
    -e "s/port_value: 10080/port_value: $UPSTREAM_PORT/" envoy/dynamic/bootstrap.yaml >.run/bootstrap.yaml
"$ENVOY" -c .run/bootstrap.yaml --log-level warning --component-log-level main:error --disable-hot-restart \
    --file-flush-interval-msec 100 --admin-address-path .run/admin >.run/envoy.log 2>&1 &
proxy=$!
started+=("$proxy")

deadline=$((SECONDS + 30))
until http_get "http://127.0.0.1:$ADMIN_PORT/ready" --fail --output /dev/null; do
    if ! kill -0 "$proxy" 2>/dev/null || ((SECONDS > deadline)); then
        cat .run/envoy.log >&2
        fail "Envoy did not start; its log is above"
    fi
    sleep 0.05
done

cat <<END

${bold}Envoy runs on http://127.0.0.1:$PORT$plain in front of a demonstration application. Maintenance is ${green}off$plain.
In another terminal, from this folder:

$(list_proxy_commands "http://127.0.0.1:$PORT")

Ctrl-C stops everything. Admin interface: http://127.0.0.1:$ADMIN_PORT/. Envoy's log follows, one line per request:

END
tail -n +1 -f .run/envoy.log &
started+=($!)
wait "$proxy"
