"""Threads, other processes, forks, and Python's own SQLite on the same file."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import sqlite3
import subprocess
import sys
import textwrap
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tenantry
from conftest import Clock, World, furnish
from tenantry import OPERATOR, Misuse, TenantKind, errors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "msp.db"


def run(code: str, *arguments: object) -> str:
    """Runs a program of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_what_is_written_is_there_for_another_process(path: Path, clock: Clock) -> None:
    with tenantry.open(path) as db:
        world = furnish(db, clock)
        told = run(
            """
            import sys, tenantry
            with tenantry.open(sys.argv[1], must_exist=True) as db:
                print(bool(db.check(user=sys.argv[2], permission="devices.manage", tenant=sys.argv[3])))
                db.request_delink(link=sys.argv[4], actor=sys.argv[2])
            """,
            path, world.ada, world.bakery, world.link,
        )  # fmt: skip
        assert told == "True"
        assert db.customers(manager=world.msp, actor=world.ada).rows()[0]["stage"] == "delink_requested_by_manager"
        assert db.verify()


def test_opening(path: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.StoreError) as caught:
        tenantry.open(path, must_exist=True)
    assert str(path) in str(caught.value)
    with pytest.raises(errors.CannotOpen):
        tenantry.open(tmp_path / "no" / "such.db")
    (tmp_path / "text.db").write_text("this is no database " * 100)
    with pytest.raises(errors.NotAStore):
        tenantry.open(tmp_path / "text.db")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("create table mine(x)")
    other.commit()
    other.close()
    with pytest.raises(errors.NotAStore):
        tenantry.open(tmp_path / "other.db")
    with tenantry.open(str(path)) as db:
        assert repr(db) == f"<tenantry.Database {str(path)!r}>"
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(db)
    with tenantry.open(path, read_only=True) as db:
        assert db.verify()
        with pytest.raises(errors.StoreReadOnly):
            db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
    for wrong in (":memory:", ""):
        with pytest.raises(Misuse, match=r"tenantry\.memory"):
            tenantry.open(wrong)
    for options in ({"wait": -1}, {"wait": float("nan")}, {"synchronous": "off"}):
        with pytest.raises(Misuse):
            tenantry.open(path, **options)  # type: ignore[arg-type]
    for wrong_type in (b"msp.db", 7, None):
        with pytest.raises(tenantry.Misuse):
            tenantry.open(wrong_type)  # type: ignore[arg-type]
    odd = tmp_path / "ümlaut \N{SNOWMAN} '\".db"
    with tenantry.open(odd):
        assert odd.exists()


def test_a_file_may_not_grow_beyond_its_limit(path: Path) -> None:
    with tenantry.open(path, max_bytes=600_000) as db, pytest.raises(errors.StoreFull):
        for _ in range(3000):
            db.register_tenant(kind=TenantKind.MSP, name="M" * 100, actor=OPERATOR)


def test_many_threads_write_and_read(path: Path, clock: Clock) -> None:
    with tenantry.open(path, synchronous="normal") as db:
        world = furnish(db, clock)
        before = db.check(user=world.ada, permission="users.view", tenant=world.msp).seq

        def work(thread: int) -> list[int]:
            seqs = []
            for number in range(20):
                name = f"role {thread}.{number}"
                seqs.append(
                    db.create_role(tenant=world.msp, name=name, permissions={"users.view"}, actor=world.ada).seq
                )
                assert db.check(user=world.ada, permission="users.view", tenant=world.msp).seq >= seqs[-1]
            return seqs

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            all_seqs = sorted(seq for seqs in pool.map(work, range(8)) for seq in seqs)
        assert all_seqs == list(range(before + 1, before + 161))
        assert db.verify()


