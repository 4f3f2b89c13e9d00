"""A list of customers from another system, such as a PSA's nightly export: read, planned and done (X-11). What a row comes to is said by
the store (`plan_sync`); what follows are ordinary commands."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import os
import re
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, overload

from ._command import ActorLike, Command, Request, actor_json
from ._data import to_json
from ._database import Database
from .commands import AddCustomer, EditTenant, SetExternalId
from .errors import Misuse, Refused, TenantryError, misuse
from .model import (
    BearerTenant,
    Contact,
    ExternalIdRow,
    Invitee,
    Organisation,
    SyncRow,
    SyncState,
    SyncStep,
    SystemId,
    TenantId,
    TenantKind,
)

PART: Final = 1000
"""How many rows are planned at a time."""

TOGETHER: Final = 500
"""How many commands are committed together."""

REQUESTS: Final = uuid.UUID("74656e61-6e74-7279-0073-796e63000001")
"""The space of the request ids of what is done."""


@dataclasses.dataclass(frozen=True)
class RefusedRow:
    """A row of a list of which something was not done, and why. Of one with a cell that is not what its column wants, nothing was.

    Attributes:
        id: The row's id, as it stands in the list; empty, if it has none.
        why: What stands in the way, and what to do: a `Refused` of the store's, or a `Misuse` of a cell, or of the whole row.
        line: Where the row begins in the file that it is of; None, if it is of none. The first line has the number 1.
        column: Of which column the cell is that is amiss; None, if none is.
    """

    id: str
    why: Refused | Misuse
    line: int | None = None
    column: str | None = None


@dataclasses.dataclass(frozen=True)
class Synced:
    """What a list of customers comes to, or came to.

    Attributes:
        steps: What each row comes to, in their order; but for those with a cell that is amiss, which come to nothing.
        refused: What is not done, and why, by its row. Of what does not fit the store, that shows when it is done; of cells, before.
        gone: The ids of customers that are kept and not in the list, as far as the actor sees them: nothing is done about them.
        lines: Where the row of each step begins in the file that it is of; None, if it is of none.
    """

    steps: tuple[SyncStep, ...]
    refused: tuple[RefusedRow, ...]
    gone: tuple[ExternalIdRow, ...]
    lines: tuple[int | None, ...]

    def count(self, state: SyncState) -> int:
        """How many rows came to this."""
        return sum(step.state is state for step in self.steps)


@dataclasses.dataclass(frozen=True)
class CustomerList(Sequence[SyncRow]):
    """The customers of a file, as `read_customers` has read them.

    Attributes:
        rows: The customers.
        lines: Where the row of each begins in the file.
        refused: The rows that cannot be read. `sync_customers` tells of them among those that are refused.
    """

    rows: tuple[SyncRow, ...]
    lines: tuple[int, ...]
    refused: tuple[RefusedRow, ...] = ()

    @overload
    def __getitem__(self, place: int) -> SyncRow: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[SyncRow, ...]: ...
    def __getitem__(self, place: int | slice) -> SyncRow | tuple[SyncRow, ...]:
        return self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)


class _Listed(NamedTuple):
    """A row, and the line that it begins at."""

    row: SyncRow
    line: int | None


def sync_customers(
    db: Database,
    rows: Iterable[SyncRow],
    *,
    manager: TenantId | str,
    system: str,
    actor: ActorLike,
    dry_run: bool = False,
) -> Synced:
    """Brings about a list of customers as another system has them: adds who is new, edits what is another, keeps the ids. Nobody is
    removed: who is kept and not listed is told in `gone`. What is refused stands in the way of nothing else, and neither does a row with
    a cell that is amiss. Running it again changes nothing, and goes on where it was stopped.

    Args:
        db: The store.
        rows: The customers, each once: rows of your own, or those of a file, as `read_customers` has read them.
        manager: Whose customers they are: a number or an id.
        system: The system that has given their ids, such as `connectwise`.
        actor: Who adds them.
        dry_run: Whether to do nothing and only say what would be done.
    """
    owner = db.tenant(manager).id
    of_file = rows if isinstance(rows, CustomerList) else None
    refused = list(of_file.refused) if of_file else []
    listed = map(_Listed, rows, of_file.lines if of_file else itertools.repeat(None))
    steps, lines = list[SyncStep](), list[int | None]()
    seen, taken = dict[str, Organisation | None](), dict[TenantId, str]()
    who = json.dumps(to_json(actor_json(actor)), sort_keys=True)
    for part in _parts(listed):
        # What is done has an id by the revision that it was planned at: sent again it is done once, planned again it is another request.
        # What somebody else does of the same list at the same time is another request, too.
        revision = db.token()
        planned, amiss = _planned(db, part, owner, system, actor)
        refused += amiss
        wanted = list[tuple[_Listed, Command[Any]]]()
        for one, told in planned:
            step = _after(told, seen, taken)
            wanted += [(one, command) for command in _commands(one.row, step, owner, system)]
            steps.append(step)
            lines.append(one.line)
        if not dry_run:
            refused += _done(db, wanted, f"{revision} {owner} {system} {who}", actor)
    kept = db.external_ids(keeper=owner, system=system, actor=actor, limit=1000)
    # Whoever has a row that is amiss is listed.
    there = {*seen, *(unicodedata.normalize("NFC", it.id) for it in refused)}
    gone = [it for it in kept if isinstance(it.of, BearerTenant) and it.of.tenant != owner and it.id not in there]
    return Synced(tuple(steps), tuple(sorted(refused, key=lambda it: it.line or 0)), tuple(gone), tuple(lines))


def _parts(listed: Iterator[_Listed]) -> Iterator[list[_Listed]]:
    while part := list(itertools.islice(listed, PART)):
        yield part


def _planned(
    db: Database, part: list[_Listed], manager: TenantId, system: str, actor: ActorLike
) -> tuple[list[tuple[_Listed, SyncStep]], list[RefusedRow]]:
    """What rows come to; and those with a cell that is amiss, which come to nothing and are in nobody's way."""

    def plan(some: list[_Listed]) -> list[tuple[_Listed, SyncStep]]:
        steps = db.plan_sync(manager=manager, system=system, rows=[one.row for one in some], actor=actor)
        return list(zip(some, steps, strict=True))

    sound, amiss = list[_Listed](), list[RefusedRow]()
    rest, most = part, len(part)
    while rest:
        some = rest[:most]
        try:
            planned = plan(some)
        except Misuse as error:
            cell = _cell_of(error)
            if cell is None:
                raise
            # Those before it are sound. Where one is amiss many may be: the next time no more are asked about than are likely to be sound.
            at, column = cell
            one = some[at]
            amiss.append(RefusedRow(str(one.row.id), _told(error), one.line, column))
            sound += some[:at]
            rest, most = rest[at + 1 :], 2 * (at + 1)
        else:
            if len(some) == len(part):
                return planned, amiss
            sound += some
            rest, most = rest[most:], 2 * most
    return (plan(sound) if sound else []), amiss


