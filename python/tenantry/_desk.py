"""What somebody has to see to: what awaits an answer, messages that wait to be sent; who somebody is, and what the policy says."""

from __future__ import annotations

import contextlib
import datetime
import shlex
import sys
import typing
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ._act import LIBRARY, hung, members, perform, policy_field, said_so, subjects
from ._data import AsOf, Data
from ._database import Database
from ._find import (
    NotFound,
    Wanted,
    called,
    listed,
    opened,
    over,
    page,
    person,
    role_name,
    tenant_name,
    the_id,
    the_person,
    the_tenant,
)
from ._review import asking
from ._show import Row, as_json, facts, said, table
from .errors import TenantryError, misuse
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
    Invitation,
    InvitationId,
    InvitationRow,
    Kind,
    LinkRequestRow,
    ManagerInvitationRow,
    Notice,
    Policy,
    ProposalContentServices,
    ProposalContentTerm,
    ProposalRow,
    Requested,
    SubjectUser,
    Temporary,
    TemporaryRow,
    TermRequest,
    User,
    UserState,
)

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
    found = [it for it in db.host_entities(kind=Kind.INVITATION, user=user.id) if isinstance(it, Invitation) and not over(db, it)]
    for it in found:
        if wanted.json:
            print(as_json(it))
            continue
        role = role_name(db, it.role)
        print(hung(f"{tenant_name(db, it.tenant)} asks {email} to join as {role}{lapses(db, it.handshake.expires)}", 2))
        for command in ("accept_invitation", "decline_invitation"):
            print(line(wanted, command, {"invitation": to_type(db, InvitationId, it.id, email), "email": email}))
    if not found and not wanted.json:
        print("nothing awaits an answer")
    return 0


def to_type(db: Database, kind: object, id: uuid.UUID, name: str) -> str:
    """What to type for something: its name, where that leads back to it, or else its id."""
    with contextlib.suppress(NotFound, TenantryError):
        if the_id(db, kind, name) == id:
            return name
    return str(id)


def line(wanted: Wanted, command: str, fields: Mapping[str, str]) -> str:
    """What to type for an answer."""
    typed = " ".join(f"{name}={shlex.quote(value)}" for name, value in fields.items())
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
            devices = "a device" if len(it.devices) == 1 else f"{len(it.devices)} devices"
            return f"{by} asks to hand {devices} to {here}"
        case AwaitedAddress() as it:
            return f"the new address {it.email} awaits its confirmation"


def proposed(it: AwaitedProposal | ProposalRow) -> str:
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
    field = {how.field: to_type(db, typing.get_type_hints(type(what))[how.field], id, called(db, id))}
    if isinstance(what, AwaitedManagerInvitation):
        # A yes says how: the first type and service that there are, to be put right by whoever says it.
        policy = db.policy()
        management, service = policy.management_types[-1].name, sorted(policy.services)[-1]
        number = db.tenant(row.tenant).number
        yield how.yes, {"manager": number, "number": row.by.number, "management": management, "services": service}
    else:
        yield how.yes, field
    yield how.no, field


# What would give access, once it is answered.


