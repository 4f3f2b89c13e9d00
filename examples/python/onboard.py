#!/usr/bin/env python3
"""Adds customers from a CSV file to a manager's. Copy it, and fit COLUMNS to your own export.

    python onboard.py msp.db export.csv --manager NW-100 --as ada@northwind.example --refused refused.csv

Each row is a request whose id is made of what is in the row: running it twice does nothing twice, whoever runs it. What is refused
goes to a file of the same columns, with the reason and the remedy: mend it there, and run that file. A row that could not be read at
all is not in it but for its line: mend that in the export. The script mends nothing by itself.

The export is UTF-8, or UTF-16 with its mark; its separator is a comma, a semicolon or a tab, be it announced by `sep=` or not.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import itertools
import re
import sqlite3
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tenantry
from tenantry import (
    Code,
    Contact,
    Database,
    Executed,
    Invitee,
    ParsedFlaw,
    Policy,
    Request,
    Tenant,
    TenantKind,
    TextKind,
    Typed,
    UserId,
)
from tenantry.commands import AddCustomer, RequestLink

COLUMNS = {
    "Account": TextKind.NUMBER,
    "Platform ID": TextKind.NUMBER,  # of a tenant that is there already: it is asked for a link
    "Company": TextKind.COMPANY_NAME,
    "Country": TextKind.COUNTRY,
    "Street": TextKind.STREET,
    "Phone": TextKind.PHONE,
    "Website": TextKind.WEBSITE,
    "Prefix": TextKind.PREFIX,
    "Managed": TextKind.MANAGEMENT_TYPE,
    "Services": TextKind.SERVICE,  # several, with `;` between them
    "Contact": TextKind.PERSON_NAME,
    "Contact e-mail": TextKind.EMAIL,
}
"""What the file calls its columns, and what each must look like."""

NOTHING = {"-", "--", "?", "#n/a", "#name?", "#ref!", "#value!", "n/a", "na", "nan", "nil", "none", "null", "undefined"}
"""What programs write where there is nothing."""

NAMESPACE = uuid.UUID("7c3e2a52-6d0b-4f6e-9f5c-1b8f0a4f6d11")
SEPARATORS = ",;\t"
BATCH = 100  # rows to a commit


class Line(NamedTuple):
    """A row, the line it begins on, and what keeps it from being read, if anything."""

    number: int
    row: dict[str, str]
    fault: str | None


class There(NamedTuple):
    """A row that somebody else has sent before; what came of it is there."""


class No(NamedTuple):
    """Why a row is not done."""

    name: str
    why: str
    remedy: str


def decoded(path: Path) -> str:
    """The text of the file. What is not in UTF-8 is kept, to be refused line by line."""
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            sys.exit(f"onboard: {path} begins like UTF-16 and is broken in byte {len(data)} or before; export it again")
    if b"\0" in data[:1000]:
        sys.exit(f"onboard: {path} has zero bytes, as UTF-16 without its mark has; save it as UTF-8")
    return data.decode("utf-8-sig", errors="surrogateescape")


def separator(header: str) -> str:
    """What stands between the columns of a header."""
    return max(SEPARATORS, key=header.count)


def columns(path: Path, header: Sequence[str]) -> list[str]:
    """The names of the columns. Each that is wanted is there, once."""
    names = [name.strip() for name in header]
    for name in COLUMNS:
        if name not in names:
            found = ", ".join(f"`{one}`" for one in names)
            sys.exit(f"onboard: {path} has no column `{name}`, but {found}; say in COLUMNS what it calls its columns")
        if names.count(name) > 1:
            sys.exit(f"onboard: {path} has {names.count(name)} columns `{name}`; leave one of them")
    return names


def read(path: Path) -> tuple[str, list[Line]]:
    """What stands between the columns, and the rows of the file that have something in them."""
    lines = list(io.StringIO(decoded(path), newline=""))
    # Blank lines may come first, and a word to spreadsheets.
    begun = next((at for at, line in enumerate(lines) if line.strip()), 0)
    said = re.fullmatch(r"\"?sep=(.)\"?", lines[begun].strip("\r\n ")) if lines else None
    if said:
        begun += 1
    between = said[1] if said else separator("".join(lines[begun : begun + 1]))
    reader = csv.reader(lines[begun:], delimiter=between, strict=True)
    header = columns(path, next(reader, list[str]()))
    begins, found = begun + reader.line_num + 1, list[Line]()
    while True:
        number, fault, cells = begins, None, list[str]()
        try:
            cells = next(reader)
        except StopIteration:
            return between, found
        except csv.Error as error:
            fault = f"the line cannot be taken apart: {error}"
        begins = begun + reader.line_num + 1
        if fault is None and cells and len(cells) != len(header):
            fault = f"the line has {len(cells)} of {len(header)} columns"
        elif any("\ud800" <= letter <= "\udfff" for cell in cells for letter in cell):
            fault = "the line is not in UTF-8"
        if cells or fault:
            row = dict(itertools.zip_longest(header, cells[: len(header)], fillvalue=""))
            found.append(Line(number, {name: live(row[name].strip()) for name in COLUMNS}, fault))


FORMULA = r"(^|[,;|\t\r\n])([ \"]*)%s(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])"


def inert(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula, whatever it takes for a separator."""
    return re.sub(FORMULA % "", r"\1\2'", cell)


