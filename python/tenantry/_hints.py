"""What to say about a call that was not taken, beyond what the door says, which has neither seen the values as Python has them nor asks
what else there is."""

from __future__ import annotations

import dataclasses
import difflib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ._command import Executed
from ._data import Data, called
from .errors import Misuse, TenantryError, UnknownSeq, argument
from .model import Clock, Operator, Policy

THERE_IS: Final[Mapping[str, Callable[[Policy], Iterable[str]]]] = {
    "unknown_role": lambda policy: (rule.name for rule in policy.roles),
    "unknown_management_type": lambda policy: (rule.name for rule in policy.management_types),
    "unknown_service": lambda policy: policy.services,
    "unknown_permission": lambda policy: policy.permissions,
    "not_grantable": lambda policy: policy.grantable,
    "unknown_category": lambda policy: policy.issue_categories,
}
"""What there is to choose from instead."""

_NO_ID: Final = re.compile(r"UUID parsing failed|expected a formatted UUID string")


def like(word: str, words: Iterable[str]) -> str:
    """The words that somebody may have meant: those that are spelt alike, or else all."""
    known = sorted(map(str, words))
    return ", ".join(difflib.get_close_matches(word, known, 3) or known)


def say_more(error: TenantryError, call: Mapping[str, Any], policy: Callable[[], Policy]) -> None:
    """Adds to an error what helps whoever sent the call."""
    if isinstance(error, UnknownSeq) and "as_of" in call.get("ask", {}):
        error.path = "ask.as_of"
    elif isinstance(error, Misuse) and error.path and _NO_ID.search(error.message):
        message, remedy = _no_id(argument(error.path), _value_at(call, error.path))
        error.message, error.remedy, error.args = message, remedy, (message,)
    elif isinstance(error, Misuse) and error.path and error.message.endswith("expected a sequence"):
        if isinstance(alone := _value_at(call, error.path), str):
            error.remedy = f"give a list, of one if need be: `[{alone!r}]`"
    elif error.name in THERE_IS and error.about is not None:
        there_is = like(error.about, THERE_IS[error.name](policy()))
        if error.name == "unknown_role":
            there_is += "; a tenant's own go by their ids"
        error.hint = f"there is: {there_is}" if there_is else "there is none"


def _no_id(place: str, value: object) -> tuple[str, str]:
    """What is there in place of an id, and what to do about it."""
    if value is None:
        return f"`{place}`: an id is wanted", "give a uuid.UUID, or one as text"
    wanted = f"`{place}`: an id is wanted, not"
    if isinstance(value, (Operator, Clock)) or (isinstance(value, str) and value.upper() == "OPERATOR"):
        if place == "actor":
            return f"{wanted} the text {called(value)}", "give tenantry.OPERATOR, which is no text, or the id of a user"
        return f"{wanted} the operator or the clock, which have none", "give the id of a user"
    if isinstance(value, str):
        if "@" in value:
            return f"{wanted} an e-mail address", "give the uuid.UUID of the user: `Database.user(address)` finds it"
        remedy = "give a uuid.UUID, or one as text; a tenant's is found by its number with `Database.tenant`"
        return f"{wanted} {called(value)}", remedy
    if isinstance(value, Executed):
        return f"{wanted} an Executed", "give what the command made, which is in `.outcome`"
    if isinstance(value, Data):
        ids = [field.name for field in dataclasses.fields(value) if isinstance(getattr(value, field.name), uuid.UUID)]  # type: ignore[arg-type]
        return f"{wanted} {called(value)}", f"give an id of it: {', '.join(f'`.{name}`' for name in ids) or 'it has none'}"
    return f"{wanted} {called(value)}", "give a uuid.UUID, or one as text"


def _value_at(call: Mapping[str, Any], path: str) -> object:
    """What the caller gave at a place of the call; None, if that cannot be told, as of an item of a set."""
    at: object = call
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(at, Mapping):
            at = at.get(step)
        elif isinstance(at, Sequence) and step.isdigit() and int(step) < len(at):
            at = at[int(step)]
        else:
            at = getattr(at, step, None)
    return at
