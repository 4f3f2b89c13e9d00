"""What people type, and what it stands for: files, numbers, addresses, moments; and what to call what is found. All of it is the
operator's reading."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias, TypeVar

from . import _native
from ._command import ActorLike
from ._data import AsOf
from ._database import Database, open
from ._hints import like
from ._show import Listing, Row, show
from .errors import CannotOpen, TenantryError, UnknownRefused, misuse
from .model import (
    AuditActor,
    Bearer,
    BearerTenant,
    BearerUser,
    ByOrganisation,
    ByUser,
    Handshake,
    HandshakeState,
    IntegrationId,
    Invitation,
    InvitationId,
    Kind,
    LicenceId,
    Link,
    LinkId,
    LinkRequest,
    LinkRequestId,
    ManagerInvitation,
    ManagerInvitationId,
    Move,
    MoveId,
    Operator,
    ParsedFlaw,
    Proposal,
    ProposalId,
    Role,
    RoleId,
    SessionId,
    Stranger,
    SubjectUser,
    Tenant,
    TenantId,
    TenantKind,
    TextKind,
    Typed,
    User,
    UserId,
    UserState,
)


T = TypeVar("T", bound=Any)

OPENED: dict[str, Any] = {}
"""How stores are opened beyond what is typed: tests set a clock, and ids."""

SCREEN = 100
"""How many rows of a list a table has, if nobody says."""


class NotFound(Exception):
    """Nobody and nothing is called so."""


class NotDone(Exception):
    """What tenantry says, with the names of what it is about."""


Wanted: TypeAlias = argparse.Namespace
"""What the command line asks for."""


def form(wanted: Wanted) -> str:
    """`table`, `json` or `csv`."""
    return "json" if wanted.json else "csv" if getattr(wanted, "csv", False) else "table"


def limit(wanted: Wanted) -> int | None:
    """How many rows are wanted; none, if all."""
    if wanted.limit is None:
        return SCREEN if form(wanted) == "table" else None
    return wanted.limit or None


def page(wanted: Wanted) -> int:
    """How many rows are read at a time."""
    return min(1000, (limit(wanted) or 1000) + 1)


def listed(wanted: Wanted, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    show(Listing(columns, rows), form(wanted), limit(wanted))


# What there is, by what people call it.


def person(db: Database, by: AuditActor) -> str:
    """Who a record is from."""
    match by:
        case ByUser(user=user):
            known = db.host_personal(subject=SubjectUser(user=user))
            return known.email if known and known.email else str(user)
        case ByOrganisation(organisation=organisation):
            return f"someone of {tenant_name(db, organisation)}"
        case Stranger():
            return "a stranger"
        case Operator(ticket=ticket):
            return f"the operator, on {ticket}" if ticket else "the operator"
        case _:
            return "the clock"


def there(wanted: Wanted, *, read_only: bool = True) -> Database:
    """The store that is there."""
    try:
        return open(wanted.file, read_only=read_only, must_exist=True, **OPENED)
    except CannotOpen as error:
        if os.path.lexists(wanted.file):
            raise
        remedy = "check the path; `tenantry init FILE` makes a store where there is none, `tenantry demo FILE` one to try things out"
        raise NotFound(f"there is no file `{wanted.file}`; {remedy}") from error


@contextlib.contextmanager
def opened(wanted: Wanted, *, read_only: bool = True) -> Iterator[Database]:
    with there(wanted, read_only=read_only) as db:
        try:
            yield db
        except TenantryError as error:
            raise NotDone(named(db, str(error), getattr(wanted, "as_of", None))) from error


ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def named(db: Database, message: str, as_of: AsOf | None = None) -> str:
    """A message with numbers, addresses and names in place of ids, where there are any."""
    return ID.sub(lambda found: called(db, uuid.UUID(found[0]), as_of), message)


def called(db: Database, id: uuid.UUID, as_of: AsOf | None = None) -> str:
    """What people call it, and what they may type for it; its id, where it has no name."""
    with contextlib.suppress(TenantryError):
        for kind in (Kind.TENANT, Kind.USER, Kind.ROLE, *PAIRS.values(), *OF_PEOPLE.values()):
            match db.host_entity(kind=kind, id=id, as_of=as_of):
                case Tenant() as it:
                    return it.number
                case User() as it:
                    return person(db, ByUser(user=it.id))
                case Role() as it:
                    return it.name
                case Invitation() as it:
                    return f"the invitation of {person(db, ByUser(user=it.user))}"
                case Link() | LinkRequest() | Proposal() | Move() | ManagerInvitation() as it:
                    return "/".join(called(db, side, as_of) for side in sides(it))
                case _:
                    pass
    return str(id)


EXTERNAL = re.compile(r"(?:([A-Za-z0-9-]{1,32})/)?([a-z][a-z0-9_.-]{0,63}):(.+)", re.S)
"""An id of another system, as it is typed: `connectwise:4711`, or `NW-100/connectwise:4711` where several keep such."""


def external(db: Database, text: str, as_of: AsOf | None = None) -> Bearer | None:
    """What an id of another system leads to; nothing, where the text is none. Without who keeps it, each MSP is asked."""
    typed = EXTERNAL.fullmatch(text)
    if typed is None:
        return None
    number, system, id = typed.groups()
    if number:
        keepers = [the_tenant(db, number, as_of)]
    else:
        there = db.host_entities(kind=Kind.TENANT, as_of=as_of, limit=1000)
        keepers = [it for it in there if isinstance(it, Tenant) and it.kind is TenantKind.MSP and not it.deleted]
    found = list[tuple[Tenant, Bearer]]()
    for keeper in keepers:
        row = db.look_up_external(keeper=keeper.id, system=system, id=id, actor=Operator(), as_of=as_of)
        if row is not None:
            found.append((keeper, row.of))
    if not found:
        raise NotFound(f"no {'id of ' + system if number else 'MSP has an id of ' + system} `{id}`; `tenantry external FILE KEEPER` lists them")
    if len(found) > 1:
        some = ", ".join(f"{keeper.number}/{system}:{id}" for keeper, _ in found[:5])
        raise NotFound(f"{len(found)} MSPs have an id `{text}`; say whose is meant, as in {some}")
    return found[0][1]


def the_tenant(db: Database, text: str, as_of: AsOf | None = None) -> Tenant:
    """The tenant with this id or number, or with an id of another system."""
    match external(db, text, as_of):
        case BearerTenant(tenant=id):
            return db.tenant(id, as_of=as_of)
        case None:
            pass
        case _:
            raise NotFound(f"`{text}` is no tenant's; give a number or an id: `tenantry tenants FILE` lists them")
    try:
        return db.tenant(text, as_of=as_of)
    except UnknownRefused:
        raise NotFound(f"there is no tenant `{text}`; give a number or an id: `tenantry tenants FILE` lists them") from None


def the_user(db: Database, text: str, near: Tenant, as_of: AsOf | None = None) -> UserId:
    """The user with this id; or with this address, at a tenant or at those who manage it or did.

    Addresses are personal data and in no index, so they are looked for where they can matter.
    """
    id = as_id(text)
    if id is not None:
        return UserId(id)
    match external(db, text, as_of):
        case BearerUser(user=user):
            return user
        case None:
            pass
        case _:
            raise NotFound(f"`{text}` is no user's; `tenantry users FILE TENANT` lists them")
    if "@" not in text:
        raise misuse(f"`{text}` is no user", "give a user's e-mail address or id; `tenantry users FILE TENANT` lists them")
    homes, seen = [near.id], {near.id}
    for home in homes:  # which grows meanwhile
        for row in db.users(actor=Operator(), tenant=home, text=text.strip(), as_of=as_of, limit=1000):
            if row.email == text.strip().lower():
                return row.user
        # Also at those who managed it once: why somebody can no longer is worth asking.
        for link in db.host_entities(kind=Kind.LINK, tenant=home, as_of=as_of):
            if isinstance(link, Link) and link.manager not in seen:
                seen.add(link.manager)
                homes.append(link.manager)
    raise NotFound(
        f"nobody at {near.name} ({near.number}), nor at any who manage or managed it, has the address `{text}`; "
        "give the user's id: `tenantry users FILE TENANT` lists them"
    )


def everybody(db: Database, address: str) -> list[User]:
    """Whoever has an address, of all tenants: who is there, or else everybody who is invited.

    Addresses are personal data and in no index: the people of one tenant after the other are looked through.
    """
    (read,) = db.parse(texts=[Typed(kind=TextKind.EMAIL, text=address)])
    if isinstance(read, ParsedFlaw):
        raise misuse(f"`{address}` is no user", "give a user's e-mail address or id; `tenantry users FILE TENANT` lists them")
    invited = list[User]()
    for tenant in db.host_entities(kind=Kind.TENANT, limit=1000):
        if isinstance(tenant, Tenant) and not tenant.deleted:
            for row in db.users(actor=Operator(), tenant=tenant.id, text=read.text, limit=1000):
                found = db.host_entity(kind=Kind.USER, id=row.user) if row.email == read.text else None
                if isinstance(found, User) and found.state is UserState.INVITED:
                    invited.append(found)
                elif isinstance(found, User):
                    return [found]
    return invited


def the_person(db: Database, text: str) -> User:
    """The user with this id or address, of all there are."""
    id = as_id(text)
    if id is not None:
        found = db.host_entity(kind=Kind.USER, id=id)
        if isinstance(found, User):
            return found
        raise NotFound(f"there is no user `{text}`; give an address or an id: `tenantry users FILE TENANT` lists them")
    of = external(db, text)
    if isinstance(of, BearerUser):
        return the_person(db, str(of.user))
    if of is not None:
        raise NotFound(f"`{text}` is no user's; `tenantry users FILE TENANT` lists them")
    people = everybody(db, text)
    if not people:
        raise NotFound(f"nobody has the address `{text}`; `tenantry users FILE TENANT` lists the people of a tenant")
    return the_only(db, text, people, lambda it: tenant_name(db, it.home))


def the_only(db: Database, text: str, found: list[T], of: Callable[[T], str]) -> T:
    """The one thing that is called so. Of several each is named by its id."""
    if len(found) > 1:
        some = ", ".join(f"{it.id} of {of(it)}" for it in found[:5]) + (" …" if len(found) > 5 else "")
        raise NotFound(f"`{text}` is any of {len(found)}: {some}; give the id of the one that is meant")
    return found[0]


PAIRS: dict[object, Kind] = {
    LinkId: Kind.LINK,
    LinkRequestId: Kind.LINK_REQUEST,
    ManagerInvitationId: Kind.MANAGER_INVITATION,
    ProposalId: Kind.PROPOSAL,
    MoveId: Kind.MOVE,
}
"""What is between two tenants, and named by their numbers: `NW-100/BK-200`."""

OF_A_LINK = (Kind.PROPOSAL, Kind.MOVE)
"""Of these, what is found by its link."""

NAMED: dict[object, tuple[Kind, str]] = {
    RoleId: (Kind.ROLE, "name"),
    IntegrationId: (Kind.INTEGRATION, "name"),
    LicenceId: (Kind.LICENCE, "service"),
}
"""What a tenant has by a name of its own: `NW-100/Night desk`."""

OF_PEOPLE: dict[object, Kind] = {InvitationId: Kind.INVITATION, SessionId: Kind.SESSION}
"""What somebody has one of at a time, as a rule: named by their address."""


def the_id(db: Database, kind: object, text: str) -> uuid.UUID | str:
    """The id of something of a kind, by what people type for it: an id, or else a number, an address or a name, as the kind has it.
    Most roles have no id but their name."""
    id = as_id(text)
    if id is not None:
        return id
    if kind is TenantId:
        return the_tenant(db, text).id
    if kind is UserId:
        return the_person(db, text).id
    if kind is RoleId and text in (rule.name for rule in db.policy().roles):
        return text
    what = str(getattr(kind, "__name__", "")).removesuffix("Id")
    what = re.sub(r"(?<=.)(?=[A-Z])", " ", what).lower()
    found = list(_living(db, kind, text))
    if found:
        of = the_only(db, text, found, lambda it: " to ".join(tenant_name(db, side) for side in sides(it)))
        id = of.id
        return uuid.UUID(str(id))
    if kind is RoleId and "/" not in text:
        return text  # which the store refuses, and says which there are
    how = "in force" if kind is LinkId else "that awaits an answer" if kind in PAIRS or kind is InvitationId else ""
    raise NotFound(" ".join(f"there is no {what} `{text}` {how}".split()) + f"; {_how(kind)}")


def _how(kind: object) -> str:
    """How something of a kind is named."""
    if kind in PAIRS:
        return "give its id, or the numbers of its two tenants: NW-100/BK-200"
    if kind in NAMED:
        return f"give its id, or its tenant's number and its {NAMED[kind][1]}: NW-100/{'manage' if kind is LicenceId else 'Night desk'}"
    return "give its id, or the address of the one whose it is" if kind in OF_PEOPLE else "give its id"


def _living(db: Database, kind: object, text: str) -> Iterator[Any]:
    """What is called so, and neither over nor answered."""
    if kind in PAIRS:
        ends = [the_tenant(db, part).id for part in text.split("/")]
        if len(ends) <= 2:
            yield from (it for it in _between(db, PAIRS[kind], ends) if not over(db, it))
    elif kind in NAMED:
        entity, field = NAMED[kind]
        number, _, name = text.rpartition("/")
        owner = the_tenant(db, number).id if number else None
        for it in db.host_entities(kind=entity, tenant=owner, limit=1000):
            if getattr(it, field) == name and not over(db, it):
                yield it
    elif kind in OF_PEOPLE:
        for user in everybody(db, text):
            yield from (it for it in db.host_entities(kind=OF_PEOPLE[kind], user=user.id) if not over(db, it))


def _between(db: Database, kind: Kind, ends: list[TenantId]) -> Iterator[Any]:
    if kind in OF_A_LINK:
        for link in _between(db, Kind.LINK, ends):
            yield from db.host_entities(kind=kind, link=link.id)
        return
    for end in ends:
        yield from (it for it in db.host_entities(kind=kind, tenant=end) if set(ends) <= set(sides(it)))


def over(db: Database, it: Any) -> bool:
    """Whether it has ended, or been answered, closed or deleted, or has lapsed, be that on record yet or not."""
    if any(getattr(it, name, None) for name in ("ended", "closed", "deleted")):
        return True
    handshake: Handshake | None = getattr(it, "handshake", None)
    return handshake is not None and (handshake.state is not HandshakeState.PENDING or handshake.expires <= db.now())


def sides(it: Any) -> list[TenantId]:
    """The tenants that something is between, or of: who asks or manages comes first."""
    names = ("tenant", "manager") if isinstance(it, ManagerInvitation) else ("manager", "managed", "customer", "tenant", "owner")
    return [getattr(it, name) for name in names if hasattr(it, name)]


def known(db: Database, wanted: Wanted) -> None:
    """Stops at a word that there is not, which is most likely mistyped: nobody holds it, and nothing is found by it."""
    policy = db.policy(as_of=wanted.as_of)
    of_it = f"the policy `{policy.name}` has no"
    for what, none, words in (
        ("permission", f"{of_it} permission", policy.permissions),
        ("service", f"{of_it} service", policy.services),
        ("management", f"{of_it} management type", [rule.name for rule in policy.management_types]),
        ("command", "there is no command", [*_native.commands(), "sweep"]),
    ):
        word: str | None = getattr(wanted, what, None)
        if word is not None and word not in words:
            raise misuse(f"{none} `{word}`", f"give one that there is: {like(word, words)}")


def as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def actor(db: Database, wanted: Wanted, near: Tenant) -> ActorLike:
    """Who asks: the operator, or the user whom `--as` names."""
    return the_user(db, wanted.actor, near) if wanted.actor else Operator()


def tenant_name(db: Database, id: uuid.UUID, as_of: AsOf | None = None) -> str:
    found = db.host_entity(kind=Kind.TENANT, id=id, as_of=as_of)
    return f"{found.name} ({found.number})" if isinstance(found, Tenant) else str(id)


def role_name(db: Database, role: str, as_of: AsOf | None = None) -> str:
    """A role's name: its own, if it is built in; else that which the tenant gave it."""
    id = as_id(role)
    found = db.host_entity(kind=Kind.ROLE, id=id, as_of=as_of) if id else None
    return getattr(found, "name", role)


def moment(text: str) -> AsOf:
    """A record's number, or a time with its zone."""
    return whole(text) if text.isascii() and text.isdigit() else time(text)


def time(text: str) -> datetime.datetime:
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no moment; write 2026-01-31T09:30:00Z") from None
    if at.utcoffset() is None:
        raise argparse.ArgumentTypeError(f"`{text}` has no time zone; write 2026-01-31T09:30:00Z, or +01:00 for Z")
    return at


def an_id(text: str) -> uuid.UUID:
    id = as_id(text)
    if id is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no id; write a UUID")
    return id


def whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number; write one from 0 on")
    if len(text) > 18:
        raise argparse.ArgumentTypeError(f"`{text}` is too large; write one of at most 18 digits")
    return int(text)


MINUTES: Final = {"m": 1, "h": 60, "d": 24 * 60}
"""How long spans are."""


def minutes(text: str) -> int:
    """How many minutes a span has, such as `2h`."""
    span = re.fullmatch(r"\+?([0-9]{1,6})([mhd])", text, flags=re.A)
    if span is None:
        raise argparse.ArgumentTypeError(f"`{text}` is no while; write 2h, 90m or 1d")
    return int(span[1]) * MINUTES[span[2]]
