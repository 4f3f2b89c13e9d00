"""The journeys, told in Python: letter by letter what is expected of every language. And Python and Rust on one file at once.

`TENANTRY_JOURNEYS` names the program in Rust, `TENANTRY_EXTENSION` the loadable extension and `TENANTRY_SQLITE` where a libsqlite3 is that
may load it, which the machine's may be too old for; where they do not, these tests fail.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import tenantry
from tenantry import OPERATOR, TenantKind

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
JOURNEYS = EXAMPLES / "python" / "journeys"
TOLD = ["jointly", "fully", "crossing", "clients", "processes", "onboarding", "resellers", "alerts", "review", "preview", "sync", "elevation", "mailer"]


@pytest.fixture(scope="module")
def rust() -> str:
    program = os.environ.get("TENANTRY_JOURNEYS")
    assert program, "TENANTRY_JOURNEYS names no program"
    assert os.access(program, os.X_OK), f"{program} is no program"
    return program


def told_by(python: str, scratch: Path) -> str:
    """The journeys in Python as one program, run by this Python."""
    program = scratch / "journeys"
    program.write_text(f'#!/bin/sh\nexec "{python}" -W error "{JOURNEYS}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The journeys, run by the Python that runs the tests."""
    return told_by(sys.executable, tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="module")
