"""A list of customers from another system, such as a PSA's nightly export: read, planned and done (X-11). What a row comes to is said by
the store (`plan_sync`); what follows are ordinary commands."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ._command import ActorLike, Command, Request
from ._database import Database
from .commands import AddCustomer, EditTenant, SetExternalId
from .errors import Refused, TenantryError, misuse
from .model import (
    BearerTenant,
    Contact,
    ExternalIdRow,
    Invitee,
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
class Synced:
    """What a list of customers comes to, or came to.

    Attributes:
        steps: What each row comes to, in their order.
        refused: What was not done, by the row's id, and why.
        gone: The ids of customers that are kept and not in the list, as far as the actor sees them: nothing is done about them.
    """

    steps: tuple[SyncStep, ...]
    refused: tuple[tuple[str, Refused], ...]
    gone: tuple[ExternalIdRow, ...]

    def count(self, state: SyncState) -> int:
        """How many rows came to this."""
        return sum(step.state is state for step in self.steps)


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
    removed: who is kept and not listed is told in `gone`. What is refused stands in the way of nothing else. Running it again changes
    nothing, and goes on where it was stopped.

    Args:
        db: The store.
        rows: The customers, each once.
        manager: Whose customers they are: a number or an id.
        system: The system that has given their ids, such as `connectwise`.
        actor: Who adds them.
        dry_run: Whether to do nothing and only say what would be done.
    """
    owner = db.tenant(manager).id
    steps, refused = list[SyncStep](), list[tuple[str, Refused]]()
    seen, taken = set[str](), dict[TenantId, str]()
    for part in _parts(rows):
        # What is done has an id by the revision that it was planned at: sent again it is done once, planned again it is another request.
        revision = db.token()
        planned = [_after(step, seen, taken) for step in db.plan_sync(manager=owner, system=system, rows=part, actor=actor)]
        if not dry_run:
            wanted = [
                (row.id, command) for row, step in zip(part, planned, strict=True) for command in _commands(row, step, owner, system)
            ]
            refused += _done(db, wanted, f"{revision} {owner} {system}", actor)
        steps += planned
    kept = db.external_ids(keeper=owner, system=system, actor=actor, limit=1000)
    gone = [it for it in kept if isinstance(it.of, BearerTenant) and it.of.tenant != owner and it.id not in seen]
    return Synced(tuple(steps), tuple(refused), tuple(gone))


def _parts(rows: Iterable[SyncRow]) -> Iterator[list[SyncRow]]:
    part = list[SyncRow]()
    for row in rows:
        part.append(row)
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part


def _after(step: SyncStep, seen: set[str], taken: dict[TenantId, str]) -> SyncStep:
    """What a step comes to after those of other parts of the list."""
    customer = step.customer.tenant if step.customer else None
    before = taken.get(customer) if customer else None
    if step.id in seen:
        return dataclasses.replace(step, state=SyncState.REPEATED)
    seen.add(step.id)
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


def _done(
    db: Database, wanted: list[tuple[str, Command[Any]]], revision: str, actor: ActorLike
) -> Iterator[tuple[str, Refused]]:
    """Does what follows from some rows; says what is refused."""
    for at in range(0, len(wanted), TOGETHER):
        some = wanted[at : at + TOGETHER]
        names = (f"{revision} {id} {at + nth}" for nth, (id, _) in enumerate(some))
        requests = [
            Request(command=command, request_id=uuid.uuid5(REQUESTS, name))
            for name, (_, command) in zip(names, some, strict=True)
        ]
        for (id, _), answer in zip(some, db.execute_all(requests, actor=actor), strict=True):
            if isinstance(answer, Refused):
                yield id, answer
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


def read_customers(path: str | os.PathLike[str], *, management: str | None = None, services: Collection[str] = ()) -> list[SyncRow]:
    """The customers of a CSV file: UTF-8, or UTF-16 with its mark; a comma, a semicolon or a tab between the columns. `id` and `name`
    must be there; `number`, `country`, `website`, `prefix`, `street`, `phone`, `management`, `services` (with `;` or `,` between them),
    `kind` and `owner` (an address) may.

    Args:
        path: The file.
        management: How a new customer is managed, where its row does not say.
        services: What is managed of it, where its row does not say.
    """
    lines = io.StringIO(decoded(path), newline="")
    begun = lines.readline()
    while begun and not begun.strip():
        begun = lines.readline()
    if announced := re.fullmatch(r"\"?sep=(.)\"?", begun.strip()):
        between, begun = announced[1], lines.readline()
    else:
        between = max(",;\t", key=begun.count)
    header = [name.strip().lower() for name in next(csv.reader([begun], delimiter=between), [])]
    for name in ("id", "name"):
        if header.count(name) != 1:
            has = ", ".join(f"`{one}`" for one in header)
            raise misuse(f"`{path}` has {header.count(name)} columns `{name}`: it has {has or 'none'}", f"name one column `{name}`")
    if strange := [name for name in header if name and name not in COLUMNS]:
        raise misuse(f"`{path}` has a column `{strange[0]}`", f"leave it out, or call it one of {', '.join(COLUMNS)}")
    rows, reader = list[SyncRow](), csv.reader(lines, delimiter=between, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) != len(header):
                    raise misuse(f"line {reader.line_num + 1} of `{path}` has {len(cells)} of {len(header)} columns", "put it right")
                rows.append(_row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), management, services))
    except csv.Error as error:
        raise misuse(f"line {reader.line_num + 1} of `{path}` cannot be taken apart: {error}", "look for a missing quotation mark") from None
    return rows


def _kind(text: str | None) -> TenantKind | None:
    if text is None:
        return None
    try:
        return TenantKind(text)
    except ValueError:
        raise misuse(f"`{text}` is no kind of tenant", f"use one of {', '.join(TenantKind)}") from None


def _row(cells: dict[str, str], management: str | None, services: Collection[str]) -> SyncRow:
    def cell(name: str) -> str | None:
        return cells.get(name) or None

    managed = cell("management") or management
    wanted = [word.strip() for word in re.split("[;,]", cells.get("services") or "") if word.strip()] or list(services)
    if managed is None or not wanted:
        raise misuse("no row says how its customer is managed, and which services", "give the columns `management` and `services`, or both once for all")
    owner = cell("owner")
    return SyncRow(
        id=cells["id"],
        name=cells["name"],
        number=cell("number"),
        management=managed,
        services=wanted,
        kind=_kind(cell("kind")),
        country=cell("country"),
        website=cell("website"),
        prefix=cell("prefix"),
        contact=Contact(street=cell("street"), phone=cell("phone")),
        owner=Invitee(email=owner) if owner else None,
    )
