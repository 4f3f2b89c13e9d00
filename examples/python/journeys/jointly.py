"""An existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back."""

from __future__ import annotations

from page import count, faint, plain
from stage import Stage, Watch, clock_face, happened
from tenantry import Invitee, TenantKind
from tenantry.commands import (
    AcceptDelink,
    AcceptInvitation,
    AcceptLink,
    EditTenant,
    InviteUser,
    RejectDelink,
    RequestDelink,
    RequestLink,
    ResendDelink,
    SetManagerGrants,
)


def play(on: Stage) -> None:
    on.page.title("Jointly managed: link, work, delink")
    on.page.remark("An MSP and its customer share the work, and part as friends.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    ben = on.user("Ben", northwind, "ben@northwind.example", "admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")
    karl = on.user("Karl", bakery, "karl@baeckerei-klein.example", "read_only")
    on.introduce()

    rights = Watch(
        on,
        (ben, "tenant.edit", bakery),
        (ben, "devices.manage", bakery),
        (ben, "users.manage", bakery),
        (ben, "location.view", bakery),
        (klara, "devices.manage", bakery),
        (klara, "location.view", bakery),
        (karl, "devices.view", bakery),
    )
    rights.moment("before")

    on.page.heading("The link")
    summary = on.db.look_up(actor=ada, number="bk-200")
    on.page.remark(f"Ada looks up bk-200 and learns this much: {summary.name}, {summary.kind}. Nothing else.")
    ask = RequestLink(manager=northwind, number="BK-200", management="jointly", services={"enrollment", "manage"})
    request = on.does(ada, "asks to manage BK-200 jointly", ask)
    on.call(request, "Northwind IT → Bäckerei Klein")
    rights.moment("asked")
    on.tries(ada, "asks again", ask)
    on.tries(ben, "answers for the customer", AcceptLink(request=request))
    link = on.does(klara, "accepts", AcceptLink(request=request))
    rights.follow(link)
    rights.moment("linked")

    on.page.heading("The work")
    edit = EditTenant(tenant=bakery, website="https://baeckerei-klein.example")
    on.does(ben, "enters the bakery's website", edit)
    invite = InviteUser(tenant=bakery, invitee=Invitee(email="kim@baeckerei-klein.example"), role="admin")
    on.tries(ben, "invites Kim to the bakery", invite)
    on.does(klara, "lets the MSP manage users", SetManagerGrants(link=link, grants={"users.manage"}))
    invited = on.does(ben, "invites Kim to the bakery", invite)
    on.call(invited.user, "Kim")
    accept = AcceptInvitation(invitation=invited.invitation, email="kim@baeckerei-klein.example")
    on.does(invited.user, "accepts", accept)
    rights.moment("granted")

    on.page.heading("The parting")
    on.days_pass(90)
    on.does(ben, "asks to delink", RequestDelink(link=link))
    rights.moment("delink asked")
    on.tries(ada, "asks to delink, too", RequestDelink(link=link))
    on.tries(ada, "accepts her own side's request", AcceptDelink(link=link))
    on.days_pass(5)
    on.does(ben, "reminds the bakery", ResendDelink(link=link))
    on.does(klara, "rejects: there is a project to finish", RejectDelink(link=link))
    rights.moment("rejected")
    on.days_pass(30)
    on.does(ben, "asks to delink again", RequestDelink(link=link))
    on.does(klara, "accepts", AcceptDelink(link=link))
    rights.moment("delinked")
    on.tries(ben, "edits the website once more", edit)
    on.page.remark("To Ben the bakery does not exist any more; that is all he is told.")

    on.page.heading("Who could do what, and when")
    rights.show()

    on.page.heading("The bakery's audit, as Klara reads it")
    on.page.remark("People of the other side show as their organisation.")
    rows = [
        [
            count(row.seq),
            faint(clock_face(row.at)),
            plain(on.actor(row.by)),
            plain(row.command or "–"),
            plain("\n".join(happened(row.events))),
        ]
        for row in on.db.audit(tenant=bakery, actor=klara)
    ]
    on.page.table(["seq", "at", "from", "command", "what happened"], rows)
    on.verify()
