#!/usr/bin/env bash
# Writes dist/plugin.cdx.json, the SBOM of the module: the crates that the module is built from, in CycloneDX's format. The
# same sources give the same file.
set -euo pipefail
. scripts/lib.sh

need_rust
cargo_cyclonedx=$(scripts/get-cargo-tool.sh cargo-cyclonedx 0.5.9)
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
copy_module_package "$package"
# SOURCE_DATE_EPOCH fixes the time and leaves out the random serial number.
SOURCE_DATE_EPOCH=0 "$cargo_cyclonedx" cyclonedx --quiet --manifest-path "$package/Cargo.toml" --format json \
    --spec-version 1.5 --target "$target" --no-build-deps --override-filename plugin.cdx
mkdir -p dist
# The identifiers contain the folder.
sed "s|path+file://$package#||" "$package/plugin.cdx.json" >dist/plugin.cdx.json

# The workspace's own view of the module has the same crates.
diff <(cargo tree --locked --package maintenance-filter --target "$target" --edges normal --prefix none --no-dedupe |
    sed 's|^\([^ ]*\) v\([^ ]*\).*|pkg:cargo/\1@\2|' | sort -u) \
    <(grep -o 'pkg:cargo/[^"?#]*' dist/plugin.cdx.json | sort -u) || fail "the SBOM differs from 'cargo tree'"
echo "dist/plugin.cdx.json"
