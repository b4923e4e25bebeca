#!/usr/bin/env bash
# Checks the dependencies against RustSec's advisories. Exits with 1 for an advisory, with 3 if the database cannot be
# fetched and so nothing was checked.
set -euo pipefail
. scripts/lib.sh

need_rust
cargo_deny=$(scripts/get-cargo-tool.sh cargo-deny 0.20.2)
if ! timeout 120 "$cargo_deny" --locked fetch db; then
    database=https://github.com/RustSec/advisory-db
    cat >&2 <<END
error: cannot fetch $database: nothing was checked
    with a mirror of this repository:  git config --global url.MIRROR.insteadOf $database
END
    exit 3
fi
for manifest in Cargo.toml fuzz/Cargo.toml; do
    step "advisories, $manifest"
    "$cargo_deny" --locked --manifest-path "$manifest" --config deny.toml check advisories
done
