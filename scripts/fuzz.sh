#!/usr/bin/env bash
# Runs each fuzz target for FUZZ_SECONDS, FUZZ_JOBS at a time: by default as many as there are processors. An input that
# breaks a target is kept in fuzz/artifacts/. With UPDATE_CORPUS=1, writes the smallest set of inputs that reach the same
# code into fuzz/corpus/.
set -euo pipefail
. scripts/lib.sh

need g++ "libFuzzer is built from source (Debian: g++)"
cargo_fuzz=$(scripts/get-cargo-tool.sh cargo-fuzz 0.13.2)
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
read -ra targets <<<"${FUZZ_TARGETS:-$("$cargo_fuzz" fuzz list | paste -sd ' ')}"
export cargo_fuzz folder

# No sanitizer: the filter has no unsafe code, and a sanitizer needs a nightly compiler.
# fuzz COMMAND ARGUMENT...: runs a command of cargo-fuzz
fuzz() {
    "$cargo_fuzz" fuzz "$1" --sanitizer none --target-dir "$folder" "${@:2}"
}

# fuzz_target TARGET: runs TARGET and prints what it reached, or what it found
fuzz_target() {
    local target=$1 log=$folder/$1.log
    local inputs=("$folder/corpus/$target" "$folder/seeds/$target" "fuzz/corpus/$target")
    mkdir -p "${inputs[@]}"
    if fuzz run "$target" "${inputs[@]}" -- -max_total_time="$FUZZ_SECONDS" -max_len=4096 -timeout=10 \
        -print_final_stats=1 -verbosity=1 >"$log" 2>&1; then
        echo "$target: $(awk '/number_of_executed_units/ { n = $2 } / cov: / { line = $0 } END {
            match(line, /cov: [0-9]+ ft: [0-9]+ corp: [0-9]+/)
            print n " inputs, " substr(line, RSTART, RLENGTH) }' "$log")"
    else
        tail -40 "$log"
        cat >&2 <<END
error: $target: an input breaks it: see "Test unit written to" above; the whole log is $log
    run it again:  $(echo "$folder"/*/release/"$target") fuzz/artifacts/$target/FILE
    shorten it:    $(echo "$folder"/*/release/"$target") -minimize_crash=1 -runs=100000 fuzz/artifacts/$target/FILE
    keep it:       as a test in tests/policy, and as a file in fuzz/corpus/$target
END
        return 1
    fi
}

step "build"
cargo run --quiet --locked -p xtask -- fuzz-seeds "$folder/seeds"
fuzz build

step "each of ${targets[*]} for $FUZZ_SECONDS s; an input that breaks one goes to fuzz/artifacts/"
export -f fuzz fuzz_target
export FUZZ_SECONDS
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I '{}' bash -euo pipefail -c 'fuzz_target {}'

step "no input breaks a target; new inputs are in $folder/corpus, and UPDATE_CORPUS=1 keeps the useful ones"

if [[ ${UPDATE_CORPUS-} ]]; then
    for target in "${targets[@]}"; do
        step "smallest corpus of $target"
        rm -rf "$folder/smallest"
        mkdir -p "$folder/smallest"
        fuzz run "$target" "$folder/smallest" "$folder/corpus/$target" "fuzz/corpus/$target" -- \
            -set_cover_merge=1 -use_counters=0 -max_len=512 2>/dev/null
        rm -rf "fuzz/corpus/$target"
        cp -r "$folder/smallest" "fuzz/corpus/$target"
    done
fi
