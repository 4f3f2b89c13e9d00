"""Commands and what they answer with, in general; `commands` has each of them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, final

from ._data import Amiss, Data, Id, Unset, called, checked, shown
from .model import ByUser, Clock, Operator, Policy, RequestId, Token, UserId

if TYPE_CHECKING:
    from . import events

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

ActorLike: TypeAlias = UserId | str | ByUser | Operator | Clock
"""Who asks: the id of a user, `OPERATOR` or an `Operator` with a ticket, or `CLOCK`."""

PolicyLike: TypeAlias = str | Policy | Mapping[str, Any]
"""A policy: the name of one that comes with the library, a `Policy`, or one as in JSON."""


class Command(Data, Generic[T_co]):
    """A command as data; `Database.execute` executes it, and answers with an `Executed` of its outcome."""

    __slots__ = ()


AnyCommand: TypeAlias = Command[Any]
"""A command, whatever it answers with."""


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Data, Generic[T_co]):
    """A command on its way, for `Database.execute_all`: what, and from whom, if not from the actor of all.

    Attributes:
        command: What is asked.
        actor: Who asks; the actor of all, if None.
        request_id: Names this request: asking again under the same id is safe and answers with the first receipt.
        expected_seq: The record you last saw; if the journal has moved on, the command is refused (`stale_seq`).
    """

    command: Command[T_co]
    actor: ActorLike | None = None
    request_id: Id | None = None
    expected_seq: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Executed(Data, Generic[T]):
    """What a command led to; the same again when the request is repeated.

    Attributes:
        outcome: What the command answers with: the ids of what it made, say; None, if it has nothing to answer.
        command: The command's name.
        request: The request's id.
        seq: The record it led to.
        token: The revision after it.
        at: When it was executed.
        events: What happened.
    """

    outcome: T
    command: str
    request: RequestId
    seq: int
    token: Token
    at: datetime.datetime
    events: tuple[events.Event, ...]

    def _shown(self, depth: int) -> str:
        """What it led to, in short: of the events there are the names."""
        names = ", ".join(event.event for event in self.events)
        return f"Executed({self.command}, seq={self.seq}, outcome={shown(self.outcome, depth + 1)}, events=[{names}])"


def actor_json(actor: ActorLike) -> Any:
    """An actor as the JSON door wants it."""
    if isinstance(actor, uuid.UUID):
        return {"user": str(actor)}
    if isinstance(actor, (ByUser, Operator, Clock)):
        return actor
    if isinstance(actor, str):
        return {"user": actor}
    raise Amiss(
        f"who asks is wanted, not {called(actor)}",
        "give the uuid.UUID of a user, tenantry.OPERATOR or tenantry.Operator(ticket=…)",
    )


def a_command(given: object) -> object:
    """What is given, where it is a command."""
    if isinstance(given, Command):
        return given
    what = f"a command of tenantry.commands is wanted, not {called(given)}"
    raise Amiss(what, "make one, as in RequestDelink(link=…)")


def given(members: dict[str, Any], place: str) -> dict[str, Any]:
    """What is given, of arguments or fields, as the door takes it; `place` is where that stands in the call."""
    said: dict[str, Any] = {}
    for name, value in members.items():
        if name == "command":
            said[name] = checked(f"{place}.{name}", a_command, value)
        elif value is None or isinstance(value, Unset):
            continue
        elif name == "actor":
            said[name] = checked(f"{place}.{name}", actor_json, value)
        elif name in ("filter", "paging"):
            said[name] = {part: inner for part, inner in value.items() if inner is not None}
        else:
            said[name] = value
    return said
