#!/usr/bin/env bash
# Turns maintenance on or off in the proxy of `make run` or `make up`, or prints its state: switch.sh on|off|status.
# RETRY_AFTER is in seconds.
set -euo pipefail
. scripts/lib.sh

need_curl
admin=$(admin_url)
http_get "$admin/ready" --fail --output /dev/null ||
    fail "no proxy is running here: start one with 'make run' or 'make up'"
proxy=http://$(<.run/proxy)

# stat_sum PATTERN: prints the sum of the proxy's counters and gauges whose names match
stat_sum() {
    http_get "$admin/stats" | awk -v pattern="^($1): " '$0 ~ pattern { sum += $2 } END { print sum + 0 }'
}

# reply PATH: prints the status code and the Retry-After of the reply to GET PATH
reply() {
    http_get "$proxy$1" --output /dev/null --dump-header - | tr -d '\r' |
        awk 'NR == 1 { printf "%s", $2 } tolower($1) == "retry-after:" { printf ", retry-after: %s", $2 } END { print "" }'
}

# wait_for COMMAND...: repeats COMMAND until it succeeds, for at most 10 seconds
wait_for() {
    local deadline=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < deadline)) || fail "the proxy did not switch within 10 seconds; see its log"
        sleep 0.02
    done
}

# Envoy counts every read of .run/plugin.yaml in one of three counters: success, rejected, failure.
discovery=extension_config_discovery.http_filter.maintenance
updates() { stat_sum "$discovery\\.update_(success|rejected|failure)"; }
refused_updates() { stat_sum "$discovery\\.update_(rejected|failure)"; }
has_more_updates_than() { (($(updates) > $1)); }

# publish FILE: renames FILE to .run/plugin.yaml, and waits until the proxy has read it
publish() {
    local before
    before=$(updates)
    mv "$1" .run/plugin.yaml
    wait_for has_more_updates_than "$before"
}

# apply CONFIGURATION: publishes it; if the proxy refuses it, prints the reason, puts the previous one back and exits
apply() {
    local refused log
    refused=$(refused_updates)
    log=$(proxy_log | wc -c)
    cp .run/plugin.yaml .run/last
    printf '%s\n' "$1" >.run/next
    publish .run/next
    if (($(refused_updates) > refused)); then
        echo "the proxy refused the configuration and keeps the last good one:" >&2
        proxy_log | tail -c "+$((log + 1))" | grep 'refused: ' >&2 ||
            echo "(Envoy logs the reason only the first time that it reads a configuration: see its log)" >&2
        status
        # Envoy would count the refused file as a success if it read the file again, so the file must not stay.
        publish .run/last
        exit 1
    fi
}

# gauge NAME: prints the value of a gauge of the filter
gauge() {
    stat_sum "wasmcustom\\.maintenance_$1"
}

# utc SECONDS: prints seconds since 1970 as a time of RFC 3339
utc() {
    TZ=UTC printf '%(%Y-%m-%dT%H:%M:%SZ)T' "$1"
}

# status_line NAME VALUE [COLOUR]: prints a line of the status
status_line() {
    printf '%-35s %s%s%s\n' "$1" "${3-}" "$2" "${3:+$plain}"
}

# reply_line PATH: prints the line of the status about the reply to GET PATH
reply_line() {
    local text
    text=$(reply "$1")
    case $text in
    200*) status_line "GET $1" "$text" "$green" ;;
    *) status_line "GET $1" "$text" "$yellow" ;;
    esac
}

status() {
    local start end state='off' colour=$green
    start=$(gauge window_start_timestamp_seconds) end=$(gauge window_end_timestamp_seconds)
    if (($(gauge active) > 0)); then
        state='on' colour=$yellow
    elif (($(gauge dry_run_active) > 0)); then
        state='in dry run' colour=$cyan
    elif ((start > $(date +%s))); then
        state='scheduled' colour=$cyan
    fi
    echo "maintenance is $bold$colour$state$plain"
    status_line maintenance_active "$(gauge active)"
    [[ $state != 'in dry run' ]] || status_line maintenance_dry_run_active 1
    ((start == 0)) || status_line 'window starts' "$(utc "$start")"
    ((end == 0)) || status_line 'window ends' "$(utc "$end")"
    reply_line /
    reply_line /load-balancer/health-check
    if [[ $state == off ]]; then
        next 'make on RETRY_AFTER=300' 'turns maintenance on: 503 with Retry-After: 300'
    else
        next 'make off' 'turns it off'
    fi
}

# is_in_state GAUGE REPLY: succeeds if maintenance_active and the reply to GET / have these values
is_in_state() {
    [[ $(gauge active) == "$1" && $(reply /) == "$2" ]]
}

case $1 in
on)
    seconds=${RETRY_AFTER:-60}
    configuration=$(<envoy/dynamic/on.yaml)
    default='"retryAfterSeconds": 60'
    apply "${configuration/"$default"/"\"retryAfterSeconds\": $seconds"}"
    wait_for is_in_state 1 "503, retry-after: $seconds"
    ;;
off)
    apply "$(<envoy/dynamic/off.yaml)"
    wait_for is_in_state 0 200
    ;;
esac
status
