"""A desk's own tickets, in the store's own file: filtered, sorted and paged by our rights, and written in one transaction with what we
are asked to do, by the loadable extension in Python's `sqlite3`.

The extension goes by the machine's clock, and so does the store of this journey, since one journal has one clock. Its page tells the
moments of the story.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID

import tenantry
from page import Cell, count, faint, plain
from stage import Stage, Stop
from tenantry import Invitee, LinkId, TenantId, TenantKind, UserId
from tenantry.commands import AcceptDelink, AcceptInvitation, AddCustomer, Command, EditTenant, RequestDelink
from tenantry.model import ByUser

BUILT = Path(__file__).resolve().parents[3] / "extension/target/release/libtenantry_sql.so"
"""Where `make extension` puts it. Elsewhere is said by the variable `TENANTRY_EXTENSION`."""

LIST = """SELECT id, customer, subject, urgent FROM ticket
    WHERE id > :after AND customer IN (SELECT tenant FROM tenantry_tenants(:user, :permission))
    ORDER BY id LIMIT 3"""
"""Who may see a ticket, and with which right, is said within the desk's own statement."""

URGENT = """SELECT id, customer, subject, urgent FROM ticket
    WHERE id > :after AND urgent AND customer IN (SELECT tenant FROM tenantry_tenants(:user, :permission, 'manage'))
    ORDER BY subject"""

WRITE = "INSERT INTO ticket (customer, subject, urgent) VALUES (?, ?, ?)"

OPEN = """INSERT INTO ticket (customer, subject, urgent)
    SELECT :customer, :subject, 0 WHERE tenantry_may(:user, 'devices.view', :customer)"""
"""A ticket is opened by whoever may see devices there, or not at all."""


def play(on: Stage) -> None:
    on.page.title("A desk's tickets")
    on.page.remark("The desk has tables of its own in the store's file. Who sees which row, SQL asks us.")

    on.page.heading("The cast")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    ben = on.user("Ben", northwind, "ben@northwind.example", "read_only")
    on.introduce()

    on.page.heading("Customers")
    bakery, its_link, klara = customer(on, ada, northwind, "Bäckerei Klein", "BK-200", "Klara")
    hotel, _, _ = customer(on, ada, northwind, "Hotel Adler", "HA-300", "Heidi")

    on.page.heading("Tickets")
    desk = opened(on.path)
    desk.execute("CREATE TABLE ticket (id INTEGER PRIMARY KEY, customer BLOB NOT NULL, subject TEXT, urgent INTEGER)")
    desk.execute("CREATE INDEX ticket_customer ON ticket (customer)")
    for whose, subject, urgent in (
        (bakery, "The oven's screen is dark", True),
        (hotel, "No network on the third floor", False),
        (bakery, "New till", False),
        (hotel, "Key cards fail", True),
        (bakery, "Printer out of ink", False),
    ):
        desk.execute(WRITE, (whose.bytes, subject, urgent))
    last = shows(on, desk, "Ben sees, three to a page", LIST, ben)
    shows(on, desk, "and after these", LIST, ben, after=last)
    shows(on, desk, "Klara sees those of her bakery", LIST, klara)
    shows(on, desk, "Urgent, and Ada manages the devices", URGENT, ada, "devices.manage")
    shows(on, desk, "Ben manages no devices", URGENT, ben, "devices.manage")

    on.page.heading("A row is written by our rights")
    for whose in (bakery, hotel):
        ticket = {"user": klara.bytes, "customer": whose.bytes, "subject": "Scales are off"}
        rows = desk.execute(OPEN, ticket).rowcount
        line = f"{on.name(klara)} opens a ticket for {on.name(whose)}"
        on.page.holds(f"{line}: {'one row' if rows == 1 else 'no row'}")

    on.page.heading("Both or none")
    moves = EditTenant(tenant=hotel, website="https://new.adler.example")
    desk.execute("BEGIN IMMEDIATE")
    desk.execute(WRITE, (hotel.bytes, "Moves house", False))
    executes(desk, ada, moves)
    desk.execute("ROLLBACK")
    both(on, desk, "rolled back", hotel)
    desk.execute("BEGIN IMMEDIATE")
    desk.execute(WRITE, (hotel.bytes, "Moves house", False))
    # A refusal takes nothing along.
    try:
        executes(desk, ben, moves)
    except sqlite3.Error as no:
        on.page.holds(f"Ben may not: {reason(no)}; the transaction goes on")
    else:
        raise Stop("Ben was to be refused")
    executes(desk, ada, moves)
    desk.execute("COMMIT")
    both(on, desk, "committed", hotel)

    on.page.heading("They part")
    on.does(klara, "asks to delink", RequestDelink(link=its_link))
    on.does(ada, "accepts", AcceptDelink(link=its_link))
    shows(on, desk, "Ben sees what is left", LIST, ben)
    shows(on, desk, "and Klara what is hers", LIST, klara)
    desk.close()
    on.verify()