def live(cell: str) -> str:
    """The same cell again."""
    return re.sub(FORMULA % "'", r"\1\2", cell)


def services(row: dict[str, str]) -> list[str]:
    return [name.strip() for name in row["Services"].split(";") if name.strip()]


def flaws(db: Database, line: Line, policy: Policy) -> No | None:
    """What keeps a row from being a command: every flaw of it, not only the first; of its form and of the words that the policy has."""
    if line.fault:
        remedy = "look for a missing comma or quotation mark, save it as UTF-8: in the export, for this file does not have the row"
        return No("unreadable", line.fault, remedy)
    for name, text in line.row.items():
        if text.lower() in NOTHING:
            why = f"{name} says `{text}`, which is what programs write for nothing"
            return No("not_well_formed", why, "leave the cell empty, or fill it in")
    needed = {"Managed", "Platform ID" if line.row["Platform ID"] else "Company"}
    texts = [
        Typed(kind=kind, text=text)
        for name, kind in COLUMNS.items()
        for text in (services(line.row) if name == "Services" else [line.row[name]])
        if text or name in needed
    ]
    there_is = {
        TextKind.MANAGEMENT_TYPE: (Code.UNKNOWN_MANAGEMENT_TYPE, [rule.name for rule in policy.management_types]),
        TextKind.SERVICE: (Code.UNKNOWN_SERVICE, sorted(policy.services)),
    }
    found = list[No]()
    for typed, told in zip(texts, db.parse(texts=texts), strict=True):
        if isinstance(told, ParsedFlaw):
            found.append(No("not_well_formed", told.flaw.message, told.flaw.remedy))
        elif typed.kind in there_is and told.text not in there_is[typed.kind][1]:
            code, words = there_is[typed.kind]
            found.append(No(code.value, code.message.format(told.text), f"use one of {', '.join(words)}"))
    if not found:
        return None
    return No(found[0].name, "; ".join(one.why for one in found), "; ".join(one.remedy for one in found))


def command(row: dict[str, str], manager: Tenant, policy: Policy) -> AddCustomer | RequestLink:
    """What a row asks for."""
    if row["Platform ID"]:
        number, management = row["Platform ID"], row["Managed"]
        return RequestLink(manager=manager.id, number=number, management=management, services=services(row))
    # A customer whose own people are locked out has nobody to sign up.
    locked = any(rule.name == row["Managed"] and rule.locks_customer for rule in policy.management_types)
    invited = Invitee(email=row["Contact e-mail"], name=row["Contact"] or None)
    return AddCustomer(
        manager=manager.id,
        kind=TenantKind.CUSTOMER,
        number=row["Account"] or None,
        name=row["Company"],
        country=row["Country"] or None,
        website=row["Website"] or None,
        prefix=row["Prefix"] or None,
        contact=Contact(street=row["Street"] or None, phone=row["Phone"] or None),
        management=row["Managed"],
        services=services(row),
        owner=invited if invited.email and not locked else None,
    )


def absent(db: Database, row: dict[str, str], actor: UserId) -> No | None:
    """Why a tenant cannot be asked for a link, if it cannot be found. To look is no command: what is refused here is in no journal."""
    if row["Platform ID"]:
        try:
            db.look_up(number=row["Platform ID"], actor=actor)
        except tenantry.Refused as no:
            return No(no.name, no.message, no.remedy)
    return None


def request_id(row: dict[str, str], manager: Tenant) -> uuid.UUID:
    """The same for the same row, whatever line of whatever file it is, and whoever sends it."""
    return uuid.uuid5(NAMESPACE, "\x1f".join([str(manager.id), *row.values()]))


