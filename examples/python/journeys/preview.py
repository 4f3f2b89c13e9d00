"""Read before, compared after: what a command would lead to is told first, then it is done, and both are the same."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import tenantry
from page import bad, good, plain
from stage import Stage, Stop, clock_face, happened, permissions
from tenantry import Invitee, LinkId, Operator, Refused, SubjectUser, TenantId, TenantKind, UserId, model
from tenantry.commands import (
    AcceptDelink,
    AcceptInvitation,
    AcceptLink,
    AddCustomer,
    Command,
    ConvertLink,
    DeleteTenants,
    DisableTenants,
    EnableTenants,
    InviteUser,
    RequestDelink,
    RequestLink,
    SetPolicy,
)

T = TypeVar("T")


def play(on: Stage) -> None:
    on.page.title("Read before, compared after")
    on.page.remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    on.user("Ben", northwind, "ben@northwind.example", "admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    klara = on.user("Klara", bakery, "klara@klein.example", "super_admin")
    karl = on.user("Karl", bakery, "karl@klein.example", "read_only")
    on.introduce()

    on.page.heading("Linked")
    ask = RequestLink(manager=northwind, number="BK-200", management="jointly", services={"manage"})
    request = on.does(ada, "asks to manage BK-200 jointly", ask)
    link = on.does(klara, "accepts", AcceptLink(request=request))
    on.call(link, "Northwind IT → Bäckerei Klein")

    on.page.heading("Whoever may not give it may not read it")
    records = on.db.seq()
    is_refused(on, karl, "would like to read what a delink leads to", RequestDelink(link=link))
    if on.db.seq() != records:
        raise Stop("a preview was recorded")
    on.page.holds("nothing was recorded, the refusal neither")

    on.page.heading("A tenant is disabled")
    support = Operator(ticket="SUP-4713")
    twice(on, support, "disables the bakery", DisableTenants(tenants=[bakery]))
    on.does(support, "enables it again", EnableTenants(tenants=[bakery]))

    on.page.heading("A policy changes")
    policy = tenantry.policy()
    policy = dataclasses.replace(policy, name="groups-are-theirs", reserved=policy.reserved | {"groups.manage"})
    twice(on, support, "reserves groups for customers", SetPolicy(policy=policy))

    on.page.heading("A link is converted")
    inn, its_link = an_inn(on, ada, northwind)
    owner = Invitee(name="Olaf", email="olaf@inn.example")
    convert = ConvertLink(link=its_link, management="jointly", owner=owner)
    twice(on, ada, "converts the link to jointly managed", convert)

    on.page.heading("A link ends")
    on.does(klara, "asks to delink", RequestDelink(link=link))
    twice(on, ada, "accepts", AcceptDelink(link=link))

    on.page.heading("A tenant is deleted")
    twice(on, support, "deletes the inn", DeleteTenants(tenants=[inn], confirm="delete"))
    on.verify()


def an_inn(on: Stage, ada: UserId, northwind: TenantId) -> tuple[TenantId, LinkId]:
    """A customer that is fully managed, and somebody of it who is locked out."""
    add = AddCustomer(
        manager=northwind,
        kind=TenantKind.CUSTOMER,
        name="Inn am See",
        number="IN-400",
        management="fully",
        services={"manage"},
    )
    added = on.does(ada, "adds an inn, fully managed", add)
    on.call(added.tenant, "Inn am See")
    on.call(added.link, "Northwind IT → Inn am See")
    invite = InviteUser(tenant=added.tenant, invitee=Invitee(email="mila@inn.example"), role="read_only")
    invited = on.does(ada, "invites Mila, to read there", invite)
    on.call(invited.user, "Mila")
    accept = AcceptInvitation(invitation=invited.invitation, email="mila@inn.example")
    on.does(invited.user, "accepts, and is locked out", accept)
    return added.tenant, added.link


def is_refused(on: Stage, actor: UserId, what: str, command: Command[T]) -> None:
    """Somebody asks what a command would lead to, and is refused as the command would be."""
    try:
        on.db.preview(command, actor=actor)
    except Refused as no:
        line = on.line(actor, what)
        on.page.refused(clock_face(on.now), line, no.code, no.name, on.in_names(no.message), no.remedy)
        return
    raise Stop(f"{what}: was to be refused")


def twice(on: Stage, actor: UserId | Operator, what: str, command: Command[T]) -> None:
    """Reads what a command would lead to, gives it, and compares."""
    before = on.db.seq()
    foretold = on.db.preview(command, actor=actor)
    tell(on, foretold)
    on.does(actor, what, command)
    (record,) = on.db.host_records(after=before)
    came = {(it.user, it.tenant): (it.gained, it.lost) for it in on.db.host_access_changes(after=before)}
    if happened(foretold.events) != happened(record.events):
        raise Stop(f"{what}: other things happened than were told before")
    for it in foretold.rights:
        if came.get((it.user, it.tenant)) != (it.gained, it.lost):
            raise Stop(f"{what}: somebody gains or loses other things than were told before")
    on.page.holds(f"it came as it was told, of {len(foretold.rights)} of {len(came)} who gain or lose")


def tell(on: Stage, foretold: model.Previewed) -> None:
    """What a command would lead to."""
    on.page.remark(f"would happen: {', '.join(happened(foretold.events))}")
    for notice in foretold.notices:
        to = [on.name(it.user if isinstance(it, SubjectUser) else it.tenant) for it in notice.to]
        to += ["the operator"] if notice.operator else []
        on.page.remark(f"would be sent: {notice.kind.kind} → {', '.join(sorted(to))}")
    rows = [
        [plain(on.name(it.user)), plain(on.name(it.tenant)), good(permissions(it.gained)), bad(permissions(it.lost))]
        for it in foretold.rights
    ]
    on.page.table(["who", "on", "would gain", "would lose"], rows)
