"""Commands as they are typed: `field=value …`, read by what `commands` declares of each field. No command has code of its own here."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import json
import re
import sys
import textwrap
import types
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, Union

from . import commands
from ._command import Command
from ._data import Amiss, Data, Unset, micros
from ._hints import like
from ._word import Word
from .errors import misuse
from .model import BearerDevice, BearerTenant, BearerUser, Policy, SubjectTenant, SubjectUser, TenantId, UserId


class FromFile(NamedTuple):
    """What is in a file, which is read once it is known to be wanted."""

    path: str


Tree: TypeAlias = str | int | float | bool | FromFile | None | list[Any] | dict[str, Any]
"""What was typed for a field: text, or what JSON or several parts of it make."""

Find: TypeAlias = Callable[[object, str], Any]
"""Finds the id of something of a kind, by what people type for it; a role of the policy has none but its name. And the moment that is so
far from now."""


class Field(NamedTuple):
    """A field of a command, or of a part of one."""

    name: str
    kind: Any
    needed: bool
    about: str
    written: str
    """Its kind as it is declared, where texts have names."""
    clears: bool
    """Whether an empty value clears it."""


def _by_name() -> dict[str, type[Command[Any]]]:
    classes = (getattr(commands, name) for name in commands.__all__)
    return {it._tag[1]: it for it in classes if getattr(it, "_tag", None)}


COMMANDS: Final = _by_name()
"""Every command, by its name."""

LARGEST: Final = 4_000_000
"""How many bytes of a file are read for a field."""


def the_command(name: str) -> type[Command[Any]]:
    if name not in COMMANDS:
        near = like(name, COMMANDS)
        # Whatever is spelt like nothing is spelt like all of them.
        remedy = f"give one that there is: {near}" if near.count(",") < 3 else "`tenantry commands` lists those that there are"
        raise misuse(f"there is no command `{name}`", remedy)
    return COMMANDS[name]


def _doc(of: type[Data]) -> str:
    """What it says of itself. Where Python leaves documentation out, dataclasses put their signature in its place."""
    said = inspect.getdoc(of) or ""
    return "" if said.startswith(f"{of.__name__}(") else said


def about(of: type[Data]) -> str:
    """What it says of itself, in one line."""
    said = " ".join(_doc(of).partition("\n\nAttributes:")[0].split())
    # Here it is an empty value that clears, and each field says so.
    return re.sub(r" `None` clears [^.]*\.", "", said)


def fields(of: type[Data]) -> list[Field]:
    """The fields of a command or of data, with what is said about them; those that must be there come first."""
    _, _, attributes = _doc(of).partition("\nAttributes:\n")
    said = dict(re.findall(r"^(\w+): (.*(?:\n .*)*)", textwrap.dedent(attributes), flags=re.M))
    kinds = typing.get_type_hints(of)
    return [
        Field(
            it.name,
            kinds[it.name],
            it.default is dataclasses.MISSING and it.default_factory is dataclasses.MISSING,
            " ".join(said.get(it.name, "").split()),
            str(it.type),
            it.name in of._clearable,
        )
        for it in dataclasses.fields(of)  # type: ignore[arg-type]
    ]


def typed(words: Sequence[str]) -> dict[str, Tree]:
    """What is typed, by field: `name=value`, `name@FILE` for what is in a file, and `name.part=value` for a part."""
    tree: dict[str, Tree] = {}
    for word in words:
        found = re.fullmatch(r"([a-z_0-9]+(?:\.[a-z_0-9]+)*)([=@])(.*)", word, flags=re.S)
        if found is None:
            raise misuse(f"`{word}` is no field with a value", "write name=value, name.part=value, or name@FILE for what is in a file")
        path, sign, text = found.groups()
        at, (*within, last) = tree, path.split(".")
        for name in within:
            inner = at.setdefault(name, {})
            if not isinstance(inner, dict):
                raise misuse(f"`{path}` is given, and `{name}` as a whole", "give one or the other")
            at = inner
        if last in at:
            raise misuse(f"`{path}` is given twice", "give it once; several values stand with commas between them")
        at[last] = FromFile(text) if sign == "@" else text
    return tree


def _read(path: str) -> str:
    """What is in a file; `-` is what comes in. Its lines are as if there were commas between them, unless it is JSON."""
    try:
        if path == "-":
            data = b"" if sys.stdin is None else sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or str(error)
        raise misuse(f"`{path}` cannot be read: {why}", "give a file of text in UTF-8, or - for what comes in") from None
    if len(data) > LARGEST:
        raise misuse(f"`{path}` has more than {LARGEST} bytes", "give a smaller one")
    return text.strip() if text.lstrip()[:1] in ("{", "[") else ",".join(line.strip() for line in text.splitlines() if line.strip())


def made(name: str, words: Sequence[str], find: Find) -> Command[Any]:
    """The command that is typed so."""
    of = the_command(name)
    made: Command[Any] = _data(of, typed(words), name, "", find)
    return made


def _data(of: type[Data], tree: Mapping[str, Tree], what: str, place: str, find: Find) -> Any:
    """A command, or data that is part of one, of its fields."""
    there_are = {it.name: it for it in fields(of)}
    for name in tree:
        if name not in there_are:
            raise misuse(f"`{what}` has no field `{place}{name}`", f"give what it has: {like(name, there_are)}")
    missing = [it.name for it in there_are.values() if it.needed and it.name not in tree]
    if missing:
        wants = ", ".join(f"{place}{name}=" for name in missing)
        raise misuse(f"`{what}` lacks {wants}", "`tenantry commands COMMAND` says what each is")
    return of(**{name: read(there_are[name].kind, it, f"{place}{name}", find) for name, it in tree.items()})


def members(kind: Any) -> list[Any]:
    """What a field may be, without nothing."""
    several = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    return [it for it in several if it not in (type(None), Unset)]


def is_id(kind: Any) -> bool:
    """Whether it is the type of an id: a `NewType` of `uuid.UUID`."""
    return getattr(kind, "__supertype__", None) is uuid.UUID


def is_new(kind: Any) -> bool:
    """Whether it is the id of what comes to be: that may be left out, and is made then."""
    return type(None) in typing.get_args(kind) and any(map(is_id, members(kind)))


def read(kind: Any, it: Tree, place: str, find: Find) -> Any:
    """A value of a kind, from what is typed for it."""
    may = members(kind)
    if isinstance(it, FromFile):
        it = _read(it.path)
    if it is None or (it == "" and Unset in typing.get_args(kind) and type(None) in typing.get_args(kind)):
        return None
    if Policy in may:
        return _policy(it, place)
    if SubjectUser in may:
        return _subject(it, place, find)
    if BearerUser in may:
        return _bearer(it, place, find)
    if is_new(kind):
        return _new_id(_text(it, place), place)
    if ids := [one for one in may if is_id(one)]:
        return find(ids[0], _text(it, place))
    of = may[0]
    if typing.get_origin(of) is not None:
        return _many(typing.get_args(of)[0], it, place, find)
    if isinstance(of, type) and issubclass(of, Data):
        return _part(of, it, place, find)
    if len(may) > 1 and isinstance(it, list):
        return [_text(one, place) for one in it]  # a device by several of its ids
    if of is str and may == [str]:
        return _text(it, place)
    if of is datetime.datetime and isinstance(it, str) and SPAN.fullmatch(it):
        return find(of, it)
    return _plain(of, it, place)


SPAN: Final = re.compile(r"\+[0-9]{1,6}[mhd]")
"""How far a moment is from now, in minutes, hours or days."""


def _new_id(text: str, place: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise misuse(f"`{place}`: `{text}` is no id", "leave it out, and one is made; or give a UUID that is new") from None


def _text(it: Tree, place: str) -> str:
    if isinstance(it, str):
        return it
    raise misuse(f"`{place}`: text is wanted", "write it as one value")


def _json(it: Tree, place: str) -> Tree:
    """What JSON says, where it begins like JSON."""
    if isinstance(it, str) and it[:1] in ("{", "["):
        try:
            parsed: Tree = json.loads(it)
        except (ValueError, RecursionError) as error:
            raise misuse(f"`{place}`: it begins like JSON and is none: {error}", "put it right") from None
        return parsed
    return it


def _many(kind: Any, it: Tree, place: str, find: Find) -> tuple[Any, ...]:
    it = _json(it, place)
    if isinstance(it, str):
        several: list[Tree] = [part.strip() for part in it.split(",") if part.strip()]
    elif isinstance(it, dict):
        # By the parts of the only one, or of each by its place.
        several = [it[one] for one in sorted(it, key=int)] if all(re.fullmatch(r"[0-9]{1,9}", one) for one in it) else [it]
    elif isinstance(it, list):
        several = it
    else:
        raise misuse(f"`{place}`: several are wanted", "write them with commas between them")
    return tuple(read(kind, one, f"{place}[{at}]" if len(several) > 1 else place, find) for at, one in enumerate(several))


def _part(of: type[Data], it: Tree, place: str, find: Find) -> Any:
    """Data with parts: by name, or those that must be there, in order."""
    it = _json(it, place)
    if isinstance(it, str):
        needed = [one.name for one in fields(of) if one.needed]
        parts = it.split(":", max(0, len(needed) - 1))
        if len(parts) != len(needed):
            names = [f"{place}.{one.name}=" for one in fields(of)]
            form = f"write {':'.join(name.upper() for name in needed)}, or" if needed else "write"
            raise misuse(f"`{place}`: `{it}` is not all of it", f"{form} {' '.join(names)}")
        it = dict(zip(needed, parts, strict=True))
    if not isinstance(it, dict):
        raise misuse(f"`{place}`: parts are wanted", f"write {place}.NAME=VALUE")
    return _data(of, it, place, f"{place}.", find)


def _subject(it: Tree, place: str, find: Find) -> Any:
    """Whom something is about: a user by address, a tenant by number, either by id."""
    it = _json(it, place)
    if isinstance(it, dict) and len(it) == 1:
        (kind, it), *_ = it.items()
        if kind == "user":
            return SubjectUser(user=find(UserId, _text(it, place)))
        if kind == "tenant":
            return SubjectTenant(tenant=find(TenantId, _text(it, place)))
    text = _text(it, place)
    if "@" in text:
        return SubjectUser(user=find(UserId, text))
    if re.fullmatch(r"[0-9a-fA-F-]{32,36}", text):
        raise misuse(f"`{place}`: an id alone does not say what it is of", f"write {place}.user= or {place}.tenant= before it")
    return SubjectTenant(tenant=find(TenantId, text))


def _bearer(it: Tree, place: str, find: Find) -> Any:
    """What an id of another system leads to: as a subject, or a device by its id."""
    parts = _json(it, place)
    if isinstance(parts, dict) and set(parts) == {"device"}:
        return BearerDevice(device=_text(parts["device"], place))
    match _subject(it, place, find):
        case SubjectUser(user=user):
            return BearerUser(user=user)
        case SubjectTenant(tenant=tenant):
            return BearerTenant(tenant=tenant)


def _policy(it: Tree, place: str) -> Any:
    it = _json(it, place)
    if isinstance(it, (str, dict)):
        return it
    raise misuse(f"`{place}`: a policy is wanted", "give the name of one that comes with the library, or one as JSON: policy@FILE")


YES: Final = {"yes": True, "true": True, "no": False, "false": False}


def _plain(of: Any, it: Tree, place: str) -> Any:
    """A word, a number, a moment; or text, where it may be more."""
    if isinstance(of, type) and issubclass(of, Word):
        words = [str(one) for one in of]
        if it in words:
            return of(it)
        raise misuse(f"`{place}`: there is no `{it}`", f"give one that there is: {like(str(it), words)}")
    if of is bool:
        if isinstance(it, bool):
            return it
        if isinstance(it, str) and it.lower() in YES:
            return YES[it.lower()]
        raise misuse(f"`{place}`: `{it}` is neither yes nor no", "write yes or no")
    if of in (int, float):
        if isinstance(it, (int, float)) and not isinstance(it, bool):
            return it
        if isinstance(it, str) and re.fullmatch(r"-?\d{1,18}" if of is int else r"-?\d{1,18}(\.\d{1,18})?", it, flags=re.A):
            return of(it)
        raise misuse(f"`{place}`: `{it}` is no {'whole ' if of is int else ''}number", "write it in digits")
    if of is datetime.datetime:
        return _moment(_text(it, place), place)
    return _text(it, place)


def _moment(text: str, place: str) -> datetime.datetime:
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        at = datetime.datetime.min
    try:
        micros(at)
    except Amiss:
        remedy = "write 2026-01-31T09:30:00Z, or +2h for two hours from now"
        raise misuse(f"`{place}`: `{text}` is no moment with its time zone", remedy) from None
    return at


# What a field takes, in words.


def takes(it: Field) -> str:
    """What is typed for a field."""
    return _takes(it.kind, it.written)


def _takes(kind: Any, written: str) -> str:
    may = members(kind)
    if Policy in may:
        return "NAME or policy@FILE"
    if SubjectUser in may:
        return "ADDRESS or TENANT"
    if BearerUser in may:
        return "ADDRESS, TENANT or .device=ID"
    if is_new(kind):
        return "ID"
    for one in may:
        if is_id(one):
            return ID_FORMS.get(one.__name__, "ID")
    of = may[0]
    if typing.get_origin(of) is not None:
        return f"{_takes(typing.get_args(of)[0], written)},…"
    if isinstance(of, type) and issubclass(of, Data):
        needed = [one.name.upper() for one in fields(of) if one.needed]
        return ":".join(needed) if needed else "…"
    if isinstance(of, type) and issubclass(of, Word):
        return "|".join(str(one) for one in of)
    if of is str and (named := re.search(r"\b(?!Collection|None|Unset)[A-Z]\w+", written)):
        return re.sub(r"(?<=.)(?=[A-Z])", "-", named[0]).upper()
    return {bool: "yes|no", int: "N", float: "N", datetime.datetime: "MOMENT"}.get(of, "TEXT")


ID_FORMS: Final[Mapping[str, str]] = {
    "TenantId": "TENANT",
    "UserId": "USER",
    "RoleId": "ROLE",
    "InvitationId": "ADDRESS",
    "SessionId": "ADDRESS",
    "LinkId": "MANAGER/CUSTOMER",
    "LinkRequestId": "MANAGER/CUSTOMER",
    "ProposalId": "MANAGER/CUSTOMER",
    "MoveId": "MANAGER/CUSTOMER",
    "ManagerInvitationId": "TENANT/MSP",
    "IntegrationId": "TENANT/NAME",
    "LicenceId": "TENANT/SERVICE",
}
"""How what there is of a kind is typed, beside by its id."""


def parts(it: Field) -> Iterator[Field]:
    """The parts of a field that has some."""
    of = members(it.kind)[0]
    of = typing.get_args(of)[0] if typing.get_origin(of) is not None else of
    if isinstance(of, type) and issubclass(of, Data) and of not in (Policy, SubjectUser, BearerTenant):
        for part in fields(of):
            yield part._replace(name=f"{it.name}.{part.name}")


def choices(it: Field) -> Iterator[str]:
    """The words that a field may be, where they are a closed list."""
    of = members(it.kind)[0]
    if of is bool:
        yield from ("yes", "no")
    elif isinstance(of, type) and issubclass(of, Word):
        yield from map(str, of)
