#!/usr/bin/env bash
# Prints the path of cargo-fuzz. The first run builds it from source into .tools/cargo-fuzz/.
set -euo pipefail
. scripts/lib.sh

version=0.13.2
root=$PWD/.tools/cargo-fuzz/$version
if [[ ! -x $root/bin/cargo-fuzz ]]; then
    need_rust
    echo "building cargo-fuzz $version (a minute)" >&2
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --profile dev --root "$root" "cargo-fuzz@$version" >&2
fi
echo "$root/bin/cargo-fuzz"
