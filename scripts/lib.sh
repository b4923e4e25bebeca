# shellcheck shell=bash
# Functions and variables shared by the scripts. Every script runs in the root of the repository.

# shellcheck disable=SC2034 # used by the scripts that source this file
target=wasm32-unknown-unknown

# fail MESSAGE...: prints an error and exits
fail() {
    echo "error: $*" >&2
    exit 1
}

# step NAME...: prints the heading of a step
step() {
    echo "== $*"
}

# need COMMAND HINT: fails with HINT unless COMMAND is installed
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

need_rust() {
    need cargo "install Rust with rustup (https://rustup.rs)"
}

need_curl() {
    need curl "install it (Debian: curl)"
}

# has_target: succeeds if the installed toolchain can compile for $target
has_target() {
    [[ -d $(rustc --print target-libdir --target "$target" 2>/dev/null) ]]
}

# http_get URL [CURL_OPTION...]: prints the response of an HTTP server on this machine
http_get() {
    curl --silent --noproxy '*' --max-time 5 "$@"
}

# admin_url: prints the admin URL of the proxy that `make run` or `make up` started, or an unreachable URL
admin_url() {
    echo "http://$(cat .run/admin 2>/dev/null || echo 127.0.0.1:0)"
}

# compose ARGUMENT...: runs docker compose on the containers of `make up`
compose() {
    docker compose --file envoy/compose.yaml "$@"
}

# proxy_log: prints the whole log of the proxy that `make run` or `make up` started
proxy_log() {
    cat .run/envoy.log 2>/dev/null || compose logs --no-color --no-log-prefix proxy
}
