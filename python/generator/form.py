"""What the schema declares, as the generator sees it: types, fields, definitions, methods. Nothing here knows Python's syntax."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias, Union as Either


class Wrong(Exception):
    """The schema has something that this generator does not know how to write."""


# Types.


class Plain(Enum):
    """A type without a definition of its own."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    FLAG = auto()
    NOTHING = auto()
    ID = auto()


@dataclass(frozen=True)
class Ref:
    """A type that is defined under a name."""

    name: str


@dataclass(frozen=True)
class Many:
    """Any number of these, in their order or, where each is there once, in none."""

    item: Type
    once: bool


@dataclass(frozen=True)
class ByName:
    """Any number of these, each under a text."""

    item: Type


@dataclass(frozen=True)
class Maybe:
    """One of these, or null."""

    inner: Type


Type: TypeAlias = Either[Plain, Ref, Many, ByName, Maybe]


def names(kind: Type) -> set[str]:
    """The definitions that a type names."""
    match kind:
        case Ref(name):
            return {name}
        case Many(item, _) | ByName(item):
            return names(item)
        case Maybe(inner):
            return names(inner)
    return set()


# Fields.


class Absent(Enum):
    """What it means that a field is not there, other than that it has a certain value. What is unchanged may be cleared, by null; what
    is kept may not."""

    REFUSED = auto()
    NULL = auto()
    UNCHANGED = auto()
    KEPT = auto()
    EMPTY = auto()
    ALL_DEFAULTS = auto()


@dataclass(frozen=True)
class Word:
    """A word as a default."""

    of: str
    word: str


Default: TypeAlias = Either[Absent, Word, bool, int, str]


@dataclass(frozen=True)
class Field:
    name: str
    type: Type
    default: Default
    about: str

    @property
    def needed(self) -> bool:
        return self.default is Absent.REFUSED


# Definitions.


@dataclass(frozen=True)
class Id:
    name: str
    about: str


@dataclass(frozen=True)
class Time:
    name: str
    about: str


@dataclass(frozen=True)
class Text:
    name: str
    about: str


@dataclass(frozen=True)
class Document:
    """A JSON object of which others say what is in it."""

    name: str
    about: str


@dataclass(frozen=True)
class Words:
    """A closed list of words, each with what it means."""

    name: str
    about: str
    words: list[tuple[str, str]]


@dataclass(frozen=True)
class Status:
    """A row of the table of refusals or of troubles."""

    number: int
    name: str
    family: str
    rule: str | None
    message: str
    remedy: str


@dataclass(frozen=True)
class Statuses:
    """A closed list of what can go wrong."""

    name: str
    about: str
    rows: list[Status]


@dataclass(frozen=True)
class Struct:
    name: str
    about: str
    fields: list[Field]


class Shape(Enum):
    """How a variant lies in JSON."""

    TAGGED = auto()
    """The word lies beside the fields, under the union's tag."""
    OUTER = auto()
    """The fields lie under the word."""
    SINGLE = auto()
    """The only field itself lies under the word."""
    BARE = auto()
    """There is but the word."""


@dataclass(frozen=True)
class Variant:
    word: str
    about: str
    fields: list[Field]
    shape: Shape


@dataclass(frozen=True)
class Union:
    name: str
    about: str
    tag: str | None
    variants: list[Variant]


@dataclass(frozen=True)
class Choice:
    """One of other definitions: `tag` says which, and it lies under `content`."""

    name: str
    about: str
    tag: str
    content: str
    of: dict[str, str]


@dataclass(frozen=True)
class Page:
    """A part of a long list."""

    name: str
    row: Ref


Definition: TypeAlias = Either[Id, Time, Text, Document, Words, Statuses, Struct, Union, Choice, Page]


@dataclass(frozen=True)
class Method:
    """A command or a query: its name, who may send it, what it takes, and what it answers with."""

    word: str
    about: str
    who: str
    fields: list[Field]
    answer: Type

    @property
    def told(self) -> str:
        """What it is, and who may send it."""
        return f"{self.about} Who: {self.who}"


@dataclass(frozen=True)
class Door:
    """All that the schema declares, but for the call and its reply themselves."""

    definitions: dict[str, Definition]
    commands: list[Method]
    queries: list[Method]
    answered: set[str]
    """What a reply can hold: such data are read, and what they hold is exact."""

    @property
    def read(self) -> set[str]:
        """The same, and what a restore answers with, which is no call."""
        return self.answered | self.reach("Restored")

    @property
    def written(self) -> set[str]:
        """What a caller says: such data are written."""
        given = {name for method in [*self.commands, *self.queries] for field in method.fields for name in names(field.type)}
        return set[str]().union(*(self.reach(name) for name in given | {"Policy"} if name in self.definitions))

    def reach(self, root: str) -> set[str]:
        """The definitions that a definition leads to, itself among them."""
        seen: set[str] = set()
        waiting = [root]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += parts(self.definitions[name])
        return seen


def parts(definition: Definition) -> list[str]:
    """The definitions that one names itself."""
    match definition:
        case Struct(fields=fields):
            types = [field.type for field in fields]
        case Union(variants=variants):
            types = [field.type for variant in variants for field in variant.fields]
        case Page(row=row):
            return [row.name]
        case Choice(of=of):
            return list(of.values())
        case _:
            types = []
    return sorted(set().union(*map(names, types)))
