"""The service schema: one text out of the copies that several packages carry."""

from dataclasses import replace

import tl

HEADER = "// MTProto service schema; see README.md"


def merge(schemas, exceptions):
    """The text of `mtproto.tl`, and its declarations. Of several spellings the first stands."""
    merged = {}
    for declarations in [schema.declarations for schema in schemas] + [tl.CORE]:
        for declaration in declarations:
            known = merged.get(declaration.name)
            if known is None and declaration not in tl.CORE:
                if declaration.follows_text() or (declaration.name, declaration.id) in exceptions:
                    merged[declaration.name] = declaration
            elif known and known.id is None and replace(declaration, id=None) == known:
                merged[declaration.name] = declaration
    lines = [HEADER]
    lines += [str(d) for d in merged.values() if not d.function]
    lines.append("---functions---")
    lines += [str(d) for d in merged.values() if d.function]
    return "\n".join(lines) + "\n", list(merged.values())
