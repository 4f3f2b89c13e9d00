"""What the command line shows and does of ids that other systems have given."""

from __future__ import annotations

from typing import Final

from ._database import Database
from ._find import Wanted, actor, called, listed, opened, page, the_tenant
from ._show import Row, as_json
from ._sync import read_customers, sync_customers
from .model import BearerDevice, BearerTenant, BearerUser, ExternalIdRow, Organisation, SyncState


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


LONGEST: Final = 128
"""How many characters of an id are shown; none has more."""

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
    listed = read_customers(wanted.list, management=wanted.management, services=services)
    with opened(wanted, read_only=wanted.dry_run) as db:
        manager = the_tenant(db, wanted.manager)
        done = sync_customers(
            db, listed, manager=manager.id, system=wanted.system, actor=actor(db, wanted, manager), dry_run=wanted.dry_run
        )
    told = [
        (line, step)
        for line, step in zip(done.lines, done.steps, strict=True)
        if step.state is not SyncState.SAME or step.renumbered
    ]
    count = len(listed) + len(listed.refused)
    if wanted.json:
        whole = {
            "rows": count,
            "counts": {str(state): done.count(state) for state in SyncState},
            "steps": [{"line": line, **step.as_dict()} for line, step in told],
            "refused": [
                {
                    "line": no.line,
                    "id": no.id,
                    "column": no.column,
                    "refusal": no.why.name,
                    "why": no.why.message,
                    "remedy": no.why.remedy,
                }
                for no in done.refused
            ],
            "gone": [it.as_dict() for it in done.gone],
        }
        print(as_json(whole))
        return 1 if done.refused else 0
    would = "would be" if wanted.dry_run else "was"
    counts = [f"{many} {IN_WORDS[it]}" for it in SyncState if (many := done.count(it))]
    if unread := count - len(done.steps):
        counts.append(f"{unread} that cannot be read")
    print(f"{count} rows: " + ", ".join(counts))
    for line, step in told:
        if step.state in (SyncState.REPEATED, SyncState.MERGED, SyncState.MISLED, SyncState.CROSSED):
            known = f" as {_typed(step.with_)}" if step.with_ else ""
            print(f"  line {line}: {_typed(step.id)}{_whose(step.customer)} is {IN_WORDS[step.state]}{known}: nothing {would} done")
        elif step.renumbered:
            print(f"  line {line}: {_typed(step.id)}{_whose(step.customer)} has another number in the list, and a number never changes")
    for no in done.refused:
        column = f"in `{no.column}`, " if no.column else ""
        print(f"  line {no.line}: {_typed(no.id)} is refused: {column}{no.why.message}; {no.why.remedy}")
    for gone in done.gone:
        print(f"  {_typed(gone.id)}{_whose(gone.whose)} is not listed any more: it stays")
    return 1 if done.refused else 0


def _whose(it: Organisation | None) -> str:
    """A customer, behind its id."""
    return f", {it.name} ({it.number})," if it else ""


def _typed(id: str) -> str:
    """An id as it stands in a list: what does not show is told, and what is no id need not be shown to its end."""
    text = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in id[:LONGEST])
    return f"`{text}{'…' if len(id) > LONGEST else ''}`" if text else "a row without an id"
