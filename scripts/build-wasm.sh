#!/usr/bin/env bash
# Builds dist/plugin.wasm. The same sources and compiler give the same bytes in any folder.
set -euo pipefail
. scripts/lib.sh

need cargo "install Rust with rustup (https://rustup.rs)"
target=wasm32-unknown-unknown
args=(--release --lib --locked --target "$target")
cargo fetch --quiet --locked --target "$target"
roots=("$PWD" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*)

has_target() { [[ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ]]; }

if ! has_target; then
    echo "the toolchain has no $target: asking rustup for it"
    timeout 120 rustup target add "$target" >&2 || true
fi
if ! has_target; then
    # Debian's compiler with the source of its standard library, cargo and the linker from rustup.
    echo "building with Debian's rustc-web and rust-web-src instead"
    sources=$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust
    [[ -d $sources/library ]] || fail "cannot build for $target: run 'rustup target add $target'," \
        "or where that is out of reach 'apt-get install rustc-web rust-web-src'"
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -print -quit)
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc
    args+=(-Z "build-std=std,panic_abort")
    roots+=("$sources")
fi

# Panic messages carry file names: keep this machine's folders out of them.
for root in "${roots[@]}"; do
    flags+=${flags:+$'\x1f'}--remap-path-prefix=$root=
done
CARGO_ENCODED_RUSTFLAGS=$flags cargo build "${args[@]}"

built=${CARGO_TARGET_DIR:-target}/$target/release/maintenance_filter.wasm
mkdir -p dist
cmp --quiet "$built" dist/plugin.wasm || install -m 644 "$built" dist/plugin.wasm
