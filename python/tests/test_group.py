"""The script that keeps a directory's group in step with the feed, killed wherever it writes."""

from __future__ import annotations

import datetime
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import tenantry
from tenantry import OPERATOR, TenantKind
from tenantry.commands import BlockUser, RegisterUser, UnblockUser

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "python" / "group.py"
RIGHT = ["--tenant", "bk-200", "--permission", "devices.manage"]

DIES = f"""
import os, runpy, signal, sys
from pathlib import Path

left = int(sys.argv.pop(1))

def dies_before(act):
    def dying(*given, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*given, **more)
    return dying

os.replace, Path.unlink = dies_before(os.replace), dies_before(Path.unlink)
sys.argv[0] = {str(SCRIPT)!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Place:
    """A store with a manager of many people, its customer, and a group of those who may do something there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = tenantry.open(folder / "msp.db", synchronous="normal")
        self.msp = self.db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", number="NW-100", actor=OPERATOR).outcome
        self.ada = self.user("ada", "super_admin")
        self.added = self.db.add_customer(
            manager=self.msp, kind=TenantKind.CUSTOMER, name="Bakery Klein", number="BK-200", management="fully",
            services={"manage"}, actor=self.ada,
        ).outcome  # fmt: skip
        self.people = [self.user(f"user{number}", "admin") for number in range(6)]

    def user(self, name: str, role: str) -> tenantry.UserId:
        command = RegisterUser(home=self.msp, email=f"{name}@northwind.example", role=role)
        return self.db.execute(command, actor=OPERATOR).outcome

    def run(self, *more: str, dies_at: int | None = None) -> subprocess.CompletedProcess[str]:
        start = [str(SCRIPT)] if dies_at is None else ["-c", DIES, str(dies_at)]
        words = [sys.executable, "-W", "error", *start, "msp.db", "group", *RIGHT, *more]
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True, encoding="utf-8", timeout=60)

    def group(self) -> dict[uuid.UUID, str]:
        files = [path for path in (self.folder / "group").iterdir() if not path.name.startswith(".")]
        return {uuid.UUID(path.name): path.read_text(encoding="utf-8").strip() for path in files}

    def reviewed(self) -> dict[uuid.UUID, str]:
        rows = self.db.tenant_access(actor=OPERATOR, tenant=self.added.tenant, permission="devices.manage")
        return {row.user: row.email or "" for row in rows}

    def change(self) -> None:
        """Some go, some come, and some go and come again."""
        gone, back = self.people[:3], self.people[2]
        self.db.execute_all([*map(lambda user: BlockUser(user=user), gone), UnblockUser(user=back)], actor=self.ada)
        self.user("nora", "admin")
        self.user("noel", "read_only")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_goes_on_where_it_was(place: Place) -> None:
    first = place.run()
    assert (first.stdout, first.stderr, first.returncode) == (f"7 in, 0 out: in step with record {place.db.seq()}\n", "", 0)
    assert place.group() == place.reviewed() and len(place.group()) == 7
    again = place.run()
    assert again.stdout == f"0 in, 0 out: in step with record {place.db.seq()}\n"
    place.change()
    assert place.group() != place.reviewed()
    # Whoever went and came again is written once, as it is in the end.
    assert place.run().stdout == f"2 in, 2 out: in step with record {place.db.seq()}\n"
    assert place.group() == place.reviewed()


@pytest.mark.parametrize("begun", [False, True], ids=["by the review", "by the feed"])
def test_it_may_be_killed_wherever_it_writes(place: Place, begun: bool) -> None:
    if begun:
        assert place.run().returncode == 0
    place.change()
    if not begun:
        # Somebody is in it who has no business there.
        (place.folder / "group").mkdir()
        (place.folder / "group" / str(place.people[0])).write_text("user0@northwind.example\n", encoding="utf-8")
    kills = 0
    while (ran := place.run(dies_at=kills)).returncode != 0:
        assert ran.returncode == -9 and ran.stdout == "", ran.stderr
        kills += 1
        # More happens while it is down.
        if kills == 2:
            place.db.unblock_user(user=place.people[1], actor=place.ada)
            place.db.block_user(user=place.people[5], actor=place.ada)
    assert kills >= 4
    assert place.group() == place.reviewed()
    assert ran.stdout.endswith(f"in step with record {place.db.seq()}\n")


def test_whoever_loses_it_by_time_alone_goes(tmp_path: Path) -> None:
    # The script has the clock of the machine, so the link was made long ago.
    now = datetime.datetime.now(datetime.timezone.utc)
    moment = now - datetime.timedelta(days=20)
    with tenantry.open(tmp_path / "msp.db", clock=lambda: moment) as db:
        msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", actor=OPERATOR).outcome
        ada = db.register_user(home=msp, email="ada@northwind.example", role="super_admin", actor=OPERATOR).outcome
        db.add_customer(
            manager=msp, kind=TenantKind.CUSTOMER, name="Bakery Klein", number="BK-200", management="fully",
            services={"manage"}, term=tenantry.TermRequest(days=10), actor=ada,
        )  # fmt: skip
        words = [sys.executable, str(SCRIPT), "msp.db", "group", *RIGHT]
        seq = db.seq()
        # She was in it, and is in step with the record before the link ended.
        (tmp_path / "group").mkdir()
        (tmp_path / "group" / str(ada)).write_text("ada@northwind.example\n", encoding="utf-8")
        (tmp_path / "group.record").write_text(db.token(), encoding="utf-8")
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.stdout == f"0 in, 1 out: in step with record {seq + 1}\n", ran.stderr


def test_a_store_that_was_restored_is_begun_anew(place: Place) -> None:
    place.db.backup(place.folder / "backup.db")
    place.change()
    assert place.run().returncode == 0
    place.db.close()
    tenantry.restore(place.folder / "backup.db", place.folder / "msp.db")
    place.db = tenantry.open(place.folder / "msp.db")
    assert place.group() != place.reviewed()
    assert place.run().returncode == 0
    assert place.group() == place.reviewed()


def test_what_is_wrong_is_said_in_a_line(place: Place) -> None:
    for more, why in (
        (["--permission", "tea.make"], "permission `tea.make`"),
        (["--service", "gardening"], "service `gardening`"),
        (["--tenant", "XX-1"], "tenant `XX-1`"),
    ):
        ran = place.run(*more)
        assert ran.returncode == 1 and ran.stderr.count("\n") == 1, ran
        assert ran.stderr.startswith("group: ") and why in ran.stderr, ran
    assert not place.group(), "nobody has joined"
