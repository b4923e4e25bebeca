#!/usr/bin/env bash
# Builds dist/plugin.wasm, or $OUT. The same sources and compiler give the same bytes in any folder.
# NAMES=1 keeps function names in the module and in the linker's output, for size analysis.
set -euo pipefail
. scripts/lib.sh

need_rust
args=(--release --lib --locked --target "$target")
variables=()
folder=${CARGO_TARGET_DIR:-target}
compiler=rustc
cargo fetch --quiet --locked
roots=("$PWD" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*)

if [[ -n ${NAMES:-} ]]; then
    folder+=/size
    args+=(--target-dir "$folder")
    variables+=(CARGO_PROFILE_RELEASE_STRIP=debuginfo)
fi
if ! has_target; then
    echo "the target $target is not installed: trying rustup"
    timeout 120 rustup target add "$target" || true
fi
if ! has_target; then
    echo "rustup cannot install $target: building with Debian's rustc-web and rust-web-src"
    sources=$(/usr/bin/rustc --print sysroot 2>/dev/null)/lib/rustlib/src/rust
    [[ -d $sources/library ]] || fail "no compiler for $target: run 'rustup target add $target'," \
        "or, without access to rustup's server, 'apt-get install rustc-web rust-web-src'"
    # Debian's packages provide the compiler and the source of std. Cargo and the linker come from rustup.
    linker=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -print -quit)
    compiler=/usr/bin/rustc
    variables+=("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker" RUSTC_BOOTSTRAP=1 "RUSTC=$compiler")
    args+=(-Z "build-std=std,panic_abort")
    roots+=("$sources")
fi

version=$("$compiler" --version)
[[ $version == "rustc $(pinned_rust) "* ]] ||
    echo "warning: $version is not the pinned version $(pinned_rust): the module has other bytes than a release's" >&2

# --compress-relocations makes the linker encode relocated LEB128 numbers in as few bytes as possible instead of five.
# The inline threshold counters opt-level "z", which leaves many small functions: Envoy compiles fewer, larger functions
# faster.
flags=(-Clink-arg=--compress-relocations -Cllvm-args=-inline-threshold=50)
# SHA-256 as a loop instead of 64 unrolled rounds: 7 KB less, for one digest of a token per request at most.
flags+=('--cfg=sha2_backend_soft="compact"')
# Panic messages contain source paths. The remapping removes this machine's folders from them.
for root in "${roots[@]}"; do
    flags+=("--remap-path-prefix=$root=")
done
variables+=("CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")")
env "${variables[@]}" cargo build "${args[@]}"

out=${OUT:-dist/plugin.wasm}
mkdir -p "${out%/*}"
cargo run --quiet --locked --package postlink -- "$folder/$target/release/maintenance_filter.wasm" "$out.new"
# An unchanged module is not replaced, so that a program that watches the file sees no change.
cmp --quiet "$out.new" "$out" || install -m 644 "$out.new" "$out"
rm "$out.new"
