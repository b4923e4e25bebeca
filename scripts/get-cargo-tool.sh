#!/usr/bin/env bash
# Prints the path of a tool of cargo: get-cargo-tool.sh NAME VERSION [OPTION-OF-CARGO-INSTALL...]. The first run builds it
# from source into the user's cache, which `make clean` does not remove.
set -euo pipefail
. scripts/lib.sh

name=$1 version=$2
root=${XDG_CACHE_HOME:-$HOME/.cache}/maintenance-filter/$name-$version
if [[ ! -x $root/bin/$name ]]; then
    need_rust
    echo "building $name $version (a minute or two)" >&2
    # The dev profile builds faster, and the tool itself runs for only a second.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --profile dev --root "$root" "${@:3}" "$name@$version" >&2
fi
echo "$root/bin/$name"
