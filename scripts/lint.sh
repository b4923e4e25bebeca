#!/usr/bin/env bash
# Runs every static check of the sources.
set -euo pipefail
. scripts/lib.sh

need_rust
need shellcheck "install it (Debian: shellcheck)"

step "rustfmt"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step "clippy, tests included"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
# `--all-targets` leaves out the test targets that Cargo.toml marks `test = false`.
cargo clippy --test browser --test escapes --test grpc --test istio --test node --test recipes --locked --quiet -- -D warnings
cargo clippy --manifest-path fuzz/Cargo.toml --all-targets --locked --quiet -- -D warnings

step "clippy, the module"
if has_target; then
    cargo clippy --lib --target "$target" --locked --quiet -- -D warnings
else
    echo "NOT CHECKED: clippy needs the target $target, which is not installed (rustup target add $target)"
fi

step "rustdoc"
RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' \
    cargo doc --workspace --no-deps --document-private-items --locked --quiet

step "shellcheck"
shellcheck -x scripts/*.sh .ci/* istio/kubectl-maintenance tests/commands/*.sh

step "actionlint: .github/workflows"
if command -v go >/dev/null; then
    go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
else
    echo "NOT CHECKED: actionlint needs Go"
fi

step "cargo-deny: licences, duplicate versions, crate sources"
cargo_deny=$(scripts/get-cargo-tool.sh cargo-deny 0.20.2)
deny() { "$cargo_deny" --locked "$@"; }
deny check licenses bans sources

step "cargo-deny: advisories"
if timeout 60 "$cargo_deny" --locked fetch db >/dev/null 2>&1; then
    deny check advisories
else
    echo "NOT CHECKED: cannot fetch the RustSec advisory database"
fi
