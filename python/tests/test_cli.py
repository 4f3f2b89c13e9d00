"""The command line, as a process: what it says is in golden/cli.txt. `UPDATE_GOLDEN=1` writes it down anew."""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tracemalloc
import uuid
from pathlib import Path

import pytest

import tenantry
from tenantry import OPERATOR, TenantKind, _cli, _demo, _find, _show
from tenantry.commands import RegisterTenant

GOLDEN = Path(__file__).parent / "golden" / "cli.txt"


UNTIL = datetime.datetime(2026, 5, 3, 8, tzinfo=datetime.timezone.utc)
"""When the story ends that the store tells of."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli")
    _demo.furnish(place / "msp.db", UNTIL)
    return place


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**kept, "COLUMNS": "80", "PYTHONUTF8": "1", **more}


def run(place: Path, words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "tenantry", *shlex.split(words)]
    return subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, timeout=120)


SAID = """
inspect msp.db
inspect msp.db --as-of 5
user msp.db nils@northwind.example --on BK-200
user msp.db luc@moulin.example --json
user msp.db nobody@northwind.example
inbox msp.db --as ada@northwind.example
inbox msp.db --as klara@klein.example
inbox msp.db --as olga@klein.example
inbox msp.db --as sam@sons.example
inbox msp.db --as hana@harbour.example --json
inbox msp.db --as rita@depot.example
notices msp.db mailer --limit 5
notices msp.db mailer --limit 1 --json
policy show msp.db
policy show msp.db delegated
policy set msp.db nonesuch
do msp.db block_user user=nils@northwind.example --as klara@klein.example --dry-run
do msp.db block_user user=nils@northwind.example --as ada@northwind.example --dry-run
do msp.db delete_tenants tenants=NW-100,BK-200 confirm=delete --dry-run
do msp.db change_tenant_kind tenant=CL-800 kind=msp --dry-run
do msp.db change_tenant_kind tenant=CL-800 kind=msp --ticket T-1 --dry-run
preview msp.db reject_proposal
preview msp.db block_user user=nils@northwind.example --as klara@klein.example
preview msp.db block_user user=nils@northwind.example --as ada@northwind.example --limit 2
preview msp.db accept_delink link=HS-500/MF-600 --as hana@harbour.example
preview msp.db upload_devices reseller=DD-700 to=BK-200 devices=SN-MIX-1,SN-MIX-2 --as rita@depot.example
preview msp.db edit_tenant tenant=BK-200 website= --as klara@klein.example --json
do msp.db block_user user=nils@northwind.example --dry-run --expect 38
do msp.db add_custmer
do msp.db add_customer mangement=fully
do msp.db add_customer manager=NW-100 kind=custmer name=X management=fully services=manage
do msp.db add_customer manager=NW-100
do msp.db accept_link request=NW-100/BK-200
do msp.db accept_link request=XX-1/BK-200
do msp.db block_user user=nils@northwind.example user=ada@northwind.example
do msp.db block_user nils
do msp.db block_user user=nils
do msp.db set_auto_extend link=HS-500/MF-600 days=many
do msp.db buy_licence buyer=NW-100 tenant=BK-200 service=manage seats=1 expires=2027-01-01
do msp.db erase_personal subject=00000000-0000-0000-0000-000000000004
do msp.db edit_tenant tenant=NW-100 coordinates=52
do msp.db assign assignments=[{"user":
do msp.db edit_role role=00000000-0000-0000-0000-0000000000ff permissions.0=x
do msp.db sweep
do msp.db block_user user=nils@northwind.example --as ada@northwind.example --ticket T-1
commands add_customer
commands edit_tenant
commands nonesuch
init msp.db
demo msp.db
copy msp.db msp.db
init other.db --admin a@b.example
inspect msp.db --as-of 2026-03-03T12:00:00Z --json
tenants msp.db
tenants msp.db --kind msp --json
users msp.db nw-100
users msp.db BK-200 --as ada@northwind.example
users msp.db SS-400 --as ada@northwind.example
customers msp.db NW-100
customers msp.db NW-100 --sort number --descending --limit 1
customers msp.db NW-100 --as-of 2026-04-01T00:00:00+02:00 --csv
customers msp.db NW-100 --text klein --json
customers msp.db NW-100 --management fully
customers msp.db NW-100 --stage delinked
customers msp.db NW-100 --management fulyl
customers msp.db NW-100 --service manag
customers msp.db BK-200
who-can msp.db devices.manage BK-200
who-can msp.db devices.manage BK-200 --service manage --csv
who-can msp.db devices.manage TD-300 --as-of 1
explain msp.db ada@northwind.example devices.manage BK-200
explain msp.db nils@northwind.example users.manage BK-200
explain msp.db nils@northwind.example devices.manage BK-200
explain msp.db nils@northwind.example devices.manage SS-400
explain msp.db nils@northwind.example users.view BK-200
explain msp.db ada@northwind.example devices.manage SS-400 --as-of 13
explain msp.db ada@northwind.example location.view BK-200 --json
explain msp.db 00000000-0000-0000-0000-0000000000ff devices.manage BK-200
review msp.db BK-200
review msp.db bk-200 --as klara@klein.example
review msp.db BK-200 --permission users.manage --csv
review msp.db BK-200 --as klara@klein.example --service manage --json
temporary msp.db NW-100
temporary msp.db XX-1
eligible msp.db --as nils@northwind.example
eligible msp.db
arising msp.db BK-200
arising msp.db bk-200 --as klara@klein.example --csv
arising msp.db NW-100
arising msp.db NW-100 --as klara@klein.example
review msp.db SS-400 --as-of 13
review msp.db SS-400 --as ada@northwind.example
review msp.db SS-400 --as ada@northwind.example --as-of 13
review msp.db nils@northwind.example
review msp.db 00000000-0000-0000-0000-000000000015 --permission devices.manage --csv
review msp.db nils@northwind.example --as klara@klein.example
review msp.db BK-200 --as-of 99
review msp.db BK-200 --as-of 2027-01-01T00:00:00Z
review msp.db BK-200 --permission devices.mange
review msp.db nobody@northwind.example
review msp.db XX-1
diff msp.db BK-200 --since 2026-03-10T00:00:00Z
diff msp.db SS-400 --since 13 --csv
diff msp.db nils@northwind.example --since 20 --as ada@northwind.example
diff msp.db BK-200 --since 20 --as-of 25
diff msp.db BK-200 --since 99
diff msp.db BK-200 --since yesterday
diff msp.db BK-200
feed msp.db --after 25
feed msp.db --after 30 --csv
feed msp.db --after 36 --json
feed msp.db --after 99
feed msp.db --after -1
audit msp.db BK-200
audit msp.db BK-200 --as klara@klein.example --by klara@klein.example
audit msp.db SS-400 --as sam@sons.example --command request_delink --csv
audit msp.db BK-200 --as-of 11
audit msp.db BK-200 --command invite_usr
audit msp.db BK-200 --command sweep
audit msp.db NW-100 --from 2026-04-01T00:00:00Z --until 2027-01-01T00:00:00Z --limit 1
report msp.db BK-200 -o msp.db
report msp.db BK-200 --as-of 2 -o page.html
verify msp.db
export msp.db customers
export msp.db customers --csv --as-of 13
export msp.db customers --manager nw-100 --as ada@northwind.example
export msp.db journal --after 13
export msp.db journal --after 13 --csv
export msp.db journal --as-of 3
diagrams delink
diagrams delink --dot
diagrams nonesuch
explain msp.db ada@northwind.example devices.mange BK-200
explain msp.db ada@northwind.example devices.manage BK-200 --service manag
explain msp.db eve@elsewhere.example devices.manage BK-200
explain msp.db ada devices.manage BK-200
customers msp.db XX-1
customers msp.db NW-100 --as-of 99
customers msp.db NW-100 --as-of 2026-03-02T08:00:00
customers msp.db NW-100 --as-of yesterday
customers msp.db NW-100 --limit many
customers msp.db NW-100 --limit 99999999999999999999
customers msp.db NW-100 --as-of 99999999999999999999
audit msp.db BK-200 --from 9999-12-31T23:59:59-14:00
customers nowhere.db NW-100
customers . NW-100
customers msp.db
--version
"""


COMMANDS = (
    "init", "demo", "do", "preview", "activate", "deactivate", "commands", "inbox", "notices", "user", "policy",
    "inspect", "tenants", "users", "customers", "who-can", "explain", "review", "temporary", "eligible", "diff", "feed", "audit", "report", "verify", "rebuild", "export",
    "backup", "copy", "restore", "sweep", "external", "sync", "diagrams", "completion",
)  # fmt: skip


def said(place: Path, words: str) -> str:
    """What the command line says to that, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = _cli.main(shlex.split(words))
        except SystemExit as end:
            code = end.code
    return told(place, words, out.getvalue(), err.getvalue(), code)


def told(place: Path, words: str, out: str, err: str, code: object) -> str:
    text = f"$ tenantry {words}\n{out}{err}→ {code}\n".replace(str(place.resolve()), "PLACE")
    # The store's epoch and the file's size are its own, and so are hashes over salts.
    text = re.sub(r"[0-9a-f-]{36}\.(\d+)\.[0-9a-f]{64}", r"TOKEN.\1", text)
    text = re.sub(r'"[0-9a-f]{64}"', '"HASH"', text)
    return re.sub(r"^bytes( +)[\d ]+$", r"bytes\1SIZE", text, flags=re.M)


def test_what_it_says(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setitem(_find.OPENED, "clock", lambda: UNTIL)
    digest = hashlib.sha256((place / "msp.db").read_bytes()).hexdigest()
    all_of_it = "\n".join(said(place, words) for words in SAID.strip().split("\n"))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(all_of_it, encoding="utf-8")
    assert all_of_it == GOLDEN.read_text(encoding="utf-8")
    # It has looked and changed nothing.
    assert hashlib.sha256((place / "msp.db").read_bytes()).hexdigest() == digest
    assert {file.name for file in place.iterdir() if file.stat().st_size} <= {"msp.db", "msp.db-shm"}


@pytest.mark.parametrize(
    "words",
    [
        "inspect msp.db",
        "customers msp.db NW-100 --as-of 2026-04-01T00:00:00+02:00 --csv",
        "explain msp.db nils@northwind.example users.manage BK-200",
        "customers msp.db NW-100 --as-of yesterday",
        "customers msp.db XX-1",
    ],
)
def test_a_process_of_its_own_says_the_same(place: Path, words: str) -> None:
    done = run(place, words)
    assert told(place, words, done.stdout, done.stderr, done.returncode) in GOLDEN.read_text(encoding="utf-8")


def test_the_readme_lists_every_command() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (`.*?`) \|", readme, flags=re.M)
    assert sorted(word for cell in listed for word in re.findall(r"`([a-z-]+)`", cell)) == sorted(COMMANDS)


def test_what_the_readme_shows_is_what_it_says() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (console,) = re.findall(r"```console\n(.*?)```", readme, flags=re.S)
    for block in re.split(r"\n\n(?=\$ )", console.strip()):
        assert f"{block}\n→ " in GOLDEN.read_text(encoding="utf-8")


def test_errors_are_one_line_with_a_remedy(place: Path) -> None:
    (place / "text.db").write_text("not a store\n" * 100)
    for words in ("tenants text.db", "tenants nowhere.db", "customers msp.db XX", "customers msp.db NW-100 --as-of 99"):
        done = run(place, words)
        assert done.returncode == 1 and done.stdout == ""
        assert re.fullmatch(r"tenantry: [^\n]+; [^\n]+\n", done.stderr)
    (place / "text.db").unlink()


def test_pip_puts_the_program_beside_python(place: Path) -> None:
    program = Path(sys.executable).with_name("tenantry")
    done = subprocess.run([program, "verify", "msp.db"], cwd=place, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.startswith("the journal holds: ")


def test_what_is_not_utf_8(place: Path) -> None:
    command = [sys.executable.encode(), b"-m", b"tenantry"]
    done = subprocess.run([*command, b"customers", b"msp.db", b"NW\xff"], cwd=place, env=environment(), capture_output=True, timeout=120)
    assert done.returncode == 2 and done.stderr == b"tenantry: 'NW\\udcff' is not UTF-8; write it in UTF-8\n"
    (place / os.fsdecode(b"n\xff.db")).write_bytes((place / "msp.db").read_bytes())
    done = subprocess.run([*command, b"verify", b"n\xff.db"], cwd=place, env=environment(), capture_output=True, timeout=120)
    assert done.returncode == 0 and b"the journal holds" in done.stdout
    for file in place.glob("n*.db*"):
        file.unlink()


def test_help_teaches(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setitem(_find.OPENED, "clock", lambda: UNTIL)
    for command in COMMANDS:
        text = said(place, f"{command} --help")
        assert text.endswith("→ 0\n") and len(text.splitlines()) > 8
    text = run(place, "-h").stdout
    assert all(command in text for command in COMMANDS)
    assert "tenantry explain msp.db ada@northwind.example" in text
    writing = {command for command in COMMANDS if "It writes to the store." in " ".join(said(place, f"{command} --help").split())}
    assert writing == {"do", "activate", "deactivate", "rebuild", "restore", "sweep", "sync"}
    assert all(f"`{command}`" in text[text.index("These write to the store:") : text.index("These make")] for command in writing)
    assert all(len(line) <= 80 for line in text.splitlines())
    # What it gives as examples is in the store that the other examples are of, and does what it says.
    with tenantry.open(place / "msp.db", read_only=True) as db:
        addresses = {user.email for home in (2, 8) for user in db.users(tenant=uuid.UUID(int=home), actor=OPERATOR)}
    assert set(re.findall(r"[\w.]+@\S+", text)) <= addresses
    for words in re.findall(r"^  tenantry (.*msp\.db.*?)(?: \|.*)?$", text, flags=re.M):
        assert said(place, words).endswith("→ 1\n" if words.startswith("demo") else "→ 0\n"), words
    done = run(place, "frobnicate")
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1 and "see tenantry -h" in done.stderr


def test_what_it_writes_for_programs_is_read_back(place: Path) -> None:
    customers = [json.loads(line) for line in run(place, "customers msp.db NW-100 --json").stdout.splitlines()]
    with tenantry.open(place / "msp.db", read_only=True) as db:
        assert customers == [json.loads(row.as_json()) for row in db.customers(manager=uuid.UUID(int=2), actor=OPERATOR)]
        records = [json.loads(line) for line in run(place, "export msp.db journal").stdout.splitlines()]
        assert records == [json.loads(record.as_json()) for record in db.host_records()]
    rows = list(csv.DictReader(run(place, "export msp.db customers --csv --as-of 13").stdout.splitlines()))
    # A spreadsheet would run the name as a formula; JSON has it as it is.
    assert "'=Sum & [bold]Sons[/bold]" in [row["name"] for row in rows]
    assert "=Sum & [bold]Sons[/bold]" in run(place, "export msp.db customers --as-of 13").stdout


def test_a_journal_that_does_not_hold(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.db"
    path.write_bytes((place / "msp.db").read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as store:
        names = [name for (name,) in store.execute("select name from sqlite_schema where type = 'table'")]
        journal = next(name for name in names if name in ("journal", "records", "record"))
        columns = [row[1] for row in store.execute(f"pragma table_info({journal})")]
        body = next(name for name in columns if name in ("body", "record"))
        store.execute(f"update {journal} set {body} = replace(cast({body} as text), 'add_customer', 'add_kustomer')")
        store.commit()
    done = run(tmp_path, "verify bad.db")
    assert done.returncode == 1 and "the chain is broken at record" in done.stdout and "restore a backup" in done.stderr
    done = run(tmp_path, "verify bad.db --json")
    assert done.returncode == 1 and json.loads(done.stdout)["journal"] == "flawed"


def test_derived_data_that_is_wrong_is_rebuilt(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.db"
    path.write_bytes((place / "msp.db").read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("delete from record_about where seq = 9")
        store.commit()
    done = run(tmp_path, "verify bad.db")
    assert done.returncode == 1 and "derived data is wrong" in done.stdout and "record 9" in done.stdout
    assert "rebuild" in done.stderr
    done = run(tmp_path, "rebuild bad.db")
    assert done.returncode == 0 and "table record_about lacks a row" in done.stdout
    done = run(tmp_path, "verify bad.db --json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["journal"] == "holds" and told.get("older") is None
    done = run(tmp_path, f"verify bad.db --since {told['token']}")
    assert done.returncode == 0 and "the journal holds" in done.stdout
    done = run(tmp_path, "rebuild bad.db --json")
    assert json.loads(done.stdout)["rows"] == 0
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("update meta set value = 0 where name = 'rules'")
        store.commit()
    done = run(tmp_path, "verify bad.db")
    assert done.returncode == 1 and "its first record was written under" in done.stdout
    older = Path(__file__).parents[2] / "core" / "tests" / "files" / "format-1-rules-0.db"
    (tmp_path / "older.db").write_bytes(older.read_bytes())
    # One of an older format is read as it is carried to today's, and what is derived is made anew by that.
    done = run(tmp_path, "verify older.db")
    assert done.returncode == 0 and "the journal holds" in done.stdout


def on_a_terminal(place: Path, words: str, before: str = "pass", **more: str) -> str:
    """What a terminal shows, 200 cells wide."""
    ours, theirs = pty.openpty()
    code = f"import sys; {before}; sys.argv = ['tenantry', *{shlex.split(words)!r}]; from tenantry._cli import main; sys.exit(main())"
    env = environment(TERM="xterm-256color", **more) | {"COLUMNS": "200"}
    with subprocess.Popen([sys.executable, "-c", code], cwd=place, env=env, stdout=theirs, stdin=theirs) as process:
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                told += part
        os.close(ours)
    assert process.returncode == 0
    return told.decode()


def test_on_a_terminal_rich_draws_the_tables(place: Path) -> None:
    told = on_a_terminal(place, "customers msp.db NW-100 --as-of 13")
    assert "╭" in told and "東京堂書店" in told
    assert "=Sum & [bold]Sons[/bold]" in told  # markup in a name is a name
    without = on_a_terminal(place, "customers msp.db NW-100", NO_COLOR="1")
    assert "╭" in without and not re.search(r"\x1b\[[\d;]*3\d", without)


def test_without_rich_tables_are_plain(place: Path) -> None:
    told = on_a_terminal(place, "tenants msp.db", before="sys.modules['rich.box'] = None")
    assert "╭" not in told and "\x1b" not in told
    assert told.replace("\r\n", "\n") == run(place, "tenants msp.db").stdout


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("large")
    with tenantry.open(place / "msp.db", synchronous="normal") as db:
        many = [RegisterTenant(kind=TenantKind.MSP, name=f"Tenant {number}") for number in range(3000)]
        for answer in db.execute_all(many, actor=OPERATOR):
            assert isinstance(answer, tenantry.Executed)
    return place


def test_who_has_read_enough_may_go(large: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "tenantry", "export", "msp.db", "journal"]
    with subprocess.Popen(command, cwd=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().startswith(b'{"seq":1,')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_an_interrupt_is_quiet(large: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "tenantry", "export", "msp.db", "journal"]
    with subprocess.Popen(command, cwd=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        # It has more to say than the pipe takes, and waits.
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        process.stdout.close()
    assert process.returncode == 130


def test_an_export_takes_the_same_memory_whatever_the_size(large: Path, tmp_path: Path) -> None:
    def peak(*words: str) -> int:
        with open(tmp_path / "out", "w") as out, contextlib.redirect_stdout(out):
            tracemalloc.start()
            assert _cli.main(["export", str(large / "msp.db"), "journal", *words]) == 0
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found

    peak()  # what is kept for good is there from now on
    # Two pages of records, and fifteen. How much garbage there is at a time is for Python to say.
    assert peak() < 3 * peak("--after", str(3000 - 2 * _cli.PAGE))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("Foo;=1+1;bar", "Foo;'=1+1;bar"),
        ("a, \"-1", "a, \"'-1"),
        ("\t=1", "'\t'=1"),
        ("a\n@b", "a\n'@b"),
        ("\uff1d1", "'\uff1d1"),
        ("Bäckerei Klein-Groß; a=1", "Bäckerei Klein-Groß; a=1"),
    ],
)
def test_no_spreadsheet_runs_a_cell(cell: str, safe: str) -> None:
    assert _show.inert(cell) == safe
