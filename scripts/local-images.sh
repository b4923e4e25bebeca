#!/usr/bin/env bash
# Builds the images for `make test-docker` and envoy/compose.yaml on a machine that cannot pull them. The programs come
# from this machine: Envoy ($ENVOY), and prometheus and docker-registry from Debian. Prints the variables to set.
set -euo pipefail
. scripts/lib.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# build_image VARIABLE NAME TAG PROGRAM=PATH...: imports an image of the programs and their shared libraries, and prints
# VARIABLE=image
build_image() {
    local variable=$1 name=local/$2:$3 root=$scratch/$2 pair path
    shift 3
    mkdir -p "$root/bin"
    for pair in "$@"; do
        path=${pair#*=}
        [[ -x $path ]] || fail "${pair%%=*} is missing: '$path' is not a program"
        cp --dereference "$path" "$root/bin/${pair%%=*}"
        # ldd fails for a statically linked program, which has no shared libraries to copy.
        { ldd "$path" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
            [[ $library == *: ]] || cp --dereference --parents "$library" "$root"
        done
    done
    tar --create --directory "$root" . | docker import --change 'ENV PATH=/bin' - "$name" >/dev/null
    echo "$variable=$name"
}

# The health check of envoy/compose.yaml needs bash, which the public Envoy image also has.
version=$("$ENVOY" --version | sed -n 's,.* version: [^/]*/\([^/]*\)/.*,\1,p')
build_image ENVOY_IMAGE envoy "$version" envoy="$ENVOY" bash=/bin/bash
build_image PROMETHEUS_IMAGE prometheus local prometheus="$(command -v prometheus)" promtool="$(command -v promtool)"
build_image REGISTRY_IMAGE registry local registry="$(command -v docker-registry)"
