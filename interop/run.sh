#!/usr/bin/env bash
# Drives real, unmodified third-party clients against `mtkit serve` and prints a table client × step.
#
#   interop/run.sh                     all clients
#   interop/run.sh telethon pyrogram   the named ones
#   interop/run.sh --long              with the steps that take long
#   interop/run.sh --update-readme     puts the table into README.md
#
# Each client is the pinned package from its index, installed into an environment of its own under target/interop/.
# Exit code 0: every step that a client offers passed; 1: some step failed, or a client could not be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

work="${CARGO_TARGET_DIR:-target}/interop"
mkdir -p "$work"

if [ -z "${MTKIT:-}" ]; then
    cargo build --release --quiet --package mtkit
    MTKIT="${CARGO_TARGET_DIR:-target}/release/mtkit"
fi

exec python3 interop/runner.py --mtkit "$MTKIT" --work "$work" "$@"