def _cell_of(error: Misuse) -> tuple[int, str] | None:
    """Which row, and which column of it, the cell is of that a misuse is about, if it is about one."""
    place = re.fullmatch(r"ask\.rows\[(\d+)\]\.(?:contact\.)?(\w+).*", error.path or "")
    return (int(place[1]), place[2]) if place else None


def _told(error: Misuse) -> Misuse:
    """A misuse that is about a cell, in the words of a list: what is wrong with it, and what to do. Its path is that of the row alone."""
    wrong, _, remedy = re.sub(r"^`rows\[\d+\][^`]*`: ", "", error.message).partition("; ")
    path = re.sub(r"\[\d+\]", "[0]", error.path or "", count=1)
    return Misuse(wrong, code=error.code, name=error.name, remedy=remedy or error.remedy, path=path)


def _after(step: SyncStep, seen: dict[str, Organisation | None], taken: dict[TenantId, str]) -> SyncStep:
    """What a step comes to after those before it in the list, those of other parts included."""
    if step.id in seen:
        return dataclasses.replace(step, state=SyncState.REPEATED, customer=seen[step.id])
    seen[step.id] = step.customer
    customer = step.customer.tenant if step.customer else None
    before = taken.get(customer) if customer else None
    if before is not None and before != step.id:
        return dataclasses.replace(step, state=SyncState.MERGED, with_=before)
    if customer and step.state in (SyncState.FOUND, SyncState.CHANGED, SyncState.SAME):
        taken[customer] = step.id
    return step


