"""What the command line makes and does: stores, commands, answers to what is asked, deliveries."""

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
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import _demo, _fields, _native
from ._command import ActorLike, Command, Executed
from ._data import UNSET, Data
from ._database import Database, open, restore
from ._find import (
    OPENED,
    NotDone,
    NotFound,
    Wanted,
    as_id,
    called,
    form,
    listed,
    named,
    opened,
    person,
    role_name,
    tenant_name,
    the_id,
    the_person,
    the_tenant,
)
from ._show import Row, as_json, facts, said, table
from .errors import Misuse, Refused, TenantryError, misuse
from .model import (
    Assignment,
    Awaited,
    AwaitedAddress,
    AwaitedDelink,
    AwaitedLinkRequest,
    AwaitedManagerInvitation,
    AwaitedMove,
    AwaitedProposal,
    AwaitingRow,
    ByUser,
    HandshakeState,
    Invitation,
    InvitationId,
    Kind,
    Notice,
    Operator,
    Policy,
    ProposalContentServices,
    ProposalContentTerm,
    SubjectUser,
    TenantKind,
    TermRequest,
    User,
    UserState,
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
        try:
            os.link(new, path)
        except FileExistsError:
            raise NotFound(f"`{path}` is there already; {remedy}") from None
        except OSError as error:
            raise NotFound(f"cannot make `{path}`: {error.strerror}; give another name, on a disk that has links") from None
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
    print(f"{wanted.file} is made, with the policy {name}" + (f" and the MSP {first}" if first else ""))
    if first is None:
        suggest("\nnext, the first tenant", f"do {shlex.quote(wanted.file)} register_tenant kind=msp name='Northwind IT' number=NW-100")
    elif not wanted.admin:
        suggest("\nnext, somebody of its own", f"do {shlex.quote(wanted.file)} register_user home={first} email=ada@northwind.example role=super_admin")
    else:
        line = f"do {shlex.quote(wanted.file)} add_customer manager={first} kind=customer name='Bakery Klein' "
        suggest("\nnext, a customer", f"{line}management=fully services=manage --as {shlex.quote(wanted.admin)}")
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
    until = wanted.until or datetime.datetime.now(datetime.timezone.utc)
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
    with contextlib.ExitStack() as stack:
        store = wanted
        if wanted.dry_run:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantry-"))
            copied(wanted, os.path.join(folder, "copy.db"))
            store = Wanted(file=os.path.join(folder, "copy.db"))
        db = stack.enter_context(opened(store, read_only=False))
        who, whom = asking(db, wanted)
        command = _fields.made(name, words, lambda kind, text: the_id(db, kind, text))
        if not wanted.dry_run and not agreed(wanted, lambda: lines(db, command, whom)):
            print("nothing was done", file=sys.stderr)
            return 1
        try:
            told = db.execute(command, actor=who, request_id=wanted.request, expected_seq=wanted.expect)
        except Refused as no:
            raise refusal(db, no, wanted) from no
        receipt(db, command, told, wanted)
    return 0


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
    if wanted.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
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
        return named(db, as_json(value))
    if isinstance(value, uuid.UUID):
        return described(db, value)
    if isinstance(value, (tuple, list)):
        some = ", ".join(clear(db, one) for one in value[:20])
        return some + (f", … {len(value)} in all" if len(value) > 20 else "")
    if isinstance(value, Mapping):
        return str(value.get("name"))
    return "(cleared)" if value is None else said(value)


def described(db: Database, id: uuid.UUID) -> str:
    """What it is called, and its id."""
    name = called(db, id)
    return name if name == str(id) else f"{name} ({id})"


def receipt(db: Database, command: Command[Any], told: Executed[Any], wanted: Wanted) -> None:
    """What a command led to. What it made is named by what it is."""
    if wanted.json:
        print(as_json(told))
        return
    done = "would be done" if wanted.dry_run else "done"
    shown: dict[str, object] = {done: told.command, "record": told.seq, "happened": [it.event for it in told.events]}
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


def refusal(db: Database, no: Refused, wanted: Wanted) -> NotDone:
    """A refusal as the command line tells of it: its code, what stands in the way, and what to do."""
    if wanted.json:
        print(as_json(no.as_dict()))
    no.hint = HINTS.get(no.name, no.hint if no.name in ("not_grantable",) or (no.hint or "").startswith("there is") else None)
    rule = f", {no.rule}" if no.rule else ""
    text = f"refused: {no.code} {no.name}{rule}: {named(db, str(no))}"
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


# What awaits an answer.


class Answer(NamedTuple):
    """How something is answered: the commands that say yes and no, and the field by which they name it."""

    yes: str
    no: str
    field: str


ANSWERS: Final[Mapping[type[Data], Answer]] = {
    AwaitedLinkRequest: Answer("accept_link", "decline_link", "request"),
    AwaitedManagerInvitation: Answer("request_link", "decline_manager_invitation", "invitation"),
    AwaitedDelink: Answer("accept_delink", "reject_delink", "link"),
    AwaitedProposal: Answer("accept_proposal", "decline_proposal", "proposal"),
    AwaitedMove: Answer("approve_move", "decline_move", "id"),
    AwaitedAddress: Answer("confirm_address", "cancel_address", "user"),
}


def inbox(wanted: Wanted) -> int:
    with opened(wanted) as db:
        user = the_person(db, wanted.actor)
        if user.state is UserState.INVITED:
            return invited(db, wanted, user)
        rows = list(db.awaiting(actor=user.id))
        if wanted.json:
            for row in rows:
                print(as_json(row))
            return 0
        if not rows:
            print("nothing awaits an answer")
        for at, row in enumerate(rows):
            print(("\n" if at else "") + hung(f"{awaited(db, row)}{lapses(db, row.expires)}", 2))
            for command, fields in answered(db, row, user):
                print(line(wanted, command, fields))
    return 0


def invited(db: Database, wanted: Wanted, user: User) -> int:
    """Somebody who is asked to join: that is all that awaits them."""
    email = person(db, ByUser(user=user.id))
    for it in db.host_entities(kind=Kind.INVITATION, user=user.id):
        if isinstance(it, Invitation) and it.handshake.state is HandshakeState.PENDING:
            if wanted.json:
                print(as_json(it))
                continue
            role = role_name(db, it.role)
            print(hung(f"{tenant_name(db, it.tenant)} asks {email} to join as {role}{lapses(db, it.handshake.expires)}", 2))
            for command in ("accept_invitation", "decline_invitation"):
                print(line(wanted, command, {"invitation": named_so(db, it.id, email), "email": email}))
    return 0


def named_so(db: Database, id: uuid.UUID, name: str) -> str:
    """What to type for an invitation: the address, where that is enough, or else its id."""
    with contextlib.suppress(NotFound, TenantryError):
        if the_id(db, InvitationId, name) == id:
            return name
    return str(id)


def line(wanted: Wanted, command: str, fields: Mapping[str, str]) -> str:
    """What to type for an answer."""
    typed = " ".join(shlex.quote(f"{name}={value}") if value.isascii() and value.isprintable() else f"{name}={shlex.quote(value)}" for name, value in fields.items())
    return f"  tenantry do {shlex.quote(wanted.file)} {command} {typed} --as {shlex.quote(wanted.actor)}"


def lapses(db: Database, at: datetime.datetime | None) -> str:
    """How long it may be answered."""
    if at is None:
        return ""
    days = (at - db.now()).days
    return "; lapses within a day" if days < 1 else f"; lapses in {days} day{'' if days == 1 else 's'}"


def awaited(db: Database, row: AwaitingRow) -> str:
    """What awaits an answer, in a sentence."""
    by, here = f"{row.by.name} ({row.by.number})", tenant_name(db, row.tenant)
    match row.what:
        case AwaitedLinkRequest() as it:
            return f"{by} asks to manage {here}: {it.management}, {said(it.services)}{lasting(it.term)}"
        case AwaitedManagerInvitation():
            return f"{by} invites {here} to ask to manage it"
        case AwaitedDelink() as it:
            ends = f"; it ends by itself on {it.ends:%Y-%m-%d}" if it.ends else ""
            return f"{by} asks {here} to end their link{ends}"
        case AwaitedProposal() as it:
            return f"{by} proposes to {here}: {proposed(it)}"
        case AwaitedMove() as it:
            return f"{by} asks to hand {len(it.devices)} devices to {here}"
        case AwaitedAddress() as it:
            return f"the new address {it.email} awaits its confirmation"


def proposed(it: AwaitedProposal) -> str:
    match it.content:
        case ProposalContentServices(services=services):
            return f"to manage {said(services)}, too"
        case ProposalContentTerm(term=term):
            return f"another term{lasting(term)}"
        case _:
            return "the terms of today"


def lasting(term: TermRequest | None) -> str:
    if term is None:
        return ""
    return f", for {term.days} days" if term.days is not None else f", until {term.expires_at:%Y-%m-%d}" if term.expires_at else ""


def answered(db: Database, row: AwaitingRow, user: User) -> Iterator[tuple[str, dict[str, str]]]:
    """The commands that say yes and no, with what to type for their fields."""
    how = ANSWERS[type(row.what)]
    what: Awaited = row.what
    if isinstance(what, AwaitedAddress):
        email = person(db, ByUser(user=user.id))
        yield how.yes, {"user": email, "email": what.email}
        yield how.no, {"user": email}
        return
    id: uuid.UUID = getattr(what, how.field)
    name = called(db, id)
    field = {how.field: name if as_id(name) or the_same(db, what, how.field, name) else str(id)}
    if isinstance(what, AwaitedManagerInvitation):
        # A yes says how: the first type and service that there are, to be put right by whoever says it.
        policy = db.policy()
        management, service = policy.management_types[-1].name, sorted(policy.services)[-1]
        number = db.tenant(row.tenant).number
        yield how.yes, {"manager": number, "number": row.by.number, "management": management, "services": service}
    else:
        yield how.yes, field
    yield how.no, field


def the_same(db: Database, what: Data, field: str, name: str) -> bool:
    """Whether the name leads back to it."""
    kinds = typing.get_type_hints(type(what))
    with contextlib.suppress(NotFound, TenantryError):
        return bool(the_id(db, kinds[field], name) == getattr(what, field))
    return False


# Notices.


MOST: Final = 1000
"""How many notices are shown at most."""

NOTICE_COLUMNS = ("record", "notice", "about", "to", "settled")


def notices(wanted: Wanted) -> int:
    with opened(wanted, read_only=not wanted.acknowledge) as db:
        mail = db.notices(consumer=wanted.consumer, limit=min(wanted.limit or MOST, MOST))
        more = len(db.notices(consumer=wanted.consumer, limit=MOST).notices) > len(mail.notices)
        if wanted.json:
            for it in mail.notices:
                print(as_json({**it.as_dict(), "addresses": addresses(db, it)}))
        else:
            rows = [notice(db, it) for it in mail.notices]
            table(NOTICE_COLUMNS, rows)
        # What nobody could read is not taken for delivered.
        sys.stdout.flush()
        if wanted.acknowledge and mail.through:
            db.acknowledge(consumer=wanted.consumer, through=mail.through)
            print(f"acknowledged through record {mail.through}", file=sys.stderr)
        if more:
            print("… there are more", file=sys.stderr)
    return 0


def notice(db: Database, it: Notice) -> tuple[object, ...]:
    about = [called(db, value) if isinstance(value, uuid.UUID) else clear(db, value) for _, value in members(it.kind) if value is not None]
    return it.seq, it.kind.kind, about, addresses(db, it), said_so(it.settled)


def addresses(db: Database, it: Notice) -> list[str]:
    """Where it is sent to."""
    if it.address is not None:
        return [it.address]
    known = [person(db, ByUser(user=user)) for user in sorted(it.to.users)]
    return [*known, "the operator"] if it.to.operator else known


# People.


USER_COLUMNS = ("tenant", "name", "role", "held at", "may")


def user(wanted: Wanted) -> int:
    with opened(wanted) as db:
        it = the_person(db, wanted.user)
        known = db.host_personal(subject=SubjectUser(user=it.id))
        held = [one for one in db.host_entities(kind=Kind.ASSIGNMENT, user=it.id, limit=1000) if isinstance(one, Assignment)]
        rights = may(db, it)
        told: dict[str, object]
        if wanted.json:
            told = {
                "user": it.as_dict(),
                "personal": known.as_dict() if known else None,
                "assignments": [one.as_dict() for one in held],
                "permissions": {str(tenant): sorted(names) for tenant, names in rights.items()},
            }
            print(as_json(told))
            return 0
        told = {
            "address": known.email if known else None,
            "name": known.name if known else None,
            "home": tenant_name(db, it.home),
            "state": it.state,
            "since": it.since,
            "id": it.id,
        }
        if known and known.new_email:
            told["asked_to_confirm"] = known.new_email
        facts(told, "table")
        of_all = len(db.policy().permissions)
        roles: list[tuple[object, ...]] = [(role_name(db, one.role), tenant_name(db, one.tenant), "yes" if one.below else "no") for one in held]
        print("\nroles:")
        table(("role", "on", "and below"), roles)
        print("\nwhere they may do something:")
        table(
            ("number", "name", "permissions"),
            [(db.tenant(tenant).number, db.tenant(tenant).name, f"{len(names)} of {of_all}") for tenant, names in rights.items()],
        )
        if wanted.on is not None:
            on = the_tenant(db, wanted.on)
            print(f"\non {on.name} ({on.number}):")
            print(hung(said(frozenset(rights.get(on.id, ()))), 2))
    return 0


def may(db: Database, it: User) -> dict[Any, set[str]]:
    """What somebody may do, by tenant; without what is for some service alone."""
    found = dict[Any, set[str]]()
    for permission in sorted(db.policy().permissions):
        for tenant in db.tenants_where(user=it.id, permission=permission):
            found.setdefault(tenant, set()).add(permission)
    return dict(sorted(found.items(), key=lambda one: db.tenant(one[0]).number))


# The policy.


def the_policy(wanted: Wanted) -> int:
    if wanted.what == "show":
        if wanted.new is not None:
            raise misuse("`policy show` takes no policy", "`tenantry policy set FILE POLICY` puts one into force")
        with opened(wanted) as db:
            it = db.policy()
            print(as_json(it)) if wanted.json else shown(it)
        return 0
    if wanted.new is None:
        raise misuse("no policy is given", f"name one of {', '.join(LIBRARY)}, a file of JSON, or - for what comes in")
    return perform(wanted, "set_policy", [policy_field(wanted.new)])


def shown(it: Policy) -> None:
    """A policy for people to read."""
    plain = {name: value for name, value in members(it) if not isinstance(value, (Data, tuple, Mapping))}
    facts({name: said_so(value) if isinstance(value, bool) else value for name, value in plain.items()}, "table")
    print("\nmanagement types:")
    table(
        ("name", "locks customer", "by grant", "delinkable", "exclusive", "becomes"),
        [
            (rule.name, *(said_so(one) for one in (rule.locks_customer, rule.needs_grants, rule.delinkable, rule.exclusive)), rule.converts_to)
            for rule in it.management_types
        ],
    )
    print("\nroles:")
    table(("name", "permissions"), [(rule.name, f"{len(rule.permissions)} of {len(it.permissions)}") for rule in it.roles])


def said_so(yes: bool) -> str:
    return "yes" if yes else "no"
