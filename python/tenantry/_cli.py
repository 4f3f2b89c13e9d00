"""The command line: looks into a store as its operator, or as one of its users; and makes stores and does commands (`_act`). What looks
opens the file for reading and changes nothing."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from . import _act, _complete, _desk, _external, _native, _review
from ._command import ActorLike
from ._data import AsOf
from ._database import Database, diagrams, restore
from ._find import (
    SCREEN,
    NotDone,
    NotFound,
    Wanted,
    actor,
    an_id,
    form,
    known,
    listed,
    minutes,
    moment,
    named,
    opened,
    page,
    person,
    role_name,
    tenant_name,
    the_tenant,
    the_user,
    there,
    time,
    whole,
)
from ._hints import like
from ._show import Row, as_json, facts, said
from .codes import Code
from .errors import Misuse, TenantryError, misuse
from .events import Activated, CommandRefused, Event, TemporaryAssigned
from .model import (
    AuditActor,
    AuditRow,
    CorruptionKind,
    CustomerRow,
    CustomerSort,
    Document,
    Holds,
    Kind,
    Link,
    Record,
    Stage,
    SubjectUser,
    Tenant,
    TenantId,
    TenantKind,
    User,
    UserId,
    UserState,
)

FILES = ("file", "to", "backup", "output", "list")
"""What names a file."""

PAGE = 200
"""How many rows an export holds at a time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line, and returns how it ended: 0 for yes and done, 1 for no and refused, 2 for what was not understood."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name in a script that the terminal does not know is no reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    wanted, more = parser().parse_known_args(arguments)
    if hasattr(wanted, "fields"):
        # Options may stand between fields, which have a name and so begin with no dash.
        wanted.fields = [*wanted.fields, *(word for word in more if not word.startswith("-"))]
        more = [word for word in more if word.startswith("-")]
    if more:
        of: Parser = wanted.of
        of.error(f"unrecognized arguments: {' '.join(more)}")
    for name, said in vars(wanted).items():
        for text in said if isinstance(said, list) else [said]:
            # A file may be called anything.
            if name not in FILES and isinstance(text, str) and text != text.encode("utf-8", "replace").decode():
                print(f"tenantry: {ascii(text)} is not UTF-8; write it in UTF-8", file=sys.stderr)
                return 2
    run: Callable[[Wanted], int] = wanted.run
    try:
        code = run(wanted)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read it has seen enough; nothing more is said when Python ends, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    except (NotFound, NotDone, TenantryError) as error:
        sys.stdout.flush()
        what, *items = error.args if isinstance(error, NotDone) else [str(error)]
        print(f"tenantry: {' '.join(what.split())}", *(f"  {' '.join(it.split())}" for it in items), sep="\n", file=sys.stderr)
        return 2 if isinstance(error, Misuse) or isinstance(error.__cause__, Misuse) else 1
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"tenantry: {error.strerror or error}; make room, or write elsewhere", file=sys.stderr)
        return 1


# What each command does.


def inspect(wanted: Wanted) -> int:
    with opened(wanted) as db:
        kinds, states, stages = Counter[str](), Counter[str](), Counter[str]()
        token = db.token()
        # All of it is of one revision, whatever is written meanwhile.
        as_of = db.host_entities(kind=Kind.TENANT, as_of=wanted.as_of or int(token.split(".")[1]), limit=1).page().seq or 0
        for tenant in db.host_entities(kind=Kind.TENANT, as_of=as_of, limit=1000):
            if isinstance(tenant, Tenant):
                kinds["deleted" if tenant.deleted else str(tenant.kind)] += 1
        for user in db.host_entities(kind=Kind.USER, as_of=as_of, limit=1000):
            if isinstance(user, User):
                states[str(user.state)] += 1
        for link in db.host_entities(kind=Kind.LINK, as_of=as_of, limit=1000):
            if isinstance(link, Link):
                stages[str(link.stage)] += 1
        last = db.host_records(after=max(0, as_of - 1), limit=1).first()
        policy = db.policy(as_of=as_of)
        told: dict[str, object] = {
            "file": str(wanted.file),
            "bytes": Path(wanted.file).stat().st_size,
            "records": as_of,
            "last_written": last.at if last else None,
            "policy": policy.name,
            "management_types": tuple(rule.name for rule in policy.management_types),
            "tenants": in_order(kinds, TenantKind),
            "users": in_order(states, UserState),
            "links": in_order(stages, Stage),
            "token": token,
        }
        if wanted.as_of is not None:
            # What the file is now, it was not then.
            del told["bytes"], told["token"]
        facts(told, form(wanted))
    return 0


