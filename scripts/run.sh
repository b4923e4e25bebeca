#!/usr/bin/env bash
# Runs Envoy ($ENVOY) with the dynamic bootstrap until Ctrl-C; switch.sh talks to it through .run/.
set -euo pipefail
. scripts/lib.sh

need curl "install it (Debian: curl)"

# free PORT VARIABLE
free() {
    # Envoy would share a port with another Envoy without a word.
    if (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        fail "port $1 is taken on 127.0.0.1: stop what uses it, or choose another, as in: make run $2=$(($1 + 1))"
    fi
}
free "${PORT:=10000}" PORT
free "${ADMIN_PORT:=9901}" ADMIN_PORT
free "${UPSTREAM_PORT:=10080}" UPSTREAM_PORT

mkdir -p .run
rm -f .run/*
cp envoy/dynamic/off.yaml .run/plugin.yaml
sed -e "s/port_value: 10000/port_value: $PORT/" -e "s/port_value: 9901/port_value: $ADMIN_PORT/" \
    -e "s/port_value: 10080/port_value: $UPSTREAM_PORT/" envoy/dynamic/bootstrap.yaml >.run/bootstrap.yaml

started=()
stop() {
    trap - EXIT
    kill "${started[@]}" 2>/dev/null || true
    wait
    rm -rf .run
}
trap stop EXIT
trap exit INT TERM HUP

: >.run/envoy.log
tail -n +1 -f .run/envoy.log &
started+=($!)
"$ENVOY" -c .run/bootstrap.yaml --log-level warning --component-log-level main:error --disable-hot-restart \
    --admin-address-path .run/admin >>.run/envoy.log 2>&1 &
proxy=$!
started+=("$proxy")

deadline=$((SECONDS + 30))
until ask "http://127.0.0.1:$ADMIN_PORT/ready" --fail --output /dev/null; do
    kill -0 "$proxy" 2>/dev/null || fail "Envoy did not start; it says why above"
    ((SECONDS < deadline)) || fail "Envoy was not ready within 30 seconds"
    sleep 0.1
done

cat <<END
Envoy runs on http://127.0.0.1:$PORT in front of a demonstration application; maintenance is off. In another terminal:

  curl -i http://127.0.0.1:$PORT/             the application answers
  make on RETRY_AFTER=300                    now it is 503 with Retry-After: 300
  curl -i http://127.0.0.1:$PORT/load-balancer/health-check    still 200
  make status                                what the proxy says
  make off                                   back to the application

Ctrl-C stops it. Its admin page is http://127.0.0.1:$ADMIN_PORT/. Its log:
END
wait "$proxy"
