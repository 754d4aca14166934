"""Schemas out of the files of a package, whatever form the package keeps them in."""

import hashlib
import json
import re
from dataclasses import dataclass

import telethon
import tl


@dataclass
class Schema:
    """Declarations of one file or folder. `layer` is None for a schema that has none."""

    file: str
    sha256: str
    layer: int | None
    declarations: list


def schemas(files, layer=None):
    """Every schema that a package carries: (API schemas, service schemas, secret chat schemas).

    `layer` is that of the API schema of a package which does not say it in a form that is read here.
    """
    api, service, secret = [], [], []
    if "telethon/__init__.py" in files:
        api.append(_telethon(files))
    for path, data in sorted(files.items()):
        if path.endswith(("tl/api.tl", "api/source/main_api.tl", "static/api.tl", "schema/tl66.tl")):
            text = data.decode()
            api.append(_schema(path, data, tl.layer_of(text), tl.parse(text)))
        elif path.endswith("tl/apiTl.js"):
            text = _template(data)
            said = re.search(rb"LAYER = (\d+)", files[path.replace("apiTl", "AllTLObjects")])
            api.append(_schema(path, data, int(said[1]), tl.parse(text)))
        elif path.endswith(("mtproto.tl", "source/auth_key.tl", "source/sys_msgs.tl")):
            service.append(_schema(path, data, None, tl.parse(_uncommented(data.decode()))))
        elif path.endswith("tl/schemaTl.js"):
            service.append(_schema(path, data, None, tl.parse(_uncommented(_template(data)))))
        elif path.endswith("secret_api/source/end_to_end.tl"):
            text = re.sub(r"===(\d+)===", r"// LAYER \1\n", data.decode())
            for part in re.split(r"(?=// LAYER)", text)[1:]:
                secret.append(_schema(path, data, tl.layer_of(part), tl.parse(part)))
        elif path == "api-schema.json":
            schema = json.loads(data)
            api.append(_schema(path, data, schema["l"], (_mtcute(schema["e"]), [])))
        elif match := re.fullmatch(r"schema/api-(\d+)\.json", path):
            schema = json.loads(data)
            entries = schema["constructors"] + schema["methods"]
            api.append(_schema(path, data, int(match[1]), (_official(entries), [])))
        elif path == "scheme/full.js":
            schema = json.loads(re.search(rb"\{.*\}", data, re.DOTALL)[0])
            entries = [*schema["constructorsById"].values(), *schema["methodsByName"].values()]
            said = re.search(rb"\blayer: (\d+)", files["src/main.js"])
            api.append(_schema(path, data, int(said[1]), (_official(entries), [])))
        elif path == "lib/api-tlschema.json":
            schema = json.loads(data)
            entries = schema["constructors"] + schema["methods"]
            api.append(_schema(path, data, layer, (_official(entries), [])))
        elif path == "mtp-schema.json":
            service.append(_schema(path, data, None, (_mtcute(json.loads(data)), [])))
    return api, service, secret


def _schema(path, data, layer, parsed):
    declarations, refused = parsed
    if refused:
        raise ValueError(f"{path}: no declarations: {refused}")
    return Schema(path, hashlib.sha256(data).hexdigest(), layer, declarations)


def _template(data):
    """The text between the backquotes of a JavaScript module that holds nothing else."""
    text = data.decode()
    return text[text.index("`") + 1 : text.rindex("`")]


def _uncommented(text):
    """Service messages that a client parses by hand stand in comments of its schema."""
    return re.sub(r"^// ?(?=(?:rpc_result|message|msg_\w+|gzip_packed|future_salts?)[# ][^;]*;)", "", text, flags=re.M)


def _telethon(files):
    """Telethon ships the code made from a schema, and says the layer in the list of all classes."""
    code = {path: data for path, data in files.items() if path.startswith("telethon/tl/") and path.endswith(".py")}
    layer = next(
        int(found[1])
        for path, data in code.items()
        if "all" in path and (found := re.search(rb"^layer = (\d+)", data, re.MULTILINE | re.IGNORECASE))
    )
    every = b"".join(code[path] for path in sorted(code))
    return _schema("telethon/tl", every, layer, (telethon.declarations(code), []))


def _official(entries):
    """The JSON form that the official site prints."""
    found = []
    for entry in entries:
        fields = [f"{p['name']}:{p['type']}" for p in entry["params"]]
        if any("!X" in field for field in fields):
            fields.insert(0, "{X:Type}")
        name = entry.get("method") or entry["predicate"]
        if name != "vector":  # its brackets are not in this form
            number = int(entry["id"]) & 0xFFFFFFFF
            found.append(tl.declare(name, number, " ".join(fields), entry["type"], "method" in entry))
    return found


def _mtcute(entries):
    """The JSON form of `@mtcute/tl`: arguments apart, their modifiers apart."""
    found = []
    for entry in entries:
        if entry["name"].startswith("mtcute."):
            continue  # the library's own
        fields = []
        for argument in entry["arguments"]:
            kind = {"int53": "long"}.get(argument["type"], argument["type"])
            modifiers = argument.get("typeModifiers", {})
            if modifiers.get("isVector"):
                kind = f"Vector<{kind}>"
            if modifiers.get("isBareVector"):
                kind = f"vector<{kind}>"
            if "predicate" in modifiers:
                kind = f"{modifiers['predicate']}?{kind}"
            fields.append(f"{argument['name']}:{kind}")
        generics = "".join("{%s:%s} " % (g["name"], g["type"]) for g in entry.get("generics", []))
        function = entry["kind"] == "method"
        result = entry["type"]
        if entry.get("typeModifiers", {}).get("isVector"):
            result = f"Vector<{result}>"
        name = entry["name"].removeprefix("mt_")
        found.append(tl.declare(name, entry["id"], generics + " ".join(fields), result, function))
    return found
