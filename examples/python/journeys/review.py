"""An auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what."""

from __future__ import annotations

from datetime import datetime, timezone

from page import Cell, bad, count, faint, good, plain
from stage import Stage, clock_face, permissions
from tenantry import OPERATOR, TenantId, TenantKind, TermRequest, UserId, model
from tenantry.commands import (
    AcceptLink,
    Assign,
    BlockUser,
    RequestLink,
    SetManagerGrants,
)

ON_3_MARCH = datetime(2026, 3, 3, 12, tzinfo=timezone.utc)
"""The moment that the auditor asks about."""


def play(on: Stage) -> None:
    on.page.title("Who could reach this customer on 3 March")
    on.page.remark("An auditor asks about a day that has passed, why it was so, and what has changed since.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    ben = on.user("Ben", northwind, "ben@northwind.example", "admin")
    cleo = on.user("Cleo", northwind, "cleo@northwind.example", "read_only")
    harbour = on.tenant(TenantKind.MSP, "Harbour Security", "HS-300")
    hana = on.user("Hana", harbour, "hana@harbour.example", "admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    klara = on.user("Klara", bakery, "klara@klein.example", "super_admin")
    on.user("Karl", bakery, "karl@klein.example", "read_only")
    on.introduce()

    on.page.heading("Up to 3 March")
    ask = RequestLink(manager=northwind, number="BK-200", management="jointly", services={"enrollment", "manage"})
    request = on.does(ada, "asks to manage BK-200 jointly", ask)
    link = on.does(klara, "accepts", AcceptLink(request=request))
    on.call(link, "Northwind IT → Bäckerei Klein")
    on.does(klara, "lets Northwind manage users", SetManagerGrants(link=link, grants={"users.manage"}))
    ask = RequestLink(
        manager=harbour,
        number="NW-100",
        management="jointly",
        services={"enrollment", "manage"},
        term=TermRequest(days=20),
    )
    request = on.does(hana, "asks to manage NW-100 for twenty days", ask)
    above = on.does(ada, "accepts", AcceptLink(request=request))
    on.call(above, "Harbour Security → Northwind IT")

    on.page.heading("And after it")
    on.days_pass(7)
    on.does(ada, "blocks Ben, who has left", BlockUser(user=ben))
    admin = model.NewAssignment(user=cleo, tenant=bakery, role="admin")
    on.does(ada, "makes Cleo admin at the bakery", Assign(assignments=[admin]))
    on.days_pass(30)
    on.does(klara, "takes the grant back", SetManagerGrants(link=link, grants=()))

    on.page.heading("Who could reach the bakery on 3 March, as Klara reads it")
    on.page.remark("Her own people have names; those of others are told as their organisation.")
    as_klara_reads_it(on, klara, bakery)

    on.page.heading("The same as the platform's staff reads it, with the why")
    with_the_why(on, bakery)
    able = on.db.tenant_access(actor=OPERATOR, tenant=bakery, permission="users.manage", as_of=ON_3_MARCH)
    on.page.remark(f"users.manage was held by {on.people(row.user for row in able)}.")

    on.page.heading("What has changed since")
    changes = on.db.tenant_access_changes(actor=OPERATOR, tenant=bakery, since=ON_3_MARCH)
    rows = [[plain(on.name(it.user)), good(permissions(it.gained)), bad(permissions(it.lost))] for it in changes]
    on.page.table(["who", "gained", "lost"], rows)

    on.page.heading("By which record")
    known = on.db.tenant_access(actor=OPERATOR, tenant=bakery, as_of=ON_3_MARCH).page().seq
    by_which_record(on, bakery, known or 0)
    on.page.remark("What has ended by time alone has no command; it comes with the record that was next.")

    on.page.heading("What Cleo can reach today, as she reads it")
    reached = on.db.user_access(actor=cleo, user=cleo)
    rows = [[plain(it.name), faint(it.number), plain(permissions(it.ways[0].held))] for it in reached]
    on.page.table(["tenant", "number", "may"], rows)
    on.verify()


def as_klara_reads_it(on: Stage, klara: UserId, bakery: TenantId) -> None:
    rows = [
        [plain(on.name(it.user)), faint(on.name(it.home)), plain(permissions(it.ways[0].held))]
        for it in on.db.tenant_access(actor=klara, tenant=bakery, as_of=ON_3_MARCH)
    ]
    rows += [
        [faint("somebody"), plain(it.organisation.name), plain(permissions(it.held))]
        for it in on.db.organisation_access(actor=klara, tenant=bakery, as_of=ON_3_MARCH)
    ]
    on.page.table(["who", "of", "could"], rows)


def with_the_why(on: Stage, bakery: TenantId) -> None:
    """By which role and through which links, and what of it rests on a grant."""
    rows: list[list[Cell]] = []
    for it in on.db.tenant_access(actor=OPERATOR, tenant=bakery, as_of=ON_3_MARCH):
        way = it.ways[0]
        role = f"{way.grounds.role} of {on.name(way.grounds.tenant)}" if way.grounds else "–"
        rows.append(
            [
                plain(on.name(it.user)),
                plain(role),
                plain("\n".join(map(on.name, way.chain))) if way.chain else faint("–"),
                plain(permissions(way.held)),
                plain("\n".join(sorted(way.granted))) if way.granted else faint("–"),
            ]
        )
    on.page.table(["who", "by the role", "through the link", "could", "by a grant"], rows)


def by_which_record(on: Stage, of: TenantId, after: int) -> None:
    """What the feed has of a tenant from a record on."""
    rows = [
        [
            count(it.seq),
            faint(clock_face(it.at)),
            plain(it.command) if it.command else faint("–"),
            plain(on.name(it.user)),
            good(permissions(it.gained)),
            bad(permissions(it.lost)),
        ]
        for it in on.db.host_access_changes(after=after)
        if it.tenant == of
    ]
    on.page.table(["record", "since", "command", "who", "gained", "lost"], rows)