def arising(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        who = asking(db, wanted, tenant)
        found = db.arising(actor=who, tenant=tenant.id, as_of=wanted.as_of, limit=page(wanted))
        rows = (Row((*leading(db, it.what, wanted.as_of), person(db, it.by), *pending(it.what)), it) for it in found)
        listed(wanted, ("what", "for", "from", "asked", "lapses"), rows)
    return 0


def pending(it: Requested) -> tuple[datetime.datetime | None, datetime.datetime | None]:
    """When it was asked, where it was, and when it lapses."""
    return (None, it.ends) if isinstance(it, TemporaryRow) else (it.asked, it.expires)


def leading(db: Database, it: Requested, as_of: AsOf | None) -> tuple[str, str | None]:
    """What it is, and what it would lead to."""
    match it:
        case InvitationRow(sign_up=sign_up, email=email, role=role):
            return "sign-up" if sign_up else "invitation", f"{email or it.user} as {role_name(db, role, as_of)}"
        case LinkRequestRow(management=management, services=services, term=term):
            return "link request", f"{management}, {said(services)}{lasting(term)}"
        case ManagerInvitationRow(number=number):
            return "invitation to manage", number
        case ProposalRow():
            return "proposal", proposed(it)
        case TemporaryRow(email=email, home=home, role=role):
            return "eligible", f"{email or called(db, home, as_of)} as {role_name(db, role, as_of)}"
        case _:
            return "request", None


# Roles for a while.


def temporary(wanted: Wanted) -> int:
    with opened(wanted) as db:
        tenant = the_tenant(db, wanted.tenant, wanted.as_of)
        found = db.temporary_access(actor=asking(db, wanted, tenant), tenant=tenant.id, as_of=wanted.as_of, limit=page(wanted))
        rows = (
            Row((it.email, called(db, it.home, wanted.as_of), *lent(db, it, wanted.as_of), it.on.number, it.starts, it.ends), it)
            for it in found
        )
        listed(wanted, ("address", "of", "role", "is", "on", "from", "until"), rows)
    return 0


def lent(db: Database, it: TemporaryRow | Temporary, as_of: AsOf | None = None) -> tuple[str, str]:
    """The role, and how it is had."""
    return role_name(db, it.role, as_of), "eligible" if it.eligible else "activated" if it.activated else "given"


def eligible(wanted: Wanted) -> int:
    with opened(wanted) as db:
        found = db.eligible_roles(actor=the_person(db, wanted.actor).id, as_of=wanted.as_of, limit=page(wanted))
        rows = (
            # What they do not see is named by its id, which can be typed as well.
            Row((it.on.number if it.on else it.tenant, role_name(db, it.role, wanted.as_of), it.starts, it.ends, it.active_until), it)
            for it in found
        )
        listed(wanted, ("on", "role", "from", "until", "active until"), rows)
    return 0


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
            print(f"… there are more than {len(mail.notices)}; --limit shows up to {MOST}", file=sys.stderr)
    return 0


def notice(db: Database, it: Notice) -> tuple[object, ...]:
    return it.seq, it.kind.kind, subjects(db, it.kind), addresses(db, it), said_so(it.settled)


def addresses(db: Database, it: Notice) -> list[str]:
    """Where it is sent to."""
    if it.address is not None:
        return [it.address]
    known = [person(db, ByUser(user=user)) for user in sorted(it.to.users)]
    return [*known, "the operator"] if it.to.operator else known


# People.


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
        roles, now = list[tuple[object, ...]](), db.now()
        for one in held:
            where = tenant_name(db, one.tenant)
            if not one.bare:
                roles.append((role_name(db, one.role), "given", where, said_so(one.below), None, None))
            laid = [it for it in one.over if it.ends > now]
            roles.extend((*lent(db, it), where, said_so(it.below), it.starts, it.ends) for it in laid)
        print("\nroles:")
        table(("role", "is", "on", "and below", "from", "until"), roles)
        print("\nwhere they may do something:")
        rows = (
            Row((db.tenant(tenant).number, db.tenant(tenant).name, f"{len(names)} of {of_all}"), {}) for tenant, names in rights.items()
        )
        listed(wanted, ("number", "name", "permissions"), rows)
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
    return found


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
    rows = list[tuple[object, ...]]()
    for rule in it.management_types:
        marks = (rule.locks_customer, rule.needs_grants, rule.delinkable, rule.exclusive)
        rows.append((rule.name, *map(said_so, marks), rule.converts_to))
    table(("name", "locks customer", "by grant", "delinkable", "exclusive", "becomes"), rows)
    print("\nroles:")
    table(("name", "permissions"), [(rule.name, f"{len(rule.permissions)} of {len(it.permissions)}") for rule in it.roles])
