#!/bin/sh
# Regenerates api.tl, mtproto.tl and the tables in README.md from the packages in update/sources.tsv.
# Needs python3, pip, npm and cargo; brings everything into a temporary folder, or into the folder
# given as $1, which a second run then uses as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -gt 0 ]; then
    folder=$1
    mkdir -p "$folder"
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
PYTHONDONTWRITEBYTECODE=1 python3 "$here/update" "$folder"
