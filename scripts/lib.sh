# shellcheck shell=bash
# What the scripts share. They run in the root of the repository, as make does.

fail() {
    echo "error: $*" >&2
    exit 1
}

# need COMMAND HOW_TO_GET_IT
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

# ask URL [CURL_OPTION...]: what an HTTP server of this machine answers
ask() {
    curl --silent --noproxy '*' --max-time 5 "$@"
}
