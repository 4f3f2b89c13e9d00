"""Two processes on one file: what one writes the other reads at once, and both write together. Never locks the file by hand:
who writes when is the store's affair.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from page import Cell, count, faint, plain
from stage import MORNING, Stage, Stop, clock_face, number
from tenantry import Code, Question, Refused, TenantId, TenantKind, UserId
from tenantry.commands import AddCustomer, DisableTenants, EditTenant

SECOND = "--second"
"""How the program is told to be the second process."""

ELSE = "JOURNEYS_SECOND"
"""The environment's name for a program in another language that is to be the second process."""

MANY = 50
"""How many customers each process adds while the other does the same."""


def play(on: Stage) -> None:
    on.page.title("Two processes, one file")
    on.page.remark("No server between them: each opens the file and is always up to date.")

    on.page.heading("The first process makes the file, the second opens it")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    on.introduce()
    with Other(on) as other:
        rows = [both_see(on, other, "opened")]

        on.page.heading("Reading each other's writes")
        fjord = TenantId(UUID(other.ask(f"add {northwind} {ada} FL-500 Fjord Logistikk")))
        on.call(fjord, "Fjord Logistikk")
        on.page.done(clock_face(on.now), "Ada adds Fjord Logistikk, in the second process")
        wants = Question(user=ada, permission="devices.manage", tenant=fjord)
        rows.append(both_see(on, other, "the second added it", wants))
        on.does(ada, "disables Fjord Logistikk, in the first process", DisableTenants(tenants=[fjord]))
        rows.append(both_see(on, other, "the first disabled it", wants))
        on.page.remark("May Ada manage Fjord Logistikk's devices?")
        on.page.table(["when", "the first sees", "the second sees", "the same"], rows)

        on.page.heading("The same request, sent by both")
        id = UUID(int=0x7EA)
        rename = EditTenant(tenant=northwind, name="Northwind Group")
        first = on.db.execute(rename, actor=ada, request_id=id)
        second = other.ask(f"rename {id} {ada} {northwind} Northwind Group")
        on.page.remark("Ada renames the MSP; an impatient proxy sends the request to the second process, too.")
        if second != first.token:
            raise Stop(f"the second answered {second}")
        on.page.holds(f"both answer with one receipt, of record {first.seq}; nothing is done twice")

        on.page.heading("A decision that came too late")
        back = EditTenant(tenant=northwind, name="Northwind IT")
        on.does(ada, "changes her mind about the name, in the first process", back)
        stale = Code(other.ask(f"expect {first.seq} {ada} {northwind} Northwind Holding"))
        line = f"Ada renames it in the second process, which last read record {first.seq}"
        message = stale.message.replace("{}", str(on.db.seq()))
        on.page.refused(clock_face(on.now), line, stale.number, stale.value, message, stale.remedy)

        on.page.heading("Both at once")
        other.tell(f"many {northwind} {ada} TWO")
        many(on, northwind, ada, "ONE")
        if other.answer() != "done":
            raise Stop("the second has not added its customers")
        on.page.remark(f"Each adds {MANY} customers as fast as it can, while the other does the same.")
        numbers = [row.number for row in on.db.customers(manager=northwind, actor=ada)]
        table: list[list[Cell]] = []
        for who, series in (("the first", "ONE-"), ("the second", "TWO-")):
            there = sum(number.startswith(series) for number in numbers)
            table.append([plain(who), faint(f"{series}1 to {series}{MANY}"), count(there)])
        on.page.table(["process", "numbers", "customers there"], table)

        if other.ask("verify") != on.db.token():
            raise Stop("the processes disagree about the journal")
    on.page.holds("the second replayed the journal: it holds, and ends where the first sees it end")
    on.verify()


def both_see(on: Stage, other: Other, when: str, wants: Question | None = None) -> list[Cell]:
    """What both processes see, at some moment."""
    here = seen(on, wants)
    there = other.ask(f"see {wants.user} {wants.permission} {wants.tenant}" if wants else "see")
    return [plain(when), plain(here), plain(there), plain("yes" if here == there else "no")]


def seen(on: Stage, wants: Question | None = None) -> str:
    if wants is None:
        return f"record {on.db.seq()}"
    (verdict,) = on.db.check_many(questions=[wants])
    return f"record {verdict.seq}: " + (f"no, {number(verdict.reason)}" if verdict.reason else "yes")


def customer(manager: TenantId | str, number: str, name: str) -> AddCustomer:
    return AddCustomer(
        manager=manager, kind=TenantKind.CUSTOMER, name=name, number=number, management="fully", services={"manage"}
    )


def many(on: Stage, manager: TenantId | str, by: UserId | str, series: str) -> None:
    for place in range(1, MANY + 1):
        on.db.execute(customer(manager, f"{series}-{place}", f"Customer {place}"), actor=by)


class Other:
    """The second process, as the first sees it: a line goes in, a line comes out. What is in them is the same in every language."""

    def __init__(self, on: Stage) -> None:
        named = os.environ.get(ELSE)
        program = [named] if named else [sys.executable, str(Path(__file__).with_name("__main__.py"))]
        self.on = on
        self.process = subprocess.Popen(
            [*program, SECOND, str(on.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", bufsize=1
        )

    def tell(self, what: str) -> None:
        assert self.process.stdin
        micros = (self.on.now - MORNING) // timedelta(microseconds=1) + int(MORNING.timestamp()) * 1_000_000
        self.process.stdin.write(f"{micros} {what}\n")

    def answer(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().rstrip("\n")
        if not line:
            raise Stop("the second process has ended")
        return line

    def ask(self, what: str) -> str:
        self.tell(what)
        return self.answer()

    def __enter__(self) -> Other:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # It ends when nobody is left to tell it anything.
        self.process.communicate()
        if self.process.returncode and kind is None:
            raise Stop("the second process failed")


def second(path: Path) -> None:
    """The second process itself: does what it is told until nobody tells it anything."""
    on = Stage(path, series=os.getpid())
    for line in sys.stdin:
        at, what, *words = line.rstrip("\n").split(" ", 5)
        on.now = MORNING + timedelta(microseconds=int(at) - int(MORNING.timestamp()) * 1_000_000)
        print(ORDERS[what](on, *words), flush=True)


def add(on: Stage, manager: str, by: str, number: str, name: str) -> str:
    return str(on.db.execute(customer(manager, number, name), actor=by).outcome.tenant)


def see(on: Stage, *asked: str) -> str:
    if not asked:
        return seen(on)
    user, permission, tenant = asked
    return seen(on, Question(user=user, permission=permission, tenant=tenant))


def rename(on: Stage, id: str, by: str, tenant: str, name: str) -> str:
    return on.db.execute(EditTenant(tenant=tenant, name=name), actor=by, request_id=id).token


def expect(on: Stage, seq: str, by: str, tenant: str, name: str) -> str:
    command, id = EditTenant(tenant=tenant, name=name), UUID(int=0x7EB)
    try:
        return on.db.execute(command, actor=by, request_id=id, expected_seq=int(seq)).token
    except Refused as no:
        return no.name


def add_many(on: Stage, manager: str, by: str, series: str) -> str:
    many(on, manager, by, series)
    return "done"


def verify(on: Stage) -> str:
    told = on.db.verify()
    if told.journal == "flawed":
        raise Stop(f"the journal does not hold: {told}")
    return on.db.token()


ORDERS: dict[str, Callable[..., str]] = {
    "see": see,
    "add": add,
    "rename": rename,
    "expect": expect,
    "many": add_many,
    "verify": verify,
}
