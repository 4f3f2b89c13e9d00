"""A service desk's export becomes tenants and links. Lines that cannot be taken are listed with what to do about them; the
file itself is never mended silently.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from page import Cell, count, faint, good, plain
from stage import Stage, Stop, happened
from tenantry import (
    Contact,
    Executed,
    HandshakeState,
    Invitee,
    LinkRequest,
    LinkRequestId,
    ParsedText,
    Refused,
    Request,
    Tenant,
    TenantId,
    TenantKind,
    TextKind,
    Typed,
    UserId,
)
from tenantry.commands import AcceptLink, AddCustomer, RequestLink

EXPORT = Path(__file__).resolve().parents[2] / "data" / "psa-export.csv"
"""The export, as it came out of the service desk."""

COLUMNS = 12

Flaw = tuple[str, str]
"""What stands in the way, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of the file: where it begins, and what is in it."""

    number: int
    cells: list[str]

    @property
    def id(self) -> UUID:
        """An id that is the same whenever the same file is read."""
        return UUID(int=0x50_5341 << 64 | self.number)

    @property
    def account(self) -> str:
        # What is no UTF-8 came through as surrogates; it is shown as what it is: unreadable.
        return self.cells[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def play(on: Stage) -> None:
    on.page.title("Onboarding: a service desk's export becomes customers")
    on.page.remark("Forty countries, a dozen scripts, and every blemish that such files have.")

    on.page.heading("Who is on the platform already")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    owners = neighbours(on)
    on.introduce()

    on.page.heading("The file")
    lines, refused, sent = list(read_export()), dict[Line, list[Flaw]](), dict[Line, Request[object]]()
    for line in lines:
        command = read_line(on, line, northwind)
        if isinstance(command, list):
            refused[line] = command
            continue
        if isinstance(command, AddCustomer):
            on.call(line.id, command.name)
        sent[line] = Request(command=command, request_id=line.id)
    unreadable = len(refused)
    answers = on.db.execute_all(sent.values(), actor=ada)
    added: list[AddCustomer] = []
    asked: list[LinkRequestId] = []
    for line, answer in zip(sent, answers, strict=True):
        asked_for = sent[line].command
        if isinstance(answer, Refused):
            refused[line] = [(f"{answer.code} {answer.name}: {on.in_names(answer.message)}", answer.remedy)]
        elif not isinstance(answer, Executed):
            raise answer
        elif isinstance(asked_for, AddCustomer):
            added.append(asked_for)
        else:
            asked.append(answer.outcome)
    on.page.table(
        ["what", "how many"],
        [
            [plain("lines with something on them"), count(len(lines))],
            [plain("customers added"), count(len(added))],
            [plain("link requests to tenants that were there"), count(len(asked))],
            [plain("refused before they were sent: a text is not well formed"), count(unreadable)],
            [plain("refused by a rule"), count(len(refused) - unreadable)],
        ],
    )

    on.page.heading("The customers, by country")
    by_country(on, added)

    on.page.heading("The post")
    letters: Counter[str] = Counter()
    for kind, to in on.post():
        letters[kind] += len(to)
    on.page.table(["notice", "letters"], [[plain(kind), count(many)] for kind, many in sorted(letters.items())])

    on.page.heading("The tenants that were asked")
    of = {on.the(LinkRequest, id).managed: id for id in asked}
    owner, tenant = next((owner, tenant) for owner, tenant in owners if tenant in of)
    on.call(of[tenant], "the request")
    on.does(owner, "accepts", AcceptLink(request=of[tenant]))
    requests_table(on, asked)

    on.page.heading("Refused, line by line")
    rows = [
        [
            count(line.number),
            plain(line.account),
            plain("\n".join(f"{what}\n→ {remedy}" for what, remedy in flaws)),
        ]
        for line, flaws in sorted(refused.items(), key=lambda one: one[0].number)
    ]
    on.page.table(["line", "account", "what stands in the way, and what to do"], rows)

    on.page.heading("The same file once more")
    before = on.db.seq()
    again = on.db.execute_all(sent.values(), actor=ada)
    same = sum(now == then for now, then in zip(again, answers, strict=True) if isinstance(now, Executed))
    refused_again = sum(
        isinstance(now, Refused) and isinstance(then, Refused) for now, then in zip(again, answers, strict=True)
    )
    if same + refused_again != len(sent):
        raise Stop("a line is answered differently")
    rows = [
        [plain("lines answered with their first receipt"), count(same)],
        [plain("lines refused again"), count(refused_again)],
    ]
    for record in on.db.host_records(after=before):
        rows.append([plain(f"records written: {', '.join(happened(record.events))}"), count(1)])
    on.page.remark("Somebody clicks twice. Each line has its own request id, so it is the same request.")
    on.page.table(["what", "how many"], rows)
    on.page.remark("Nothing is done twice; only a refusal for lack of rights is audited each time.")
    on.verify()


def read_export() -> Iterator[Line]:
    """The lines below the heading. A byte-order mark is no part of the first column's name."""
    with EXPORT.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                yield Line(begins, cells)
            begins = reader.line_num + 1


