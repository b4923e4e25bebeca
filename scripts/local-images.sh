#!/usr/bin/env bash
# Builds images for `make test-docker` and the compose file where none can be pulled, from programs of this machine:
# Envoy ($ENVOY), Debian's prometheus and docker-registry. Prints the variables to set.
set -euo pipefail
. scripts/lib.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# image VARIABLE NAME PROGRAM=PATH...: a program, the libraries it names, and nothing else
image() {
    local variable=$1 name=local/$2:$3 root=$scratch/$2 pair path
    shift 3
    mkdir -p "$root/bin"
    for pair in "$@"; do
        path=${pair#*=}
        [[ -x $path ]] || fail "no program at '$path' for ${pair%%=*}"
        cp --dereference "$path" "$root/bin/${pair%%=*}"
        # A program that is linked statically names none.
        { ldd "$path" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
            [[ $library == *: ]] || cp --dereference --parents "$library" "$root"
        done
    done
    tar --create --directory "$root" . | docker import --change 'ENV PATH=/bin' - "$name" >/dev/null
    echo "$variable=$name"
}

# The health check of the compose file needs bash, which envoyproxy/envoy has, too.
version=$("$ENVOY" --version | sed -n 's,.* version: [^/]*/\([^/]*\)/.*,\1,p')
image ENVOY_IMAGE envoy "$version" envoy="$ENVOY" bash=/bin/bash
image PROMETHEUS_IMAGE prometheus local prometheus="$(command -v prometheus)" promtool="$(command -v promtool)"
image REGISTRY_IMAGE registry local registry="$(command -v docker-registry)"
