"""What all data of the package have in common, and how values become JSON. It decides nothing about tenantry."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from ._word import Word
from .codes import Trouble
from .errors import Misuse, misuse

Id: TypeAlias = uuid.UUID | str
"""An id as an argument, where it may be of anything: a `uuid.UUID`, or one as text. Results always have a `uuid.UUID`."""

read_id: Final[Callable[[str], Any]] = uuid.UUID
"""An id, from JSON. Of what it is, type checkers know from what it becomes a part of."""

AsOf: TypeAlias = int | datetime.datetime
"""A moment that has passed: a record's number, or an aware datetime (X-2)."""

TypedDevice: TypeAlias = str | Sequence[str]
"""A device as it was typed: one of its ids, or 1 to 8 of them, the first of which names it (V-2)."""

EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
EARLIEST: Final = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
LATEST: Final = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)
AWARE: Final = "make it aware, as in datetime.now(timezone.utc) or .replace(tzinfo=timezone.utc)"
DEEPEST: Final = 32
"""How deep a call may be nested, as the door has it."""
_MICROSECOND: Final = datetime.timedelta(microseconds=1)


class Unset(enum.Enum):
    """The default of what may be cleared: leave it as it is. `None` clears it."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Leave it as it is: the default of arguments for which `None` means to clear it."""


T = TypeVar("T")
U = TypeVar("U")


class Amiss(Exception):
    """A value is not one that can be sent. Whatever it stands in adds where, from the inside out."""

    def __init__(self, what: str, remedy: str, trouble: Trouble = Trouble.INVALID_REQUEST) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.trouble = trouble
        self.place = ""

    def within(self, outer: str) -> Amiss:
        """The same, with the name or the place in a list of what it stands in."""
        between = "." if self.place and not self.place.startswith("[") else ""
        self.place = f"{outer}{between}{self.place}"
        return self

    def misuse(self) -> Misuse:
        """What is raised."""
        return misuse(self.what, self.remedy, self.place or None, self.trouble)


def checked(place: str, convert: Callable[[T], U], value: T) -> U:
    """What becomes of the value of an argument; what is amiss with it is said with its place."""
    try:
        return convert(value)
    except Amiss as amiss:
        raise (amiss.within(place) if place else amiss).misuse() from None


def called(value: object) -> str:
    """What to call a value in a message: short, and never what was in it, unless it is a short word."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) < 40):
        return ascii(value)
    name = type(value).__name__
    return name if name == "bytes" else f"{'an' if name[:1] in 'aeiouAEIO' else 'a'} {name}"


def micros(moment: datetime.datetime) -> int:
    """Microseconds since 1970. Refuses a naive datetime: it could be any of some forty moments."""
    if not isinstance(moment, datetime.datetime):
        raise Amiss(f"an aware datetime.datetime is wanted, not {called(moment)}", AWARE)
    if moment.utcoffset() is None:
        raise Amiss(f"{moment!r} has no time zone", AWARE)
    if not EARLIEST <= moment <= LATEST:
        raise Amiss(f"{moment} is out of range", "give a moment that is one in UTC, too, in the years 1 to 9999")
    return (moment - EPOCH) // _MICROSECOND


def instant(micros_since_1970: int) -> datetime.datetime:
    """The moment in UTC."""
    return EPOCH + datetime.timedelta(microseconds=micros_since_1970)


def moment(text: str) -> datetime.datetime:
    """A moment, from JSON."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def to_json(value: object) -> Any:
    """A value as the JSON door wants it."""
    return checked("", lambda value: _shape(value, _json_leaf, 0), value)


def dumps(value: object, place: str = "") -> str:
    """A value as JSON text; `place` is what to call where it stands."""
    shaped = checked(place, lambda value: _shape(value, _json_leaf, 0), value)
    return json.dumps(shaped, allow_nan=False, separators=(",", ":"))