def tenants(wanted: Wanted) -> int:
    with opened(wanted) as db:
        found = db.host_entities(kind=Kind.TENANT, as_of=wanted.as_of, limit=1000)
        rows = (
            Row((it.number, it.name, it.kind, "deleted" if it.deleted else it.operation, it.country, it.devices, it.id), it)
            for it in found
            if isinstance(it, Tenant) and (wanted.kind is None or it.kind == wanted.kind)
        )
        listed(wanted, ("number", "name", "kind", "is", "country", "devices", "id"), rows)
    return 0


def users(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        found = db.users(actor=actor(db, wanted, tenant), tenant=tenant.id, as_of=wanted.as_of, text=wanted.text, limit=1000)
        rows = (Row((it.email, it.name, it.state, it.role, it.user), it) for it in found)
        listed(wanted, ("address", "name", "state", "role", "id"), rows)
    return 0


CUSTOMER_COLUMNS = ("number", "name", "managed", "services", "stage", "is", "devices", "id")


def customers(wanted: Wanted) -> int:
    with opened(wanted) as db:
        manager = the_tenant(db, wanted.manager, wanted.as_of)
        known(db, wanted)
        found = db.customers(
            actor=actor(db, wanted, manager),
            manager=manager.id,
            as_of=wanted.as_of,
            text=wanted.text,
            management=wanted.management,
            service=wanted.service,
            stage=Stage(wanted.stage) if wanted.stage else None,
            sort=CustomerSort(wanted.sort),
            descending=wanted.descending,
            limit=page(wanted),
        )
        listed(wanted, CUSTOMER_COLUMNS, (Row(customer(it), it) for it in found))
    return 0


def customer(it: CustomerRow) -> tuple[object, ...]:
    return it.number, it.name, it.management, it.services, it.stage, it.operation, it.devices, it.tenant


def who_can(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        known(db, wanted)
        can = db.users_who_can(
            permission=wanted.permission, tenant=tenant.id, service=wanted.service, as_of=wanted.as_of
        )
        listed(wanted, ("address", "name", "of", "role", "held at", "id"), people(db, wanted, tenant, can))
    return 0


def people(db: Database, wanted: Wanted, tenant: Tenant, can: Sequence[UserId]) -> Iterator[Row]:
    """Those who can, and what lets them."""
    for id in can:
        user = db.host_entity(kind=Kind.USER, id=id, as_of=wanted.as_of)
        person = db.host_personal(subject=SubjectUser(user=id))
        why = db.check(
            user=id, permission=wanted.permission, tenant=tenant.id, service=wanted.service, as_of=wanted.as_of
        )
        told: dict[str, object] = {
            "email": person.email if person else None,
            "name": person.name if person else None,
            "home": tenant_name(db, user.home, wanted.as_of) if isinstance(user, User) else None,
            "role": role_name(db, why.grounds.role, wanted.as_of) if why.grounds else None,
            "role_on": tenant_name(db, why.grounds.tenant, wanted.as_of) if why.grounds else None,
            "user": id,
        }
        yield Row(tuple(told.values()), told)


def explain(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        user = the_user(db, wanted.user, tenant, wanted.as_of)
        known(db, wanted)
        told = db.explain(
            user=user, permission=wanted.permission, tenant=tenant.id, service=wanted.service, as_of=wanted.as_of
        )
        if wanted.json:
            print(as_json(told))
            return 0 if told else 1
        on = f"{wanted.permission} on {tenant.name} ({tenant.number})"
        print(f"{'yes' if told else 'no'}: {wanted.user}, {on}, as of record {told.seq}")
        if told.reason is not None:
            print(f"  {told.number} {told.reason}: {named(db, told.message or '', wanted.as_of)}")
            print(f"  remedy: {told.remedy}")
        if told.grounds is not None:
            role, at = role_name(db, told.grounds.role, wanted.as_of), tenant_name(db, told.grounds.tenant, wanted.as_of)
            without = f", without {wanted.permission}" if told.reason is Code.ROLE_LACKS_PERMISSION else ""
            until = f", until {said(told.grounds.ends)}" if told.grounds.ends else ""
            print(f"  role:   {role}, held at {at}{until}{_review.activated(db, user, told.grounds, wanted.as_of)}{without}")
        for id in told.chain:
            link = db.host_entity(kind=Kind.LINK, id=id, as_of=wanted.as_of)
            if isinstance(link, Link):
                managed, manager = (tenant_name(db, it, wanted.as_of) for it in (link.managed, link.manager))
                print(f"  link:   {managed} is {link.management} managed by {manager}")
        for one, place in _review.to_activate(db, user, tenant.id, wanted, told):
            role, at = role_name(db, one.role, wanted.as_of), tenant_name(db, place, wanted.as_of)
            print(f"  may:    activate {role} at {at}, {_review.window(db, one, wanted.as_of)}")
        print(f"  rule:   {told.rule}")
    return 0 if told else 1


def audit(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        known(db, wanted)
        by = the_user(db, wanted.by, tenant, wanted.as_of) if wanted.by else None
        who = actor(db, wanted, tenant)
        if wanted.ocsf:
            for event in ocsf(db, wanted, who, tenant.id, by):
                print(as_json(event))
            return 0
        found = db.audit(
            actor=who,
            tenant=tenant.id,
            as_of=wanted.as_of,
            by=by,
            command=wanted.command,
            from_=wanted.since,
            until=wanted.until,
            after=wanted.after,
            limit=page(wanted),
        )
        listed(wanted, RECORD_COLUMNS, (Row(record(db, it, it.by), it) for it in found))
    return 0


def ocsf(db: Database, wanted: Wanted, who: ActorLike, tenant: TenantId, by: UserId | None) -> Iterator[Document]:
    """The audit's events as a security team's tools read them, a thousand records at a time."""
    after, left = wanted.after or 0, wanted.limit or None
    while left is None or left > 0:
        told = db.ocsf_audit(
            actor=who,
            tenant=tenant,
            as_of=wanted.as_of,
            by=by,
            command=wanted.command,
            from_=wanted.since,
            until=wanted.until,
            after=after,
            limit=min(1000, left or 1000),
        )
        yield from told.events
        if told.through == after:
            return
        left = None if left is None else left - len({event["metadata"]["sequence"] for event in told.events})
        after = told.through


RECORD_COLUMNS = ("record", "at", "from", "command", "what happened")


def record(db: Database, it: AuditRow | Record, by: AuditActor) -> tuple[object, ...]:
    names = Counter(happened(event) for event in it.events)
    return it.seq, it.at, person(db, by), it.command or "", [f"{name} × {n}" if n > 1 else name for name, n in names.items()]


def happened(event: Event) -> str:
    """An event's name; of a refusal also what it was, of what is activated what for."""
    match event:
        case CommandRefused(refusal=more) | Activated(reason=more):
            return f"{event.event} ({more})"
        case TemporaryAssigned(eligible=True):
            return f"{event.event} (eligible)"
        case _:
            return event.event


def report(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        html = db.tenant_report(
            actor=actor(db, wanted, tenant), tenant=tenant.id, since=wanted.since, as_of=wanted.as_of
        ).html
    if wanted.output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # As the page says of itself, whatever a terminal knows.
            sys.stdout.reconfigure(encoding="utf-8")
        print(html, end="")
        return 0
    there = Path(wanted.output)
    if there.exists() and not there.read_bytes().startswith(PAGE_BEGINS):
        raise NotDone(f"`{there}` is there, and is no page; write elsewhere with -o")
    there.write_text(html, encoding="utf-8")
    return 0


PAGE_BEGINS = b"<!doctype html>"
"""By what a page is known that may be replaced."""


# What does not hold, and what to do about it.
FLAWS = {
    CorruptionKind.CHAIN: ("the chain is broken", "restore a backup, and keep this file to find out what happened to it"),
    CorruptionKind.DERIVED: ("derived data is wrong", "keep a copy of this file to find out what happened to it, then rebuild it"),
    CorruptionKind.PERSONAL: ("personal data is wrong", "find out what happened to it; then edit or erase whom it is about"),
    CorruptionKind.FOREIGN: ("the file is not as tenantry makes it", "take away what was added, or restore a backup"),
}


def verify(wanted: Wanted) -> int:
    with opened(wanted) as db:
        told = db.verify(since=wanted.since)
        last = told.token.split(".")[1] if isinstance(told, Holds) else None
        if wanted.json:
            print(as_json(told))
        elif not isinstance(told, Holds):
            what, remedy = FLAWS[told.kind]
            print(f"{what} at record {told.seq}: {told.why}")
            print(remedy, file=sys.stderr)
        elif told.older is not None:
            print(f"the chain holds, written under older rules ({told.older}): {last} records")
            print(f"today's rules would differ: {told.differs}" if told.differs else "today's rules would lead to the same")
            print("a rebuild makes what is derived anew by today's rules", file=sys.stderr)
        elif wanted.since:
            print(f"the journal holds: the records since, up to {last}, lead to what the file says of what they changed")
        else:
            print(f"the journal holds: {last} records, replayed, lead to exactly what the file says")
        if not wanted.json and isinstance(told, Holds) and told.lost_receipts:
            print(f"receipts that were lost and made anew: {told.lost_receipts}")
    return 0 if told else 1


def rebuild(wanted: Wanted) -> int:
    with there(wanted, read_only=False) as db:
        told = db.rebuild()
    if wanted.json:
        print(as_json(told))
        return 0
    under = f"under rules {told.after}" if told.before == told.after else f"from rules {told.before} to {told.after}"
    print(f"rebuilt {under}: {told.rows} rows differed")
    for what in told.differences:
        print(f"  {what}")
    for what in told.unrecoverable:
        print(f"cannot be made anew: {what}")
    return 0


def export(wanted: Wanted) -> int:
    wanted.json = not wanted.csv
    with opened(wanted) as db:
        if wanted.what == "journal":
            if wanted.as_of is not None or wanted.manager is not None:
                raise misuse("the journal takes no --as-of and no --manager", "leave them out; --after begins later")
            found = db.host_records(after=wanted.after, limit=PAGE)
            listed(wanted, RECORD_COLUMNS, (Row(record(db, it, it.actor), it) for it in found))
            return 0
        # One moment for all pages, so that what changes meanwhile neither is missed nor comes twice.
        as_of = db.seq() if wanted.as_of is None else wanted.as_of
        listed(wanted, ("manager", *CUSTOMER_COLUMNS), every_customer(db, wanted, as_of))
    return 0


def every_customer(db: Database, wanted: Wanted, as_of: AsOf) -> Iterator[Row]:
    """The customers of one manager, or of all."""
    if wanted.manager is not None:
        managers = iter([the_tenant(db, wanted.manager, as_of)])
    else:
        found = db.host_entities(kind=Kind.TENANT, as_of=as_of, limit=PAGE)
        managers = (it for it in found if isinstance(it, Tenant) and it.kind is TenantKind.MSP and not it.deleted)
    for manager in managers:
        who = actor(db, wanted, manager)
        for it in db.customers(actor=who, manager=manager.id, as_of=as_of, limit=PAGE):
            yield Row((manager.number, *customer(it)), {"manager": manager.id, **it.as_dict()})


def sweep(wanted: Wanted) -> int:
    with there(wanted, read_only=False) as db:
        print(db.sweep(accept_clock=wanted.accept_clock))
    return 0


def back_up(wanted: Wanted) -> int:
    with opened(wanted) as db:
        print(db.backup(wanted.to))
    return 0


def put_back(wanted: Wanted) -> int:
    told = restore(wanted.backup, wanted.file)
    print(f"restored as record {told.token.split('.')[1]}; records lost: {told.lost}")
    for subject in told.erased:
        kind, it = ("user", subject.user) if isinstance(subject, SubjectUser) else ("tenant", subject.tenant)
        print(f"erased again: {kind} {it}")
    return 0


def draw(wanted: Wanted) -> int:
    style: Literal["mermaid", "dot"] = "dot" if wanted.dot else "mermaid"
    drawn = diagrams(style)
    if wanted.name is not None and wanted.name not in drawn:
        raise misuse(f"there is no state machine `{wanted.name}`", f"draw one of {', '.join(drawn)}")
    texts = drawn.values() if wanted.name is None else [drawn[wanted.name]]
    print("\n\n".join(text.rstrip() for text in texts))
    return 0


def in_order(counts: Counter[str], words: type[TenantKind] | type[UserState] | type[Stage]) -> dict[str, int]:
    order = [*(str(word) for word in words), "deleted"]
    return {word: counts[word] for word in order if counts[word]}


def complete(wanted: Wanted) -> int:
    print(_complete.script(wanted.shell, parser()), end="")
    return 0


# What can be typed.


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with what to do."""

    def error(self, message: str) -> NoReturn:
        if there := re.fullmatch(r"(argument .*): invalid choice: '(.*)' \(choose from (.*)\)", message, flags=re.S):
            words = re.findall(r"[\w-]+", there[3])
            message = f"{there[1]}: there is no `{there[2]}`; give one that there is: {like(there[2], words)}"
        self.exit(2, f"{self.prog}: {message}; see {self.prog} -h\n")


EPILOG = """\
A TENANT is its number (NW-100, in any case) or its id. A USER is an e-mail
address or an id; where there is a TENANT beside it, the address is looked for
there and at those who manage it or did. A moment (--as-of) is a record's number
or a time such as 2026-01-31T09:30:00Z.

  tenantry demo msp.db
  tenantry customers msp.db NW-100 --text klein
  tenantry explain msp.db ada@northwind.example devices.manage BK-200
  tenantry review msp.db BK-200 --as klara@klein.example
  tenantry audit msp.db BK-200 --as klara@klein.example
  tenantry report msp.db BK-200 -o page.html
  tenantry inbox msp.db --as klara@klein.example
  tenantry preview msp.db block_user user=nils@northwind.example
  tenantry export msp.db journal | jq .command

It ends with
  0    when it is done, all is well, or the answer is yes
  1    when something is refused or is not there, the answer is no, or a journal
       does not hold
  2    when it does not understand what is asked
  130  when it is interrupted

These write to the store:
{writing}.
These make a file where there is none, and touch no other:
{making}.
All others open it for reading and change nothing, and so does `do` with
--dry-run, which is a preview.
"""


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="tenantry",
        description="Makes a tenantry store, does commands there, and looks into it:\n"
        "who manages whom, who may do what and why, and what happened.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tenantry {_native.version()}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    effects: dict[str, list[str]] = {"": [], "writes": [], "makes": []}

    def command(
        name: str, run: Callable[[Wanted], int], help: str, more: str = "", effect: str = ""
    ) -> argparse.ArgumentParser:
        said = {"": "", "writes": "It writes to the store.", "makes": "What is there already is left as it is."}[effect]
        one = commands.add_parser(
            name, help=help, description=" ".join(filter(None, (f"{help[:1].upper()}{help[1:]}.", more, said))), allow_abbrev=False
        )
        one.set_defaults(run=run, of=one)
        effects[effect].append(name)
        return one

    def with_file(one: argparse.ArgumentParser) -> argparse.ArgumentParser:
        one.add_argument("file", metavar="FILE", help="the store, an SQLite file")
        return one

    def with_moment(one: argparse.ArgumentParser) -> None:
        one.add_argument(
            "--as-of", metavar="MOMENT", type=moment, help="ask the past: a record's number, or a time such as 2026-01-31T09:30:00Z"
        )

    def with_actor(one: argparse.ArgumentParser) -> None:
        one.add_argument(
            "--as", metavar="USER", dest="actor", help="ask as this user, and see what they see; else as the operator"
        )

    def with_about(one: argparse.ArgumentParser) -> None:
        one.add_argument("about", metavar="TENANT|ADDRESS", help="a tenant by its number, a person by their address; either by its id")

    def with_service(one: argparse.ArgumentParser) -> None:
        one.add_argument("--service", metavar="SERVICE", help="with which service, where it is about one")

    def with_json(one: argparse.ArgumentParser) -> None:
        one.add_argument("--json", action="store_true", help="as JSON, the same as in every language")

    def with_rows(one: argparse.ArgumentParser) -> None:
        shape = one.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help="as JSON Lines: a row a line, the same as in every language")
        shape.add_argument("--csv", action="store_true", help="as CSV; a cell that a spreadsheet would run gets an apostrophe")
        one.add_argument(
            "--limit", metavar="N", type=whole, help=f"how many rows; 0 for all (a table has {SCREEN}, JSON and CSV all, if left out)"
        )

    def with_writing(one: argparse.ArgumentParser, *, oneself: bool = False) -> None:
        if oneself:
            one.add_argument("--as", metavar="USER", dest="actor", required=True, help="whose: an e-mail address or an id")
            one.set_defaults(ticket=None)
        else:
            one.add_argument("--as", metavar="USER", dest="actor", help="who asks: an e-mail address or an id; else the operator")
            one.add_argument("--ticket", metavar="TICKET", help="the support ticket that the operator cites")
        one.add_argument("--request", metavar="ID", type=an_id, help="names the request: sent again under the same id it is done once")
        one.add_argument("--expect", metavar="RECORD", type=whole, help="refuse it if the journal has moved on from this record")
        one.add_argument("--dry-run", action="store_true", help="say what it would lead to, as `preview` does, and do nothing")
        one.add_argument("--yes", action="store_true", help="do not ask first, as is done on a terminal")

    more = "With --msp, the first MSP is in it, and with --admin its super admin."
    one = with_file(command("init", _act.init, "make a store", more, "makes"))
    one.add_argument("--policy", metavar="POLICY", help=f"one of {', '.join(_act.LIBRARY)}, or a file of JSON")
    one.add_argument("--msp", metavar="NAME", help="the company name of the first MSP")
    one.add_argument("--number", metavar="NUMBER", help="its number; made up if left out")
    one.add_argument("--admin", metavar="ADDRESS", help="the e-mail address of its super admin")

    more = "Says what to look at in it, and what to type for that."
    one = with_file(command("demo", _act.demo, "make a store that is worth looking into", more, "makes"))
    one.add_argument("--until", metavar="TIME", type=time, help="when the nine weeks end that it tells of; now, if left out")

    more = "The fields are as `tenantry commands COMMAND` lists them: name=value, name.part=value, or name@FILE for what is in a file."
    one = with_file(command("do", _act.do, "do a command", more, "writes"))
    one.add_argument("command", metavar="COMMAND", help="which: add_customer, say; `tenantry commands` lists them")
    one.add_argument("fields", metavar="FIELD=VALUE", nargs="*", help="numbers of tenants and addresses of users stand for ids")
    with_writing(one)
    with_json(one)

    more = "The fields are as for `do`. Ids of what there would be are made up."
    one = with_file(command("preview", _act.preview, "what a command would lead to: who is told, who gains and loses", more))
    one.add_argument("command", metavar="COMMAND", help="which: request_delink, say; `tenantry commands` lists them")
    one.add_argument("fields", metavar="FIELD=VALUE", nargs="*", help="numbers of tenants and addresses of users stand for ids")
    one.add_argument("--as", metavar="USER", dest="actor", help="who would give it: an e-mail address or an id; else the operator")
    one.add_argument("--ticket", metavar="TICKET", help="the support ticket that the operator would cite")
    one.add_argument("--limit", metavar="N", type=whole, default=SCREEN, help=f"how many rows of who gains and loses, up to {_act.MOST}")
    with_json(one)

    more = "As short and as long as the policy's `activation` lets it be. It ends by itself; again, it counts anew."
    one = with_file(command("activate", _act.activate, "have a role that one is eligible for, for a while", more, "writes"))
    one.add_argument("tenant", metavar="TENANT", help="where: a number or an id")
    one.add_argument("role", metavar="ROLE", help="which role, as `eligible` lists it")
    one.add_argument("--for", metavar="WHILE", dest="minutes", type=minutes, required=True, help="for how long: 2h or 90m, say")
    one.add_argument("--reason", metavar="TEXT", required=True, help="what for; it is recorded for good: name a ticket and no person")
    with_writing(one, oneself=True)
    with_json(one)

    one = with_file(command("deactivate", _act.deactivate, "give back what one has activated, before its time", effect="writes"))
    one.add_argument("tenant", metavar="TENANT", help="where: a number or an id")
    one.add_argument("role", metavar="ROLE", help="which role, as `eligible` lists it")
    with_writing(one, oneself=True)
    with_json(one)

    one = command("commands", _act.commands, "what can be done, and what it takes")
    one.add_argument("command", metavar="COMMAND", nargs="?", help="only this one, with its fields")

    more = "With the lines to be typed for each answer."
    one = with_file(command("inbox", _desk.inbox, "what awaits an answer of somebody", more))
    one.add_argument("--as", metavar="USER", dest="actor", required=True, help="whose answer: an e-mail address or an id")
    with_json(one)

    more = "It writes to the store with --acknowledge alone."
    one = with_file(command("notices", _desk.notices, "the messages that wait to be sent, and to whom", more))
    one.add_argument("consumer", metavar="CONSUMER", help="who sends them, by a name of your own: mailer, say")
    one.add_argument("--acknowledge", action="store_true", help="they are delivered once they are shown; do not show them again")
    one.add_argument("--limit", metavar="N", type=whole, default=100, help="about how many, up to 1000; 100, if left out")
    with_json(one)

    one = with_file(command("user", _desk.user, "who somebody is, their roles, and where they may do something"))
    one.add_argument("user", metavar="USER", help="who: an e-mail address or an id")
    one.add_argument("--on", metavar="TENANT", help="say what they may do there: a number or an id")
    one.add_argument("--limit", metavar="N", type=whole, help=f"how many tenants; 0 for all ({SCREEN}, if left out)")
    with_json(one)

    more = "`policy show` is for people, and with --json to be changed and set again. `policy set` writes to the store."
    one = command("policy", _desk.the_policy, "show the policy in force, or put one into force", more)
    one.add_argument("what", choices=["show", "set"], help="which of both")
    with_file(one)
    one.add_argument("new", metavar="POLICY", nargs="?", help=f"set: one of {', '.join(_act.LIBRARY)}, a file of JSON, or -")
    with_writing(one)
    with_json(one)

    one = with_file(command("inspect", inspect, "what is in a file: how many of what, its policy, where its journal is"))
    with_moment(one)
    with_json(one)

    one = with_file(command("tenants", tenants, "every tenant, by number"))
    one.add_argument("--kind", choices=[str(kind) for kind in TenantKind], help="only these")
    with_moment(one)
    with_rows(one)

    one = with_file(command("users", users, "the people of a tenant, with address, state and role at home"))
    one.add_argument("tenant", metavar="TENANT", help="whose people: a number or an id")
    one.add_argument("--text", metavar="TEXT", help="only those whose name or address has this in it")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    one = with_file(command("customers", customers, "the customers of a manager, as its own people see them"))
    one.add_argument("manager", metavar="MANAGER", help="who manages: a number or an id")
    one.add_argument("--text", metavar="TEXT", help="only those whose name or number has this in it")
    one.add_argument("--management", metavar="TYPE", help="only those managed so, such as jointly")
    one.add_argument("--service", metavar="SERVICE", help="only those for whom this service is managed")
    one.add_argument("--stage", choices=[str(it) for it in Stage], help="only links at this stage; else all in force")
    one.add_argument("--sort", choices=[str(it) for it in CustomerSort], default="name", help="the order; by name, if left out")
    one.add_argument("--descending", action="store_true", help="turn the order round")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    one = command("who-can", who_can, "everybody who may do something on a tenant, and the role that lets them")
    with_file(one)
    one.add_argument("permission", metavar="PERMISSION", help="what: devices.manage, say")
    one.add_argument("tenant", metavar="TENANT", help="where: a number or an id")
    with_service(one)
    with_moment(one)
    with_rows(one)

    more = "`SYSTEM:ID` stands for a tenant or a user wherever one is named, and `NUMBER/SYSTEM:ID` says who keeps it."
    one = with_file(command("external", _external.external, "the ids of other systems that an organisation keeps", more))
    one.add_argument("keeper", metavar="KEEPER", help="who keeps them: a number or an id")
    one.add_argument("--system", metavar="SYSTEM", help="only those of this system, such as connectwise")
    one.add_argument("--text", metavar="TEXT", help="only those of tenants and devices that begin so")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    more = (
        "The list has the columns id and name, and may have number, country, website, prefix, street, phone, management, services, "
        "kind and owner. Nobody is removed. A row that cannot be read or done is told with its line, and stands in the way of no other. Ends "
        "with 1 where there is one; run again, it goes on."
    )
    one = with_file(command("sync", _external.sync, "bring about a list of customers from another system", more, "writes"))
    one.add_argument("list", metavar="CSV", help="the list: UTF-8, or UTF-16 with its mark")
    one.add_argument("--manager", metavar="MANAGER", required=True, help="whose customers they are: a number or an id")
    one.add_argument("--system", metavar="SYSTEM", required=True, help="the system that has given their ids, such as connectwise")
    one.add_argument("--management", metavar="TYPE", help="how a new customer is managed, where its row does not say")
    one.add_argument("--services", metavar="SERVICE,…", help="what is managed of a new customer, where its row does not say")
    one.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    one.add_argument("--as", metavar="USER", dest="actor", help="who adds and edits them: an e-mail address or an id; else the operator")
    with_json(one)

    more = "Ends with 0 for yes and 1 for no."
    one = with_file(command("explain", explain, "whether a user may do something, and why or why not", more))
    one.add_argument("user", metavar="USER", help="who: an e-mail address or an id")
    one.add_argument("permission", metavar="PERMISSION", help="what: devices.manage, say")
    one.add_argument("tenant", metavar="TENANT", help="where: a number or an id")
    with_service(one)
    with_moment(one)
    with_json(one)

    more = "People whom --as may not see are told as their organisation."
    one = with_file(command("review", _review.review, "who can reach a tenant, or what somebody can reach, and why", more))
    with_about(one)
    one.add_argument("--permission", metavar="PERMISSION", help="only where this is held, be it with a service alone")
    one.add_argument("--service", metavar="SERVICE", help="only where it, or anything, is held with this service")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    more = "Whom --as may not see is told as somebody of their organisation."
    one = with_file(command("temporary", _desk.temporary, "who has, or may activate, a role for a while on a tenant or below it", more))
    one.add_argument("tenant", metavar="TENANT", help="where: a number or an id")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    one = with_file(command("eligible", _desk.eligible, "what somebody may activate, and what they have active"))
    one.add_argument("--as", metavar="USER", dest="actor", required=True, help="who: an e-mail address or an id")
    with_moment(one)
    with_rows(one)

    more = "What organisations ask is told to those who may answer it."
    one = with_file(command("arising", _desk.arising, "what would give access to a tenant, once it is answered or activated", more))
    one.add_argument("tenant", metavar="TENANT", help="whose: a number or an id")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    more = "Each of both moments is told as `review` tells it."
    one = with_file(command("diff", _review.diff, "what a review has now that it had not, and the other way round", more))
    with_about(one)
    one.add_argument("--since", metavar="MOMENT", type=moment, required=True, help="the moment before: a record's number or a time")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    more = "To go on later, give --after the last record that was shown in full."
    one = with_file(command("feed", _review.feed, "who gained and who lost what, record by record", more))
    one.add_argument("--after", metavar="RECORD", type=whole, default=0, help="only what came after this record")
    with_rows(one)

    more = "People of the other side of a link show as their organisation to those whom --as names."
    one = with_file(command("audit", audit, "what happened to a tenant, record by record", more))
    one.add_argument("tenant", metavar="TENANT", help="whose: a number or an id")
    one.add_argument("--by", metavar="USER", help="only what this user did")
    one.add_argument("--command", metavar="NAME", help="only this command, such as request_delink")
    one.add_argument("--from", metavar="TIME", dest="since", type=time, help="only what was written then or later")
    one.add_argument("--until", metavar="TIME", type=time, help="only what was written before")
    one.add_argument("--after", metavar="RECORD", type=whole, help="only what came after this record")
    one.add_argument("--ocsf", action="store_true", help="as events of OCSF 1.8.0, a line of JSON each, for a SIEM")
    with_actor(one)
    with_moment(one)
    with_rows(one)

    more = "Who can reach it and why, who manages it, what is about to arise, what happened: one file for a browser, or for paper."
    one = with_file(command("report", report, "a tenant's access and history as one HTML page", more))
    one.add_argument("tenant", metavar="TENANT", help="whose: a number or an id")
    one.add_argument("-o", dest="output", metavar="PAGE", help="write it there, in place of any page that is there")
    one.add_argument("--since", metavar="MOMENT", type=moment, help="show what has changed about access since then, too")
    with_actor(one)
    with_moment(one)

    more = "Replays all of it and compares the result with the present. Ends with 1 if it does not hold."
    one = with_file(command("verify", verify, "whether the journal holds", more))
    one.add_argument("--since", metavar="TOKEN", help="only what came after this revision, which was verified before")
    with_json(one)

    more = "All of it or nothing; others may read meanwhile."
    one = with_file(command("rebuild", rebuild, "make all that is derived anew from the journal", more, "writes"))
    with_json(one)

    more = "Streams: a file of any size takes the same memory."
    one = with_file(command("export", export, "the journal or the customers, as JSON Lines or CSV", more))
    one.add_argument("what", choices=["journal", "customers"], help="the records, or the customers of all managers")
    one.add_argument("--csv", action="store_true", help="as CSV; a cell that a spreadsheet would run gets an apostrophe")
    one.add_argument("--manager", metavar="MANAGER", help="customers: only those of this manager")
    one.add_argument("--after", metavar="RECORD", type=whole, default=0, help="journal: only what came after this record")
    with_actor(one)
    with_moment(one)
    one.set_defaults(limit=None)

    more = "Others may read and write meanwhile. Prints the token of the moment that is copied."
    one = with_file(command("backup", back_up, "copy a store to a file, whole and verified", more, "makes"))
    one.add_argument("to", metavar="TO", help="the copy; nothing may be there")

    more = "Others may read and write meanwhile. A backup is for `restore`; this is to be worked in, as to try something out."
    one = with_file(command("copy", _act.copy, "make a store of its own of what is in another", more, "makes"))
    one.add_argument("to", metavar="TO", help="the new store; nothing may be there")

    more = "Nobody may have the store open. Whoever was erased since the backup is erased again."
    one = command("restore", put_back, "put a backup in a store's place, and say what is lost", more, "writes")
    one.add_argument("backup", metavar="BACKUP", help="what `backup` made")
    one.add_argument("file", metavar="FILE", help="the store, which may be there or not")

    more = "Says how many records that led to."
    one = with_file(command("sweep", sweep, "let happen what is due: requests that expire, links that end", more, "writes"))
    one.add_argument(
        "--accept-clock",
        action="store_true",
        help="the clock is right although it is far ahead of the journal; nothing takes that back",
    )

    one = command("diagrams", draw, "the state machines that run, as Mermaid or DOT")
    one.add_argument("name", metavar="NAME", nargs="?", help="only this one")
    one.add_argument("--dot", action="store_true", help="as DOT, for Graphviz; else as Mermaid")

    one = command("completion", complete, "what a shell reads to complete what is typed here")
    one.add_argument("shell", choices=["bash", "zsh"], help="which shell")

    writing = [*(f"`{name}`" for name in effects["writes"]), "`policy set`", "`notices --acknowledge`"]
    top.epilog = EPILOG.format(writing=textwrap.fill(in_words(writing), 79), making=in_words(f"`{name}`" for name in effects["makes"]))
    return top


def in_words(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}"
