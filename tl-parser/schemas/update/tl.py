"""Declarations of the TL language: reading them from text, canonical form, CRC32 ids."""

import re
import zlib
from dataclasses import dataclass

# "name#id fields = Type", the whole of it on one line once spaces are collapsed.
DECLARATION = re.compile(r"([A-Za-z][\w.]*)(?:#([0-9a-fA-F]{1,8}))? ?(.*?) ?= ?([A-Za-z!][\w.<> %!]*)$")
SECTION = re.compile(r"-{3} ?(types|functions) ?-{3}")
LAYER = re.compile(r"//+\s*LAYER\s+(\d+)", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Declaration:
    """One constructor or function. `body` is everything between the id and the `;`."""

    name: str
    id: int | None
    body: str
    function: bool

    def __str__(self):
        number = "" if self.id is None else f"#{self.id:08x}"
        return f"{self.name}{number} {self.body};"

    @property
    def key(self):
        return self.function, self.name, self.id, self.body

    def follows_text(self):
        """Whether the id is the CRC32 of the declaration (without an id, nothing is claimed)."""
        return self.id is None or self.id == crc_of(self.name, self.body)


def crc_of(name, body):
    """The id that the text of a declaration has: CRC32 of its canonical spelling."""
    text = f"{name} {body}"
    if name == "vector":
        return zlib.crc32(b"vector t:Type # [ t ] = Vector t")
    text = re.sub(r" \w+:flags\d*\.\d+\?true(?= )", "", text)
    text = re.sub(r"([:?])bytes(?= )", r"\1string", text)
    text = text.replace("<", " ").replace(">", "").replace("{", "").replace("}", "")
    return zlib.crc32(re.sub(" +", " ", text).encode())


def declare(name, number, fields, result, function):
    """A declaration from its parts, with the spelling that all bundled files share."""
    fields = re.sub(r"\s+", " ", fields).strip()
    result = re.sub(r"\s+", " ", result).strip()
    result = re.sub(r" ?([<>]) ?", r"\1", result)
    body = f"{fields} = {result}" if fields else f"= {result}"
    return Declaration(name, number, body, function)


def parse(text):
    """All declarations of a `.tl` text, in order; lines that are none are returned apart."""
    function, found, refused = False, [], []
    text = COMMENT.sub("", text)
    for statement in re.split(r"(;|-{3} ?(?:types|functions) ?-{3})", text):
        statement = re.sub(r"\s+", " ", statement).strip()
        if statement in ("", ";"):
            continue
        section = SECTION.fullmatch(statement)
        if section:
            function = section.group(1) == "functions"
            continue
        match = DECLARATION.fullmatch(statement)
        if not match:
            refused.append(statement)
            continue
        name, number, fields, result = match.groups()
        number = None if number is None else int(number, 16)
        found.append(declare(name, number, fields, result, function))
    return found, refused


def layer_of(text):
    """The number in a `// LAYER n` comment, the last one if there are several."""
    numbers = LAYER.findall(text)
    return int(numbers[-1]) if numbers else None


# Some packages leave these out, since every program knows them by heart.
CORE = parse(
    "boolFalse#bc799737 = Bool; boolTrue#997275b5 = Bool; true#3fedd339 = True;"
    "vector#1cb5c415 {t:Type} # [ t ] = Vector t;"
    "error#c4b9f9bb code:int text:string = Error; null#56730bcc = Null;"
)[0]