def text(value: str) -> str:
    """The text, if it is one: Python's may have halves of characters."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            what = "the text has half of a surrogate pair, which is no character"
            raise Amiss(what, "read it in the encoding that it is in", Trouble.NOT_UTF8) from None
    return value


def _json_leaf(value: object) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise Amiss("the number is out of range", "give a whole number of 64 bits")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Amiss(f"{value} is no number", "give one that is finite, or leave it out")
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime):
        micros(value)
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    what = f"{called(value)} has no place in a command or query"
    if isinstance(value, datetime.date):
        raise Amiss(what, "give an aware datetime: a date begins at another moment in each time zone")
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise Amiss(what, "give text (`.decode()`), or an id as a uuid.UUID")
    raise Amiss(what, "give what its documentation names")


def _plain_leaf(value: object) -> Any:
    return value


def _frame_leaf(value: object) -> Any:
    # Data frames have no type for ids: as objects they could be neither joined, sorted nor written.
    return str(value) if isinstance(value, uuid.UUID) else value


def to_row(data: Data) -> dict[str, Any]:
    """The data as a dict for a data frame: ids are text, moments stay `datetime`."""
    row: dict[str, Any] = data._shaped(_frame_leaf, 0)
    return row


def _shape(value: object, leaf: Callable[[object], Any], depth: int) -> Any:
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or value is True or value is False:
        return value
    if isinstance(value, (str, int, float)):
        return leaf(value)
    if depth == DEEPEST:
        too_deep = Trouble.DOCUMENT_TOO_DEEP
        raise Amiss(f"it is nested more than {DEEPEST} deep", "give what its documentation names", too_deep)
    if isinstance(value, Data):
        return value._shaped(leaf, depth)
    if isinstance(value, Mapping):
        return {_key(name): _within(name, item, leaf, depth) for name, item in value.items()}
    if isinstance(value, (frozenset, set)):
        # In one order, so that the same data are the same text: words as they are declared, all else as text.
        pairs = [(_word(item), _shape(item, leaf, depth + 1)) for item in value]
        return [shaped for _, shaped in sorted(pairs, key=lambda pair: (pair[0], str(pair[1])))]
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [_within(place, item, leaf, depth) for place, item in enumerate(value)]
    return leaf(value)


def _within(place: object, item: object, leaf: Callable[[object], Any], depth: int) -> Any:
    try:
        return _shape(item, leaf, depth + 1)
    except Amiss as amiss:
        raise amiss.within(f"[{place}]" if isinstance(place, int) else str(place)) from None


def _word(item: object) -> int:
    return [*type(item)].index(item) if isinstance(item, Word) else 0


def _key(name: object) -> str:
    if isinstance(name, enum.Enum):
        name = name.value
    if isinstance(name, str):
        return text(name)
    raise Amiss(f"a name is a str, not {called(name)}", "give names that are text")


SHOWN: Final = 4
"""How many items of a list `repr` shows, and how deep it goes."""

CUT: Final = 60
"""How many letters of a text `repr` shows."""


def shown(value: object, depth: int = 0) -> str:
    """A value as `repr` shows it: in short, for people."""
    if isinstance(value, Data):
        return value._shown(depth)
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return repr(value if len(value) <= CUT else f"{value[:CUT]}…")
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, Mapping):
        return _several("{}", [f"{name}: {shown(item, depth + 1)}" for name, item in value.items()])
    if isinstance(value, (tuple, list)):
        return _several("()" if isinstance(value, tuple) else "[]", [shown(item, depth + 1) for item in value[:SHOWN]], len(value))
    if isinstance(value, (frozenset, set)):
        return _several("{}", sorted(shown(item, depth + 1) for item in value))
    return repr(value)


def _several(around: str, items: list[str], there_are: int = 0) -> str:
    there_are = there_are or len(items)
    more = [f"… {there_are} in all"] if there_are > SHOWN else []
    return around[0] + ", ".join(items[:SHOWN] + more) + around[1]


class Data:
    """Frozen data: compared by value, pickled, shown by `repr` in short."""

    __slots__ = ()

    # How the fields lie in JSON: beside a tag; or within an outer name, under which is the only field itself, or nothing.
    _tag: ClassVar[tuple[str, str] | None] = None
    _outer: ClassVar[str | None] = None
    _single: ClassVar[bool] = False
    _bare: ClassVar[bool] = False
    # Fields whose absence and None are different things, and fields that are named otherwise in Python.
    _clearable: ClassVar[frozenset[str]] = frozenset()
    _renamed: ClassVar[Mapping[str, str]] = {}

    def as_dict(self) -> dict[str, Any]:
        """The data as a dict, all the way down: ids are `uuid.UUID`, moments `datetime`, words `str`, the rest plain values."""
        shaped = checked("", lambda data: data._shaped(_plain_leaf, 0), self)
        return shaped if isinstance(shaped, dict) else {"value": shaped}

    def as_json(self) -> str:
        """The data as JSON, the same as in Rust and C."""
        return dumps(self)

    def __repr__(self) -> str:
        """Its name and what is known: what is as it is when nothing is said is left out, and long lists and texts are cut. All of it
        is in `as_dict()`."""
        return self._shown(0)

    def _shown(self, depth: int) -> str:
        name = type(self).__name__
        if depth > SHOWN:
            return f"{name}(…)"
        said = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            nothing = field.default is not UNSET and value in (None, (), frozenset(), {})
            if not nothing and value != field.default:
                said.append(f"{field.name}={shown(value, depth + 1)}")
        return f"{name}({', '.join(said)})"

    def _shaped(self, leaf: Callable[[object], Any], depth: int) -> Any:
        dropping = leaf is _json_leaf
        members: dict[str, Any] = {}
        if self._tag is not None:
            members[self._tag[0]] = self._tag[1]
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            name, value = self._renamed.get(field.name, field.name), getattr(self, field.name)
            if value is UNSET:
                continue
            if dropping and value is None and field.name not in self._clearable:
                if field.default is UNSET:
                    raise Amiss("it cannot be cleared", "leave it out to keep it as it is, or give a new one").within(name)
                continue
            members[name] = self._member(name, value, leaf, depth)
        if self._outer is None:
            return members
        if self._bare:
            return self._outer
        return {self._outer: next(iter(members.values())) if self._single else members}

    def _member(self, name: str, value: object, leaf: Callable[[object], Any], depth: int) -> Any:
        try:
            return _shape(value, leaf, depth + 1)
        except Amiss as amiss:
            if self._outer is None or not self._single:
                amiss.within(name)
            raise (amiss.within(self._outer) if self._outer else amiss) from None
