"""Declarations back out of the Python classes that Telethon generates from its schema.

Names, fields and flag bits are all in the code; letter case and namespaces of types are not always.
The CRC32 id of each class decides between the spellings that are left, so nothing here is a guess
that stands unchecked. Flags of type `true` are not in the CRC32; their bits are in the code.
"""

import ast
import itertools
import re
import zlib

import tl

READERS = {
    "read_int": "int",
    "read_long": "long",
    "read_double": "double",
    "tgread_string": "string",
    "tgread_bytes": "bytes",
    "tgread_bool": "Bool",
    "tgread_date": "int",
}
# Field and constructor names that would not do as they are in Python.
RENAMED = {"is_self": "self", "from_": "from", "updates_tg": "updates"}
GENERATED = re.compile(r"telethon/tl/(types|functions|patched)/(\w+)\.py")
DEFINITION = re.compile(r"Original \.tl definition below\.\s*([^\n]+?)(?:\"\"\"|\n)")


def declarations(files):
    """Every declaration; where no spelling gives the id, the likeliest one, for the caller to judge."""
    if any(DEFINITION.search(data.decode()) for path, data in files.items() if path.endswith("/user.py")):
        return _quoted(files)
    modules = []
    for path, data in sorted(files.items()):
        match = GENERATED.fullmatch(path)
        if match:
            kind, module = match.groups()
            space = "" if module == "__init__" else module + "."
            modules.append((kind == "functions", space, ast.parse(data)))
    types = _type_names(modules)
    by_crc = {zlib.crc32(name.encode()): name for name in types}
    found = []
    for function, space, module in modules:
        for node in module.body:
            if isinstance(node, ast.ClassDef):
                declaration = _declaration(node, space, function, types, by_crc)
                if declaration is not None:
                    found.append(declaration)
    return found


def _quoted(files):
    """The first releases quote the definition in each class."""
    found = []
    for path, data in sorted(files.items()):
        match = re.match(r"telethon/tl/(types|functions)/", path)
        quoted = DEFINITION.search(data.decode()) if match else None
        if quoted:
            text = re.sub(r"\b(is_self|from_|updates_tg)(?=[:#])", lambda m: RENAMED[m[1]], quoted[1])
            text = text.replace("flags:None", "flags:#")
            text = re.sub(r"([:?<])date\b", r"\1int", text)
            (declaration,), _ = tl.parse(("---functions---" if match[1] == "functions" else "") + text + ";")
            found.append(declaration)
    return found


def _type_names(modules):
    """All boxed types by their full names, and vectors of them.

    Short names are in annotations and aliases, without namespace and now and then without a "Type" at
    their end. Each constructor has the CRC32 of the full name of its type, which tells the true ones.
    """
    short, wanted = set(), set()
    for function, _, module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "SUBCLASS_OF_ID":
                if not function:
                    wanted.add(node.value.value)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").startswith("Type"):
                short.add(node.targets[0].id.removeprefix("Type"))
            elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
                short.update(_annotations(node).values())
                text = ast.get_docstring(node) or ""
                short.update(re.findall(r"^(?::returns|Constructor for) ([\w.]+):", text, re.MULTILINE))
    spaces = {space for _, space, _ in modules} | {"storage."}
    every = {space + name + end for name in short for space in spaces for end in ("", "Type")} | short
    names = {name for name in every if zlib.crc32(name.encode()) in wanted} | {"Bool", "X"}
    return names | {f"Vector<{name}>" for name in names | {"int", "long", "string"}}


def _declaration(node, space, function, types, by_crc):
    constants = {
        statement.targets[0].id: statement.value.value
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
    result = by_crc.get(constants.get("SUBCLASS_OF_ID"))
    if result is None or "from_reader" not in methods:
        return None
    annotated = _annotations(methods.get("__init__"))
    name = node.name.removesuffix("Request") if function else node.name
    name = space + name[0].lower() + name[1:]
    fields = list(_fields(methods["from_reader"].body, ""))
    unsure = None
    choices = [_spellings(kind, annotated.get(field), space, types) for field, _, kind in fields]
    generic = "{X:Type} " if result == "X" else ""
    for kinds in itertools.islice(itertools.product(*choices), 4096):
        text = " ".join(
            f"{RENAMED.get(field, field)}:{predicate}{kind}"
            for (field, predicate, _), kind in zip(fields, kinds)
        )
        declaration = tl.declare(name, constants["CONSTRUCTOR_ID"], generic + text, result, function)
        if declaration.follows_text():
            return declaration
        unsure = unsure or declaration
    return unsure


def _fields(statements, predicate):
    """(name, "flags.N?" or "", type as far as the reader tells) of each field, in the order of the wire."""
    boxed, vector = False, None
    for statement in statements:
        if isinstance(statement, ast.If):
            bit = f"{statement.test.left.id}.{statement.test.right.value.bit_length() - 1}?"
            yield from _fields(statement.body, bit)
        elif isinstance(statement, ast.Expr):
            boxed = True  # an id read and not kept: that of a vector
        elif isinstance(statement, ast.For):
            inner = next(s for s in statement.body if isinstance(s, ast.Assign))
            kind = _kind(inner.value)
            yield vector, predicate, f"Vector<{kind}>" if boxed else f"vector<{kind}>"
            boxed = False
        elif isinstance(statement, ast.Assign):
            name, value = statement.targets[0].id, statement.value
            if isinstance(value, ast.List):
                vector = name[1:]
            elif not name.startswith("_"):
                yield name, "", "#"
            elif isinstance(value, ast.Call) and getattr(value.func, "id", None) == "bool":
                test = value.args[0]
                yield name[1:], f"{test.left.id}.{test.right.value.bit_length() - 1}?", "true"
            elif isinstance(value, ast.Call):
                yield name[1:], predicate, _kind(value)


def _kind(call):
    if call.func.attr == "read_large_int":
        return f"int{call.keywords[0].value.value}"
    return READERS.get(call.func.attr, "object")


def _annotations(init):
    """{field: class name without "Type"} of an `__init__`, from annotations or type comments."""
    if init is None:
        return {}
    text = ast.get_docstring(init) or ""
    known = {field: kind for kind, field in re.findall(r"^:param ([^:]+) (\w+):", text, re.MULTILINE)}
    known |= {a.arg: ast.unparse(a.annotation) for a in init.args.args if a.annotation}
    return {field: m[1] for field, kind in known.items() if (m := re.search(r"\bType(\w+)", kind))}


def _spellings(kind, annotated, space, types):
    """All full spellings of a field's type that the package knows, the likeliest first."""
    if "object" not in kind:
        return [kind]
    if annotated is None:
        return [kind]
    if annotated == "X":
        return [kind.replace("object", "!X")]
    shorts = (annotated, annotated + "Type")
    names = [annotated] + sorted(name for name in types if name.rpartition(".")[2] in shorts)
    if space + annotated in names:
        names.insert(0, space + annotated)
    return [kind.replace("object", name) for name in names]
