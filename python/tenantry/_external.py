"""What the command line shows and does of ids that other systems have given."""

from __future__ import annotations

from typing import Final

from ._database import Database
from ._find import Wanted, actor, called, listed, opened, page, the_tenant
from ._show import Row, as_json
from ._sync import read_customers, sync_customers
from .model import BearerDevice, BearerTenant, BearerUser, ExternalIdRow, SyncState


def external(wanted: Wanted) -> int:
    with opened(wanted) as db:
        keeper = the_tenant(db, wanted.keeper, wanted.as_of)
        found = db.external_ids(
            keeper=keeper.id,
            system=wanted.system,
            beginning=wanted.text,
            actor=actor(db, wanted, keeper),
            as_of=wanted.as_of,
            limit=page(wanted),
        )
        rows = (Row((it.system, it.id, _of(db, it), it.whose.number, it.whose.name, it.since), it) for it in found)
        listed(wanted, ("system", "id", "of", "number", "company", "since"), rows)
    return 0


def _of(db: Database, it: ExternalIdRow) -> str:
    """What an id leads to, as people call it."""
    match it.of:
        case BearerTenant():
            return "tenant"
        case BearerUser(user=user):
            return called(db, user)
        case BearerDevice(device=device):
            return f"device {device}"


IN_WORDS: Final = {
    SyncState.NEW: "new",
    SyncState.FOUND: "found by their number",
    SyncState.CHANGED: "changed",
    SyncState.SAME: "as they are",
    SyncState.REPEATED: "listed twice",
    SyncState.MERGED: "another id of a customer",
    SyncState.MISLED: "an id of no customer",
    SyncState.CROSSED: "one customer's id and another's number",
}


def sync(wanted: Wanted) -> int:
    services = [word for word in (wanted.services or "").split(",") if word]
    rows = read_customers(wanted.list, management=wanted.management, services=services)
    with opened(wanted, read_only=wanted.dry_run) as db:
        manager = the_tenant(db, wanted.manager)
        done = sync_customers(
            db, rows, manager=manager.id, system=wanted.system, actor=actor(db, wanted, manager), dry_run=wanted.dry_run
        )
    told = [step for step in done.steps if step.state is not SyncState.SAME or step.renumbered]
    if wanted.json:
        as_json(
            {
                "counts": {str(state): done.count(state) for state in SyncState},
                "rows": [
                    {"id": it.id, "state": it.state, "customer": it.customer.number if it.customer else None, "with": it.with_}
                    for it in told
                ],
                "refused": [{"id": id, "refusal": no.name, "why": no.message, "remedy": no.remedy} for id, no in done.refused],
                "gone": [{"id": it.id, "customer": it.whose.number} for it in done.gone],
            }
        )
        return 1 if done.refused else 0
    would = "would be " if wanted.dry_run else ""
    print(f"{len(rows)} rows: " + ", ".join(f"{count} {IN_WORDS[it]}" for it in SyncState if (count := done.count(it))))
    for step in told:
        if step.state in (SyncState.REPEATED, SyncState.MERGED, SyncState.MISLED, SyncState.CROSSED):
            of = f" as `{step.with_}`, {step.customer.number}" if step.with_ and step.customer else ""
            print(f"  `{step.id}` is {IN_WORDS[step.state]}{of}: nothing {would or 'was '}done")
        elif step.renumbered and step.customer:
            print(f"  `{step.id}` has another number in the list than {step.customer.number}, which never changes")
    for id, no in done.refused:
        print(f"  `{id}` is refused: {no.message}; {no.remedy}")
    for gone in done.gone:
        print(f"  `{gone.id}`, {gone.whose.name} ({gone.whose.number}), is not listed any more: it stays")
    return 1 if done.refused else 0
