"""A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given."""

from __future__ import annotations

from stage import Stage, Stop, Watch
from tenantry import Invitee, Operator, TenantKind
from tenantry.commands import (
    AcceptDelink,
    AcceptInvitation,
    AcceptLink,
    AddCustomer,
    AddServices,
    ConvertLink,
    InviteOwner,
    InviteUser,
    RemoveService,
    RequestDelink,
    RequestLink,
    ResendInvitation,
)


def play(on: Stage) -> None:
    on.page.title("Fully managed: locked out, let in, and the way back")
    on.page.remark("An MSP runs everything for a new customer, until the customer wants a say.")

    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")

    on.page.heading("A new customer")

    def add(*services: str) -> AddCustomer:
        return AddCustomer(
            manager=northwind,
            kind=TenantKind.CUSTOMER,
            name="Hotel Lindgren",
            number="HL-300",
            management="fully",
            services=services,
        )

    on.tries(ada, "adds Hotel Lindgren with nothing to manage", add())
    on.tries(ada, "adds Hotel Lindgren with a service nobody offers", add("telepathy"))
    added = on.does(ada, "adds Hotel Lindgren, fully managed", add("manage"))
    hotel, link = added.tenant, added.link
    on.enlist(hotel, "Hotel Lindgren")
    on.call(link, "Northwind IT → Hotel Lindgren")
    invite = InviteUser(tenant=hotel, invitee=Invitee(email="lena@lindgren.example"), role="read_only")
    invited = on.does(ada, "invites Lena to the hotel, to read", invite)
    lena = invited.user
    on.call(lena, "Lena")
    on.does(lena, "accepts", AcceptInvitation(invitation=invited.invitation, email="lena@lindgren.example"))

    rights = Watch(
        on,
        (ada, "devices.manage", hotel),
        (ada, "users.manage", hotel),
        (ada, "location.view", hotel),
        (lena, "devices.view", hotel),
        (lena, "devices.manage", hotel),
    )
    rights.follow(link)
    rights.moment("fully managed")
    on.page.remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.")

    on.page.heading("What fully managed does not do")
    on.tries(ada, "asks to delink", RequestDelink(link=link))
    on.does(ada, "manages one more service", AddServices(link=link, services={"configure"}))
    on.tries(ada, "takes it away again", RemoveService(link=link, service="configure"))
    on.does(Operator(ticket="SUP-4711"), "takes it away", RemoveService(link=link, service="configure"))

    on.page.heading("Conversion to jointly managed")
    on.tries(ada, "converts the link", ConvertLink(link=link, management="jointly"))
    owner = Invitee(email="lars@lindgren.example", name="Lars")
    convert = ConvertLink(link=link, management="jointly", owner=owner)
    first = on.does(ada, "converts the link, with Lars as the hotel's owner", convert)
    if first is None:
        raise Stop("a conversion without an owner invites one")
    on.call(first.user, "Lars")
    on.call(first.invitation, "Lars at Hotel Lindgren")
    rights.moment("converted")
    on.days_pass(5)
    on.does(ada, "reminds Lars", ResendInvitation(invitation=first.invitation))
    on.days_pass(5)
    late = AcceptInvitation(invitation=first.invitation, email="lars@lindgren.example")
    on.tries(first.user, "signs up, too late", late)
    again = on.does(ada, "invites Lars again", InviteOwner(link=link, owner=owner))
    lars = again.user
    on.call(lars, "Lars")
    on.call(again.invitation, "Lars at Hotel Lindgren")
    other = AcceptInvitation(invitation=again.invitation, email="lars@elsewhere.example")
    on.tries(lars, "signs up with another address", other)
    on.does(lars, "signs up", AcceptInvitation(invitation=again.invitation, email="lars@lindgren.example"))
    rights.moment("signed up")

    on.page.heading("The way back")
    on.tries(ada, "converts the link back", ConvertLink(link=link, management="fully"))
    on.page.remark("There is a remedy, so they follow it.")
    on.does(lars, "asks to delink", RequestDelink(link=link))
    on.does(ada, "accepts", AcceptDelink(link=link))
    rights.moment("delinked")
    ask = RequestLink(manager=northwind, number="HL-300", management="fully", services={"manage"})
    request = on.does(ada, "asks to manage HL-300 fully", ask)
    on.call(request, "Northwind IT → Hotel Lindgren")
    link = on.does(lars, "accepts, and is locked out", AcceptLink(request=request))
    rights.follow(link)
    rights.moment("fully again")

    on.page.heading("Who could do what, and when")
    rights.show()

    on.page.heading("The history")
    on.history()
    on.verify()
