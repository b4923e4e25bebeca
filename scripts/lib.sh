# shellcheck shell=bash
# What the scripts share. They run in the root of the repository, as make does.

# shellcheck disable=SC2034 # used by those that source this file
target=wasm32-unknown-unknown

fail() {
    echo "error: $*" >&2
    exit 1
}

step() {
    echo "== $*"
}

# need COMMAND HOW_TO_GET_IT
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

need_rust() {
    need cargo "install Rust with rustup (https://rustup.rs)"
}

# Whether the toolchain can build for the proxy as it is.
has_target() {
    [[ -d $(rustc --print target-libdir --target "$target" 2>/dev/null) ]]
}

# ask URL [CURL_OPTION...]: what an HTTP server of this machine answers
ask() {
    curl --silent --noproxy '*' --max-time 5 "$@"
}

need_curl() {
    need curl "install it (Debian: curl)"
}

# The admin address of the proxy that `make run` or `make up` started from this folder, or one where nothing answers.
admin() {
    echo "http://$(cat .run/admin 2>/dev/null || echo 127.0.0.1:0)"
}

# compose COMMAND...: of the containers of `make up`
compose() {
    docker compose --file envoy/compose.yaml "$@"
}

# All that the proxy has printed.
proxy_log() {
    cat .run/envoy.log 2>/dev/null || compose logs --no-color --no-log-prefix proxy
}
