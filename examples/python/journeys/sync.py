"""A service desk calls its customers by ids of its own. Its list is brought about, night after night: planned first, done as
ordinary commands, and the same list twice changes nothing."""

from __future__ import annotations

from pathlib import Path

from page import bad, count, faint, good, plain
from stage import Stage, happened
from tenantry import CustomerList, Synced, TenantId, TenantKind, UserId, read_customers, sync_customers
from tenantry.commands import AcceptDelink, AcceptLink, RequestDelink, RequestLink, SetExternalId
from tenantry.model import BearerTenant, SyncState, SyncStep

DATA = Path(__file__).resolve().parents[2] / "data"
"""The desk's lists, as they came out of it."""

DESK = "connectwise"
"""What the desk is."""

WORDS = {
    SyncState.NEW: "new",
    SyncState.FOUND: "found by its number",
    SyncState.CHANGED: "changed",
    SyncState.SAME: "the same",
    SyncState.REPEATED: "listed before",
    SyncState.MERGED: "has another id",
    SyncState.CROSSED: "has another's number",
    SyncState.MISLED: "leads elsewhere",
}


def play(on: Stage) -> None:
    on.page.title("Sync: what the service desk calls its customers")
    on.page.remark("The desk has ids of its own. They are kept beside ours, and go with the link.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    harbour = on.tenant(TenantKind.CUSTOMER, "Harbour Lights", "P-7001")
    hana = on.user("Hana", harbour, "hana@harbour.example", "super_admin")
    on.tenant(TenantKind.CUSTOMER, "Copper Kettle", "P-7004")
    southgate = on.tenant(TenantKind.MSP, "Southgate Systems", "SG-1")
    sam = on.user("Sam", southgate, "sam@southgate.example", "super_admin")
    on.introduce()
    ask = RequestLink(manager=northwind, number="P-7001", management="jointly", services={"manage"})
    request = on.does(ada, "asks to manage Harbour Lights", ask)
    link = on.does(hana, "accepts", AcceptLink(request=request))

    on.page.heading("Monday: what would be done")
    monday = read_customers(DATA / "desk-monday.csv")

    def sync(rows: CustomerList, *, dry_run: bool = False) -> Synced:
        return sync_customers(on.db, rows, manager=northwind, system=DESK, actor=ada, dry_run=dry_run)

    before = on.db.seq()
    shows(on, monday, sync(monday, dry_run=True))
    on.page.remark(f"{on.db.seq() - before} records were written for that.")

    on.page.heading("Monday: done")
    done = sync(monday)
    on.deliver()
    for row in on.db.external_ids(keeper=northwind, actor=ada):
        on.call(row.whose.tenant, row.whose.name)
    refused(on, done)
    leads(on, ada, northwind, ["CW-1", "CW-2", "CW-3", "CW-4"])

    on.page.heading("Monday's list once more")
    before = on.db.seq()
    again = sync(monday)
    rows = [[plain(WORDS[state]), count(again.count(state))] for state in (SyncState.SAME, SyncState.NEW, SyncState.REPEATED)]
    on.page.table(["what it comes to", "rows"], rows)
    on.page.remark(f"{on.db.seq() - before} records were written. Copper Kettle is asked for again, and refused again.")

    on.page.heading("Who else is told")
    on.page.remark("What Northwind calls its customers is its own affair: another MSP has the same ids for others.")
    itself = SetExternalId(keeper=southgate, system=DESK, id="CW-1", of=BearerTenant(tenant=southgate))
    on.does(sam, "calls Southgate itself CW-1", itself)
    leads(on, sam, southgate, ["CW-1"])
    theirs = SetExternalId(keeper=northwind, system=DESK, id="CW-9", of=BearerTenant(tenant=harbour))
    on.tries(sam, "sets an id for Northwind", theirs)

    on.page.heading("Tuesday")
    tuesday = read_customers(DATA / "desk-tuesday.csv")
    shows(on, tuesday, sync(tuesday, dry_run=True))
    done = sync(tuesday)
    on.deliver()
    refused(on, done)
    on.page.remark("Whoever is not listed any more is told of, and nothing is done to them:")
    on.page.table(["id", "customer"], [[plain(row.id), plain(row.whose.name)] for row in done.gone])

    on.page.heading("The parting")
    on.does(ada, "asks Harbour Lights to part", RequestDelink(link=link))
    before = on.db.seq()
    on.does(hana, "agrees", AcceptDelink(link=link))
    for record in on.db.host_records(after=before):
        on.page.remark(f"In one record: {', '.join(happened(record.events))}.")
    leads(on, ada, northwind, ["CW-1", "CW-2"])
    on.verify()


def shows(on: Stage, listed: CustomerList, synced: Synced) -> None:
    """What a list comes to, row by row."""
    names = {line: row.name for line, row in zip(listed.lines, listed, strict=True)}
    rows = [
        [
            plain(step.id),
            plain(names[line] if line else ""),
            good(WORDS[step.state]),
            plain(step.customer.name) if step.customer else faint("–"),
            faint(note(step)),
        ]
        for line, step in zip(synced.lines, synced.steps, strict=True)
    ]
    on.page.table(["id", "as the desk has it", "comes to", "customer", "note"], rows)


def note(step: SyncStep) -> str:
    if step.with_:
        return f"is {step.with_}"
    return "renamed" if step.renamed else "–"


def refused(on: Stage, synced: Synced) -> None:
    rows = [
        [plain(no.id), bad(f"{no.why.code} {no.why.name}: {no.why.message}\n→ {no.why.remedy}")]
        for no in synced.refused
    ]
    if rows:
        on.page.table(["id", "what stands in the way, and what to do"], rows)
    else:
        on.page.remark("Nothing was refused.")


def leads(on: Stage, who: UserId, keeper: TenantId, ids: list[str]) -> None:
    """Where ids of the desk lead, as somebody is told."""
    found = [on.db.look_up_external(keeper=keeper, system=DESK, id=id, actor=who) for id in ids]
    rows = [[plain(id), plain(row.whose.name) if row else faint("nowhere")] for id, row in zip(ids, found, strict=True)]
    on.page.table(["id", "leads to"], rows)
