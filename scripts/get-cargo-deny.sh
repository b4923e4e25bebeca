#!/usr/bin/env bash
# Leaves cargo-deny in .tools/cargo-deny/, built once from its source; prints its path.
set -euo pipefail
. scripts/lib.sh

version=0.20.2
root=$PWD/.tools/cargo-deny/$version
if [[ ! -x $root/bin/cargo-deny ]]; then
    need_rust
    echo "building cargo-deny $version (a minute or two)" >&2
    # Speed of the build matters more than that of a tool which runs for a second.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --profile dev --root "$root" "cargo-deny@$version" >&2
fi
echo "$root/bin/cargo-deny"