def send(
    db: Database, lines: list[Line], manager: Tenant, actor: UserId, policy: Policy
) -> Iterator[No | There | Executed[Any]]:
    """Sends some rows in one commit: for each what was done, or why it is not."""
    faults = [flaws(db, line, policy) or absent(db, line.row, actor) for line in lines]
    requests = [
        Request(command=command(line.row, manager, policy), request_id=request_id(line.row, manager))
        for line, fault in zip(lines, faults, strict=True)
        if fault is None
    ]
    answers = iter(db.execute_all(requests, actor=actor))
    for fault in faults:
        answer = fault or next(answers)
        if isinstance(answer, tenantry.Refused):
            # The id is of this row alone: who used it sent the same row, as somebody else or by another policy.
            again = answer.reason is Code.REQUEST_REUSED
            yield There() if again else No(answer.name, answer.message, answer.remedy)
        elif isinstance(answer, tenantry.TenantryError):
            raise answer
        else:
            yield answer


def batches(lines: list[Line]) -> Iterator[list[Line]]:
    """The rows, some at a time; a terminal is told how far it is, with a bar where `rich` is installed."""
    parts = [lines[at : at + BATCH] for at in range(0, len(lines), BATCH)]
    if not sys.stderr.isatty():
        yield from parts
        return
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        for done, part in enumerate(parts):
            print(f"\rOnboarding {100 * done // len(parts)}%", end="", file=sys.stderr, flush=True)
            yield part
        print("\rOnboarding 100%", file=sys.stderr)
    else:
        yield from track(parts, "Onboarding", console=Console(stderr=True))


@contextlib.contextmanager
def opened(path: Path, *, dry_run: bool) -> Generator[Database]:
    """The store; for a dry run a copy of it, so that every rule answers as it would and nothing is done."""
    with contextlib.ExitStack() as stack:
        if dry_run:
            copy = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "copy.db"
            with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as store:
                with contextlib.closing(sqlite3.connect(copy)) as into:
                    store.backup(into)
            path = copy
        yield stack.enter_context(tenantry.open(path, must_exist=True))


def many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="the store")
    parser.add_argument("export", type=Path, help="the CSV file")
    parser.add_argument("--manager", required=True, help="whose customers they become: a number")
    parser.add_argument("--as", dest="actor", required=True, help="who adds them: the address of one of the manager's people")
    parser.add_argument("--refused", type=Path, help="where to write the rows that are not done, with the remedy")
    parser.add_argument("--dry-run", action="store_true", help="try it on a copy of the store, and do nothing")
    wanted = parser.parse_args()
    between, lines = read(wanted.export)
    counts: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        db = stack.enter_context(opened(wanted.file, dry_run=wanted.dry_run))
        manager = db.tenant(wanted.manager)
        actor = db.user(wanted.actor, home=manager.id).id
        latest, policy = db.seq(), db.policy()
        refused = None
        if wanted.refused:
            # As the office has it: spreadsheets take UTF-8 for what it is by its mark, and split cells where the export did.
            file = stack.enter_context(wanted.refused.open("w", encoding="utf-8-sig", newline=""))
            refused = csv.writer(file, delimiter=between if between in SEPARATORS else ",")
            refused.writerow([*COLUMNS, "Line", "Refused", "Why", "Remedy"])
        for some in batches(lines):
            for line, answer in zip(some, send(db, some, manager, actor, policy), strict=True):
                if isinstance(answer, There):
                    counts["there"] += 1
                    continue
                if not isinstance(answer, No):
                    # An answer from before says what was done when the same row came first.
                    counts[answer.command if answer.seq > latest else "there"] += 1
                    latest = max(latest, answer.seq)
                    continue
                counts["refused"] += 1
                if refused:
                    # What could not be read is not written as if it could: it has to come from the export again.
                    cells = [""] * len(COLUMNS) if line.fault else line.row.values()
                    refused.writerow([inert(str(cell)) for cell in [*cells, line.number, *answer]])
    would = "would be " if wanted.dry_run else ""
    print(f"{many(len(lines), 'row')}, {counts['there']} of them done before")
    print(f"{many(counts['add_customer'], 'customer')} {would}added, {many(counts['request_link'], 'tenant')} {would}asked for a link")
    print(f"{many(counts['refused'], 'row')} {would}refused")
    if counts["refused"] and wanted.refused:
        print(f"in {wanted.refused} is what stands in the way, and what to do")
    return 1 if counts["refused"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (tenantry.TenantryError, sqlite3.Error, OSError) as error:
        sys.exit(f"onboard: {error}")
