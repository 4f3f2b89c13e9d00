"""Who is told what: service mail and alerts under each way of being managed; and consoles, a shared collector and a licence,
before and after a delink. Never sends an alert: it asks whom it would go to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import tenantry
from page import Cell, faint, plain
from stage import Stage, Stop, Watch, clock_face, happened, number
from tenantry import (
    Assignment,
    Audience,
    Kind,
    Licence,
    Link,
    LinkId,
    NewAssignment,
    OpenedConsole,
    RoleId,
    Session,
    SessionId,
    Tenant,
    TenantId,
    TenantKind,
    UserId,
    events,
)
from tenantry.commands import (
    AcceptDelink,
    AcceptLink,
    AddResellerCustomer,
    Assign,
    AssignSeats,
    BlockUser,
    BuyLicence,
    CloseConsole,
    CreateIntegration,
    CreateRole,
    DisableTenants,
    EnableTenants,
    OpenConsole,
    ReleaseSeats,
    RequestDelink,
    RequestLink,
    SetAlertRule,
    SetManagerGrants,
    ShareIntegration,
    UnblockUser,
    UploadDevices,
)

POLICY = replace(tenantry.policy(), consoles={"manage": "https://manage.example/console/{number}"})
"""The default policy, and where the console of one service is."""

FIRST, SECOND, THIRD = "SN-2026/0001", "SN-2026/0002", "SN-2026/0003"
"""The three devices that the bakery holds."""


def play(on: Stage) -> None:
    on.page.title("Alerts, consoles, a collector, a licence")
    on.page.remark("Three customers, managed fully, jointly and not at all. Who is told, and what a delink leaves.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    ben = on.user("Ben", northwind, "ben@northwind.example", "admin")
    nils = on.user("Nils", northwind, "nils@northwind.example", "read_only")
    hotel = on.tenant(TenantKind.CUSTOMER, "Hotel Lindgren", "HL-300")
    lena = on.user("Lena", hotel, "lena@lindgren.example", "super_admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")
    greta = on.user("Greta", bakery, "greta@baeckerei-klein.example", "read_only")
    museum = on.tenant(TenantKind.CUSTOMER, "Museum am Hafen", "MH-400")
    mona = on.user("Mona", museum, "mona@museum.example", "super_admin")
    contoso = on.tenant(TenantKind.RESELLER, "Contoso Mobile", "RS-700")
    rita = on.user("Rita", contoso, "rita@contoso.example", "admin")
    on.introduce()

    on.page.heading("Fully, jointly, not at all")
    link(on, (ada, northwind), (lena, "HL-300"), "fully")
    joint = link(on, (ada, northwind), (klara, "BK-200"), "jointly")
    on.call(joint, "Northwind IT → Bäckerei Klein")
    leads = CreateRole(tenant=bakery, name="Group lead", permissions={"devices.view", "devices.group_manager"})
    lead = on.does(klara, "makes a role that leads device groups", leads)
    on.does(klara, "gives it to Greta", assign(greta, bakery, lead))
    on.does(ada, "sends the hotel's battery alerts to group managers", battery(hotel))
    on.does(klara, "sends the bakery's battery alerts to group managers", battery(bakery))
    on.does(mona, "sends the museum's battery alerts to group managers", battery(museum))
    everyone = {"fully": hotel, "jointly": bakery, "not at all": museum}
    routes(on, everyone)
    on.page.remark(
        "Battery alerts at the hotel reach nobody: its own people are locked out, and the MSP leads no groups."
    )

    on.page.heading("The manager leads no device groups")
    rights = Watch(
        on,
        (ada, "devices.group_manager", bakery),
        (nils, "devices.group_manager", bakery),
        (nils, "devices.view", bakery),
        (greta, "devices.group_manager", bakery),
        (klara, "devices.group_manager", bakery),
    )
    rights.follow(joint)
    rights.moment("linked")
    holds = {"tenant.view", "devices.view", "devices.group_manager"}
    own = CreateRole(tenant=northwind, name="Night lead", permissions=holds)
    night = on.does(ada, "makes a role of her own that holds it", own)
    on.does(ada, "gives Nils that role at the bakery", assign(nils, bakery, night))
    rights.moment("role given")
    why = on.db.check(user=nils, permission="devices.group_manager", tenant=bakery).reason
    if why is None:
        raise Stop("a manager leads no device groups")
    message = why.message.replace("{}", on.name(bakery))
    on.page.answer(f"may he lead its device groups now? No: {number(why)}: {message}")

    on.page.heading("Additional recipients")
    weather = SetAlertRule(tenant=bakery, category="weather", audience=Audience.ALL_ADMINS)
    on.tries(klara, "sets a rule for a category that nobody knows", weather)
    on.tries(klara, "adds Mona of the museum", battery(bakery, mona))
    on.does(klara, "adds Nils, the MSP's night desk, and Greta", battery(bakery, nils, greta))
    on.does(ada, "adds Nils at the hotel", battery(hotel, nils))
    routes(on, everyone)

    on.page.heading("Consoles")
    opened = on.does(ben, "opens the bakery's console", console(bakery, "manage", "/customers?page=3"))
    on.page.answer(f"at {opened.address or 'nowhere'}, to return to {opened.return_to}")
    back = on.does(ben, "closes it", close(opened))
    on.page.answer(f"and is back at {back}")
    on.tries(ben, "opens it for a service not managed", console(bakery, "configure", "/customers"))
    on.tries(nils, "opens it with his role", console(bakery, "manage", "/customers"))
    on.does(klara, "opens her own console", console(bakery, "manage", "/home"))
    opened = on.does(ben, "opens the bakery's again", console(bakery, "manage", "/customers"))
    on.call(opened.session, "Ben at Bäckerei Klein")
    on.does(ben, "opens the hotel's, too", console(hotel, "manage", "/customers"))
    on.does(ada, "blocks Ben", BlockUser(user=ben))
    in_one_record(on)
    on.does(ada, "unblocks Ben", UnblockUser(user=ben))
    on.tries(ben, "closes the console that he had open", close(opened))
    on.does(ben, "opens the bakery's once more", console(bakery, "manage", "/customers"))
    on.does(ben, "opens the hotel's once more", console(hotel, "manage", "/customers"))

    on.page.heading("A shared collector")
    rack = on.does(
        ada, "sets up a collector, Rack 7", CreateIntegration(owner=northwind, kind="collector", name="Rack 7")
    )
    on.does(ada, "shares it with the bakery", ShareIntegration(integration=rack, tenant=bakery))
    on.does(ada, "shares it with the hotel", ShareIntegration(integration=rack, tenant=hotel))
    on.tries(ada, "shares it with the museum", ShareIntegration(integration=rack, tenant=museum))
    on.does(ada, "disables the hotel", DisableTenants(tenants=[hotel]))
    in_one_record(on)
    on.does(ada, "enables the hotel", EnableTenants(tenants=[hotel]))

    on.page.heading("A licence")
    on.does(rita, "adds BK-200", AddResellerCustomer(reseller=contoso, number="BK-200"))
    devices = UploadDevices(reseller=contoso, to=bakery, devices=[FIRST, SECOND, THIRD])
    on.does(rita, "uploads three devices to the bakery", devices)
    buy = BuyLicence(buyer=northwind, tenant=bakery, service="manage", seats=2)
    licence = on.does(ada, "buys the bakery a licence with two seats", buy)
    on.call(licence, "manage for Bäckerei Klein")
    on.does(ada, "seats two devices", AssignSeats(licence=licence, devices=[FIRST, SECOND]))
    on.tries(ada, "seats the third", AssignSeats(licence=licence, devices=[THIRD]))

    on.page.heading("The delink")
    on.does(klara, "lets the MSP manage users", SetManagerGrants(link=joint, grants={"users.manage"}))
    on.days_pass(60)
    on.does(klara, "asks to delink", RequestDelink(link=joint))
    before = on.db.seq()
    rights.moment("delink asked")
    on.does(ada, "accepts", AcceptDelink(link=joint))
    after = on.db.seq()
    rights.moment("delinked")
    in_one_record(on)
    Parting(on, ben, bakery, joint).show(before, after)
    on.tries(ben, "opens the bakery's console", console(bakery, "manage", "/customers"))
    on.does(klara, "takes back a seat", ReleaseSeats(licence=licence, devices=[FIRST]))
    third = AssignSeats(licence=licence, devices=[THIRD])
    on.does(klara, "seats the third device: the licence goes on", third)

    on.page.heading("Who could lead device groups, and when")
    rights.show()
    on.page.heading("Every console session, from the journal")
    sessions(on)
    on.verify()


def link(on: Stage, manager: tuple[UserId, TenantId], customer: tuple[UserId, str], management: str) -> LinkId:
    """A manager asks a customer, and the customer says yes."""
    (asks, tenant), (answers, number) = manager, customer
    ask = RequestLink(manager=tenant, number=number, management=management, services={"manage"})
    request = on.does(asks, f"asks to manage {number} {management}", ask)
    return on.does(answers, "accepts", AcceptLink(request=request))


def assign(user: UserId, tenant: TenantId, role: RoleId) -> Assign:
    return Assign(assignments=[NewAssignment(user=user, tenant=tenant, role=role)])


def battery(tenant: TenantId, *additional: UserId) -> SetAlertRule:
    return SetAlertRule(tenant=tenant, category="battery", audience=Audience.GROUP_MANAGERS, additional=additional)


def console(tenant: TenantId, service: str, place: str) -> OpenConsole:
    return OpenConsole(tenant=tenant, service=service, return_to=place)


def close(opened: OpenedConsole) -> CloseConsole:
    return CloseConsole(session=opened.session)


def routes(on: Stage, tenants: dict[str, TenantId]) -> None:
    """Whom everything would go to, now."""
    header = ["tenant", "managed", "service mail", "security alerts\n(all admins)", "battery alerts\n(group managers)"]
    rows = [
        [
            plain(on.name(tenant)),
            faint(managed),
            plain(on.recipients(on.db.service_mail(tenant=tenant))),
            plain(on.recipients(on.db.alert_recipients(tenant=tenant, category="security"))),
            plain(on.recipients(on.db.alert_recipients(tenant=tenant, category="battery"))),
        ]
        for managed, tenant in tenants.items()
    ]
    on.page.table(header, rows)


def in_one_record(on: Stage) -> None:
    """What the last command led to, all in its one record."""
    for record in on.db.host_records(after=on.db.seq() - 1):
        on.page.answer(f"in one record: {', '.join(happened(record.events))}")


def sessions(on: Stage) -> None:
    """Every session that was opened, and how it ended."""
    rows: dict[SessionId, list[Cell]] = {}
    for record in on.db.host_records():
        at = plain(clock_face(record.at))
        for event in record.events:
            match event:
                case events.SessionOpened(session=session, user=user, tenant=tenant):
                    rows[session] = [plain(on.name(user)), plain(on.name(tenant)), at, faint("–"), plain("open")]
                case events.SessionClosed(session=session):
                    rows[session][3:] = [at, plain("closed")]
                case events.SessionEnded(session=session):
                    rows[session][3:] = [at, plain(f"ended by {record.command}")]
                case _:
                    pass
    on.page.table(["who", "whose console", "opened", "until", "how it ended"], rows.values())


@dataclass(frozen=True)
class Parting:
    """The two who part, and the link between them."""

    on: Stage
    ben: UserId
    bakery: TenantId
    joint: LinkId

    def show(self, before: int, after: int) -> None:
        """What there was before the record of the delink, and what there is after it."""
        had, has = self.side(before), self.side(after)
        rows = [
            [plain(what), plain(had[what]), plain(has[what]), faint("stays") if had[what] == has[what] else plain("changes")]
            for what in had
        ]
        self.on.page.table(["at the bakery", "before", "after", ""], rows)

    def side(self, seq: int) -> dict[str, str]:
        on, db, bakery = self.on, self.on.db, self.bakery
        rules = db.host_entities(kind=Kind.ALERT_RULE, tenant=bakery, as_of=seq)
        rule = next(it for it in rules if isinstance(it, tenantry.AlertRule) and it.category == "battery")
        open = db.host_entities(kind=Kind.SESSION, tenant=bakery, as_of=seq)
        roles = db.host_entities(kind=Kind.ASSIGNMENT, tenant=bakery, as_of=seq)
        licences = db.host_entities(kind=Kind.LICENCE, tenant=bakery, as_of=seq)
        attached = db.integrations(tenant=bakery, actor=tenantry.Operator(), as_of=seq)
        may = db.check(user=self.ben, permission="devices.manage", tenant=bakery, as_of=seq)
        return {
            "Ben manages devices": "yes" if may else "no",
            "granted to the MSP": ", ".join(sorted(on.the(Link, self.joint, as_of=seq).grants)) or "–",
            "people with a role there": on.people(it.user for it in roles if isinstance(it, Assignment)),
            "open consoles": on.people(it.user for it in open if isinstance(it, Session) and not it.closed),
            "service mail": on.recipients(db.service_mail(tenant=bakery, as_of=seq)),
            "security alerts": on.recipients(db.alert_recipients(tenant=bakery, category="security", as_of=seq)),
            "battery alerts": on.recipients(db.alert_recipients(tenant=bakery, category="battery", as_of=seq)),
            "additional recipients": on.people(rule.additional),
            "integrations": ", ".join(f"{it.name}, {on.name(it.owner)}'s" for it in attached) or "–",
            "licence `manage`": ", ".join(
                f"{it.used} of {it.seats} seats, bought by {on.name(it.buyer)}" for it in licences if isinstance(it, Licence)
            )
            or "–",
            "devices": str(on.the(Tenant, bakery, as_of=seq).devices),
        }
