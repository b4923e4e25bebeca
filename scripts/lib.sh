# shellcheck shell=bash
# Functions and variables shared by the scripts. Every script runs in the root of the repository.

# shellcheck disable=SC2034 # used by the scripts that source this file
target=wasm32-unknown-unknown

# has_colour FD: succeeds if colours may be written to a file descriptor: only to a terminal, and not with NO_COLOR
# (https://no-color.org)
has_colour() {
    [[ -t $1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]
}

# The escape codes for stdout, each empty without colours.
# shellcheck disable=SC2034 # used by the scripts that source this file
bold='' green='' yellow='' cyan='' plain=''
if has_colour 1; then
    # shellcheck disable=SC2034
    bold=$'\e[1m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' plain=$'\e[0m'
fi

# fail MESSAGE...: prints an error and exits
fail() {
    if has_colour 2; then printf '\e[31merror:\e[0m %s\n' "$*" >&2; else echo "error: $*" >&2; fi
    exit 1
}

# list_commands COMMAND EFFECT...: prints commands, each with its effect
list_commands() {
    while (($# > 0)); do
        printf '  %s%-34s%s %s\n' "$bold" "$1" "$plain" "$2"
        shift 2
    done
}

# list_proxy_commands URL: prints the commands for the proxy of `make run` or `make up`
list_proxy_commands() {
    list_commands "curl -i $1/" 'sends a request; the application replies' \
        'make on RETRY_AFTER=300' 'turns maintenance on: 503 with Retry-After: 300' \
        'make off' 'turns maintenance off' \
        'make status' "prints the proxy's state and its replies"
}

# next COMMAND EFFECT...: prints what can be done next. It is for people, and prints nothing into a pipe or a file.
next() {
    [[ ! -t 1 ]] || { echo && list_commands "$@"; }
}

# step NAME...: prints the heading of a step
step() {
    echo "== $*"
}

# need COMMAND HINT: fails with HINT unless COMMAND is installed
need() {
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

# pinned_rust: prints the version of Rust that rust-toolchain.toml pins
pinned_rust() {
    sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml
}

# copy_module_package FOLDER: writes the package of the module into a folder, without its tests and their dependencies. In
# the workspace, cargo would add the crates that only a feature used by the tests needs. SOURCE_URL replaces `repository`.
copy_module_package() {
    awk '/^\[/ { keep = !/^\[(dev-dependencies|\[test\])/ } keep' Cargo.toml |
        sed -e 's/^members = .*/members = []/' -e "${SOURCE_URL:+s|^repository = .*|repository = \"$SOURCE_URL\"|}" >"$1/Cargo.toml"
    cp -r Cargo.lock src "$1"
    cargo fetch --quiet --locked --target "$target"
    cargo update --quiet --offline --workspace --manifest-path "$1/Cargo.toml"
}

# need_rust: fails unless cargo runs
need_rust() {
    need cargo "install Rust with rustup (https://rustup.rs)"
    cargo --version >/dev/null || fail "cargo does not run (its error is above). If rustup cannot download" \
        "Rust $(pinned_rust), install it by hand, or use another version: export RUSTUP_TOOLCHAIN=stable"
}

# need_python: fails unless Python has pip
need_python() {
    need python3 "install Python 3 with pip"
    python3 -m pip --version >/dev/null 2>&1 || fail "Python has no pip: install it (Debian: python3-pip)"
}

# pip_install FOLDER OPTION...: installs wheels from PyPI whose hashes are known into a folder
pip_install() {
    need_python
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --target "$1" "${@:2}" >&2
}

# need_go: fails unless Go is installed
need_go() {
    need go "install Go 1.26 or later (https://go.dev/dl); Debian's package may be older"
}

# build_go FILE MODULE PACKAGE STAMPS: builds a program, with STAMPS for the linker (-X NAME=VALUE). The file appears when
# it is complete, so that an interrupted build leaves no incomplete one.
build_go() {
    local file=$1 module=$2 package=$3 stamps=$4
    need_go
    echo "building ${file##*/}, which later runs reuse" >&2
    go -C "$module" build -ldflags "-s -w $stamps" -o "$file.part" "$package" ||
        fail "cannot build ${file##*/}; see the error above"
    mv "$file.part" "$file"
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