class Holder:
    """Another process that keeps the file for itself until it is told to let go."""

    def __init__(self, path: Path) -> None:
        program = (
            "import sqlite3, sys\n"
            "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "held.execute('begin immediate')\n"
            "print('held', flush=True)\n"
            "sys.stdin.readline()\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def let_go(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0


def test_other_threads_run_while_one_waits_for_the_store(path: Path) -> None:
    """A call that waits for a lock lets go of the interpreter: else nobody here could have the lock let go of."""
    with tenantry.open(path, wait=60) as db:
        holder = Holder(path)
        entered, done = threading.Event(), threading.Event()

        def write() -> None:
            entered.set()
            db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        assert entered.wait(30)
        assert not done.wait(0.3)
        assert db.verify()
        holder.let_go()
        thread.join(60)
        assert done.is_set()


def test_a_store_that_is_kept_too_long_is_busy(path: Path) -> None:
    with tenantry.open(path, wait=0.05) as db:
        holder = Holder(path)
        with pytest.raises(errors.StoreBusy) as caught:
            db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        assert caught.value.transient
        holder.let_go()
        db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)


def test_pythons_own_sqlite_in_this_process_and_we_wait_for_each_other(path: Path) -> None:
    with tenantry.open(path, wait=0.05) as db:
        theirs = sqlite3.connect(path, isolation_level=None)
        theirs.execute("begin immediate")
        with pytest.raises(errors.StoreBusy):
            db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        theirs.execute("rollback")
        theirs.close()
        db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        assert db.verify()


def test_closing_while_others_are_within(path: Path) -> None:
    db = tenantry.open(path, synchronous="normal")
    started = threading.Barrier(5)
    ends: list[BaseException] = []

    def work() -> None:
        started.wait()
        try:
            while True:
                db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        except BaseException as error:
            ends.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    db.close()
    for thread in threads:
        thread.join()
    assert [type(error) for error in ends] == [Misuse] * 4
    with tenantry.open(path) as again:
        assert again.verify()


def test_pythons_own_sqlite_reads_and_closes_beside_us(path: Path, clock: Clock) -> None:
    """Closing another SQLite's file lets go of a process's POSIX locks on it; ours must not be among them."""
    with tenantry.open(path, synchronous="normal") as db:
        world = furnish(db, clock)
        for number in range(20):
            theirs = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            tables = theirs.execute("select count(*) from sqlite_schema").fetchone()
            assert tables[0] > 0
            theirs.close()
            db.create_role(tenant=world.msp, name=f"r{number}", permissions={"users.view"}, actor=world.ada)
            other = run(
                """
                import sys, tenantry
                with tenantry.open(sys.argv[1], synchronous="normal") as db:
                    for _ in range(3):
                        db.register_tenant(kind="msp", name="M", actor=tenantry.OPERATOR)
                    print(bool(db.verify()))
                """,
                path,
            ) if number % 10 == 0 else "True"  # fmt: skip
            assert other == "True"
        assert db.verify()
    check = sqlite3.connect(path)
    assert check.execute("pragma integrity_check").fetchone() == ("ok",)
    check.close()


