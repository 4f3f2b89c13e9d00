"""A technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember. Then they may take
more by themselves, when they need it and with a reason."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

import tenantry
from page import faint, good, plain
from stage import Stage, Stop, Watch, clock_face
from tenantry import Operator, TenantId, TenantKind, UserId
from tenantry.commands import AcceptLink, Activate, Assign, Deactivate, EditTenant, RequestLink, SetPolicy, Unassign
from tenantry.model import NewAssignment, TemporaryRule, UserOnTenant


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of this March."""
    return datetime(2026, 3, day, hour, minute, tzinfo=timezone.utc)


def play(on: Stage) -> None:
    on.page.title("Elevation: a technician's two hours")
    on.page.remark("A role may be given for a while. Time alone ends it; nobody has to remember.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    tom = on.user("Tom", northwind, "tom@northwind.example", "read_only")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    klara = on.user("Klara", bakery, "klara@klein.example", "super_admin")
    on.introduce()

    on.page.heading("Linked")
    ask = RequestLink(manager=northwind, number="BK-200", management="jointly", services={"manage"})
    request = on.does(ada, "asks to manage BK-200 jointly", ask)
    link = on.does(klara, "accepts", AcceptLink(request=request))
    on.call(link, "Northwind IT → Bäckerei Klein")

    on.page.heading("Nothing for good, away from home")
    rule = TemporaryRule(required=True, max_days=30)
    policy = dataclasses.replace(tenantry.policy(), name="for-a-while", temporary=rule)
    on.does(Operator(ticket="SUP-4713"), "wants an end of every such role", SetPolicy(policy=policy))
    more = [NewAssignment(user=tom, tenant=bakery, role="admin")]
    on.tries(ada, "makes Tom an admin of the bakery for good", Assign(assignments=more))

    on.page.heading("Two hours")
    rights = Watch(
        on,
        (tom, "devices.view", bakery),
        (tom, "devices.manage", bakery),
        (tom, "tenant.edit", bakery),
        (ada, "devices.manage", bakery),
    )
    rights.follow(link)
    rights.moment("before")
    on.does(ada, "makes Tom an admin of the bakery until 10:30", Assign(assignments=more, ends=at(2, 10, 30)))
    rights.moment("given")
    why(on, tom, bakery)
    edit = EditTenant(tenant=bakery, website="https://klein.example")
    on.does(tom, "enters the bakery's website", edit)
    on.tries(tom, "gives himself a week of it", Assign(assignments=more, ends=at(9, 10, 30)))

    on.page.heading("A night to come")
    night = Assign(assignments=more, starts=at(7, 22), ends=at(8, 2))
    on.does(ada, "makes him one for the night of Saturday, too", night)
    on.page.remark("Who has access for a while, as Ada reads it:")
    listed(on, ada, bakery)
    on.page.remark("As Klara does, who is told of Northwind's people as their organisation:")
    listed(on, klara, bakery)

    on.page.heading("Half past ten comes, and Saturday")
    on.hours_pass(2)
    rights.moment("over")
    on.tries(tom, "edits the website once more", edit)
    on.days_pass(5)
    on.hours_pass(12)
    rights.moment("Saturday night")
    early = Unassign(assignments=[UserOnTenant(user=tom, tenant=bakery)], ends=at(8, 2))
    on.does(ada, "takes it back before its end", early)
    rights.moment("taken back")

    on.page.heading("Who could do what, and when")
    rights.show()

    on.page.heading("Eligible for three weeks")
    weeks = Assign(assignments=more, eligible=True, ends=at(28, 22))
    on.does(ada, "lets Tom be an admin of the bakery whenever he needs it", weeks)
    on.page.remark("What Tom may activate, as he reads it:")
    eligible(on, tom)
    own = Watch(on, (tom, "tenant.view", bakery), (tom, "devices.manage", bakery))
    own.moment("eligible")
    long = Activate(tenant=bakery, role="admin", minutes=540, reason="TCK-4711: mail is down")
    on.tries(tom, "activates it for nine hours", long)
    active = on.does(tom, "activates it for two hours", dataclasses.replace(long, minutes=120))
    on.page.remark(f"It is active until {clock_face(active.ends)}.")
    own.moment("active")
    why(on, tom, bakery)
    eligible(on, tom)
    on.does(tom, "is done, and gives it back", Deactivate(tenant=bakery, role="admin"))
    own.moment("given back")

    on.page.heading("A sanction lies over it")
    again = Activate(tenant=bakery, role="admin", minutes=60, reason="TCK-4712: a till is stuck")
    on.does(tom, "activates it once more", again)
    off = [NewAssignment(user=tom, tenant=bakery, role="no_access")]
    on.does(ada, "keeps Tom off the bakery for a week", Assign(assignments=off, ends=at(14, 22)))
    own.moment("kept off")
    on.does(tom, "activates it again, to no avail", again)
    own.moment("still so")
    listed(on, ada, bakery)

    on.page.heading("What Tom could do, and when")
    own.show()

    on.page.heading("What the journal holds")
    on.history()
    on.verify()


def why(on: Stage, user: UserId, tenant: TenantId) -> None:
    """By which role somebody may manage devices, and for how long."""
    grounds = on.db.check(user=user, permission="devices.manage", tenant=tenant).grounds
    if not grounds:
        raise Stop("nothing decided")
    until = f"until {clock_face(grounds.ends)}" if grounds.ends else "for good"
    by = f"by the role {grounds.role} on {on.name(grounds.tenant)}"
    on.page.remark(f"{on.name(user)} may manage devices there: {by}, {until}.")


def listed(on: Stage, actor: UserId, tenant: TenantId) -> None:
    """Who has access to a tenant for a while, as somebody is told."""
    rows = [
        [
            plain(on.name(row.user) if row.user else f"somebody of {on.name(row.home)}"),
            plain(str(row.role)),
            plain("eligible" if row.eligible else "activated" if row.activated else "given"),
            faint(clock_face(row.starts)),
            faint(clock_face(row.ends)),
            good("yes") if row.decides else faint("–"),
        ]
        for row in on.db.temporary_access(actor=actor, tenant=tenant)
    ]
    on.page.table(["who", "role", "how", "from", "until", "now"], rows)


def eligible(on: Stage, actor: UserId) -> None:
    """What somebody may activate, as they are told."""
    rows = [
        [
            plain(on.name(row.tenant)),
            plain(str(row.role)),
            faint(clock_face(row.starts)),
            faint(clock_face(row.ends)),
            good(clock_face(row.active_until)) if row.active_until else faint("–"),
        ]
        for row in on.db.eligible_roles(actor=actor)
    ]
    on.page.table(["on", "role", "from", "until", "active until"], rows)
