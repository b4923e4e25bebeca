#!/usr/bin/env bash
# Prints the path of a tool of cargo: get-cargo-tool.sh NAME VERSION [OPTION...]. The first run builds it from source into
# .tools/NAME/, with the options for `cargo install`.
set -euo pipefail
. scripts/lib.sh

name=$1 version=$2
shift 2
root=$PWD/.tools/$name/$version
if [[ ! -x $root/bin/$name ]]; then
    need_rust
    echo "building $name $version (a minute or two)" >&2
    # The dev profile builds faster, and the tool itself runs for only a second.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --profile dev --root "$root" "$name@$version" "$@" >&2
fi
echo "$root/bin/$name"
