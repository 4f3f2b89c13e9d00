"""Writes a call as JSON, Rust, Python and C: from a sample of core's tests, by the types of its fields."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

from .choices import TEXT_OR_ID
from .core import Sample
from .form import Absent, Document, Door, Field, Id, Many, Maybe, Method, Page, Plain, Ref, Struct, Text, Time, Type, Union, Words, Wrong
from .methods import taken_apart
from .source import Code, Group, field_name, lay, pascal, snake, text
from .spelling import variant

WIDTH: Final = 100
# What stands in an example for a value that is too long, or another in every store: the answers of `policy` and of `token`.
POLICY, TOKEN = "POLICY", "TOKEN"
# The first of the ids that samples make up.
NEW: Final = 0x1000
# Words that Rust has taken for itself, and that are what something is.
TAKEN: Final = {"move"}


@dataclass(frozen=True)
class Call:
    """A sample with the method it is of."""

    method: Method
    rust: str
    sample: Sample

    @property
    def is_command(self) -> bool:
        return "query" not in self.sample.fields

    def given(self) -> list[tuple[Field, Any]]:
        """The fields that it gives, in the order of declaration."""
        fields = self.sample.fields
        return [(field, fields[field.name]) for field in self.method.fields if field.name in fields]


class Examples:
    def __init__(self, door: Door, names: dict[str, int]) -> None:
        self.door = door
        self.ids = {name: str(uuid.UUID(int=number)) for name, number in names.items()}

    # JSON.

    def document(self, call: Call) -> dict[str, Any]:
        """The call as it crosses the door."""
        told = self.named(call.sample.fields)
        return {"execute": {"actor": self.actor(call.sample.actor), "command": told}} if call.is_command else {"ask": told}

    def actor(self, name: str) -> Any:
        match name:
            case "$STAFF":
                return self.named(name)
            case "$TICKET":
                return {"operator": {"ticket": "T-1"}}
        return {"user": self.named(name)}

    def named(self, value: Any) -> Any:
        """A value with ids for the names."""
        match value:
            case dict():
                return {name: self.named(one) for name, one in value.items()}
            case list():
                return [self.named(one) for one in value]
            case "$POLICY":
                return POLICY
            case "$TOKEN":
                return TOKEN
            case "$STAFF":
                return {"operator": {}}
            case str() if new := re.fullmatch(r"\$NEW(\d\d)", value):
                return str(uuid.UUID(int=NEW + int(new[1])))
            case str() if value.startswith("$"):
                return self.ids[value]
        return value

    def json(self, call: Call) -> str:
        return laid(self.document(call), "")

    def c(self, call: Call) -> str:
        """The same as a literal, with the function that takes it."""
        lines = [""]
        for piece in re.findall(r".*?, |.+$", json.dumps(self.document(call), ensure_ascii=False)):
            if lines[-1] and len(json.dumps(lines[-1] + piece)) > WIDTH - 4:
                lines.append("")
            lines[-1] += piece
        literal = "\n".join(f"    {json.dumps(line, ensure_ascii=False)}" for line in lines)
        return f"const char call[] =\n{literal};\n{C_CALL}"

    # Python.

    def python(self, call: Call, language: _Python | None = None) -> str:
        language = language or _Python(self.door)
        arguments = self.arguments(call, language)
        if call.is_command:
            arguments.append(f"actor={actor_in(call, PYTHON_ACTORS, language)}")
        outcome = call.method.answer is not Plain.NOTHING
        asked = Group(f"db.{call.method.word}(", arguments, ")")
        match call.method.answer:
            case Ref(name) if isinstance(self.door.definitions[name], Page):
                return lay(Group("for row in " + asked.begin, asked.items, "):\n    print(row)"), "", WIDTH)
        if not outcome:
            return lay(asked, "", WIDTH)
        name, end = ("outcome", ").outcome") if call.is_command else ("answer", ")")
        return lay(Group(f"{name} = {asked.begin}", asked.items, end), "", WIDTH)

    def arguments(self, call: Call, language: _Language) -> list[Code]:
        """The arguments of the method in Python, without ids that it makes up itself."""
        found: list[Code] = []
        for field, value in call.given():
            inner = taken_apart(self.door, field) if not call.is_command else None
            if inner:
                parts = [(one, value[one.name]) for one in inner.fields if one.name in value]
                found += [_in(f"{field_name(one.name)}=", language.value(part, one.type), "") for one, part in parts]
            elif not made(field, value):
                found.append(_in(f"{field_name(field.name)}=", language.value(value, field.type), ""))
        return found

    def variables(self, call: Call) -> dict[str, str]:
        """The ids that a program in Python has in variables."""
        language = _Python(self.door)
        self.python(call, language)
        return {called: str(self.named(name)) for called, (name, _) in language.variables.items()}

    # Rust.

    def rust(self, call: Call, language: _Rust | None = None) -> str:
        language = language or _Rust(self.door)
        fields = {name: one for name, one in call.sample.fields.items() if name != "as_of"}
        new = language.method(call.method, call.rust, fields)
        if call.is_command:
            actor = actor_in(call, RUST_ACTORS, language)
            outcome = "" if call.method.answer is Plain.NOTHING else "let outcome = "
            end = ")?;" if call.method.answer is Plain.NOTHING else ")?.outcome;"
            return rust_laid(Group(f"{outcome}db.execute(", [actor, new], end))
        as_of = call.sample.fields.get("as_of")
        moment = "db"
        if isinstance(as_of, int):
            moment = f"db.read()?.as_of({as_of})?.moment()?"
        elif as_of is not None:
            moment = f"db.read()?.as_of_time({text(as_of)}.parse()?)?.moment()?"
        return rust_laid(Group(f"let answer = {moment}.ask(", [new], ")?;"))


C_CALL: Final = "tenantry_status status = tenantry_call(engine, TENANTRY_STRING(call), &reply, &error);"
PYTHON_ACTORS = {"$STAFF": "OPERATOR", "$TICKET": 'Operator(ticket="T-1")'}
RUST_ACTORS = {"$STAFF": "Actor::OPERATOR", "$TICKET": 'Actor::operator_for("T-1".parse()?)'}


def actor_in(call: Call, operators: dict[str, str], language: _Language) -> str:
    return operators.get(call.sample.actor) or language.variable(call.sample.actor, "UserId")


def made(field: Field, value: Any) -> bool:
    """Whether it is an id that a caller would rather have made: of something new, which need not be given."""
    return not field.needed and isinstance(value, str) and value.startswith("$NEW") and isinstance(field.type, Maybe)


def laid(value: Any, indent: str) -> str:
    """JSON in lines of the width there is."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) < WIDTH or not isinstance(value, (dict, list)):
        return flat
    deeper = indent + "  "
    if isinstance(value, dict):
        begin, end, items = "{", "}", [f"{json.dumps(name)}: {laid(one, deeper)}" for name, one in value.items()]
    else:
        begin, end, items = "[", "]", [laid(one, deeper) for one in value]
    return f"{begin}\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}{end}"


