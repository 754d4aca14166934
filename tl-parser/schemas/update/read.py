"""Schemas out of the files of a package, whatever form the package keeps them in."""

import hashlib
import json
import re
from dataclasses import dataclass

import tl


@dataclass
class Schema:
    """Declarations of one file. `layer` is None for a service schema."""

    file: str
    sha256: str
    layer: int | None
    declarations: list


def schemas(files):
    """Every schema that a package carries: (API schemas, service schemas)."""
    api, service = [], []
    for path, data in sorted(files.items()):
        if path.endswith(("tl/api.tl", "api/source/main_api.tl", "static/api.tl")):
            text = data.decode()
            api.append(_schema(path, data, tl.layer_of(text), tl.parse(text)))
        elif path.endswith("tl/apiTl.js"):
            text = _template(data)
            layer = re.search(rb"LAYER = (\d+)", files[path.replace("apiTl", "AllTLObjects")])
            api.append(_schema(path, data, int(layer.group(1)), tl.parse(text)))
        elif path.endswith(("mtproto.tl", "source/auth_key.tl", "source/sys_msgs.tl")):
            service.append(_schema(path, data, None, tl.parse(_uncommented(data.decode()))))
        elif path.endswith("tl/schemaTl.js"):
            service.append(_schema(path, data, None, tl.parse(_uncommented(_template(data)))))
        elif path == "api-schema.json":
            schema = json.loads(data)
            api.append(_schema(path, data, schema["l"], (_mtcute(schema["e"]), [])))
        elif path == "mtp-schema.json":
            service.append(_schema(path, data, None, (_mtcute(json.loads(data)), [])))
    return api, service


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
