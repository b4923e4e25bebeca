#!/usr/bin/env bash
# Prints the path of cargo-deny. The first run builds it from source into .tools/cargo-deny/.
set -euo pipefail
. scripts/lib.sh

version=0.20.2
root=$PWD/.tools/cargo-deny/$version
if [[ ! -x $root/bin/cargo-deny ]]; then
    need_rust
    echo "building cargo-deny $version (a minute or two)" >&2
    # The dev profile builds faster, and cargo-deny runs for only a second.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --profile dev --root "$root" "cargo-deny@$version" >&2
fi
echo "$root/bin/cargo-deny"
