#!/usr/bin/env bash
# Builds dist/plugin.wasm, or $OUT. The same sources and compiler give the same bytes in any folder.
# NAMES=1 keeps the names of functions in it, and in what the linker wrote: for those who look into it.
set -euo pipefail
. scripts/lib.sh

need_rust
args=(--release --lib --locked --target "$target")
variables=()
folder=${CARGO_TARGET_DIR:-target}
cargo fetch --quiet --locked
roots=("$PWD" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*)

if [[ -n ${NAMES:-} ]]; then
    folder+=/size
    args+=(--target-dir "$folder")
    variables+=(CARGO_PROFILE_RELEASE_STRIP=debuginfo)
fi
if ! has_target; then
    echo "the toolchain has no $target: asking rustup for it"
    timeout 120 rustup target add "$target" || true
fi
if ! has_target; then
    echo "rustup cannot get it: building with Debian's rustc-web and rust-web-src"
    sources=$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust
    [[ -d $sources/library ]] || fail "no compiler for $target: run 'rustup target add $target'," \
        "or where that is out of reach 'apt-get install rustc-web rust-web-src'"
    # Debian has the compiler and its library's source; cargo and the linker are rustup's.
    linker=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -print -quit)
    variables+=("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker" RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc)
    args+=(-Z "build-std=std,panic_abort")
    roots+=("$sources")
fi

# A number that the linker fills in takes five bytes, unless it is asked to save space. And what is optimized for size
# is many small functions, which take longer to compile than fewer that are a little larger.
flags=(-Clink-arg=--compress-relocations -Cllvm-args=-inline-threshold=50)
# Panic messages name files: keep this machine's folders out of them.
for root in "${roots[@]}"; do
    flags+=("--remap-path-prefix=$root=")
done
variables+=("CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")")
env "${variables[@]}" cargo build "${args[@]}"

out=${OUT:-dist/plugin.wasm}
mkdir -p "${out%/*}"
cargo run --quiet --locked --package postlink -- "$folder/$target/release/maintenance_filter.wasm" "$out.new"
# What is the same stays as it is, for what watches the file.
cmp --quiet "$out.new" "$out" || install -m 644 "$out.new" "$out"
rm "$out.new"
