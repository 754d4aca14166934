#!/usr/bin/env bash
# Fuzzes targets one after the other and prints a table: target, executions, inputs kept, findings.
#
#   fuzz/run.sh SECONDS [TARGET…]      without targets: all of them
#
# Starts from the committed corpus; what the engine finds on top is kept in fuzz/target/corpus, and a finding in
# fuzz/artifacts. Needs cargo-fuzz, and the nightly toolchain or RUSTC_BOOTSTRAP=1 (set here where there is none).
# JOBS=2 fuzzes two targets at a time. Exit code 1 with a finding.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds for each target}
shift
if [ $# -gt 0 ]; then
    targets=("$@")
else
    mapfile -t targets < <(basename -s .rs -a fuzz/fuzz_targets/*.rs)
fi

command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked --quiet
if rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    cargo=(cargo +nightly)
else
    cargo=(cargo)
    export RUSTC_BOOTSTRAP=1
fi

logs=fuzz/target/logs
mkdir -p "$logs"
"${cargo[@]}" fuzz build --features libfuzzer
binaries=${CARGO_TARGET_DIR:-target}/$(rustc -vV | sed -n 's/^host: //p')/release

fuzz_one() {
    local target=$1 log=$logs/$1.log kept=fuzz/target/corpus/$1
    mkdir -p "$kept" "fuzz/artifacts/$1"
    local state=clean
    "$binaries/$target" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=60 \
        -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$target/" "$kept" "fuzz/corpus/$target" \
        >"$log" 2>&1 || state=FINDING
    local executions
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-20s %12s executions %8s kept  %s\n' "$target" "${executions:-?}" "$(find "$kept" -type f | wc -l)" "$state"
    [ "$state" = clean ] || { tail -n 30 "$log" >&2; return 1; }
}

failed=0
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-1}" ]; do
        wait -n || failed=1
    done
    fuzz_one "$target" &
done
while [ -n "$(jobs -p)" ]; do
    wait -n || failed=1
done
exit $failed
