"""The database: what programs hold. It carries calls to the native part and answers back, and decides nothing."""

from __future__ import annotations

import datetime
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, final

from . import _native
from . import _read as read
from ._command import ActorLike, Command, Executed, Request, given
from ._data import Data, Id, dumps, instant, micros, moment, to_json
from ._methods import Commands, Queries
from ._native import AccessIndex
from ._rows import Answer
from .errors import TenantryError, from_fault, misuse
from .model import Notice, Policy

T = TypeVar("T")

PolicyLike: TypeAlias = str | Policy | Mapping[str, Any]
"""A policy: the name of one that comes with the library, a `Policy`, or one as in JSON."""


@final
class Database(Commands, Queries):
    """tenantry on one store. `tenantry.open` and `tenantry.memory` make one.

    Every command and every query is a method. Threads may share it; it is closed by `close`, or at the end of a `with` block.
    """

    __slots__ = ("__weakref__", "_engine", "_name")

    def __init__(self, engine: _native.Engine, name: str) -> None:
        """`tenantry.open` and `tenantry.memory` make these."""
        self._engine = engine
        self._name = name

    def _call(self, call: dict[str, Any]) -> Any:
        return json.loads(self._engine.call(dumps(call)))

    def _ask(self, query: str, fields: dict[str, Any], /) -> Answer:
        told = self._call({"ask": {"query": query, **given(fields)}})
        return Answer(told["answer"], told.get("seq"))

    def execute(
        self, command: Command[T], /, *, actor: ActorLike, request_id: Id | None = None, expected_seq: int | None = None
    ) -> Executed[T]:
        """Executes a command that is data, from `tenantry.commands`; the methods of the same names do the same.

        Args:
            command: What is asked.
            actor: Who asks: the id of a user, `OPERATOR`, or an `Operator` with a ticket.
            request_id: Names this request: asking again under the same id is safe and answers with the first receipt. Made,
                if left out.
            expected_seq: The record you last saw; if the journal has moved on, the command is refused (`stale_seq`).
        """
        return _executed(self._call({"execute": _envelope(command, actor, request_id, expected_seq)}))

    def execute_all(
        self, commands: Iterable[Command[Any] | Request[Any]], /, *, actor: ActorLike | None = None
    ) -> list[Executed[Any] | TenantryError]:
        """Executes several commands, one after the other, in one commit. Each is answered for itself: what is refused does not
        keep the others from being done, and its exception stands in its place in the list.

        Args:
            commands: What is asked: commands, or `Request`s with an actor or an id of their own.
            actor: Who asks, where a request does not say.
        """
        envelopes: list[dict[str, Any]] = []
        for one in commands:
            request = one if isinstance(one, Request) else Request(command=one)
            who = request.actor if request.actor is not None else actor
            if who is None:
                raise misuse("a command has no actor", "give `actor` for all of them, or put each into a `Request` with one")
            envelopes.append(_envelope(request.command, who, request.request_id, request.expected_seq))
        told = self._call({"execute_all": envelopes})
        return [_executed(one["executed"]) if "executed" in one else from_fault(one["fault"]) for one in told["results"]]

    def deliver(self, *, consumer: str, limit: int = 100) -> Iterator[Notice]:
        """The notices that a consumer has not acknowledged, one after the other, acknowledged as you go (A-4).

        A record's notices are acknowledged when you ask for what comes after them. If your loop ends before, by an exception or a
        crash, they come again: at least once, never lost.

        Args:
            consumer: The consumer, by a name of your own.
            limit: About how many are read at a time, 1 to 1000.
        """
        while True:
            mail = self.notices(consumer=consumer, limit=limit)
            last: int | None = None
            for notice in mail.notices:
                if last is not None and notice.seq > last:
                    self.acknowledge(consumer=consumer, through=last)
                last = notice.seq
                yield notice
            if mail.through:
                self.acknowledge(consumer=consumer, through=mail.through)
            if not mail.notices:
                return

    def acknowledge(self, *, consumer: str, through: int) -> None:
        """Takes a consumer's word that everything through a record is delivered; its cursor never moves back (A-4).

        Args:
            consumer: The consumer, by the name it reads notices under.
            through: The record that came with the notices.
        """
        self._call({"acknowledge": {"consumer": consumer, "through": through}})

    def sweep(self, *, accept_clock: bool = False) -> int:
        """Lets everything happen that time alone brings about: requests that expire, links that end. Commands do so, too.

        Returns how much happened.

        Args:
            accept_clock: Whether the clock is right although it is far ahead of the journal (`clock_ahead`), as after a long
                rest. Commands go on from this moment then, and nothing takes it back.
        """
        happened: int = self._call({"sweep": {"accept_clock": accept_clock}})["happened"]
        return happened

    def call(self, request: str, /) -> str:
        """The JSON door itself: a call as JSON in, its reply as JSON out. The schema comes with the library for C.

        Args:
            request: The call.
        """
        return self._engine.call(request)

    def access_index(self) -> AccessIndex:
        """The access index, for checks that must cost nanoseconds: built when first asked for, current with this database's own
        commits at once, and with those of other processes after `AccessIndex.refresh`."""
        return self._engine.access_index()

    def seq(self) -> int:
        """The record that the store is at: what `as_of` and `expected_seq` take."""
        return int(self.token().split(".")[1])

    def now(self) -> datetime.datetime:
        """This moment, by the database's clock."""
        return instant(self._engine.now())

    def new_id(self) -> uuid.UUID:
        """A new id, made as those that commands leave out are: for request ids, or to know an id beforehand."""
        return uuid.UUID(bytes=self._engine.new_id())

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._engine.closed

    def close(self) -> None:
        """Closes it. Calls that are within may finish; later ones raise. A second time does nothing."""
        self._engine.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tenantry.Database {self._name}{', closed' if self.closed else ''}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a database cannot be pickled; send the path, and open it there")


