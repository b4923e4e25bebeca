#!/usr/bin/env bash
# Switches the proxy of `make run` or `make up`: switch.sh on|off|status. RETRY_AFTER is in seconds.
set -euo pipefail
. scripts/lib.sh

need_curl
admin=$(admin)
ask "$admin/ready" --fail --output /dev/null || fail "no proxy is running here: start one with 'make run' or 'make up'"
proxy=http://$(<.run/proxy)

# stat PATTERN: the sum of the proxy's counters and gauges whose name matches
stat() {
    ask "$admin/stats" | awk -v pattern="^($1): " '$0 ~ pattern { sum += $2 } END { print sum + 0 }'
}

# answer PATH: the status code and retry-after of a request
answer() {
    ask "$proxy$1" --output /dev/null --dump-header - | tr -d '\r' |
        awk 'NR == 1 { line = $2 } tolower($1) == "retry-after:" { line = line ", retry-after: " $2 } END { print line }'
}

# wait_for COMMAND...: until it succeeds, for 10 seconds at most
wait_for() {
    local deadline=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < deadline)) || fail "the proxy did not follow within 10 seconds; see its log"
        sleep 0.02
    done
}

discovery=extension_config_discovery.http_filter.maintenance
handled() { stat "$discovery\\.update_(success|rejected|failure)"; }
has_handled_more_than() { (($(handled) > $1)); }
rejected() { stat "$discovery\\.update_(rejected|failure)"; }

# hand_over FILE: renames it to where the proxy looks, and waits until the proxy has read it
hand_over() {
    local before
    before=$(handled)
    mv "$1" .run/plugin.yaml
    wait_for has_handled_more_than "$before"
}

# switch CONFIGURATION: the proxy takes it, or refuses it and keeps the one before
switch() {
    local refused log
    refused=$(rejected)
    log=$(proxy_log | wc -c)
    cp .run/plugin.yaml .run/last
    printf '%s\n' "$1" >.run/next
    hand_over .run/next
    if (($(rejected) > refused)); then
        echo "the proxy refused the configuration; the last good one stays in force:" >&2
        proxy_log | tail -c "+$((log + 1))" | grep 'refused: ' >&2 ||
            echo "(Envoy says why only when it first sees a configuration: see its log)" >&2
        status
        # Envoy would count the same refused file as a success if it came again right away.
        hand_over .run/last
        exit 1
    fi
}

status() {
    echo "maintenance_active                  $(stat 'wasmcustom\.maintenance_active')"
    echo "GET /                               $(answer /)"
    echo "GET /load-balancer/health-check     $(answer /load-balancer/health-check)"
}

# shows GAUGE ANSWER: whether the proxy says and does so
shows() {
    [[ $(stat 'wasmcustom\.maintenance_active') == "$1" && $(answer /) == "$2" ]]
}

case $1 in
on)
    seconds=${RETRY_AFTER:-60}
    configuration=$(<envoy/dynamic/on.yaml)
    default='"retryAfterSeconds": 60'
    switch "${configuration/"$default"/"\"retryAfterSeconds\": $seconds"}"
    wait_for shows 1 "503, retry-after: $seconds"
    ;;
off)
    switch "$(<envoy/dynamic/off.yaml)"
    wait_for shows 0 200
    ;;
esac
status
