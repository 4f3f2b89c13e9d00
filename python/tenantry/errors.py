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
    │   └── NotAStore            the file is none of tenantry's
    ├── Misuse                   a call is not as it should be; nothing was done. Also a ValueError
    └── Defect                   tenantry has a defect

`code` (the number) and `name` are stable and the same in every language. `remedy` says what to do, `rule` which rule it is.
"""

from __future__ import annotations

import json
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
        path: Where in the call a misuse is, such as `execute.command.owner.email`.
        items: For a batch: every item that stands in the way.
        transient: Whether the same call may pass later without anybody changing it.
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

    def _fields(self) -> dict[str, Any]:
        names = ("code", "name", "remedy", "rule", "about", "path", "items", "transient")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Everything that is known about it, as plain values."""
        fields = {"message": self.message, **self._fields()}
        return {**fields, "items": [dict(vars(item)) for item in self.items]}

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}"

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
    """Refused: what it names does not exist for the actor."""


class RightsRefused(Refused):
    """Refused: the actor lacks the right. Such refusals are journalled (Q-2)."""


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
}

Fault: TypeAlias = Mapping[str, Any]

# Below these, members of the call are what the methods take as keywords.
_KEYWORDS = ("execute.command.", "execute.", "ask.")


def _by_keyword(message: str, path: str | None) -> str:
    """The message of a misuse, with the keyword in place of where the door found it."""
    for above in _KEYWORDS:
        if path and path.startswith(above):
            return message.replace(f"at {path}:", f"`{path.removeprefix(above)}`:", 1)
    return message



def from_fault(fault: str | Fault) -> TenantryError:
    """The exception that stands for a fault of the JSON door. The native part calls it."""
    told: Fault = json.loads(fault) if isinstance(fault, str) else fault
    name = told["name"]
    kind = _STORE.get(name) or _FAMILIES[told["family"]]
    path = told.get("path")
    return kind(
        _by_keyword(told["message"], path),
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
    )


def misuse(message: str, remedy: str) -> Misuse:
    """A misuse that is noticed before the door."""
    trouble = Trouble.INVALID_REQUEST
    return Misuse(message, code=trouble.number, name=trouble.value, remedy=remedy)