def _envelope(command: Command[Any], actor: ActorLike, request_id: Id | None, expected_seq: int | None) -> dict[str, Any]:
    if not isinstance(command, Command):
        raise TypeError(f"a command of tenantry.commands is wanted, not {type(command).__name__}")
    return given({"actor": actor, "command": to_json(command), "id": request_id, "expected_seq": expected_seq})


def _executed(told: dict[str, Any]) -> Executed[Any]:
    outcome, name = told["outcome"], told["command"]
    made = read.OUTCOMES.get(name)
    return Executed(
        outcome=made(outcome) if made else outcome,
        command=name,
        request=uuid.UUID(told["request"]),
        seq=told["seq"],
        token=told["token"],
        at=moment(told["at"]),
        events=tuple(read.read_event(one) for one in told["events"]),
    )


def policy(name: str = "default") -> Policy:
    """A policy that comes with the library, to start your own from with `dataclasses.replace`.

    Args:
        name: `default`, `clients` or `delegated`.
    """
    known = dict(_native.policies())
    if name not in known:
        raise misuse(f"no policy named `{name}` comes with the library", f"use one of {', '.join(known)}")
    return read.read_policy(json.loads(known[name]))


def _policy_text(wanted: PolicyLike | None) -> str | None:
    if wanted is None:
        return None
    if isinstance(wanted, (str, Data, Mapping)):
        return dumps(wanted)
    raise TypeError(f"`policy` wants a name, a Policy or a mapping, not {type(wanted).__name__}")


def _clock(clock: Callable[[], datetime.datetime] | None) -> Callable[[], int] | None:
    if clock is None:
        return None
    return lambda: micros(clock())


def _ids(ids: Callable[[], uuid.UUID] | None) -> Callable[[], bytes] | None:
    if ids is None:
        return None
    return lambda: ids().bytes


def _seconds(wait: float | datetime.timedelta, name: str) -> float:
    seconds = wait.total_seconds() if isinstance(wait, datetime.timedelta) else float(wait)
    if not 0 <= seconds <= 4_000_000:
        raise misuse(f"`{name}` is {seconds} seconds", "give 0 or more seconds, and not more than 46 days")
    return seconds


def _bound(seconds: float | datetime.timedelta | None, name: str) -> int:
    """Whole seconds that a clock may be off, or what stands for however far."""
    if seconds is None:
        return 0xFFFF_FFFF
    if isinstance(seconds, datetime.timedelta):
        seconds = seconds.total_seconds()
    if not 0 <= seconds < 0xFFFF_FFFF:
        raise misuse(f"`{name}` is {seconds} seconds", "give 0 or more seconds, or None for however far")
    return round(seconds)


