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
    sources = [line.split("\t") for line in (HERE / "sources.tsv").read_text().splitlines()]
    exceptions = {
        (name, int(number, 16))
        for name, number, _ in (line.split("\t") for line in (HERE / "exceptions.tsv").read_text().splitlines())
    }
    api, services = [], []
    for source in sources:
        print("reading", *source, file=sys.stderr)
        files = fetch.fetch(*source, folder)
        found = read.schemas(files)
        licence = provenance.licence(files)
        api += [provenance.Row(*source, licence, schema) for schema in found[0]]
        services += [provenance.Row(*source, licence, schema) for schema in found[1]]

    mtproto, service_names = service.merge([row.schema for row in services], exceptions)
    (SCHEMAS / "mtproto.tl").write_text(mtproto)
    layers, notes = provenance.choose(api, service_names, exceptions)
    (SCHEMAS / "api.tl").write_text(union.table(layers))
    provenance.write(SCHEMAS / "README.md", api + services, notes)
    print(f"{len(layers)} layers: {' '.join(map(str, sorted(layers)))}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
