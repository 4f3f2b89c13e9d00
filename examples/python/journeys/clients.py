"""A multi-client with clients below it, under the policy `clients`: three authorizations, inherited and overridden; disable,
enable, delete. Never shows more of a tenant than the asking user may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from page import Cell, bad, faint, good, plain
from stage import Stage, Watch
from tenantry import (
    OPERATOR,
    Authorization,
    NewAssignment,
    Tenant,
    TenantId,
    TenantKind,
    TenantResult,
    UserId,
)
from tenantry.commands import AddCustomer, Assign, DeleteTenants, DisableTenants, EnableTenants, ReportReady


def play(on: Stage) -> None:
    on.page.title("Clients below a multi-client")
    on.page.remark(
        "Policy `clients`: no access, read-only or admin; inherited, unless something nearer says otherwise."
    )

    on.page.heading("The house")
    atlas = on.tenant(TenantKind.MSP, "Atlas Services", "AT-1")
    ada = on.user("Ada", atlas, "ada@atlas.example", "admin")
    cem = on.user("Cem", atlas, "cem@atlas.example", "no_access")
    dora = on.user("Dora", atlas, "dora@atlas.example", "no_access")
    on.introduce()
    group = add(on, ada, client(atlas, "Meridian Group", "AT-10", TenantKind.MSP), {cem: "admin", dora: "read_only"})
    paris = add(on, ada, client(group, "Meridian Paris", "AT-11"))
    osaka = add(on, ada, client(group, "Meridian Osaka", "AT-12"), {cem: "read_only"})
    quito = add(on, ada, client(group, "Meridian Quito", "AT-13"))

    on.page.heading("Who holds what, and from where")
    people = [ada, cem, dora]
    authorizations(on, people, [atlas, group, paris, osaka, quito])
    on.page.remark("Cem is admin of the group and only reads in Osaka: what is nearest wins.")
    shut = NewAssignment(user=dora, tenant=paris, role="no_access")
    on.does(ada, "keeps Dora out of Paris", Assign(assignments=[shut]))
    lima = add(on, cem, client(group, "Meridian Lima", "AT-14"))
    on.page.remark("Lima came later and is covered all the same.")
    places = [atlas, group, paris, osaka, quito, lima]
    authorizations(on, people, places)
    on.tries(dora, "looks for more than she may do", DisableTenants(tenants=[quito]))
    on.tries(dora, "tries Paris, which she cannot see", DisableTenants(tenants=[paris]))

    on.page.heading("Disable and enable")
    rights = Watch(
        on,
        (cem, "devices.manage", group),
        (cem, "devices.manage", paris),
        (cem, "tenant.operate", paris),
        (cem, "devices.manage", quito),
    )
    rights.moment("enabled")
    results(on, on.does(cem, "disables the group and Paris", DisableTenants(tenants=[group, paris])))
    rights.moment("disabled")
    on.page.remark("Quito is below the group and not disabled with it.")
    results(on, on.does(cem, "disables Paris and Quito", DisableTenants(tenants=[paris, quito])))
    results(on, on.does(cem, "enables all three", EnableTenants(tenants=[group, paris, quito])))
    rights.moment("enabling")
    on.tries(cem, "disables Quito while it comes up", DisableTenants(tenants=[quito]))
    for tenant in (group, paris, quito):
        on.does(OPERATOR, f"reports {on.name(tenant)} ready", ReportReady(tenant=tenant))
    rights.moment("ready")
    rights.show()

    on.page.heading("Delete, and the prefix returns to the pool")
    pool(on, places)
    taken = replace(client(group, "Sakai Works", "AT-21"), prefix="meridian-osaka")
    on.tries(ada, "adds Sakai Works at meridian-osaka", taken)
    on.tries(ada, "deletes Osaka, typing Delete", DeleteTenants(tenants=[osaka], confirm="Delete"))
    on.tries(ada, "deletes the group", DeleteTenants(tenants=[group], confirm="delete"))
    results(on, on.does(ada, "deletes Osaka", DeleteTenants(tenants=[osaka], confirm="delete")))
    sakai = on.does(ada, "adds Sakai Works at meridian-osaka", taken).tenant
    on.call(sakai, "Sakai Works")
    pool(on, [*places, sakai])
    cascade = DeleteTenants(tenants=[group], confirm="delete", cascade=True)
    results(on, on.does(ada, "deletes the group with everything below it", cascade))
    pool(on, [*places, sakai])
    on.page.remark("Numbers stay with their tombstones for good; only prefixes come back.")
    on.verify()


def client(manager: TenantId, name: str, number: str, kind: TenantKind = TenantKind.CUSTOMER) -> AddCustomer:
    """A client; its prefix is its name in small letters."""
    return AddCustomer(
        manager=manager,
        kind=kind,
        name=name,
        number=number,
        prefix=name.lower().replace(" ", "-"),
        management="client",
        services={"manage"},
    )


def add(on: Stage, by: UserId, command: AddCustomer, authorized: dict[UserId, str] | None = None) -> TenantId:
    """Adds one of the Meridian clients."""
    roles = authorized or {}
    who = " and ".join(f"{on.name(user)} as {role}" for user, role in roles.items())
    authorize = [Authorization(user=user, role=role) for user, role in roles.items()]
    what = f"adds {command.name} with {who}" if who else f"adds {command.name}"
    added = on.does(by, what, replace(command, authorize=authorize))
    on.call(added.tenant, command.name)
    on.call(added.link, f"{on.name(UUID(str(command.manager)))} → {command.name}")
    return added.tenant


def authorizations(on: Stage, people: list[UserId], places: list[TenantId]) -> None:
    """For each user and tenant: the role that decides, and the tenant it comes from when that is another one."""
    rows: list[list[Cell]] = []
    for tenant in places:
        row = [plain(on.name(tenant))]
        for user in people:
            verdict = on.db.check(user=user, permission="tenant.view", tenant=tenant)
            if verdict.grounds is None:
                row.append(faint("–"))
                continue
            origin = verdict.grounds.tenant
            text = verdict.grounds.role + ("" if origin == tenant else f" ← {on.name(origin)}")
            row.append(good(text) if verdict else bad(text))
        rows.append(row)
    on.page.table(["tenant", *map(on.name, people)], rows)


def results(on: Stage, results: Iterable[TenantResult]) -> None:
    for result in results:
        on.page.answer(f"{on.name(result.tenant)}: {'changed' if result.changed else 'was so already'}")


def pool(on: Stage, places: list[TenantId]) -> None:
    """The tenants with their prefixes and how they are."""
    rows: list[list[Cell]] = []
    for tenant in (on.the(Tenant, id) for id in places):
        rows.append(
            [
                plain(tenant.name),
                faint(tenant.number),
                bad("deleted") if tenant.deleted else good(tenant.operation),
                plain(tenant.prefix) if tenant.prefix else faint("–"),
            ]
        )
    on.page.table(["tenant", "number", "is", "prefix"], rows)