def open(
    path: str | os.PathLike[str],
    *,
    policy: PolicyLike | None = None,
    read_only: bool = False,
    must_exist: bool = False,
    synchronous: Literal["full", "normal"] = "full",
    wait: float | datetime.timedelta = 10.0,
    max_bytes: int | None = None,
    record_refusals: bool = True,
    clock_tolerance: float | datetime.timedelta | None = 300,
    clock_leap: float | datetime.timedelta | None = datetime.timedelta(days=365),
    clock: Callable[[], datetime.datetime] | None = None,
    ids: Callable[[], uuid.UUID] | None = None,
) -> Database:
    """Opens a store in an SQLite file, which is made where there is none.

    Any number of processes may have the same file open. Open it once per process, after a fork, and share it among threads.

    Args:
        path: The file. It must be on a local disk.
        policy: The policy of a store that is new; one that is there keeps its own. The default policy, if left out.
        read_only: Whether nothing may be written. The file must be there.
        must_exist: Whether the file must be there; else it is made.
        synchronous: What a commit waits for: `full`, the disk, so that it outlives a power cut; `normal`, the system, so that it outlives
            the process, and a power cut may undo the last ones.
        wait: How long to wait for other writers, in seconds.
        max_bytes: How large the file may grow.
        record_refusals: Whether commands refused for lack of rights are journalled (Q-2).
        clock_tolerance: How far the clock may be behind the journal before commands are refused (`clock_behind`), in seconds;
            None for however far: time then stands at the journal's last record until the clock has caught up.
        clock_leap: How far the clock may be ahead of the journal's last record before commands are refused (`clock_ahead`), in
            seconds; None for however far. `Database.sweep(accept_clock=True)` says once that the clock is right.
        clock: What time it is, as an aware datetime; the machine's clock, if left out. For tests.
        ids: Makes the ids that commands leave out; UUIDs of version 7, if left out. For tests.
    """
    name = os.fspath(path)
    if not isinstance(name, str):
        raise TypeError(f"`path` wants a str or a path of one, not {type(name).__name__}")
    if name == ":memory:" or not name:
        raise misuse(f"{name!r} is no path", "use tenantry.memory() for a store in memory, or name a file")
    if synchronous not in ("full", "normal"):
        raise misuse(f"`synchronous` is {synchronous!r}", "use 'full' or 'normal'")
    engine = _native.Engine.open(
        name,
        policy=_policy_text(policy),
        read_only=read_only,
        create=not must_exist,
        wait_for_disk=synchronous == "full",
        wait_ms=round(_seconds(wait, "wait") * 1000),
        max_bytes=max_bytes,
        record_refusals=record_refusals,
        clock_tolerance_seconds=_bound(clock_tolerance, "clock_tolerance"),
        clock_leap_seconds=_bound(clock_leap, "clock_leap"),
        clock=_clock(clock),
        ids=_ids(ids),
    )
    return Database(engine, repr(name))


def memory(
    *,
    policy: PolicyLike | None = None,
    record_refusals: bool = True,
    clock_tolerance: float | datetime.timedelta | None = 300,
    clock_leap: float | datetime.timedelta | None = datetime.timedelta(days=365),
    clock: Callable[[], datetime.datetime] | None = None,
    ids: Callable[[], uuid.UUID] | None = None,
) -> Database:
    """A store in memory, for tests and for trying things out. The arguments are those of `open`."""
    engine = _native.Engine.open(
        None,
        policy=_policy_text(policy),
        read_only=False,
        create=True,
        wait_for_disk=False,
        wait_ms=0,
        max_bytes=None,
        record_refusals=record_refusals,
        clock_tolerance_seconds=_bound(clock_tolerance, "clock_tolerance"),
        clock_leap_seconds=_bound(clock_leap, "clock_leap"),
        clock=_clock(clock),
        ids=_ids(ids),
    )
    return Database(engine, "in memory")


def diagrams(form: Literal["mermaid", "dot"] = "mermaid") -> dict[str, str]:
    """The state machines that run, drawn: by name, as Mermaid or DOT text (X-8).

    Args:
        form: `mermaid` or `dot`.
    """
    if form not in ("mermaid", "dot"):
        raise misuse(f"`form` is {form!r}", "use 'mermaid' or 'dot'")
    return {name: mermaid if form == "mermaid" else dot for name, mermaid, dot in _native.diagrams()}