def loading(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same, run by one whose `sqlite3` loads extensions: the one that runs the tests if it does, or else the machine's, which takes
    the packages from it."""
    able = "import sqlite3; sqlite3.Connection.enable_load_extension"
    pythons = [sys.executable, "/usr/bin/python3", "python3"]
    found = [python for python in pythons if subprocess.run([python, "-c", able], capture_output=True).returncode == 0]
    assert found, "no python3 here has a sqlite3 with enable_load_extension: apt-get install python3"
    return told_by(found[0], tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="module")
def extended() -> dict[str, str]:
    """What a program wants beside itself to load the extension."""
    extension, sqlite = os.environ.get("TENANTRY_EXTENSION"), os.environ.get("TENANTRY_SQLITE")
    assert extension and Path(extension).is_file(), "TENANTRY_EXTENSION names no extension: `make extension` builds it"
    assert sqlite and Path(sqlite, "libsqlite3.so.0").is_file(), "TENANTRY_SQLITE names no directory with a libsqlite3.so.0"
    packages = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {"TENANTRY_EXTENSION": extension, "LD_LIBRARY_PATH": sqlite, "PYTHONPATH": os.pathsep.join(filter(None, packages))}


def play(program: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "JOURNEYS_SECOND"}
    env = {**kept, "PYTHONUTF8": "1", **more}
    return subprocess.run([program, *words], env=env, capture_output=True, text=True, encoding="utf-8", timeout=300)


def golden(journey: str, program: str, **more: str) -> None:
    played = play(program, journey, **more)
    assert played.returncode == 0, played.stderr
    assert played.stdout == (EXAMPLES / "expected" / f"{journey}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("journey", TOLD)
def test_a_journey_is_told_as_in_every_language(python: str, journey: str) -> None:
    golden(journey, python)


def test_every_journey_that_is_expected_is_told() -> None:
    assert {path.stem for path in (EXAMPLES / "expected").iterdir()} == {*TOLD, "tickets"}


def test_the_journey_in_the_desks_own_sql_is_told_as_in_rust(loading: str, extended: dict[str, str]) -> None:
    golden("tickets", loading, **extended)


def test_without_the_extension_it_is_said_what_to_build(python: str, loading: str, extended: dict[str, str], tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.so")
    played = play(loading, "tickets", **{**extended, "TENANTRY_EXTENSION": nowhere})
    assert played.returncode == 1 and f"`{nowhere}`; build it by `make extension`" in played.stderr
    Path(nowhere).write_bytes(b"no library")
    played = play(loading, "tickets", **{**extended, "TENANTRY_EXTENSION": nowhere})
    assert played.returncode == 1 and f"journeys: `{nowhere}` cannot be loaded" in played.stderr
    # Where the sqlite3 of this Python or its SQLite is not up to it, that is said.
    played = play(python, "tickets", TENANTRY_EXTENSION=extended["TENANTRY_EXTENSION"])
    assert played.returncode == 0 or played.stderr.startswith("journeys: ") and "Traceback" not in played.stderr


def test_the_second_process_is_in_rust(python: str, rust: str) -> None:
    golden("processes", python, JOURNEYS_SECOND=rust)


def test_the_first_process_is_in_rust(python: str, rust: str) -> None:
    golden("processes", rust, JOURNEYS_SECOND=python)


def test_a_file_that_is_there_already_is_left_alone(python: str, tmp_path: Path) -> None:
    first = play(python, "--dir", str(tmp_path), "fully")
    assert first.returncode == 0 and first.stdout.endswith(f"\nThe files are in `{tmp_path}`.\n")
    again = play(python, "--dir", str(tmp_path), "fully")
    assert again.returncode == 1 and again.stdout == "" and "name an empty directory" in again.stderr
    assert play(python, "nonesuch").returncode == 1


class Neighbour:
    """Another program that writes the file: the second process of the journeys, which takes a line and answers with one."""

    def __init__(self, program: str, path: Path) -> None:
        self.process = subprocess.Popen(
            [program, "--second", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", bufsize=1
        )

    def tell(self, db: tenantry.Database, what: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{int(db.now().timestamp()) * 1_000_000} {what}\n")

    def ask(self, db: tenantry.Database, what: str) -> str:
        self.tell(db, what)
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")

    def __enter__(self) -> Neighbour:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.end()

    def end(self) -> int:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:
                pass  # what it was told and never read
        return self.process.wait()


@pytest.fixture(params=["rust", "python"])
def other(request: pytest.FixtureRequest) -> Iterator[str]:
    program: str = request.getfixturevalue(request.param)
    yield program


def test_a_script_and_another_program_lose_nothing_though_one_is_killed(other: str, tmp_path: Path) -> None:
    """Both write as fast as they can until the other is killed in the middle of it. What it committed is there, and nothing else."""
    series, told, enough = 50, 60, 40
    path = tmp_path / "msp.db"
    with tenantry.open(path, wait=60) as db:
        msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", actor=OPERATOR).outcome
        ada = db.register_user(home=msp, email="ada@northwind.example", role="super_admin", actor=OPERATOR).outcome
        before, mine = db.seq(), 0
        with Neighbour(other, path) as neighbour:
            for number in range(1, told + 1):
                neighbour.tell(db, f"many {msp} {ada} T{number}")
            while mine < enough or db.seq() - before - mine < enough:
                assert mine < told * series, "the other writes nothing"
                mine += 1
                db.add_customer(
                    manager=msp, kind=TenantKind.CUSTOMER, name="One of many", number=f"MINE-{mine}", management="fully",
                    services={"manage"}, actor=ada,
                )  # fmt: skip
            # And here it is killed.
        theirs = db.seq() - before - mine
        assert enough <= theirs < told * series
        wanted = {f"MINE-{number}" for number in range(1, mine + 1)}
        wanted |= {f"T{1 + number // series}-{1 + number % series}" for number in range(theirs)}
        assert {row.number for row in db.customers(manager=msp, actor=ada, limit=500)} == wanted
        assert db.verify()

        # Life goes on: each sees what the other does, at once.
        with Neighbour(other, path) as neighbour:
            assert neighbour.ask(db, "see") == f"record {db.seq()}"
            late = neighbour.ask(db, f"add {msp} {ada} LATE-1 Latecomer")
            assert db.check(user=ada, permission="devices.manage", tenant=late)
            db.disable_tenants(tenants=[late], actor=ada)
            assert neighbour.ask(db, f"see {ada} devices.manage {late}") == f"record {db.seq()}: no, 301 tenant_disabled"
            assert neighbour.ask(db, "verify") == db.token()
            assert neighbour.end() == 0
        assert db.verify()
