"""A customer that wants to leave: asked, rejected, taken back, and both asking at once. Nobody loses anything early."""

from __future__ import annotations

from dataclasses import replace

import tenantry
from page import Cell, faint, plain
from stage import STATUS, Stage, Stop, Watch, clock_face
from tenantry import Invitee, Link, Operator, TenantKind
from tenantry.commands import (
    AcceptInvitation,
    AcceptLink,
    AddCustomer,
    CancelDelink,
    RejectDelink,
    RequestDelink,
    RequestLink,
    ResendDelink,
    SetPolicy,
)


def play(on: Stage) -> None:
    on.page.title("The customer asks to leave")
    on.page.remark("Either side may ask, the other answers; when both ask, both have answered.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "admin")
    clinic = on.tenant(TenantKind.CUSTOMER, "Κλινική Αυγή", "KA-400")
    nikos = on.user("Nikos", clinic, "nikos@avgi.example", "super_admin")
    maria = on.user("Maria", clinic, "maria@avgi.example", "admin")
    on.introduce()

    on.page.heading("Linked")
    ask = RequestLink(manager=northwind, number="KA-400", management="jointly", services={"manage"})
    request = on.does(ada, "asks to manage KA-400 jointly", ask)
    on.call(request, "Northwind IT → Κλινική Αυγή")
    link = on.does(nikos, "accepts", AcceptLink(request=request))
    rights = Watch(
        on,
        (ada, "devices.manage", clinic),
        (ada, "customers.delink", clinic),
        (nikos, "devices.manage", clinic),
        (nikos, "link.respond", clinic),
        (maria, "link.respond", clinic),
    )
    rights.follow(link)
    rights.moment("linked")

    on.page.heading("Asked, rejected, asked, taken back")
    on.tries(maria, "asks to delink", RequestDelink(link=link))
    on.does(nikos, "asks to delink", RequestDelink(link=link))
    rights.moment("customer asked")
    on.tries(nikos, "rejects his own request", RejectDelink(link=link))
    on.tries(ada, "reminds of a request that is not hers", ResendDelink(link=link))
    on.does(ada, "rejects", RejectDelink(link=link))
    rights.moment("rejected")
    on.days_pass(14)
    on.does(nikos, "asks again", RequestDelink(link=link))
    on.does(nikos, "thinks better of it and takes it back", CancelDelink(link=link))
    on.tries(nikos, "takes it back once more", CancelDelink(link=link))

    on.page.heading("Crossing requests")
    on.days_pass(14)
    on.does(nikos, "asks to delink", RequestDelink(link=link))
    on.does(ada, "asks to delink as well, not knowing", RequestDelink(link=link))
    rights.moment("crossed")
    on.page.remark("Two requests are two consents: the link has ended, and both sides are told.")
    on.tries(ada, "asks once more", RequestDelink(link=link))

    on.page.heading("Who could do what, and when")
    rights.show()

    on.page.heading("A platform where only managers ask")
    policy = replace(tenantry.policy(), customer_may_request_delink=False, name="managers-ask")
    on.does(Operator(ticket="SUP-4712"), "puts such a policy into force", SetPolicy(policy=policy))
    add = AddCustomer(
        manager=northwind,
        kind=TenantKind.CUSTOMER,
        name="مقهى النور",
        management="jointly",
        services={"manage"},
        owner=Invitee(email="omar@nour.example"),
    )
    added = on.does(ada, "adds a café, jointly managed", add)
    on.call(added.link, "Northwind IT → the café")
    on.call(added.tenant, "the café")
    on.tries(ada, "asks to delink before anybody is there to answer", RequestDelink(link=added.link))
    if added.sign_up is None:
        raise Stop("a jointly managed customer gets a sign-up")
    omar = added.sign_up.user
    on.call(omar, "Omar")
    on.does(omar, "signs up", AcceptInvitation(invitation=added.sign_up.invitation, email="omar@nour.example"))
    on.tries(omar, "asks to delink", RequestDelink(link=added.link))

    on.page.heading("The links in the end")
    rows: list[list[Cell]] = []
    for it in (on.the(Link, link), on.the(Link, added.link)):
        rows.append(
            [
                plain(on.name(it.manager)),
                plain(on.name(it.managed)),
                plain(it.management),
                plain(STATUS[it.stage]),
                faint(clock_face(it.since)),
                faint(clock_face(it.ended.at) if it.ended else "–"),
            ]
        )
    on.page.table(["manager", "customer", "managed", "status", "since", "until"], rows)
    on.verify()
