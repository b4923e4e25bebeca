#!/usr/bin/env bash
# Prints NOTICE: the crates that are linked into the module, and their licences.
set -euo pipefail
. scripts/lib.sh

need_rust
# The matching of licence texts takes a minute without optimization.
cargo_about=$(CARGO_PROFILE_DEV_OPT_LEVEL=1 scripts/get-cargo-tool.sh cargo-about 0.9.3 --features cli)
cargo fetch --quiet --locked --target "$target"
"$cargo_about" generate --frozen --fail --config scripts/notice/about.toml scripts/notice/notice.hbs
