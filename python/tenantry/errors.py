"""What tenantry raises. An expected "no" is a `Refused`, of a class for its family; a broken world is a `StoreError`.

    TenantryError
    ├── Refused                  a command or query is refused, by a rule
    │   ├── RequestRefused       the request itself cannot be taken
    │   ├── UnknownRefused       what it names does not exist for the actor
    │   ├── RightsRefused        the actor lacks the right
    │   ├── ValueRefused         a value does not fit the policy or another value
    │   └── StateRefused         the state of things does not allow it now
    ├── StoreError               the store is broken, or not what it was
    │   ├── StoreBusy            other writers kept the store for too long
    │   ├── OutcomeUnknown       it is not known whether the commit happened
    │   ├── StoreForked          opened before the process was forked
    │   ├── StoreDamaged         the store is damaged
    │   ├── StoreFull            no room, or the limit is reached
    │   ├── StoreReadOnly        it was opened for reading
    │   ├── Diverged             a token is not of this store's history
    │   ├── CannotOpen           the file cannot be opened or created
    │   ├── NotAStore            the file is none of tenantry's
    │   └── UnknownSeq           no such revision: the journal has not come to it. Also a ValueError
    ├── Misuse                   a call is not as it should be; nothing was done. Also a ValueError
    └── Defect                   tenantry has a defect

`code` (the number) and `name` are stable and the same in every language. `remedy` says what to do, `hint` how that is done here, and
`rule` which rule it is. A value that is not what its place wants, be it of a wrong type, is a `Misuse`, with the place in `path`; what is
Python's own, such as an argument that is not there, is a `TypeError`.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from .codes import Code, Trouble

__all__ = [
    "CannotOpen",
    "Defect",
    "Diverged",
    "Item",
    "Misuse",
    "NotAStore",
    "OutcomeUnknown",
    "Refused",
    "RequestRefused",
    "RightsRefused",
    "StateRefused",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreForked",
    "StoreFull",
    "StoreReadOnly",
    "TenantryError",
    "UnknownRefused",
    "UnknownSeq",
    "ValueRefused",
]


@final
@dataclass(frozen=True)
class Item:
    """Why one item of a batch cannot be done.

    Attributes:
        index: The item's place in the batch, from 0.
        code: The stable number.
        name: The stable name.
        message: What stands in the way.
        remedy: What to do about it.
        rule: The rule it comes from.
        about: What it is about.
    """

    index: int
    code: int
    name: str
    message: str
    remedy: str
    rule: str
    about: str


class TenantryError(Exception):
    """Anything that tenantry raises.

    Attributes:
        code: The stable number: a refusal's up to 999, a trouble's from 9000 on.
        name: The stable name, such as `not_delinkable`.
        message: What stands in the way.
        remedy: What to do about it.
        rule: The rule that a refusal comes from, such as `D-1`; else None.
        about: What a refusal is about: an id, a name or a value.
        path: Where in the call a misuse is, such as `execute.command.owner.email`; None where it is in no value of it, as when the
            database is closed.
        items: For a batch: every item that stands in the way.
        transient: Whether the same call may pass later without anybody changing it.
        hint: What the remedy is in Python, such as the name of an option, or what there is to choose from; else None.
    """

    code: int
    name: str
    message: str
    remedy: str
    rule: str | None
    about: str | None
    path: str | None
    items: tuple[Item, ...]
    transient: bool
    hint: str | None

    def __init__(
        self,
        message: str,
        *,
        code: int,
        name: str,
        remedy: str,
        rule: str | None = None,
        about: str | None = None,
        path: str | None = None,
        items: tuple[Item, ...] = (),
        transient: bool = False,
        hint: str | None = None,
    ) -> None:
        """What tenantry says; programs do not make these."""
        super().__init__(message)
        self.message = message
        self.code = code
        self.name = name
        self.remedy = remedy
        self.rule = rule
        self.about = about
        self.path = path
        self.items = items
        self.transient = transient
        self.hint = hint

    def _fields(self) -> dict[str, Any]:
        names = ("code", "name", "remedy", "rule", "about", "path", "items", "transient", "hint")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Everything that is known about it, as plain values."""
        fields = {"message": self.message, **self._fields()}
        return {**fields, "items": [dict(vars(item)) for item in self.items]}

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" + (f" ({self.hint})" if self.hint else "")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code} {self.name}: {self.message})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TenantryError):
            return NotImplemented
        return type(self) is type(other) and (self.message, self._fields()) == (other.message, other._fields())

    def __hash__(self) -> int:
        return hash((type(self), self.code, self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.message, self._fields())


def _again(kind: type[TenantryError], message: str, fields: Mapping[str, Any]) -> TenantryError:
    return kind(message, **fields)


class Refused(TenantryError):
    """A command or query is refused, by a rule: an expected "no"."""

    @property
    def reason(self) -> Code:
        """The refusal, as the word that verdicts use, too."""
        return Code(self.name)


class RequestRefused(Refused):
    """Refused: the request itself cannot be taken."""


class UnknownRefused(Refused):
    """Refused: what it names does not exist for the actor. Commands of users that are refused so are journalled (Q-2)."""


class RightsRefused(Refused):
    """Refused: the actor lacks the right. Commands of users that are refused so are journalled (Q-2)."""


class ValueRefused(Refused):
    """Refused: a value does not fit the policy or another value."""


class StateRefused(Refused):
    """Refused: the state of things does not allow it now."""


class StoreError(TenantryError):
    """The store is broken, or not what it was."""


class StoreBusy(StoreError):
    """Other writers kept the store for too long. Nothing was done; try again."""


class OutcomeUnknown(StoreError):
    """It is not known whether the commit happened. Send the same request id again to learn it."""


class StoreForked(StoreError):
    """This database was opened before the process was forked. Open it again in the child."""


class StoreDamaged(StoreError):
    """The store is damaged."""


class StoreFull(StoreError):
    """There is no room, or the file has come to its limit. Nothing was done."""


class StoreReadOnly(StoreError):
    """The store was opened for reading."""


class Diverged(StoreError):
    """A token is not of this store's history: a backup was restored, or it is another store."""


class CannotOpen(StoreError):
    """The file cannot be opened or created."""


class NotAStore(StoreError):
    """The file is none of tenantry's, or of a newer one. It was left as it is."""


class UnknownSeq(StoreError, ValueError):
    """There is no such revision: a number names a record that the journal has not come to."""


class Misuse(TenantryError, ValueError):
    """A call is not as it should be; nothing was done. `path` says where."""


class Defect(TenantryError):
    """tenantry has a defect and stopped within this call; other calls go on."""


_FAMILIES: dict[str, type[TenantryError]] = {
    "request": RequestRefused,
    "unknown": UnknownRefused,
    "rights": RightsRefused,
    "value": ValueRefused,
    "state": StateRefused,
    "misuse": Misuse,
    "store": StoreError,
    "defect": Defect,
}

_STORE: dict[str, type[StoreError]] = {
    "store_busy": StoreBusy,
    "outcome_unknown": OutcomeUnknown,
    "store_forked": StoreForked,
    "store_damaged": StoreDamaged,
    "store_full": StoreFull,
    "store_read_only": StoreReadOnly,
    "diverged": Diverged,
    "cannot_open": CannotOpen,
    "not_a_store": NotAStore,
    "newer_format": NotAStore,
    "unknown_seq": UnknownSeq,
}

# What the remedies are in Python, where they are something of its own.
_HINTS: dict[str, str] = {
    "request_reused": "`Database.new_id()` makes one",
    "stale_seq": "`Database.seq()` says where it is",
    "clock_behind": "`open(…, clock_tolerance=None)` lets commands go on; time stands until the clock has caught up",
    "clock_ahead": "`Database.sweep(accept_clock=True)`, or `tenantry sweep FILE --accept-clock`, says once that it is right",
    "ticket_required": '`actor=Operator(ticket="…")` cites one',
    "unknown_role": "`Database.policy().roles` has those that are built in; a tenant's own go by their ids",
    "unknown_management_type": "`Database.policy().management_types` has them",
    "unknown_service": "`Database.policy().services` has them",
    "unknown_permission": "`Database.policy().permissions` has them",
    "not_grantable": "`Database.policy().grantable` has them",
    "unknown_category": "`Database.policy().issue_categories` has them",
    "store_busy": "`open(…, wait=…)` says how long to wait",
    "store_full": "`open(…, max_bytes=…)` is the limit",
    "unknown_seq": "`Database.seq()`, or `tenantry inspect FILE`, says how far it has come",
}

Fault: TypeAlias = Mapping[str, Any]

# Below these, members of the call are what the methods take as keywords.
_ABOVE = ("execute.command.", "execute.", "ask.filter.", "ask.paging.", "ask.", "acknowledge.", "sweep.")


def argument(path: str) -> str:
    """What the caller calls the place: the keyword in place of where the door finds it."""
    above = next((above for above in _ABOVE if path.startswith(above)), "")
    place = path.removeprefix(above)
    if above and place == "actor.user":
        return "actor"
    name = re.split(r"[.\[]", place, maxsplit=1)[0]
    called = "request_id" if above == "execute." and name == "id" else f"{name}_" if keyword.iskeyword(name) else name
    return called + place.removeprefix(name)


def _placed(message: str, path: str | None) -> tuple[str, str | None]:
    """The message of a misuse and its place, in the words of the caller's."""
    if path is None:
        return message, None
    what = message.removeprefix(f"at {path}: ")
    if missing := re.fullmatch(r"missing field `(\w+)`", what):
        path = f"{path}.{missing[1]}"
        return f"`{argument(path)}`: it is missing, or None", path
    return (message if what == message else f"`{argument(path)}`: {what}"), path


def from_fault(fault: str | Fault) -> TenantryError:
    """The exception that stands for a fault of the JSON door. The native part calls it."""
    told: Fault = json.loads(fault) if isinstance(fault, str) else fault
    name = told["name"]
    kind = _STORE.get(name) or _FAMILIES[told["family"]]
    message, path = _placed(told["message"], told.get("path"))
    return kind(
        message,
        code=told["number"],
        name=name,
        remedy=told["remedy"],
        rule=told.get("rule"),
        about=told.get("about"),
        path=path,
        items=tuple(
            Item(one["index"], one["number"], one["name"], one["message"], one["remedy"], one["rule"], one["about"])
            for one in told.get("items", ())
        ),
        transient=told["transient"],
        hint=_HINTS.get(name),
    )


def refused(code: Code, about: str, hint: str | None = None) -> TenantryError:
    """A refusal of the table, about something."""
    message = code.message.format(about)
    return _FAMILIES[code.family](
        message, code=code.number, name=code.value, remedy=code.remedy, rule=code.rule, about=about, hint=hint or _HINTS.get(code.value)
    )


def misuse(what: str, remedy: str, path: str | None = None, trouble: Trouble = Trouble.INVALID_REQUEST) -> Misuse:
    """A misuse that is noticed before the door."""
    message = f"`{argument(path)}`: {what}" if path else what
    return Misuse(message, code=trouble.number, name=trouble.value, remedy=remedy, path=path)