def test_two_writers_while_pythons_own_sqlite_comes_and_goes(path: Path, clock: Clock) -> None:
    with tenantry.open(path, synchronous="normal", wait=60) as db:
        furnish(db, clock)
        other = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, tenantry\n"
                "with tenantry.open(sys.argv[1], synchronous='normal', wait=60) as db:\n"
                "    for _ in range(150): db.register_tenant(kind='msp', name='T', actor=tenantry.OPERATOR)\n",
                str(path),
            ]
        )
        written = 0
        while other.poll() is None or written < 150:
            theirs = sqlite3.connect(path, timeout=60)
            theirs.execute("select count(*) from sqlite_schema").fetchall()
            theirs.close()
            db.register_tenant(kind=TenantKind.MSP, name="O", actor=OPERATOR)
            written += 1
        assert other.returncode == 0
        seqs = [record.seq for record in db.host_records(limit=1000)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert db.verify()
    check = sqlite3.connect(path)
    assert check.execute("pragma integrity_check").fetchone() == ("ok",)
    check.close()


def in_child(body: Callable[[], None]) -> int:
    """Runs a function in a forked child, and returns how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            body()
            code = 0
        except BaseException as error:
            print(f"in the child: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def everything_raises_forked(db: tenantry.Database, index: tenantry.AccessIndex, world: World) -> None:
    ask: list[Callable[[], object]] = [
        lambda: db.check(user=world.ada, permission="users.view", tenant=world.msp),
        lambda: db.request_delink(link=world.link, actor=world.ada),
        lambda: index.allows(world.ada, "users.view", world.msp),
        lambda: index.allows_many([world.ada], "users.view", world.msp),
        lambda: index.refresh(),
        lambda: db.access_index(),
        lambda: db.sweep(),
    ]
    for one in ask:
        with pytest.raises(errors.StoreForked):
            one()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_and_opens_its_own(path: Path, clock: Clock) -> None:
    with tenantry.open(path) as db:
        world = furnish(db, clock)
        index = db.access_index()

        def child() -> None:
            everything_raises_forked(db, index, world)
            with tenantry.open(path) as own:
                assert own.check(user=world.ada, permission="users.view", tenant=world.msp)
                own.request_delink(link=world.link, actor=world.ada)
                assert own.access_index().allows(world.ada, "users.view", world.msp)
            db.close()

        assert in_child(child) == 0
        assert index.allows(world.ada, "users.view", world.msp)
        db.accept_delink(link=world.link, actor=world.bo)
        assert db.verify()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_writing_stops_nobody(path: Path, clock: Clock) -> None:
    """The child inherits locks that nobody there will ever let go of; it must not wait for them."""
    with tenantry.open(path, synchronous="normal") as db:
        world = furnish(db, clock)
        index = db.access_index()
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                assert in_child(lambda: everything_raises_forked(db, index, world)) == 0
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert db.verify()


def a_child_of_multiprocessing(path: str, world: tuple[uuid.UUID, uuid.UUID], number: int) -> Any:
    ada, msp = world
    with tenantry.open(path, synchronous="normal", wait=60) as db:
        done = db.create_role(tenant=msp, name=f"role {number}", permissions={"users.view"}, actor=ada)
        return done, db.check(user=ada, permission="users.view", tenant=msp)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_multiprocessing(path: Path, clock: Clock, how: str) -> None:
    with tenantry.open(path) as db:
        world = furnish(db, clock)
        with multiprocessing.get_context(how).Pool(3) as pool:
            jobs = [(str(path), (world.ada, world.msp), number) for number in range(6)]
            told = pool.starmap(a_child_of_multiprocessing, jobs)
        assert len({done.seq for done, _ in told}) == 6
        assert all(verdict for _, verdict in told)
        assert db.verify()


def test_a_second_interpreter_of_the_process_is_refused_at_import() -> None:
    told = run(
        """
        import sys, tenantry
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            import _interpreters as interpreters
        second = interpreters.create()
        program = '''if True:
            import sys
            sys.path[:] = {path!r}
            try:
                import tenantry
            except ImportError as error:
                print(error, flush=True)
        '''
        interpreters.run_string(second, program.format(path=sys.path))
        del sys.modules["tenantry._native"]
        import tenantry._native
        """
    )
    assert "WSGIApplicationGroup %{GLOBAL}" in told or "does not support loading in subinterpreters" in told


def test_a_store_that_was_there_keeps_its_policy_and_says_so(path: Path) -> None:
    tenantry.open(path, policy="clients").close()
    tenantry.open(path, policy=tenantry.policy("clients")).close()
    with pytest.warns(UserWarning, match="'clients' before and keeps it; 'delegated' is not in force: use `set_policy`"):
        db = tenantry.open(path, policy="delegated")
    with db:
        assert db.policy().name == "clients"
        db.set_policy(policy="delegated", actor=OPERATOR)
        assert db.policy().name == "delegated"
    tenantry.open(path, policy="delegated").close()