def read_line(on: Stage, line: Line, manager: TenantId) -> AddCustomer | RequestLink | list[Flaw]:
    """The command that a line stands for, or every flaw of it. New tenants get their ids from the line, as the requests do."""
    if len(line.cells) != COLUMNS:
        what = f"the line has {len(line.cells)} of {COLUMNS} columns"
        return [(what, "look for a missing comma or quotation mark")]
    if any("\ud800" <= character <= "\udfff" for cell in line.cells for character in cell):
        return [("the line is not in UTF-8", "export the line again, as UTF-8")]
    account, platform, company, country, street, phone, website, prefix, managed, services, owner, email = line.cells
    managed = managed.strip()
    wanted = [service.strip() for service in services.split(";") if service.strip()]
    texts = [(TextKind.MANAGEMENT_TYPE, managed), *((TextKind.SERVICE, service) for service in wanted)]
    if platform.strip():
        texts.append((TextKind.NUMBER, platform))
    else:
        texts += [(TextKind.NUMBER, account), (TextKind.COMPANY_NAME, company)]
        may = [
            (TextKind.COUNTRY, country),
            (TextKind.WEBSITE, website),
            (TextKind.PREFIX, prefix),
            (TextKind.STREET, street),
            (TextKind.PHONE, phone),
        ]
        # A customer that is fully managed has nobody of its own to sign up.
        if managed == "jointly" and email.strip():
            may += [(TextKind.PERSON_NAME, owner), (TextKind.EMAIL, email)]
        texts += [(kind, text) for kind, text in may if text.strip()]
    flaws: list[Flaw] = []
    read: dict[TextKind, str] = {}
    parsed = on.db.parse(texts=[Typed(kind=kind, text=text) for kind, text in texts])
    for (kind, _), one in zip(texts, parsed, strict=True):
        if isinstance(one, ParsedText):
            read[kind] = one.text
        else:
            flaws.append((one.flaw.message, one.flaw.remedy))
    if flaws:
        return flaws
    if platform.strip():
        number = read[TextKind.NUMBER]
        return RequestLink(manager=manager, number=number, management=managed, services=wanted)
    return AddCustomer(
        manager=manager,
        tenant=TenantId(line.id),
        kind=TenantKind.CUSTOMER,
        number=read[TextKind.NUMBER],
        name=read[TextKind.COMPANY_NAME],
        country=read.get(TextKind.COUNTRY),
        website=read.get(TextKind.WEBSITE),
        prefix=read.get(TextKind.PREFIX),
        contact=Contact(street=read.get(TextKind.STREET), phone=read.get(TextKind.PHONE)),
        management=managed,
        services=wanted,
        owner=Invitee(email=read[TextKind.EMAIL], name=read.get(TextKind.PERSON_NAME)) if TextKind.EMAIL in read else None,
    )


def neighbours(on: Stage) -> list[tuple[UserId, TenantId]]:
    """Tenants that were on the platform before, and the owners who can answer for them."""
    harbour = on.tenant(TenantKind.CUSTOMER, "Harbour Lights", "P-7001")
    hana = on.user("Hana", harbour, "hana@harbour.example", "super_admin")
    mill = on.tenant(TenantKind.CUSTOMER, "Old Mill Press", "P-7002")
    milo = on.user("Milo", mill, "milo@mill.example", "super_admin")
    on.tenant(TenantKind.CUSTOMER, "Quiet Valley", "P-7003")
    southgate = on.tenant(TenantKind.MSP, "Southgate Systems", "SG-1")
    sam = on.user("Sam", southgate, "sam@southgate.example", "super_admin")
    on.tenant(TenantKind.RESELLER, "Tidewater Resale", "P-7005")
    kettle = on.tenant(TenantKind.CUSTOMER, "Copper Kettle", "P-7004")
    cleo = on.user("Cleo", kettle, "cleo@kettle.example", "super_admin")
    request = on.db.request_link(
        manager=southgate, number="P-7004", management="jointly", services={"manage"}, actor=sam
    ).outcome
    on.db.accept_link(request=request, actor=cleo)
    on.post()
    return [(hana, harbour), (milo, mill)]


def by_country(on: Stage, added: list[AddCustomer]) -> None:
    countries: dict[str, list[AddCustomer]] = {}
    for one in added:
        countries.setdefault(one.country or "–", []).append(one)
    rows: list[list[Cell]] = []
    for country, theirs in sorted(countries.items()):
        fully = sum(one.management == "fully" for one in theirs)
        rows.append(
            [plain(country), count(len(theirs)), count(fully), count(len(theirs) - fully), plain(theirs[0].name)]
        )
    on.page.table(["country", "customers", "fully", "jointly", "for example"], rows)


def requests_table(on: Stage, asked: list[LinkRequestId]) -> None:
    rows: list[list[Cell]] = []
    for id in asked:
        request = on.the(LinkRequest, id)
        tenant = on.the(Tenant, request.managed)
        open = request.handshake.state is HandshakeState.PENDING
        until = f"{request.handshake.expires:%Y-%m-%d}" if open else "–"
        rows.append([plain(tenant.name), faint(tenant.number), good(request.handshake.state), faint(until)])
    on.page.table(["tenant", "number", "request", "open until"], rows)