def _commands(row: SyncRow, step: SyncStep, manager: TenantId, system: str) -> Iterator[Command[Any]]:
    """What follows from a row, in order."""
    external = SystemId(system=system, id=row.id)
    if step.state is SyncState.NEW:
        yield AddCustomer(
            manager=manager,
            kind=row.kind or TenantKind.CUSTOMER,
            name=row.name,
            number=row.number,
            management=row.management,
            services=row.services,
            country=row.country,
            website=row.website,
            prefix=row.prefix,
            contact=row.contact,
            term=row.term,
            owner=row.owner,
            external=external,
        )
        return
    if step.state not in (SyncState.FOUND, SyncState.CHANGED) or step.customer is None:
        return
    tenant = step.customer.tenant
    if step.state is SyncState.FOUND:
        yield SetExternalId(keeper=manager, system=system, id=row.id, of=BearerTenant(tenant=tenant))
    # What is left out is left as it is.
    contact = row.contact or Contact()
    given = {
        "country": row.country,
        "website": row.website,
        "prefix": row.prefix,
        "street": contact.street,
        "coordinates": contact.coordinates,
        "phone": contact.phone,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if step.state is SyncState.CHANGED or step.renamed or fields:
        yield EditTenant(tenant=tenant, name=row.name, **fields)


def _done(db: Database, wanted: list[tuple[_Listed, Command[Any]]], name: str, actor: ActorLike) -> Iterator[RefusedRow]:
    """Does what follows from some rows; says what is refused."""
    for at in range(0, len(wanted), TOGETHER):
        some = wanted[at : at + TOGETHER]
        requests = [
            Request(command=command, request_id=uuid.uuid5(REQUESTS, f"{name} {one.row.id} {nth}"))
            for nth, (one, command) in enumerate(some, at)
        ]
        for (one, _), answer in zip(some, db.execute_all(requests, actor=actor), strict=True):
            if isinstance(answer, Refused):
                yield RefusedRow(one.row.id, answer, one.line)
            elif isinstance(answer, TenantryError):
                raise answer


# The list as a file.

COLUMNS: Final = ("id", "name", "number", "country", "website", "prefix", "street", "phone", "management", "services", "kind", "owner")
"""What the columns of a file are called, in any case; the first two must be there."""

LARGEST: Final = 256_000_000
"""How many bytes of a file are read."""


def decoded(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark, as exports of Windows programs are."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise misuse(f"`{path}` cannot be read: {error.strerror}", "check the path") from None
    if len(data) > LARGEST:
        raise misuse(f"`{path}` has more than {LARGEST} bytes", "give a smaller one")
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise misuse(f"`{path}` is in UTF-32", "save it as UTF-8")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        if b"\0" in data[:1000]:
            raise misuse(f"`{path}` has zero bytes, as UTF-16 without its mark has", "save it as UTF-8")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise misuse(f"`{path}` is not in {error.encoding.upper()} as it seems to be: {where} fits nowhere", "save it as UTF-8") from None


def read_customers(
    path: str | os.PathLike[str], *, management: str | None = None, services: Collection[str] = ()
) -> CustomerList:
    """The customers of a CSV file: UTF-8, or UTF-16 with its mark; a comma, a semicolon or a tab between the columns. `id` and `name`
    must be there; `number`, `country`, `website`, `prefix`, `street`, `phone`, `management`, `services` (with `;` or `,` between them),
    `kind` and `owner` (an address) may. A row that cannot be read stands in the way of no other; a file that cannot is a `Misuse`.

    Args:
        path: The file.
        management: How a new customer is managed, where its row does not say.
        services: What is managed of it, where its row does not say.
    """
    lines = io.StringIO(decoded(path), newline="")
    begun, before = lines.readline(), 1
    while begun and not begun.strip():
        begun, before = lines.readline(), before + 1
    if announced := re.fullmatch(r"\"?sep=(.)\"?", begun.strip()):
        between, begun, before = announced[1], lines.readline(), before + 1
    else:
        between = max(",;\t", key=begun.count)
    header = [name.strip().lower() for name in next(csv.reader([begun], delimiter=between), [])]
    for name in ("id", "name"):
        if header.count(name) != 1:
            has = ", ".join(f"`{one}`" for one in header)
            raise misuse(f"`{path}` has {header.count(name)} columns `{name}`: it has {has or 'none'}", f"name one column `{name}`")
    if strange := [name for name in header if name and name not in COLUMNS]:
        raise misuse(f"`{path}` has a column `{strange[0]}`", f"leave it out, or call it one of {', '.join(COLUMNS)}")
    if (management is None and "management" not in header) or (not services and "services" not in header):
        raise misuse(
            "no row says how its customer is managed, and which services",
            "give the columns `management` and `services`, or both once for all",
        )
    rows, at, refused = list[SyncRow](), list[int](), list[RefusedRow]()
    reader, line = csv.reader(lines, delimiter=between, strict=True), before + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = _row(header, [cell.strip() for cell in cells], line, management, services)
                if isinstance(row, SyncRow):
                    rows.append(row)
                    at.append(line)
                else:
                    refused.append(row)
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise misuse(f"line {line} of `{path}` cannot be taken apart: {error}", "look for a missing quotation mark") from None
    return CustomerList(tuple(rows), tuple(at), tuple(refused))


def _row(header: list[str], cells: list[str], line: int, management: str | None, services: Collection[str]) -> SyncRow | RefusedRow:
    """The customer of a row, or why it has none."""
    named = dict(zip(header, cells, strict=False))
    id = named.get("id", "")

    def amiss(what: str, remedy: str, column: str | None = None) -> RefusedRow:
        return RefusedRow(id, misuse(what, remedy), line, column)

    def cell(name: str) -> str | None:
        return named.get(name) or None

    if len(cells) != len(header):
        return amiss(f"the row has {len(cells)} cells, and the list {len(header)} columns", "look for a separator too many or too few")
    managed = cell("management") or management
    wanted = [word.strip() for word in re.split("[;,]", named.get("services") or "") if word.strip()] or list(services)
    if managed is None:
        return amiss("it does not say how the customer is managed", "name a type, or give one for all rows", "management")
    if not wanted:
        return amiss("it does not say what is managed of the customer", "name a service, or give some for all rows", "services")
    kind, owner = cell("kind"), cell("owner")
    if kind is not None and kind not in list(TenantKind):
        return amiss("there is no such kind of tenant", f"use one of {', '.join(TenantKind)}, or leave it empty", "kind")
    return SyncRow(
        id=id,
        name=named["name"],
        number=cell("number"),
        management=managed,
        services=wanted,
        kind=TenantKind(kind) if kind else None,
        country=cell("country"),
        website=cell("website"),
        prefix=cell("prefix"),
        contact=Contact(street=cell("street"), phone=cell("phone")),
        owner=Invitee(email=owner) if owner else None,
    )
