"""A reseller and the devices it sold: where they went, and whom it sees for them, before and after a delink. Asks for the
reseller's rows only as the reseller; never looks behind them, but to ask whom one device is shown as.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from page import Cell, count, faint, plain
from stage import STATUS, Stage, Stop, clock_face
from tenantry import (
    HeldDevice,
    Invitee,
    Kind,
    LinkId,
    ResellerCustomerRow,
    TenantId,
    TenantKind,
    TypedDevice,
    UserId,
)
from tenantry.commands import (
    AcceptDelink,
    AcceptInvitation,
    AcceptLink,
    AddCustomer,
    AddResellerCustomer,
    ConvertLink,
    DeleteDevices,
    DropReseller,
    EditTenant,
    MoveDevices,
    RequestDelink,
    RequestLink,
    UploadDevices,
)

PHONE = ["356938031000053", "356938031000061", "SN-2026/0101"]
"""A phone by its two IMEIs and its serial number."""

BAKERY = ["356938031000012", "A100000C1D2E3F", "SN-2026/0042"]
"""What the bakery buys: an IMEI, a MEID, a serial number."""

POOL = ["490154201000017", "490154201000025", "490154201000033", "490154201000041", "490154201000058"]
"""What the MSP buys for its pool."""

MOVED = POOL[:2]
"""Two of them, which the MSP moves on."""

COLUMNS = [
    "Company name / internal reference",
    "Customer / MSP ID",
    "Country",
    "Last uploaded",
    "Uploads",
    "Devices",
    "Status",
]


def play(on: Stage) -> None:
    on.page.title("Resellers: uploads, moves, and whom devices are shown as")
    on.page.remark("A reseller sells to customers and to an MSP, and sees who has its devices: up to a point.")

    on.page.heading("The cast")
    contoso = on.tenant(TenantKind.RESELLER, "Contoso Mobile", "RS-700", country="DE")
    rita = on.user("Rita", contoso, "rita@contoso.example", "admin")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100", country="DE")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200", country="DE")
    klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")
    holm = on.tenant(TenantKind.CUSTOMER, "Holm & Sons", "HS-900", country="DK")
    hanna = on.user("Hanna", holm, "hanna@holm.example", "super_admin")
    on.introduce()

    on.page.heading("The MSP's customers")
    bakery_link = jointly(on, ada, klara, northwind, "BK-200")
    on.call(bakery_link, "Northwind IT → Bäckerei Klein")
    add = AddCustomer(
        manager=northwind,
        kind=TenantKind.CUSTOMER,
        name="Fjord Logistikk",
        number="FL-500",
        country="NO",
        management="fully",
        services={"manage"},
    )
    added = on.does(ada, "adds Fjord Logistikk, fully managed", add)
    fjord = added.tenant
    on.call(fjord, "Fjord Logistikk")

    sells = Sells(on, rita, contoso)
    on.page.heading("Whom the reseller sells to")
    on.tries(rita, "uploads to the bakery before adding it", sells.upload(bakery, BAKERY))
    till = AddResellerCustomer(reseller=contoso, number="BK-200", reference="Till 4711")
    on.does(rita, "adds BK-200, which is `Till 4711` in its own books", till)
    on.does(rita, "adds NW-100", AddResellerCustomer(reseller=contoso, number="NW-100"))
    on.does(rita, "adds HS-900", AddResellerCustomer(reseller=contoso, number="HS-900"))
    on.does(rita, "uploads three devices to the bakery", sells.upload(bakery, BAKERY))
    on.days_pass(1)
    on.does(rita, "uploads five devices to the MSP", sells.upload(northwind, POOL))

    on.page.heading("A batch with faults")
    typed = ["356938031000020", "356938031000039", "356938031000020", "a100000c1d2e3f", "SN 77", "X1"]
    on.tries_each(rita, "uploads six devices to Holm & Sons", typed, sells.upload(holm, typed))
    on.page.remark("All or nothing: not even the first was taken. The fourth is the bakery's, in small letters.")
    many = [f"BULK-{number}" for number in range(10_001)]
    on.tries(rita, "uploads 10 001 devices at once", sells.upload(holm, many))

    on.page.heading("One device, several ids")
    on.does(rita, "uploads a phone to the bakery: two IMEIs and a serial number", sells.upload(bakery, [PHONE]))
    on.tries(rita, "uploads its second IMEI to Holm & Sons", sells.upload(holm, PHONE[1:2]))


    on.page.heading("The reseller's list, before")
    on.page.remark("The bakery was sold to directly and is managed: its name, the MSP's number.")
    sells.show(sells.rows())
    on.page.remark("The same as CSV:")
    sells.show_csv()
    on.page.remark("Asked for, Holm & Sons shows, too: added, and nothing uploaded yet.")
    sells.show(on.db.reseller_customers(reseller=contoso, unused=True, text="holm", actor=rita))

    on.page.heading("The MSP moves devices from its pool")

    def move(customer: TenantId, devices: list[str]) -> MoveDevices:
        return MoveDevices(manager=northwind, customer=customer, devices=devices)

    on.tries(ada, "moves two to the bakery, jointly managed", move(bakery, MOVED))
    astray = move(fjord, ["490154201000017", "SN-2026/0042"])
    on.tries(ada, "moves two to Fjord Logistikk, one of them the bakery's", astray)
    on.does(ada, "moves two to Fjord Logistikk, fully managed", move(fjord, MOVED))
    on.page.remark("Ada's customers, with what they hold:")
    rows = [
        [plain(row.name), faint(row.number), plain(row.management), plain(STATUS[row.stage]), count(row.devices)]
        for row in on.db.customers(manager=northwind, actor=ada)
    ]
    on.page.table(["customer", "number", "managed", "status", "devices"], rows)
    on.page.remark("Rita's list is what it was: where an MSP puts its devices is no affair of the reseller.")
    sells.show(sells.rows())
    linked = on.db.seq()

    on.page.heading("Both customers leave the MSP")
    owner = Invitee(email="freja@fjord.example", name="Freja")
    convert = ConvertLink(link=added.link, management="jointly", owner=owner)
    invited = on.does(ada, "converts Fjord Logistikk to jointly managed", convert)
    if invited is None:
        raise Stop("a conversion without an owner invites one")
    freja = invited.user
    on.call(freja, "Freja")
    on.does(freja, "signs up", AcceptInvitation(invitation=invited.invitation, email="freja@fjord.example"))
    for who, link in ((freja, added.link), (klara, bakery_link)):
        on.days_pass(30)
        on.does(who, "asks to delink", RequestDelink(link=link))
        on.does(ada, "accepts", AcceptDelink(link=link))
    delinked = on.db.seq()
    broken = DeleteDevices(tenant=northwind, devices=["490154201000058"])
    on.does(ada, "deletes a broken device from the pool", broken)

    on.page.heading("The reseller's list, after")
    on.page.remark("Fjord Logistikk appears with what was moved there, and Rita never added it.")
    sells.show(sells.rows())
    on.page.remark("The same as CSV:")
    sells.show_csv()

    on.page.heading("Direct or moved, linked or delinked")
    jointly(on, ada, klara, northwind, "BK-200")
    jointly(on, ada, freja, northwind, "FL-500")
    moments = {"linked": linked, "delinked": delinked, "linked again": on.db.seq()}
    on.page.remark("Whom Rita sees for one device of each kind, asked of those three moments today:")
    matrix: list[list[Cell]] = []
    for how, device in (("uploaded to it", BAKERY[0]), ("moved there by the MSP", MOVED[0])):
        matrix.append([plain(f"{how}\n{device}"), *(plain(sells.shown(device, seq)) for seq in moments.values())])
    on.page.table(["how it came to the customer", *moments], matrix)
    on.page.remark("What was moved is the customer's from its first delink on, for good.")

    on.page.heading("The customer drops the reseller")
    on.does(klara, "wants no more of Contoso Mobile", DropReseller(tenant=bakery, reseller=contoso))
    on.tries(rita, "uploads one more device to the bakery", sells.upload(bakery, ["SN-2026/0043"]))

    on.page.heading("A company name that is a formula")
    on.does(rita, "uploads two devices to Holm & Sons", sells.upload(holm, ["SN-2026/0077", "SN-2026/0078"]))
    rename = EditTenant(tenant=holm, name='=HYPERLINK("https://evil.example","Bill")')
    on.does(hanna, "gives her company a name that spreadsheets would run", rename)
    sells.show(sells.rows())
    on.page.remark("In the CSV an apostrophe leads it, and its quotes and comma stay inside the cell.")
    sells.show_csv(tenant=holm)
    on.verify()


def jointly(on: Stage, asks: UserId, answers: UserId, manager: TenantId, number: str) -> LinkId:
    """An MSP asks a customer to be managed jointly, and the customer says yes."""
    ask = RequestLink(manager=manager, number=number, management="jointly", services={"manage"})
    request = on.does(asks, f"asks to manage {number} jointly", ask)
    return on.does(answers, "accepts", AcceptLink(request=request))


def inert(text: str) -> str:
    """What a spreadsheet would run is led by an apostrophe in the CSV."""
    return f"'{text}" if text[:1] in "=+-@" else text


def rfc3339(at: datetime | None) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z") if at else ""


@dataclass(frozen=True)
class Sells:
    """A reseller, and who asks for its list."""

    on: Stage
    rita: UserId
    contoso: TenantId

    def upload(self, to: TenantId, devices: Sequence[TypedDevice]) -> UploadDevices:
        return UploadDevices(reseller=self.contoso, to=to, devices=devices)

    def rows(self, *, tenant: TenantId | None = None, as_of: int | None = None) -> list[ResellerCustomerRow]:
        asked = self.on.db.reseller_customers(reseller=self.contoso, tenant=tenant, actor=self.rita, as_of=as_of)
        return list(asked)

    def show(self, rows: Iterable[ResellerCustomerRow]) -> None:
        cells = [
            [
                plain(row.company),
                plain(row.number),
                plain(row.country) if row.country else faint("–"),
                faint(clock_face(row.last_uploaded) if row.last_uploaded else "–"),
                count(row.uploads),
                count(row.devices),
                plain(row.status),
            ]
            for row in rows
        ]
        self.on.page.table(COLUMNS, cells)

    def show_csv(self, *, tenant: TenantId | None = None) -> None:
        """Shows the CSV, and reads it back to see that it says what the list says."""
        told = self.on.db.reseller_csv(reseller=self.contoso, tenant=tenant, actor=self.rita)
        self.on.page.verbatim(told.csv)
        _, *read = csv.reader(io.StringIO(told.csv, newline=""))
        wanted = [
            [
                inert(row.company),
                row.number,
                row.country or "",
                rfc3339(row.last_uploaded),
                str(row.uploads),
                str(row.devices),
                str(row.status),
            ]
            for row in self.rows(tenant=tenant)
        ]
        if read != wanted or told.rows != len(wanted):
            raise Stop("the CSV does not say what the list says")
        self.on.page.holds("read back, the CSV has the rows and cells of the list")

    def shown(self, device: str, seq: int) -> str:
        """Whom a device was shown as after a record."""
        devices = self.on.db.host_entities(kind=Kind.DEVICE, as_of=seq)
        found = next(one for one in devices if isinstance(one, HeldDevice) and one.id == device)
        (row,) = self.rows(tenant=found.shown_as, as_of=seq)
        return f"{row.company}\n{row.number}"