def opened(store: Path) -> sqlite3.Connection:
    """The desk's connection to the store's file, with the extension loaded. Transactions are begun and ended by hand."""
    extension = Path(os.environ.get("TENANTRY_EXTENSION") or BUILT)
    if not extension.is_file():
        raise Stop(f"there is no extension at `{extension}`; build it by `make extension`, or let TENANTRY_EXTENSION name it")
    desk = sqlite3.connect(store, isolation_level=None)
    if not hasattr(desk, "enable_load_extension"):
        raise Stop("the sqlite3 of this Python loads no extensions; take one that was built with them, such as Debian's python3")
    try:
        desk.enable_load_extension(True)
        desk.load_extension(str(extension))
        desk.enable_load_extension(False)
    except sqlite3.Error as error:
        raise Stop(f"`{extension}` cannot be loaded: {error}") from error
    return desk


def customer(
    on: Stage, ada: UserId, msp: TenantId, name: str, number: str, owner: str
) -> tuple[TenantId, LinkId, UserId]:
    """A customer that is jointly managed, and who answers there."""
    email = f"{owner}@{number}.example".lower()
    add = AddCustomer(
        manager=msp,
        kind=TenantKind.CUSTOMER,
        name=name,
        number=number,
        management="jointly",
        services={"manage"},
        owner=Invitee(name=owner, email=email),
    )
    added = on.does(ada, f"adds {name}", add)
    on.call(added.tenant, name)
    on.call(added.link, f"Northwind IT → {name}")
    invited = added.sign_up
    if invited is None:
        raise Stop("whoever owns it is invited")
    on.call(invited.user, owner)
    on.does(invited.user, "signs up", AcceptInvitation(invitation=invited.invitation, email=email))
    return added.tenant, added.link, invited.user


def shows(
    on: Stage, desk: sqlite3.Connection, what: str, statement: str, user: UserId, permission: str = "devices.view", *, after: int = 0
) -> int:
    """What one statement shows, and the last of it."""
    found = desk.execute(statement, {"user": user.bytes, "permission": permission, "after": after}).fetchall()
    on.page.gap()
    on.page.remark(what)
    rows = list[list[Cell]]()
    for id, whose, subject, urgent in found:
        name = on.name(UUID(bytes=whose))
        rows.append([count(id), plain(name), plain(subject), plain("urgent") if urgent else faint("–")])
        after = id
    if rows:
        on.page.table(["ticket", "customer", "subject", ""], rows)
    else:
        on.page.remark("no row")
    return after


def executes(desk: sqlite3.Connection, user: UserId, command: Command[Any]) -> Any:
    """A command within the desk's own transaction: what it led to."""
    asked = json.dumps({"actor": ByUser(user=user).as_dict(), "command": command.as_dict()}, default=str)
    (told,) = desk.execute("SELECT tenantry_execute(?)", (asked,)).fetchone()
    return json.loads(told)


def reason(error: sqlite3.Error) -> str:
    """What a refusal begins with: its number and its name."""
    return str(error).removeprefix("tenantry: ").partition(":")[0]


def both(on: Stage, desk: sqlite3.Connection, after: str, hotel: TenantId) -> None:
    """What there is of a row of the desk's and of what was done with it."""
    (tickets,) = desk.execute("SELECT count(*) FROM ticket WHERE subject = 'Moves house'").fetchone()
    website = on.db.settings(tenant=hotel, actor=tenantry.OPERATOR).website or "none"
    on.page.holds(f"{after}: tickets about the move {tickets}, website {website}")
