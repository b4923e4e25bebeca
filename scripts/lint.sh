#!/usr/bin/env bash
# Runs every static check of the sources. A check that cannot run fails. Security advisories are not checked here, because
# their database is not in every reachable place: scripts/advisories.sh.
set -euo pipefail
. scripts/lib.sh

need_rust
need shellcheck "install it (Debian: shellcheck)"
need go "actionlint needs Go 1.26 or later (https://go.dev/dl)"
[[ -n ${NO_TARGET-} ]] || has_target ||
    fail "the target $target is not installed: run 'rustup target add $target', or set NO_TARGET=1 to leave out clippy of the module"

step "rustfmt"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step "clippy, tests included"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
# `--all-targets` leaves out the test targets that Cargo.toml marks `test = false`.
cargo clippy --test browser --test escapes --test faults --test grpc --test istio --test node --test recipes --locked --quiet -- -D warnings
cargo clippy --manifest-path fuzz/Cargo.toml --all-targets --locked --quiet -- -D warnings

if [[ -z ${NO_TARGET-} ]]; then
    step "clippy, the module"
    cargo clippy --lib --target "$target" --locked --quiet -- -D warnings
else
    step "clippy, the module: left out, because NO_TARGET is set"
fi

step "rustdoc"
RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' \
    cargo doc --workspace --no-deps --document-private-items --locked --quiet

step "shellcheck"
shellcheck -x scripts/*.sh .ci/* istio/kubectl-maintenance tests/commands/*.sh

step "actionlint: .github/workflows"
go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

step "zizmor: security of .github/"
zizmor=$(scripts/get-zizmor.sh)
"$zizmor" --offline --persona auditor --strict-collection --no-progress .github

step "dashboard: generated from observability/dashboard"
unformatted=$(gofmt -l observability/dashboard)
[[ -z $unformatted ]] || fail "not formatted by gofmt: $unformatted"
go -C observability/dashboard vet ./...
go -C observability/dashboard test -count=1 ./... # the file is outside of the module, whose cached result would be old

step "cargo-deny: licences, duplicate versions, crate sources"
cargo_deny=$(scripts/get-cargo-tool.sh cargo-deny 0.20.2)
"$cargo_deny" --locked check licenses bans sources

step "NOTICE is current"
scripts/notice.sh | diff NOTICE - || fail "NOTICE differs from the dependencies (see the difference above): run 'make notice'"