class _Language:
    """How values are written, and what they are called."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.variables: dict[str, tuple[str, str]] = {}

    def variable(self, name: str, kind: str) -> str:
        """What a program calls a thing of the known world; of others, what they are."""
        called = name[1:].lower()
        if name.startswith("$NEW"):
            called = snake(kind.removesuffix("Id"))
            called = f"{called}_id" if called in TAKEN else called
        if self.variables.setdefault(called, (name, kind))[0] != name:
            raise Wrong(f"two things of an example are called {called}")
        return called

    def value(self, value: Any, kind: Type) -> Code:
        raise NotImplementedError


    def command(self, value: dict[str, Any]) -> tuple[Method, dict[str, Any]]:
        """A command that lies in a field, with its own fields."""
        (method,) = (one for one in self.door.commands if one.word == value["command"])
        return method, {name: one for name, one in value.items() if name != "command"}


class _Python(_Language):
    def value(self, value: Any, kind: Type) -> Code:
        match kind:
            case _ if value is None:
                return "None"
            case Maybe(inner):
                return self.value(value, inner)
            case Many(item, once):
                begin, end = "{}" if once else "[]"
                return Group(begin, [self.value(one, item) for one in value], end)
            case Plain.ID | Plain.TEXT if isinstance(value, str) and value.startswith("$"):
                return {"$TOKEN": "token"}.get(value) or self.variable(value, "Id")
            case Ref(name):
                return self.of(value, name)
        return text(value) if isinstance(value, str) else repr(value)

    def of(self, value: Any, name: str) -> Code:
        if value == "$POLICY":
            return "tenantry.policy()"
        if value == "$TOKEN":
            return "token"
        if value == "$STAFF":
            return PYTHON_ACTORS[value]
        if isinstance(value, str) and value.startswith("$"):
            return self.variable(value, TEXT_OR_ID.get(name, name))
        match self.door.definitions.get(name):
            case None if name == "Command":
                method, fields = self.command(value)
                return self.struct(fields, f"commands.{pascal(method.word)}", method.fields)
            case None | Text() | Id() if not isinstance(value, str):
                return json.dumps(value)
            case None if re.match(r"\d{4}-", value):
                return moment(value)
            case Time():
                return moment(value)
            case Document():
                return self.document(value)
            case Words():
                return f"{name}.{value.upper()}"
            case Struct(fields=fields):
                return self.struct(value, name, fields)
            case Union(variants=variants):
                ((word, inner),) = value.items()
                (one,) = (each for each in variants if each.word == word)
                if name == "Actor" and word == "user":
                    return self.value(inner, one.fields[0].type)
                if name == "Actor":
                    return self.struct(inner, "Operator", one.fields) if inner else "OPERATOR"
                return self.struct({word: inner}, variant(name, word), one.fields)
        return text(value)

    def document(self, value: Any) -> Code:
        """JSON as it is, with the ids that a program has in variables."""
        match value:
            case dict():
                return Group("{", [_in(f"{text(name)}: ", self.document(one), "") for name, one in value.items()], "}")
            case list():
                return Group("[", [self.document(one) for one in value], "]")
            case str() if value.startswith("$"):
                return self.variable(value, "Id")
        return text(value) if isinstance(value, str) else repr(value)

    def struct(self, value: dict[str, Any], name: str, fields: list[Field]) -> Code:
        given = [(field, value[field.name]) for field in fields if field.name in value]
        items: list[Code] = []
        for field, part in given:
            if made(field, part):
                continue
            items.append(_in(f"{field_name(field.name)}=", self.value(part, field.type), ""))
        return Group(f"{name}(", items, ")")


def moment(value: str) -> str:
    at = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    parts = [at.year, at.month, at.day] + ([at.hour, at.minute, at.second] if at.time() != datetime.time() else [])
    return f"datetime.datetime({', '.join(map(str, parts))}, tzinfo=datetime.timezone.utc)"


class _Rust(_Language):
    def method(self, method: Method, name: str, value: dict[str, Any]) -> Code:
        """A command or a query: by its `new`, and with what may be left out by name."""
        given = [(field, value[field.name]) for field in method.fields if field.name in value]
        needed = [self.value(part, field.type) for field, part in given if field.needed]
        options = [self.member(field, part) for field, part in given if not field.needed and not made(field, part)]
        new: Code = Group(f"{name}::new(", needed, ")") if needed else f"{name}::default()"
        return Group(f"{name} {{ ", [*options, _in("..", new, "")], " }") if options else new

    def value(self, value: Any, kind: Type) -> Code:
        match kind:
            case Maybe(inner):
                return _in("Some(", self.value(value, inner), ")")
            case Many(item, once):
                items = [self.value(one, item) for one in value]
                return Group("[", items, "].into()") if once else Group("vec![", items, "]")
            case Plain.TEXT if isinstance(value, str):
                return f"{text(value)}.into()"
            case Plain.FLAG:
                return str(value).lower()
            case Ref(name):
                return self.of(value, name)
        return repr(value)

    def of(self, value: Any, name: str) -> Code:
        if value == "$POLICY":
            return "Policy::default().into()"
        if value == "$STAFF":
            return RUST_ACTORS[value]
        if isinstance(value, str) and value.startswith("$"):
            named = self.variable(value, TEXT_OR_ID.get(name, name))
            return f"RoleRef::Custom({named})" if name in TEXT_OR_ID else named
        match self.door.definitions.get(name):
            case None if name == "Command":
                method, fields = self.command(value)
                return _in("", self.method(method, pascal(method.word), fields), ".into()")
            case None if name == "AsOf":
                return f"AsOf::Seq({value})" if isinstance(value, int) else f"AsOf::Time({text(value)}.parse()?)"
            case None if isinstance(value, list):
                return Group("[", [text(one) for one in value], "].into()")
            case None:
                return f"{text(value)}.into()"
            case Words():
                return f"{name}::{pascal(value)}"
            case Struct(fields=fields):
                return self.struct(value, name, fields)
            case Union():
                ((word, inner),) = value.items()
                if name == "Actor" and word == "operator":
                    return f"Actor::operator_for({text(inner['ticket'])}.parse()?)" if inner else "Actor::OPERATOR"
                told = self.value(inner, Ref({"user": "UserId", "tenant": "TenantId"}[word]))
                return f"{told}.into()" if name == "Actor" else f"{name}::{pascal(word)}({told})"
        return f"{text(value)}.parse()?"

    def struct(self, value: dict[str, Any], name: str, fields: list[Field]) -> Code:
        if all(field.type is Plain.NUMBER for field in fields):
            return Group(f"{name}::parse(", [repr(value[field.name]) for field in fields], ")?")
        if not value:
            return f"{name}::default()"
        given = [self.member(field, value[field.name]) for field in fields if field.name in value and not made(field, value[field.name])]
        if any(field.needed for field in fields):
            left = [field for field in fields if field.name not in value or made(field, value[field.name])]
            if all(isinstance(field.type, Maybe) for field in left):
                return Group(f"{name} {{ ", [*given, *(f"{field.name}: None" for field in left)], " }")
            raise Wrong(f"{name} has what can be left out in Rust only by `new`")
        return Group(f"{name} {{ ", given if len(given) == len(fields) else [*given, f"..{name}::default()"], " }")

    def member(self, field: Field, value: Any) -> Code:
        """A field that may be left out."""
        match field.default:
            case Absent.UNCHANGED if value is None:
                told: Code = "Patch::Clear"
            case Absent.UNCHANGED:
                told = _in("", self.value(value, field.type), ".into()")
            case Absent.KEPT:
                told = _in("Some(", self.value(value, field.type), ")")
            case _:
                told = self.value(value, field.type)
        if field.name == told:
            return told
        return _in(f"{field.name}: ", told, "")


def _in(begin: str, code: Code, end: str) -> Code:
    """Code between other code."""
    if isinstance(code, Group):
        return Group(begin + code.begin, code.items, code.end + end)
    return begin + code + end


def rust_laid(code: Code) -> str:
    """Rust in lines: the spaces within braces are for one line alone."""
    return re.sub(r"^( *) \}", r"\1}", lay(code, "", WIDTH).replace("{ \n", "{\n"), flags=re.M)
