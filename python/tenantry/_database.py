"""The database: what programs hold. It carries calls to the native part and answers back, and decides nothing."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, final

from . import _native
from . import _read as read
from ._command import ActorLike, Command, Executed, PolicyLike, Request, given
from ._data import Amiss, AsOf, Data, Id, called, checked, dumps, instant, micros, moment, read_id, text
from ._hints import say_more
from ._methods import Commands, Queries
from ._native import AccessIndex
from ._rows import Answer
from .codes import Code
from .errors import Misuse, TenantryError, from_fault, misuse, refused
from .model import (
    Bearer,
    Kind,
    Link,
    LinkId,
    Notice,
    Operator,
    ParsedFlaw,
    Policy,
    Rebuilt,
    Restored,
    Tenant,
    TenantId,
    TextKind,
    Typed,
    User,
    UserId,
    UserState,
)

T = TypeVar("T")


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
        asked = dumps(call)
        try:
            return json.loads(self._engine.call(asked))
        except TenantryError as error:
            self._say_more(error, call)
            raise

    def _say_more(self, error: TenantryError, call: dict[str, Any]) -> None:
        # What is wrong is said, whether or not more can be found out about it.
        with contextlib.suppress(TenantryError):
            say_more(error, call, lambda: self.policy(as_of=call.get("ask", {}).get("as_of")))

    def _ask(self, query: str, fields: dict[str, Any], /) -> Answer:
        told = self._call({"ask": {"query": query, **given(fields, "ask")}})
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
        return _executed(self._call({"execute": _envelope("execute", command, actor, request_id, expected_seq)}))

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
        try:
            several = iter(commands)
        except TypeError:
            raise misuse(f"several commands are wanted, not {called(commands)}", "give a list of them", "commands") from None
        for place, one in enumerate(several):
            at = f"execute_all[{place}]"
            request = one if isinstance(one, Request) else Request(command=one)
            who = request.actor if request.actor is not None else actor
            if who is None:
                remedy = "give `actor` for all of them, or put each into a `Request` with one"
                raise misuse("the command has no actor", remedy, f"{at}.actor")
            envelopes.append(_envelope(at, request.command, who, request.request_id, request.expected_seq))
        call = {"execute_all": envelopes}
        done: list[Executed[Any] | TenantryError] = []
        for one in self._call(call)["results"]:
            if "executed" in one:
                done.append(_executed(one["executed"]))
            else:
                error = from_fault(one["fault"])
                self._say_more(error, call)
                done.append(error)
        return done

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

    def tenant(self, tenant: TenantId | str, *, as_of: AsOf | None = None) -> Tenant:
        """The tenant with this number, or with this id. A reading of the host's own, as it is, whoever may see it; `look_up` is
        what a user asks. Raises `unknown_tenant` where there is none.

        Args:
            tenant: Its number, in any case, or its id.
            as_of: When; now, if left out.
        """
        named = checked("tenant", _id_or_text, tenant)
        if isinstance(named, str):
            try:
                found = self.host_entities(kind=Kind.TENANT, number=named, as_of=as_of, limit=1).first()
            except Misuse as error:
                if error.path != "ask.number":
                    raise
                found = None  # what no number can be is no tenant's
        else:
            found = self.host_entity(kind=Kind.TENANT, id=named, as_of=as_of)
        if isinstance(found, Tenant):
            return found
        raise refused(Code.UNKNOWN_TENANT, str(tenant), "`Database.host_entities(kind=Kind.TENANT)` has them all")

    def user(self, user: UserId | str, *, home: TenantId | str | None = None, as_of: AsOf | None = None) -> User:
        """The user with this e-mail address, or with this id. A reading of the host's own, as `tenant` is. Raises `unknown_user`
        where there is none.

        Addresses are personal data and in no index: one is looked for among the people of one tenant after the other, which takes the
        longer the more tenants there are. Say `home` where it is known. Whoever was removed or erased is found by the id alone; of
        several with one address it is the one who is there, rather than one who is only invited.

        Args:
            user: Their address, in any case, or their id.
            home: Whose people they are: a number or an id; else everybody's.
            as_of: When; now, if left out.
        """
        named = checked("user", _id_or_text, user)
        if home is not None:
            checked("home", _id_or_text, home)
        id = self._addressed(named, home, as_of) if isinstance(named, str) else named
        found = None if id is None else self.host_entity(kind=Kind.USER, id=id, as_of=as_of)
        if isinstance(found, User):
            return found
        raise refused(Code.UNKNOWN_USER, str(user), "`Database.users(tenant=…)` has the people of a tenant, with their addresses")

    def _addressed(self, address: str, home: TenantId | str | None, as_of: AsOf | None) -> UserId | None:
        """The user with this address: who is there, or else who is invited."""
        (read,) = self.parse(texts=[Typed(kind=TextKind.EMAIL, text=address)])
        if isinstance(read, ParsedFlaw):
            raise misuse(f"{called(address)} is neither an id nor an e-mail address", read.flaw.remedy, "user")
        invited: UserId | None = None
        homes = self.host_entities(kind=Kind.TENANT, as_of=as_of, limit=1000) if home is None else [self.tenant(home, as_of=as_of)]
        for tenant in homes:
            if isinstance(tenant, Tenant):
                for row in self.users(actor=Operator(), tenant=tenant.id, text=read.text, as_of=as_of, limit=1000):
                    if row.email == read.text and row.state is not UserState.INVITED:
                        return row.user
                    if row.email == read.text:
                        invited = invited or row.user
        return invited

    def link(self, link: LinkId | str, *, as_of: AsOf | None = None) -> Link:
        """The link with this id, ended or not. A reading of the host's own, as `tenant` is. Raises `unknown_link` where there is none.

        Args:
            link: Its id.
            as_of: When; now, if left out.
        """
        found = self.host_entity(kind=Kind.LINK, id=checked("link", _id, link), as_of=as_of)
        if isinstance(found, Link):
            return found
        raise refused(Code.UNKNOWN_LINK, str(link))

    def external(
        self, system: str, id: str, *, keeper: TenantId | str, actor: ActorLike | None = None, as_of: AsOf | None = None
    ) -> Bearer:
        """What an id of another system leads to at the organisation that keeps it: a tenant, a user or a device. Raises
        `unknown_external_id` where it leads nowhere, or to what the actor does not see.

        Args:
            system: The system that gave it, such as `connectwise`.
            id: The id, as a whole.
            keeper: Who keeps it: a number or an id.
            actor: Who asks; the host itself, if left out.
            as_of: When; now, if left out.
        """
        by = Operator() if actor is None else actor
        try:
            who = self.tenant(keeper).id
        except Misuse as wrong:
            raise misuse("a number or an id is wanted", wrong.remedy, "keeper") from None
        found = self.look_up_external(keeper=who, system=system, id=id, actor=by, as_of=as_of)
        if found is None:
            raise refused(Code.UNKNOWN_EXTERNAL_ID, system, "`Database.external_ids(keeper=…)` has all that are kept")
        return found.of

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

    def backup(self, to: str | os.PathLike[str]) -> str:
        """Copies the store as it is at this moment to a file where nothing is, while others read and write on.

        Returns the token of the revision that the copy is at. The copy is whole, verified and on the disk once it has its
        name, and holds nothing of what was erased before. It can be opened for reading; it is not written to.

        Args:
            to: The path of the copy.
        """
        token: str = self._call({"backup": {"to": _path(to, "to")}})["token"]
        return token

    def save_index(self, to: str | os.PathLike[str]) -> str:
        """Saves the access index to a file, in place of an index that is there, so that it need not be built of the whole store when this is
        opened again with `saved_index`. Call it before closing, and now and again.

        Returns the token of the revision that it is of. It holds nothing about people.

        Args:
            to: The path.
        """
        token: str = self._call({"save_index": {"to": _path(to, "to")}})["token"]
        return token

    def compact(self) -> int:
        """Writes the file anew without what is free in it. Readers go on; writers wait meanwhile.

        Returns how many bytes that gave back.
        """
        given_back: int = self._call({"compact": {}})["bytes"]
        return given_back

    def rebuild(self) -> Rebuilt:
        """Makes everything that is derived anew from the journal: entities, their past, indexes, receipts (Q-3).

        It is how a file gets from older rules to today's, and heals whatever `verify` finds wrong with derived data. It happens in
        one transaction; readers go on, and writers wait. Says what was otherwise, and what of people's data cannot be made anew. Where
        something differed, open the store anew in every process: an access index does not hear of it.
        """
        told = self._call({"rebuild": {}})
        return Rebuilt(
            token=told["token"],
            before=told["before"],
            after=told["after"],
            rows=told["rows"],
            differences=tuple(told["differences"]),
            unrecoverable=tuple(told["unrecoverable"]),
        )

    def call(self, request: str, /) -> str:
        """The JSON door itself: a call as JSON in, its reply as JSON out. The schema comes with the library for C.

        Args:
            request: The call.
        """
        if not isinstance(request, str):
            raise misuse(f"a call as JSON text is wanted, not {called(request)}", "give a str", "request")
        return self._engine.call(checked("request", text, request))

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


def _id_or_text(given: uuid.UUID | str) -> uuid.UUID | str:
    """The id that something is, be it as text; or the text, by which it is to be found."""
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            return uuid.UUID(given)
        return text(given)
    if isinstance(given, uuid.UUID):
        return given
    raise Amiss(f"an id or a text is wanted, not {called(given)}", "give a uuid.UUID, a number or an address")


def _id(given: uuid.UUID | str) -> uuid.UUID:
    """The id that something is, be it as text."""
    if isinstance(id := _id_or_text(given), uuid.UUID):
        return id
    raise Amiss(f"an id is wanted, not {called(id)}", "give a uuid.UUID, or one as text")


def _envelope(
    place: str, command: Command[Any], actor: ActorLike, request_id: Id | None, expected_seq: int | None
) -> dict[str, Any]:
    return given({"actor": actor, "command": command, "id": request_id, "expected_seq": expected_seq}, place)


def _executed(told: dict[str, Any]) -> Executed[Any]:
    outcome, name = told["outcome"], told["command"]
    made = read.OUTCOMES.get(name)
    return Executed(
        outcome=made(outcome) if made else outcome,
        command=name,
        request=read_id(told["request"]),
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
    if not isinstance(name, str) or name not in known:
        raise misuse(f"no policy named {called(name)} comes with the library", f"use one of {', '.join(known)}", "name")
    return read.read_policy(json.loads(known[name]))


def _policy_text(wanted: PolicyLike | None) -> str | None:
    if wanted is None:
        return None
    if isinstance(wanted, (str, Data, Mapping)):
        return dumps(wanted, "policy")
    raise misuse(f"a name, a Policy or a mapping is wanted, not {called(wanted)}", "give one of these", "policy")


def _clock(clock: Callable[[], datetime.datetime] | None) -> Callable[[], int] | None:
    if clock is None:
        return None
    _callable(clock, "clock")
    return lambda: checked("clock", micros, clock())


def _ids(ids: Callable[[], uuid.UUID] | None) -> Callable[[], bytes] | None:
    if ids is None:
        return None
    _callable(ids, "ids")

    def made() -> bytes:
        id = ids()
        if not isinstance(id, uuid.UUID):
            raise misuse(f"it made no uuid.UUID, but {called(id)}", "give what makes one at each call, such as uuid.uuid4", "ids")
        return id.bytes

    return made


def _callable(given: Any, name: str) -> None:
    if not callable(given):
        raise misuse(f"something to call is wanted, not {called(given)}", "give a function without arguments, or None", name)


def _flag(given: bool, name: str) -> bool:
    if given is True or given is False:
        return given
    raise misuse(f"a bool is wanted, not {called(given)}", "give True or False", name)


def _seconds(given: float | datetime.timedelta, name: str, most: int, remedy: str) -> float:
    seconds = given.total_seconds() if isinstance(given, datetime.timedelta) else given
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise misuse(f"seconds or a timedelta are wanted, not {called(given)}", remedy, name)
    if not 0 <= seconds <= most:
        raise misuse("the seconds are out of range", remedy, name)
    return seconds


def _wait(given: float | datetime.timedelta) -> int:
    """Milliseconds to wait."""
    return round(_seconds(given, "wait", 4_000_000, "give 0 or more seconds, and not more than 46 days") * 1000)


def _bound(given: float | datetime.timedelta | None, name: str) -> int:
    """Whole seconds that a clock may be off, or what stands for however far."""
    if given is None:
        return 0xFFFF_FFFF
    return round(_seconds(given, name, 0xFFFF_FFFE, "give 0 or more seconds, and not more than 136 years; or None for however far"))


def _path(path: str | os.PathLike[str], argument: str = "path") -> str:
    try:
        name = os.fspath(path)
        os.fsencode(name)
    except (TypeError, UnicodeEncodeError):
        raise misuse(f"{called(path)} is no path", "give a str or a pathlib.Path", argument) from None
    if not isinstance(name, str):
        raise misuse(f"a str or a path of one is wanted, not {called(name)}", "give `os.fsdecode(path)`", argument)
    if name == ":memory:" or not name:
        raise misuse(f"{name!r} is no path", "use tenantry.memory() for a store in memory, or name a file", argument)
    return name


def _bytes(given: int | None) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**63):
        return given
    raise misuse(f"how many bytes is wanted, not {called(given)}", "give a whole number of 64 bits, or None", "max_bytes")


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
    saved_index: str | os.PathLike[str] | None = None,
    clock: Callable[[], datetime.datetime] | None = None,
    ids: Callable[[], uuid.UUID] | None = None,
) -> Database:
    """Opens a store in an SQLite file, which is made where there is none.

    Any number of processes may have the same file open. Open it once per process, after a fork, and share it among threads.

    Args:
        path: The file. It must be on a local disk.
        policy: The policy of a store that is new; one that is there keeps its own, and a warning says so where that has another
            name. The default policy, if left out.
        read_only: Whether nothing may be written. The file must be there.
        must_exist: Whether the file must be there; else it is made.
        synchronous: What a commit waits for: `full`, the disk, so that it outlives a power cut; `normal`, the system, so that it outlives
            the process, and a power cut may undo the last ones.
        wait: How long to wait for other writers, in seconds.
        max_bytes: How large the file may grow.
        record_refusals: Whether a user's commands that are refused for lack of rights, or because what they name is not there for
            them (`RightsRefused`, `UnknownRefused`), are journalled: up to 32 of each user in an hour, then counted (Q-2).
        clock_tolerance: How far the clock may be behind the journal before commands are refused (`clock_behind`), in seconds;
            None for however far: time then stands at the journal's last record until the clock has caught up.
        clock_leap: How far the clock may be ahead of the journal's last record before commands are refused (`clock_ahead`), in
            seconds; None for however far. `Database.sweep(accept_clock=True)` says once that the clock is right.
        saved_index: Where `Database.save_index` saves the access index. One that is there is loaded and brought up to date, instead
            of being built of the whole store, if this version has saved it, of this store, and it is whole.
        clock: What time it is, as an aware datetime; the machine's clock, if left out. For tests. It may not call a database.
        ids: Makes the ids that commands leave out; UUIDs of version 7, if left out. For tests.
    """
    name = _path(path)
    if synchronous not in ("full", "normal"):
        raise misuse(f"it is {called(synchronous)}", "use 'full' or 'normal'", "synchronous")
    engine = _native.Engine.open(
        name,
        policy=_policy_text(policy),
        read_only=_flag(read_only, "read_only"),
        create=not _flag(must_exist, "must_exist"),
        wait_for_disk=synchronous == "full",
        wait_ms=_wait(wait),
        max_bytes=_bytes(max_bytes),
        record_refusals=_flag(record_refusals, "record_refusals"),
        clock_tolerance_seconds=_bound(clock_tolerance, "clock_tolerance"),
        clock_leap_seconds=_bound(clock_leap, "clock_leap"),
        saved_index=None if saved_index is None else _path(saved_index, "saved_index"),
        clock=_clock(clock),
        ids=_ids(ids),
    )
    database = Database(engine, repr(name))
    if policy is not None:
        _kept_policy(database, policy)
    return database


def _kept_policy(database: Database, wanted: PolicyLike) -> None:
    """Says so where a store that was there has a policy of another name: what was given has no effect then."""
    name = wanted if isinstance(wanted, str) else wanted.get("name") if isinstance(wanted, Mapping) else wanted.name
    kept = database.policy().name
    if kept != name:
        says = f"the store has had the policy {kept!r} before and keeps it; {name!r} is not in force: use `set_policy` to change it"
        warnings.warn(says, UserWarning, stacklevel=3)


def restore(backup: str | os.PathLike[str], to: str | os.PathLike[str]) -> Restored:
    """Makes a store of a backup (`Database.backup`), in place of the store that is there, if one is. Nobody may have that open.

    From one moment to the next the whole new store stands there instead of the whole old one. It is a store of its own: tokens
    and cursors of before are refused. Says which records are lost; whoever was erased in these is erased again (U-5).

    Args:
        backup: The backup, or another store.
        to: The file of the store.
    """
    told = json.loads(_native.Engine.restore(_path(backup, "backup"), _path(to, "to")))
    return Restored(
        token=told["token"],
        common=told["common"],
        lost=told["lost"],
        erased=tuple(read.read_subject(one) for one in told["erased"]),
        replaced=told["replaced"],
    )


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
        record_refusals=_flag(record_refusals, "record_refusals"),
        clock_tolerance_seconds=_bound(clock_tolerance, "clock_tolerance"),
        clock_leap_seconds=_bound(clock_leap, "clock_leap"),
        saved_index=None,
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
        raise misuse(f"it is {called(form)}", "use 'mermaid' or 'dot'", "form")
    return {name: mermaid if form == "mermaid" else dot for name, mermaid, dot in _native.diagrams()}
