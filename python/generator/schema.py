"""Reads the JSON Schema of the door into forms."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .choices import BY_HAND, PAGE, PATCHES
from .form import (
    Absent,
    ByName,
    Choice,
    Default,
    Definition,
    Document,
    Door,
    Field,
    Id,
    Many,
    Maybe,
    Method,
    Page,
    Plain,
    Ref,
    Shape,
    Status,
    Statuses,
    Struct,
    Text,
    Time,
    Type,
    Union,
    Variant,
    Word,
    Words,
    Wrong,
)
from .source import pascal

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
PLAIN = {
    "string": Plain.TEXT,
    "integer": Plain.INTEGER,
    "number": Plain.NUMBER,
    "boolean": Plain.FLAG,
    "null": Plain.NOTHING,
}


def door(schema: Schema) -> Door:
    """All that the schema declares."""
    read = Reader(schema["$defs"])
    if gone := BY_HAND - read.defs.keys():
        raise Wrong(f"the schema no longer has {gone}")
    commands = read.methods("Command", "command", "Executed", "outcome")
    if gone := PATCHES - {one.word for one in commands}:
        raise Wrong(f"the schema no longer has {gone}")
    definitions = {name: read.definition(name) for name in read.defs if name not in BY_HAND}
    return Door(
        definitions,
        commands=commands,
        queries=read.methods("Query", "query", "Answered", "answer"),
        answered=read.reached({"Answered", "Executed"}),
    )


def about(schema: Schema, otherwise: str = "") -> str:
    """The description, in one paragraph, in which a name that leads elsewhere in Rust is but a name."""
    text: str = schema.get("description", otherwise)
    return re.sub(r"\[(`\w+`)\](\([\w:]+\))?", r"\1", " ".join(text.split()))


def tag(variants: list[Schema]) -> str | None:
    """The member that says which variant it is, if there is one."""
    if not all("properties" in one for one in variants):
        return None
    common = set.intersection(*(set(one["properties"]) for one in variants))
    tags = sorted(name for name in common if all("const" in one["properties"][name] for one in variants))
    return tags[0] if tags else None


# What every command that changes something says.
WHAT_STAYS = "What is left out stays as it is. `None` clears what may be empty, and is refused for what may not."


def kept(field: Field) -> Field:
    """A field of what changes something: not being there does not mean that it becomes nothing."""
    if field.default is Absent.NULL and isinstance(field.type, Maybe):
        return replace(field, type=field.type.inner, default=Absent.KEPT)
    return field


class Reader:
    def __init__(self, defs: dict[str, Schema]) -> None:
        self.defs = defs

    def reached(self, roots: set[str]) -> set[str]:
        """The names of all definitions that these lead to."""
        seen: set[str] = set()
        waiting: list[Any] = [self.defs[root] for root in roots]
        while waiting:
            match waiting.pop():
                case dict() as schema:
                    name = str(schema.get("$ref", "")).rpartition("/")[2]
                    if name and name not in seen:
                        seen.add(name)
                        waiting.append(self.defs[name])
                    waiting += schema.values()
                case list() as schemas:
                    waiting += schemas
        return seen

    def type(self, schema: Schema) -> Type:
        match schema:
            case {"$ref": str(path)}:
                return Ref(path.rpartition("/")[2])
            case {"anyOf": [*some]}:
                (inner,) = (one for one in some if one != NULL)
                return Maybe(self.type(inner))
            case {"type": [*kinds]}:
                (kind,) = (one for one in kinds if one != "null")
                return Maybe(self.type({**schema, "type": kind}))
            case {"type": "array"}:
                return Many(self.type(schema["items"]), bool(schema.get("uniqueItems")))
            case {"type": "object", "patternProperties": _}:
                (item,) = schema["patternProperties"].values()
                return ByName(self.type(item))
            case {"type": "string", "format": "uuid"}:
                return Plain.ID
            case {"type": str(kind)} if kind in PLAIN:
                return PLAIN[kind]
        raise Wrong(str(schema))

    def default(self, schema: Schema, kind: Type) -> Default:
        """What it means that a field that need not be there is not there."""
        if schema.get("x-clearable"):
            return Absent.UNCHANGED
        if isinstance(kind, Maybe):
            return Absent.NULL
        said = schema.get("default")
        if isinstance(said, (bool, int, str)):
            return Word(kind.name, str(said)) if isinstance(kind, Ref) else said
        match kind:
            case Many() | ByName():
                return Absent.EMPTY
            case Plain.FLAG:
                return False
            case Plain.INTEGER:
                return 0
            case Ref(name) if self.defs[name].get("type") == "object":
                return Absent.ALL_DEFAULTS
        raise Wrong(f"no default for {schema}")

    def fields(self, schema: Schema, *but: str) -> list[Field]:
        """The fields: what must be there in the order of declaration, then the rest."""
        required = schema.get("required", [])
        properties = {name: one for name, one in schema.get("properties", {}).items() if name not in but}
        found = []
        for name in [*(n for n in required if n in properties), *(n for n in properties if n not in required)]:
            one = properties[name]
            kind = self.type(one)
            default = Absent.REFUSED if name in required else self.default(one, kind)
            found.append(Field(name, kind, default, about(one)))
        return found

    def definition(self, name: str) -> Definition:
        schema = self.defs[name]
        match schema:
            case {"format": "uuid", "description": str(said)}:
                # The other paragraphs are about the type that it is in Rust.
                return Id(name, said.split("\n\n")[0])
            case {"format": "date-time"}:
                return Time(name, about(schema))
            case {"type": "string"}:
                return Text(name, about(schema))
            case {"type": "object", "additionalProperties": True}:
                return Document(name, about(schema))
            case {"type": "object"}:
                return self.struct(name, schema)
            case {"oneOf": [*variants]} if all("x-status" in one for one in variants):
                return Statuses(name, about(schema), [Status(**one["x-status"]) for one in variants])
            case {"oneOf": [*variants]} if all("const" in one or "enum" in one for one in variants):
                words = [(word, about(one)) for one in variants for word in one.get("enum", [one.get("const")])]
                return Words(name, about(schema, name), words)
            case {"oneOf": [*variants]}:
                return self.union(name, schema, variants)
        raise Wrong(f"{name}: {schema}")

    def struct(self, name: str, schema: Schema) -> Struct | Page:
        fields = self.fields(schema)
        match fields:
            # What others say what is in it is no row: it has no columns.
            case [Field(name=rows, type=Many(item=Ref() as row)), Field(name=more)] if (
                (rows, more) == PAGE and not isinstance(self.definition(row.name), Document)
            ):
                return Page(name, row)
        return Struct(name, about(schema, name), fields)

    def union(self, name: str, schema: Schema, variants: list[Schema]) -> Union | Choice:
        key = tag(variants)
        if key is None:
            return Union(name, about(schema, name), None, [self.outer(one) for one in variants])
        found = [
            Variant(one["properties"][key]["const"], about(one), self.fields(one, key), Shape.TAGGED) for one in variants
        ]
        inside = {tuple(field.name for field in variant.fields) for variant in found}
        if len(inside) == 1 and len(found) > 1:
            of = {v.word: v.fields[0].type.name for v in found if len(v.fields) == 1 and isinstance(v.fields[0].type, Ref)}
            if len(of) == len(found):
                return Choice(name, about(schema, name), key, inside.pop()[0], of)
        return Union(name, about(schema, name), key, found)

    def outer(self, schema: Schema) -> Variant:
        """A variant whose word is a name, with the rest under it."""
        if "const" in schema:
            return Variant(schema["const"], about(schema), [], Shape.BARE)
        ((word, inner),) = schema["properties"].items()
        if inner.get("type") == "object":
            return Variant(word, about(schema), self.fields(inner), Shape.OUTER)
        return Variant(word, about(schema), [Field(word, self.type(inner), Absent.REFUSED, about(inner))], Shape.SINGLE)

    def methods(self, asked: str, key: str, answered: str, member: str) -> list[Method]:
        """What can be asked, with what it is answered with."""
        answers = {one["properties"][key]["const"]: one["properties"][member] for one in self.defs[answered]["oneOf"]}
        asks = {pascal(word): word for word in answers}
        found = []
        for one in self.defs[asked]["oneOf"]:
            word = one["properties"][key]["const"]
            named = re.sub(r"`(\w+)`", lambda name: f"`{asks.get(name[1], name[1])}`", about(one))
            (said, _, who), fields = named.partition(" Who: "), self.fields(one, key)
            if not who:
                raise Wrong(f"{word} does not say who may send it")
            if word in PATCHES:
                said, fields = f"{said} {WHAT_STAYS}", [kept(field) for field in fields]
            found.append(Method(word, said, who, fields, self.type(answers[word])))
        return found
