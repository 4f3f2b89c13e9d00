"""What all data of the package have in common, and how values become JSON. It decides nothing about tenantry."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, TypeAlias

from ._word import Word
from .errors import misuse

Id: TypeAlias = uuid.UUID | str
"""An id as an argument: a `uuid.UUID`, or one as text. Results always have a `uuid.UUID`."""

AsOf: TypeAlias = int | datetime.datetime
"""A moment that has passed: a record's number, or an aware datetime (X-2)."""

EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
EARLIEST: Final = datetime.datetime(1, 1, 2, tzinfo=datetime.timezone.utc)
LATEST: Final = datetime.datetime(9999, 12, 31, tzinfo=datetime.timezone.utc)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)


class Unset(enum.Enum):
    """The default of what may be cleared: leave it as it is. `None` clears it."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Leave it as it is: the default of arguments for which `None` means to clear it."""


def micros(moment: datetime.datetime) -> int:
    """Microseconds since 1970. Refuses a naive datetime: it could be any of some forty moments."""
    if not isinstance(moment, datetime.datetime):
        raise TypeError(f"a datetime.datetime is wanted, not {type(moment).__name__}")
    if moment.utcoffset() is None:
        raise misuse(
            f"{moment!r} has no time zone", "make it aware, as in datetime.now(timezone.utc) or .replace(tzinfo=timezone.utc)"
        )
    return (moment - EPOCH) // _MICROSECOND


def instant(micros_since_1970: int) -> datetime.datetime:
    """The moment in UTC."""
    return EPOCH + datetime.timedelta(microseconds=micros_since_1970)


def moment(text: str) -> datetime.datetime:
    """A moment, from JSON."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def to_json(value: object) -> Any:
    """A value as the JSON door wants it."""
    return _shape(value, _json_leaf)


def dumps(value: object) -> str:
    """A value as JSON text."""
    return json.dumps(to_json(value), allow_nan=False, separators=(",", ":"))


def _json_leaf(value: object) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime):
        micros(value)
        if not EARLIEST < value < LATEST:
            raise misuse(f"{value} is out of range", "give a moment that is one in UTC, too, in the years 1 to 9999")
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in a command or query: {value!r}")


def _plain_leaf(value: object) -> Any:
    return value


def _frame_leaf(value: object) -> Any:
    # Data frames have no type for ids: as objects they could be neither joined, sorted nor written.
    return str(value) if isinstance(value, uuid.UUID) else value


def to_row(data: Data) -> dict[str, Any]:
    """The data as a dict for a data frame: ids are text, moments stay `datetime`."""
    row: dict[str, Any] = data._shaped(_frame_leaf)
    return row


def _shape(value: object, leaf: Callable[[object], Any]) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Data):
        return value._shaped(leaf)
    if isinstance(value, Mapping):
        return {_key(name): _shape(item, leaf) for name, item in value.items()}
    if isinstance(value, (frozenset, set)):
        # In one order, so that the same data are the same text: words as they are declared, all else as text.
        return [_shape(item, leaf) for item in sorted(value, key=_place)]
    if isinstance(value, (tuple, list)) or (isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, memoryview))):
        return [_shape(item, leaf) for item in value]
    return leaf(value)


def _place(item: object) -> tuple[int, str]:
    return [*type(item)].index(item) if isinstance(item, Word) else 0, str(item)


def _key(name: object) -> str:
    if isinstance(name, enum.Enum):
        return str(name.value)
    if isinstance(name, str):
        return name
    raise TypeError(f"a name is a str, not {type(name).__name__}")


class Data:
    """Frozen data: compared by value, pickled, shown by `repr`."""

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
        shaped = self._shaped(_plain_leaf)
        return shaped if isinstance(shaped, dict) else {"value": shaped}

    def as_json(self) -> str:
        """The data as JSON, the same as in Rust and C."""
        return dumps(self)

    def _shaped(self, leaf: Callable[[object], Any]) -> Any:
        dropping = leaf is _json_leaf
        members: dict[str, Any] = {}
        if self._tag is not None:
            members[self._tag[0]] = self._tag[1]
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is UNSET or (dropping and value is None and field.name not in self._clearable):
                continue
            members[self._renamed.get(field.name, field.name)] = _shape(value, leaf)
        if self._outer is None:
            return members
        if self._bare:
            return self._outer
        return {self._outer: next(iter(members.values())) if self._single else members}
