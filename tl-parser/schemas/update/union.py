"""Many layers as one table: each declaration once, with the layers in which it stands."""

from collections import defaultdict


def table(layers, of):
    """The text of a table for {layer number: declarations in the order of their source}."""
    numbers = sorted(layers)
    seen = defaultdict(list)
    for number in numbers:
        for declaration in layers[number]:
            seen[declaration].append(number)

    lines = [f"// mtkit union table of {of} layers; see README.md", "// layers: " + " ".join(map(str, numbers))]
    for function, mark in ((False, "---types---"), (True, "---functions---")):
        variants = defaultdict(list)
        for declaration, where in seen.items():
            if declaration.function == function:
                variants[declaration.name].append((where, declaration))
        lines.append(mark)
        for name in _order(layers, function):
            for where, declaration in sorted(variants[name], key=lambda v: (v[0], str(v[1]))):
                lines.append(f"{ranges(where, numbers)} {declaration}")
    return "\n".join(lines) + "\n"


def borrow(wanted, schemas):
    """{layer number: declarations} for (layer number, name, id) that stand in schemas of another kind."""
    known = {(d.name, d.id): d for schema in schemas for d in schema.declarations}
    borrowed = defaultdict(list)
    for layer, name, number in wanted:
        if (name, number) not in known:
            raise ValueError(f"no API schema has {name}#{number:08x}")
        borrowed[layer].append(known[name, number])
    return borrowed


def cumulative(rows, exceptions, borrowed):
    """{layer number: declarations} where each source has only what its layer adds or replaces."""
    layers, standing = {}, {}
    for schema in sorted((row.schema for row in rows), key=lambda schema: schema.layer):
        for declaration in schema.declarations + borrowed.get(schema.layer, []):
            if not declaration.follows_text() and (declaration.name, declaration.id) not in exceptions:
                raise ValueError(f"layer {schema.layer}: the id is not that of the text: {declaration}")
            standing[declaration.name] = declaration
        layers[schema.layer] = list(standing.values())
    return layers


def ranges(where, numbers):
    """`where` in terms of the bundled `numbers`: `18..33,57..` (open: up to the newest)."""
    runs, position = [], {number: index for index, number in enumerate(numbers)}
    for number in where:
        if runs and position[number] == position[runs[-1][1]] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{a}.." if b == numbers[-1] else str(a) if a == b else f"{a}..{b}" for a, b in runs)


def _order(layers, function):
    """Names as the newest layer has them, then those that vanished, latest first."""
    names = {}
    for number in sorted(layers, reverse=True):
        for declaration in layers[number]:
            if declaration.function == function:
                names.setdefault(declaration.name)
    return list(names)
