"""Who can reach what, and why; how that has changed, and by which records."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from ._command import ActorLike
from ._data import AsOf
from ._database import Database
from ._find import Wanted, actor, as_id, called, known, listed, opened, page, person, role_name, tenant_name, the_person, the_tenant
from ._show import Brief, Row, said
from .codes import Code
from .model import (
    AccessChangeRow,
    AccessEvent,
    AccessWay,
    Assignment,
    ByUser,
    Explanation,
    Grounds,
    HeldPermission,
    Kind,
    Link,
    Operator,
    OrganisationAccessRow,
    Role,
    Temporary,
    Tenant,
    TenantAccessRow,
    TenantId,
    User,
    UserAccessRow,
    UserId,
)

# What somebody may do, as a cell.


def rights(held: Iterable[HeldPermission], granted: Iterable[str] = ()) -> Brief:
    """What is held: each permission with the services that it is held with; for people in short."""
    granted = frozenset(granted)
    exact, brief = list[str](), list[str]()
    for one in held:
        services = ", ".join(sorted(one.services))
        only = f"only {services}" if one.services_only else ""
        by_grant = "by grant" if one.permission in granted else ""
        exact.append(in_brackets(one.permission, only or services and f"with {services}", by_grant))
        brief.append(in_brackets(one.permission, only, by_grant))
    return Brief(exact, brief if len(brief) <= FEW else [f"{len(brief)} permissions"])


FEW: Final = 2
"""How many permissions are named to people; of more there is the number."""


def in_brackets(name: str, *more: str) -> str:
    words = "; ".join(filter(None, more))
    return f"{name} ({words})" if words else name


def all_of(ways: Iterable[AccessWay]) -> Brief:
    """What may be done by one way or another."""
    found = dict[str, HeldPermission]()
    for one in itertools.chain.from_iterable(way.held for way in ways):
        other = found.get(one.permission, one)
        found[one.permission] = HeldPermission(
            permission=one.permission,
            services=one.services | other.services,
            services_only=one.services_only and other.services_only,
        )
    return rights(found.values(), itertools.chain.from_iterable(way.granted for way in ways))


def why(db: Database, ways: Iterable[AccessWay], as_of: AsOf | None) -> tuple[list[str], list[str]]:
    """The roles that decide and where they are held; and the links that they come down by."""
    roles, links = list[str](), list[str]()
    for way in ways:
        if way.grounds is not None:
            role, at = role_name(db, way.grounds.role, as_of), called(db, way.grounds.tenant, as_of)
            until = f" until {said(way.grounds.ends)}" if way.grounds.ends else ""
            roles.append(f"{role} at {at}{until}{' (not what is reserved)' if way.grounds.masked else ''}")
        links += [link for id in way.chain if (link := called(db, id, as_of)) not in links]
    return roles, links


# What is given for a while, as far as a verdict rests on it, or could.


def given(db: Database, user: UserId, as_of: AsOf | None) -> Iterator[Assignment]:
    found = db.host_entities(kind=Kind.ASSIGNMENT, user=user, as_of=as_of, limit=1000)
    return (it for it in found if isinstance(it, Assignment))


def activated(db: Database, user: UserId, grounds: Grounds, as_of: AsOf | None) -> str:
    """Whether it is something that they have activated."""
    if grounds.ends is None:
        return ""
    laid = (it for one in given(db, user, as_of) if one.tenant == grounds.tenant for it in one.over)
    return ", activated" if any(it.activated for it in laid if it.ends == grounds.ends) else ""


def to_activate(
    db: Database, user: UserId, tenant: TenantId, wanted: Wanted, told: Explanation
) -> Iterator[tuple[Temporary, TenantId]]:
    """What they might activate instead, there or where it comes down from: it holds what is asked for, and nothing lies over it."""
    if told.reason not in (Code.NO_ASSIGNMENT, Code.ROLE_LACKS_PERMISSION):
        return
    links = (db.host_entity(kind=Kind.LINK, id=id, as_of=wanted.as_of) for id in told.chain)
    above = {it.manager for it in links if isinstance(it, Link)}
    at = moment_of(db, wanted.as_of)
    for one in given(db, user, wanted.as_of):
        for place, it in enumerate(one.over):
            reaches = one.tenant == tenant or (one.tenant in above and it.below)
            later = (more for more in one.over[place + 1 :] if not more.eligible and more.activated != it.ends)
            kept_off = any(more.starts <= at < more.ends for more in later)
            useful = it.eligible and it.ends > at and wanted.permission in permissions(db, it.role, wanted.as_of)
            if reaches and useful and not kept_off:
                yield it, one.tenant


def permissions(db: Database, role: str, as_of: AsOf | None) -> Collection[str]:
    """What a role holds."""
    id = as_id(role)
    found = db.host_entity(kind=Kind.ROLE, id=id, as_of=as_of) if id else None
    if isinstance(found, Role):
        return found.permissions
    return next((rule.permissions for rule in db.policy(as_of=as_of).roles if rule.name == role), ())


def moment_of(db: Database, as_of: AsOf | None) -> datetime.datetime:
    """When it was."""
    if isinstance(as_of, datetime.datetime):
        return as_of
    record = None if as_of is None else db.host_records(after=max(0, as_of - 1), limit=1).first()
    return record.at if record else db.now()


def window(db: Database, it: Temporary, as_of: AsOf | None) -> str:
    """When they may, as it is said at that moment."""
    begins = f"from {said(it.starts)} " if it.starts > moment_of(db, as_of) else ""
    return f"{begins}until {said(it.ends)}"


# What each command does.


def about(db: Database, wanted: Wanted) -> Tenant | User:
    """The tenant or the person whom it is about."""
    if "@" in wanted.about:
        return the_person(db, wanted.about)
    if (id := as_id(wanted.about)) is not None:
        found = db.host_entity(kind=Kind.USER, id=id, as_of=wanted.as_of)
        if isinstance(found, User):
            return found
    return the_tenant(db, wanted.about, wanted.as_of)


def asking(db: Database, wanted: Wanted, of: Tenant | User) -> ActorLike:
    """Who asks: whoever `--as` names, who is looked for near a tenant first."""
    if wanted.actor is None:
        return Operator()
    return actor(db, wanted, of) if isinstance(of, Tenant) else the_person(db, wanted.actor).id


def review(wanted: Wanted) -> int:
    with opened(wanted) as db:
        of = about(db, wanted)
        known(db, wanted)
        who = asking(db, wanted, of)
        if isinstance(of, Tenant):
            listed(wanted, ("address", "of", "by", "through", "may", "id"), who_reaches(db, wanted, of, who))
        else:
            listed(wanted, ("number", "name", "by", "through", "may", "id"), what_is_reached(db, wanted, of, who))
    return 0


def who_reaches(db: Database, wanted: Wanted, tenant: Tenant, who: ActorLike) -> Iterator[Row]:
    """Everybody who is told by name, and then the organisations of all others."""
    found = db.tenant_access(
        actor=who,
        tenant=tenant.id,
        permission=wanted.permission,
        service=wanted.service,
        as_of=wanted.as_of,
        limit=page(wanted),
    )
    for it in found:
        home = called(db, it.home, wanted.as_of)
        yield Row((it.email, home, *why(db, it.ways, wanted.as_of), all_of(it.ways), it.user), it)
    for other in db.organisation_access(actor=who, tenant=tenant.id, as_of=wanted.as_of):
        if any(wants(wanted, one) for one in other.held):
            its = other.organisation
            yield Row((None, its.number, (), (), rights(other.held), its.tenant), other)


def wants(wanted: Wanted, one: HeldPermission) -> bool:
    """Whether it is what is looked for."""
    return wanted.permission in (None, one.permission) and (wanted.service is None or wanted.service in one.services)


def what_is_reached(db: Database, wanted: Wanted, user: User, who: ActorLike) -> Iterator[Row]:
    found = db.user_access(
        actor=who,
        user=user.id,
        permission=wanted.permission,
        service=wanted.service,
        as_of=wanted.as_of,
        limit=page(wanted),
    )
    for it in found:
        yield Row((it.number, it.name, *why(db, it.ways, wanted.as_of), all_of(it.ways), it.tenant), it)


def diff(wanted: Wanted) -> int:
    with opened(wanted) as db:
        of = about(db, wanted)
        who = asking(db, wanted, of)
        if isinstance(of, Tenant):
            found = db.tenant_access_changes(
                actor=who, tenant=of.id, since=wanted.since, as_of=wanted.as_of, limit=page(wanted)
            )
            rows = (Row((*whom(db, it.user), *gained(it), it.user), it) for it in found)
            listed(wanted, ("address", "of", "gained", "lost", "id"), rows)
        else:
            found = db.user_access_changes(
                actor=who, user=of.id, since=wanted.since, as_of=wanted.as_of, limit=page(wanted)
            )
            rows = (Row((*which(db, it.tenant), *gained(it), it.tenant), it) for it in found)
            listed(wanted, ("number", "name", "gained", "lost", "id"), rows)
    return 0


def whom(db: Database, id: UserId) -> tuple[str, str | None]:
    """Somebody's address, and the number of their organisation."""
    user = db.host_entity(kind=Kind.USER, id=id)
    return person(db, ByUser(user=id)), called(db, user.home) if isinstance(user, User) else None


def which(db: Database, id: TenantId) -> tuple[str | None, str | None]:
    """A tenant's number and name."""
    it = db.host_entity(kind=Kind.TENANT, id=id)
    return (it.number, it.name) if isinstance(it, Tenant) else (None, None)


def gained(it: AccessChangeRow | AccessEvent) -> tuple[Brief, Brief]:
    """What is gained, and what is lost."""
    return rights(it.gained), rights(it.lost)


def feed(wanted: Wanted) -> int:
    with opened(wanted) as db:
        found = db.host_access_changes(after=wanted.after, limit=page(wanted))
        rows = (
            Row((it.seq, it.at, it.command, person(db, ByUser(user=it.user)), called(db, it.tenant), *gained(it)), it)
            for it in found
        )
        listed(wanted, ("record", "at", "command", "who", "on", "gained", "lost"), rows)
    return 0
