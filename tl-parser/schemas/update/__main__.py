"""Regenerates the bundled schemas; `update.sh` beside this folder is the way to call it."""

import sys
from pathlib import Path

import fetch
import provenance
import read
import service
import union

HERE = Path(__file__).parent
SCHEMAS = HERE.parent


def main(folder):
    exceptions = {(name, int(number, 16)) for name, number, _ in _table("exceptions.tsv")}
    api, services, secret = [], [], []
    for *source, layer in _table("sources.tsv"):
        print("reading", *source, file=sys.stderr)
        files = fetch.fetch(*source, folder)
        licence = provenance.licence(files)
        for rows, found in zip((api, services, secret), read.schemas(files, int(layer) if layer else None)):
            rows += [provenance.Row(*source, licence, schema) for schema in found]

    text, messages = service.merge([row.schema for row in services], exceptions)
    (SCHEMAS / "mtproto.tl").write_text(text)
    layers, notes = provenance.choose(api, messages, exceptions)
    (SCHEMAS / "api.tl").write_text(union.table(layers, "API"))
    borrowed = [(int(layer), name, int(number, 16)) for layer, name, number, _ in _table("borrowed.tsv")]
    borrowed = union.borrow(borrowed, [row.schema for row in api])
    (SCHEMAS / "secret.tl").write_text(union.table(union.cumulative(secret, exceptions, borrowed), "secret chat"))
    provenance.write(SCHEMAS / "README.md", api + services + secret, notes)
    print(f"{len(layers)} layers: {' '.join(map(str, sorted(layers)))}", file=sys.stderr)


def _table(name):
    lines = (HERE / name).read_text().splitlines()
    return [line.split("\t") for line in lines[1:]]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
