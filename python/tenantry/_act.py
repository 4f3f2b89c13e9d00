"""What the command line makes and does: stores, and commands in them."""

from __future__ import annotations

import contextlib
import datetime
import os
import shlex
import shutil
import sys
import tempfile
import textwrap
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from . import _demo, _fields, _native
from ._command import ActorLike, Command, Executed
from ._data import UNSET, Data
from ._database import Database, open, restore
from ._find import OPENED, SCREEN, NotDone, NotFound, Wanted, called, named, opened, person, tenant_name, minutes, the_id, the_person
from ._review import gained
from ._show import as_json, facts, said, table
from .errors import Refused, misuse
from .model import (
    ByUser,
    Operator,
    Policy,
    Previewed,
    PreviewedNotice,
    ResellerCustomerRow,
    ResellerRowChange,
    SubjectUser,
    TenantKind,
)

# Stores that are made.


@contextlib.contextmanager
def made(path: str, remedy: str) -> Iterator[str]:
    """Where to make a file that gets its name once it is whole. Nothing that is there is touched, and nothing half made is left."""
    if os.path.lexists(path):
        raise NotFound(f"`{path}` is there already; {remedy}")
    beside = os.path.dirname(os.path.abspath(path))
    try:
        folder = tempfile.mkdtemp(prefix=".tenantry-", dir=beside)
    except OSError as error:
        raise NotFound(f"cannot make `{path}`: {error.strerror}; check the path and the permissions of its directory") from None
    try:
        new = os.path.join(folder, "new.db")
        yield new
        if os.path.exists(f"{new}-wal"):
            raise NotFound(f"cannot make `{path}`: somebody has it open already; try again")
        try:
            os.link(new, path)
        except FileExistsError:
            raise NotFound(f"`{path}` is there already; {remedy}") from None
        except OSError:
            # Not every file system has links.
            os.rename(new, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


OTHER: Final = "give another name, or move it out of the way"


def init(wanted: Wanted) -> int:
    if wanted.msp is None and (wanted.number or wanted.admin):
        raise misuse("--number and --admin are of the first MSP", "name it with --msp")
    policy: Any = None
    if wanted.policy is not None:
        policy = dict(members(_fields.made("set_policy", [policy_field(wanted.policy)], as_typed)))["policy"]
    with made(wanted.file, OTHER) as new, open(new, policy=policy, **OPENED) as db:
        if wanted.msp is not None:
            msp = db.register_tenant(kind=TenantKind.MSP, name=wanted.msp, number=wanted.number, actor=Operator()).outcome
            if wanted.admin:
                db.register_user(home=msp, email=wanted.admin, role=db.policy().super_role, actor=Operator())
        name = db.policy().name
        first = db.tenant(msp).number if wanted.msp is not None else None
        role, managed, service = db.policy().super_role, db.policy().management_types[0].name, min(db.policy().services)
    print(f"{wanted.file} is made, with the policy {name}" + (f" and the MSP {first}" if first else ""))
    do = f"do {shlex.quote(wanted.file)}"
    if first is None:
        suggest("\nnext, the first tenant", f"{do} register_tenant kind=msp name='Northwind IT' number=NW-100")
    elif not wanted.admin:
        suggest("\nnext, somebody of its own", f"{do} register_user home={first} email=ada@northwind.example role={role}")
    else:
        line = f"{do} add_customer manager={first} kind=customer name='Bakery Klein' management={managed} services={service}"
        suggest("\nnext, a customer", f"{line} --as {shlex.quote(wanted.admin)}")
    return 0


def as_typed(_kind: object, text: str) -> str:
    return text


def suggest(what: str, line: str) -> None:
    """A line to be typed as it stands."""
    print(f"{what}\n  tenantry {line}")


LIBRARY: Final = tuple(name for name, _ in _native.policies())
"""The policies that come with the library."""


def policy_field(given: str) -> str:
    """A policy as it is named on the command line, one of the library's or a file of JSON, as the field of a command."""
    if given not in LIBRARY and given != "-" and not os.path.lexists(given):
        raise misuse(f"there is no policy `{given}`, nor such a file", f"name one of {', '.join(LIBRARY)}, or a file of JSON")
    return f"policy={given}" if given in LIBRARY else f"policy@{given}"


def demo(wanted: Wanted) -> int:
    now = datetime.datetime.now(datetime.timezone.utc)
    until = wanted.until or now
    if not _demo.EARLIEST <= until <= now:
        # What is ahead of the clock keeps everybody from doing anything.
        raise misuse(f"{until.isoformat()} is no moment at which the story can end", "name one from 1971 on that has passed")
    with made(wanted.file, OTHER) as new:
        _demo.furnish(new, until)
    print(f"{wanted.file} is made; what to look at in it:\n")
    for what, line in _demo.LOOK:
        suggest(what, line.format(file=shlex.quote(wanted.file)))
    return 0


def copy(wanted: Wanted) -> int:
    with made(wanted.to, OTHER) as new:
        told = copied(wanted, new)
    print(f"copied as record {told}: a store of its own, which goes its own way")
    return 0


def copied(wanted: Wanted, to: str) -> str:
    """Makes a store of its own of what is there, while others go on. Returns its last record."""
    with opened(wanted) as db:
        db.backup(f"{to}.backup")
    token = restore(f"{to}.backup", to).token
    os.unlink(f"{to}.backup")
    return token.split(".")[1]


# Commands.


HINTS: Final[Mapping[str, str]] = {
    "request_reused": "leave --request out, and one is made",
    "stale_seq": "`tenantry inspect FILE` says where it is",
    "ticket_required": "--ticket cites one",
    "clock_ahead": "`tenantry sweep FILE --accept-clock` says once that it is right",
}
"""What a remedy is on the command line, where it is something of its own."""


def do(wanted: Wanted) -> int:
    _fields.the_command(wanted.command)
    return perform(wanted, wanted.command, wanted.fields)


def perform(wanted: Wanted, name: str, words: Sequence[str]) -> int:
    """Does one command, as it is typed."""
    if wanted.dry_run:
        if wanted.request is not None or wanted.expect is not None:
            raise misuse("a dry run has no request and expects no record", "leave --request and --expect out")
        return foresee(wanted, name, words, SCREEN)
    with opened(wanted, read_only=False) as db:
        who, whom = asking(db, wanted)
        command = typed(db, name, words)
        if not agreed(wanted, lambda: lines(db, command, whom)):
            print("nothing was done", file=sys.stderr)
            return 1
        try:
            told = db.execute(command, actor=who, request_id=wanted.request, expected_seq=wanted.expect)
        except Refused as no:
            raise refusal(db, no, wanted) from no
        receipt(db, command, told, wanted)
    return 0


def activate(wanted: Wanted) -> int:
    fields = {"tenant": wanted.tenant, "role": wanted.role, "minutes": wanted.minutes, "reason": wanted.reason}
    return perform(wanted, "activate", [f"{name}={value}" for name, value in fields.items()])


def deactivate(wanted: Wanted) -> int:
    return perform(wanted, "deactivate", [f"tenant={wanted.tenant}", f"role={wanted.role}"])


def typed(db: Database, name: str, words: Sequence[str]) -> Command[Any]:
    """The command that is typed so, with the ids of what is named in it."""
    return _fields.made(name, words, lambda kind, text: later(db, text) if kind is datetime.datetime else the_id(db, kind, text))


def later(db: Database, text: str) -> datetime.datetime:
    """A moment so far from now: a whole minute, so that it is named as it is shown."""
    at = db.now() + datetime.timedelta(minutes=minutes(text))
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + datetime.timedelta(minutes=1)


def asking(db: Database, wanted: Wanted) -> tuple[ActorLike, str]:
    """Who asks, and what to call them."""
    if wanted.actor in (None, "operator"):
        return Operator(ticket=wanted.ticket), "the operator" + (f", on {wanted.ticket}" if wanted.ticket else "")
    if wanted.ticket is not None:
        raise misuse("a user cites no ticket", "leave --ticket out, or --as, so that the operator asks")
    user = the_person(db, wanted.actor)
    return user.id, person(db, ByUser(user=user.id))


def agreed(wanted: Wanted, told: Callable[[], list[str]]) -> bool:
    """Whether it may be written. On a terminal somebody is asked, unless they said so before."""
    if wanted.yes or not all(it is not None and it.isatty() for it in (sys.stdin, sys.stderr)):
        return True
    print("\n".join(told()), file=sys.stderr)
    print("Do it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def lines(db: Database, command: Command[Any], whom: str) -> list[str]:
    """A command as a person reads it before it is done."""
    told = [f"{command._tag[1] if command._tag else ''}, as {whom}"]
    for name, value in members(command):
        # What is left out is not said; what is cleared is.
        if value is not UNSET and (value not in (None, ()) or (value is None and name in command._clearable)):
            told.append(f"  {name}: {clear(db, value)}")
    return told


def members(it: Data) -> Iterator[tuple[str, object]]:
    """The fields of data, by name."""
    for field in _fields.fields(type(it)):
        yield field.name, getattr(it, field.name)


def clear(db: Database, value: object) -> str:
    """A value with the names of what it is about."""
    if isinstance(value, Policy):
        return value.name
    if isinstance(value, Data):
        # What is as it is when nothing is said is left out.
        parts = ((name, part) for name, part in members(value) if part is not None and part != ())
        return ", ".join(f"{name} {called(db, part) if isinstance(part, uuid.UUID) else clear(db, part)}" for name, part in parts)
    if isinstance(value, uuid.UUID):
        return described(db, value)
    if isinstance(value, (tuple, list)):
        between = "; " if any(isinstance(one, Data) for one in value) else ", "
        some = between.join(clear(db, one) for one in value[:20])
        return some + (f", … {len(value)} in all" if len(value) > 20 else "")
    if isinstance(value, Mapping):
        return str(value.get("name"))
    if isinstance(value, bool):
        return said_so(value)
    return "(cleared)" if value is None else said(value)


def said_so(yes: bool) -> str:
    return "yes" if yes else "no"


def described(db: Database, id: uuid.UUID) -> str:
    """What it is called, and its id."""
    name = called(db, id)
    return name if name == str(id) else f"{name} ({id})"


def receipt(db: Database, command: Command[Any], told: Executed[Any], wanted: Wanted) -> None:
    """What a command led to. What it made is named by what it is."""
    if wanted.json:
        print(as_json(told))
        return
    shown: dict[str, object] = {"done": told.command, "record": told.seq, "happened": [it.event for it in told.events]}
    shown.update(answer(db, outcome_name(command), told.outcome))
    facts(shown, "table")


def outcome_name(command: Command[Any]) -> str:
    """What a command answers with: `tenant` of one that makes a tenant."""
    for base in getattr(type(command), "__orig_bases__", ()):
        for kind in typing.get_args(base):
            if kind is str:
                break
            name = kind.__forward_arg__ if isinstance(kind, typing.ForwardRef) else getattr(kind, "__name__", "answer")
            word = name.removeprefix("model.").partition(" ")[0].removesuffix("Id")
            return "".join(f" {one.lower()}" if one.isupper() else one for one in word).strip()
    return "answer"


def answer(db: Database, name: str, outcome: Any) -> dict[str, object]:
    if outcome is None:
        return {}
    if isinstance(outcome, uuid.UUID):
        return {name: described(db, outcome)}
    if isinstance(outcome, tuple):
        return {"result": [clear(db, one) for one in outcome]} if outcome else {}
    if isinstance(outcome, Data):
        found = dict[str, object]()
        for part, value in members(outcome):
            found.update(answer(db, part, value))
        return found
    return {name: outcome}


def preview(wanted: Wanted) -> int:
    _fields.the_command(wanted.command)
    return foresee(wanted, wanted.command, wanted.fields, min(wanted.limit or MOST, MOST))


MOST: Final = 1000
"""How many rows of who gains and who loses are shown at most."""


def foresee(wanted: Wanted, name: str, words: Sequence[str], limit: int) -> int:
    """Says what one command, as it is typed, would lead to."""
    with opened(wanted) as db:
        who, _ = asking(db, wanted)
        command = typed(db, name, words)
        try:
            told = db.preview(command, actor=who, limit=limit)
        except Refused as no:
            raise refusal(db, no, wanted) from no
        if wanted.json:
            print(as_json(told))
        else:
            foreseen(db, name, told)
        if told.rights.next is not None:
            sys.stdout.flush()
            print(f"… more than {limit} rows gain and lose; `tenantry preview --limit` shows up to {MOST}", file=sys.stderr)
    return 0


def foreseen(db: Database, name: str, told: Previewed) -> None:
    """What a command would lead to, for people. There are headings for what there is."""
    facts({"would be done": name, "would happen": [it.event for it in told.events]}, "table")
    tables: list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]] = [
        ("who would be told", ("notice", "about", "to"), [noticed(db, it) for it in told.notices]),
        (
            "who would gain and lose",
            ("who", "on", "gains", "loses"),
            [(called(db, it.user), called(db, it.tenant), *gained(it)) for it in told.rights],
        ),
        (
            "what resellers would read",
            ("reseller", "customer", "now", "then"),
            [reread(db, it) for it in told.resellers],
        ),
    ]
    for heading, columns, rows in tables:
        if rows:
            print(f"\n{heading}:")
            table(columns, rows)
    if not told.rights:
        print("\nnobody would gain or lose anything")


