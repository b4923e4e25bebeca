#!/usr/bin/env bash
# Stand-in for kubectl. Its replies are files in the folder STAND_IN:
#   pods, plugins, patch     stdout of `get pods`, `get wasmplugins` and `patch`
#   POD.stats, POD.filters   stdout of `exec POD`
#   NAME.error               stderr of any of these; the exit status is then 1
#   POD.hangs                `exec POD` writes its process to this file and does not end
#   together                 `exec` ends when as many as this file says have started
# It appends its arguments to the file `calls`, and a line `s` for each `exec` to `execs`.
set -euo pipefail
cd "$STAND_IN"
echo "$*" >>calls

# reply NAME FILE: prints NAME.error on stderr and fails, or prints FILE
reply() {
    if [[ -e $1.error ]]; then
        cat "$1.error" >&2
        exit 1
    fi
    cat "$2"
}

while [[ $1 == --* ]]; do shift; done
case $1 in
get) if [[ $2 == pods ]]; then reply pods pods; else reply plugins plugins; fi ;;
patch) reply patch patch ;;
exec)
    pod=$3
    echo s >>execs
    if [[ -e $pod.hangs ]]; then
        echo $$ >"$pod.hangs"
        exec sleep 600
    fi
    if [[ -e together ]]; then
        until started=$(<execs) && started=${started//[!s]/} && ((${#started} >= $(<together))); do sleep 0.01; done
    fi
    case ${!#} in
    stats*) reply "$pod" "$pod.stats" ;;
    *) reply "$pod" "$pod.filters" ;;
    esac
    ;;
esac