def noticed(db: Database, it: PreviewedNotice) -> tuple[object, ...]:
    people = [person(db, ByUser(user=one.user)) for one in it.to if isinstance(one, SubjectUser)]
    others = [tenant_name(db, one.tenant) for one in it.to if not isinstance(one, SubjectUser)]
    return it.kind.kind, subjects(db, it.kind), sorted(people) + sorted(others) + (["the operator"] if it.operator else [])


def subjects(db: Database, kind: Data) -> list[str]:
    """What a notice is about."""
    told = (value for _, value in members(kind) if value is not None)
    return [called(db, value) if isinstance(value, uuid.UUID) else clear(db, value) for value in told]


def reread(db: Database, it: ResellerRowChange) -> tuple[object, ...]:
    row = it.before or it.after
    return called(db, it.reseller), row.company if row else None, standing(it.before), standing(it.after)


def standing(row: ResellerCustomerRow | None) -> str | None:
    if row is None:
        return None
    devices = "1 device" if row.devices == 1 else f"{row.devices} devices"
    return f"{row.status}, {devices}"


def refusal(db: Database, no: Refused, wanted: Wanted) -> NotDone:
    """A refusal as the command line tells of it: its code, what stands in the way, and what to do."""
    if wanted.json:
        print(as_json(no.as_dict()))
    # What there is to choose from is the same here; how something is done in Python is not.
    there_is = no.hint if no.hint and no.hint.startswith("there is") else None
    hint = HINTS.get(no.name, there_is)
    rule = f", {no.rule}" if no.rule else ""
    text = f"refused: {no.code} {no.name}{rule}: {named(db, no.message)}; {no.remedy}" + (f" ({hint})" if hint else "")
    return NotDone(text, *(f"{named(db, it.about)}: {it.code} {it.name}: {named(db, it.message)}; {it.remedy}" for it in no.items))


def commands(wanted: Wanted) -> int:
    if wanted.command is None:
        width = max(map(len, _fields.COMMANDS))
        for name, of in _fields.COMMANDS.items():
            brief = _fields.about(of).partition(". ")[0].rstrip(".")
            print(hung(f"{name.ljust(width)}  {brief}", width + 2))
        return 0
    of = _fields.the_command(wanted.command)
    every = _fields.fields(of)
    print(hung(_fields.about(of), 0))
    for part, heading in ((True, "wants"), (False, "takes")):
        if some := [it for it in every if it.needed is part]:
            print(f"\n{heading}:")
            for it in some:
                print(described_field(it, "  "))
                for inner in _fields.parts(it):
                    print(described_field(inner, "      "))
    return 0


def described_field(it: _fields.Field, indent: str) -> str:
    clears = " Empty clears it." if it.clears else ""
    return hung(f"{indent}{it.name}={_fields.takes(it)}  {it.about}{clears}", len(indent) + 4)


def hung(text: str, indent: int) -> str:
    """A paragraph of 80 columns, its later lines set in."""
    return textwrap.fill(text, 79, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
