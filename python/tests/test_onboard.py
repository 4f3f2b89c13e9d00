"""The script that onboards customers from a CSV: twice without harm, and nothing in a dry run."""

from __future__ import annotations

import csv
import hashlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import tenantry
from tenantry import OPERATOR, TenantKind

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXPORT = EXAMPLES / "data" / "psa-export.csv"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with tenantry.open(tmp_path / "msp.db", synchronous="normal") as db:
        msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", number="NW-100", actor=OPERATOR).outcome
        db.register_user(home=msp, email="ada@northwind.example", role="super_admin", actor=OPERATOR)
        harbour = db.register_tenant(kind=TenantKind.CUSTOMER, name="Harbour", number="P-7001", actor=OPERATOR).outcome
        db.register_user(home=harbour, email="hana@harbour.example", role="super_admin", actor=OPERATOR)
    return tmp_path


def command(export: Path, *more: str) -> list[str]:
    script = str(EXAMPLES / "python" / "onboard.py")
    who = ["--manager", "nw-100", "--as", "Ada@Northwind.example", "--refused", "refused.csv"]
    return [sys.executable, "-W", "error", script, "msp.db", str(export), *who, *more]


def onboard(place: Path, export: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(export, *more), cwd=place, capture_output=True, text=True, encoding="utf-8", timeout=120)


def customers(place: Path) -> set[str]:
    with tenantry.open(place / "msp.db", read_only=True) as db:
        msp = db.host_entities(kind=tenantry.Kind.TENANT, number="NW-100").first()
        assert isinstance(msp, tenantry.Tenant)
        assert db.verify()
        return {row.number for row in db.customers(manager=msp.id, actor=OPERATOR)}


def refused(place: Path) -> dict[str, dict[str, str]]:
    text = (place / "refused.csv").read_bytes().decode()
    # Excel takes a file without this mark for the encoding of the country.
    assert text.startswith("\ufeff")
    header = text[1:].partition("\r\n")[0]
    lines = text[1:].splitlines(keepends=True)
    return {row["Line"]: row for row in csv.DictReader(lines, delimiter=max(",;\t", key=header.count))}


def test_an_export_with_every_blemish(place: Path) -> None:
    before = hashlib.sha256((place / "msp.db").read_bytes()).hexdigest()
    dry = onboard(place, EXPORT, "--dry-run")
    assert hashlib.sha256((place / "msp.db").read_bytes()).hexdigest() == before
    would = refused(place)

    first = onboard(place, EXPORT)
    assert first.returncode == dry.returncode == 1 and first.stderr == dry.stderr == ""
    assert first.stdout == dry.stdout.replace("would be ", "")
    assert refused(place) == would
    there = customers(place)
    # One row is there twice, letter by letter.
    assert f"319 rows, 1 of them done before\n{len(there)} customers added, 1 tenant asked for a link\n" in first.stdout
    assert len(there) + 1 + 1 + len(would) == 319
    assert all(row["Why"] and row["Remedy"] for row in would.values())

    again = onboard(place, EXPORT)
    assert f"319 rows, {len(there) + 2} of them done before\n0 customers added, 0 tenants asked" in again.stdout
    assert customers(place) == there and refused(place) == would

    # What was refused is refused again, as long as nobody mends it; also what could not be read.
    (place / "mended.csv").write_bytes((place / "refused.csv").read_bytes())
    unmended = onboard(place, place / "mended.csv")
    assert f"0 customers added, 0 tenants asked for a link\n{len(would)} rows refused" in unmended.stdout


def write(path: Path, *rows: dict[str, str]) -> None:
    with EXPORT.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_what_is_mended_is_taken(place: Path) -> None:
    good = {"Account": "C-1", "Company": "Bakery Klein", "Managed": "jointly", "Services": "manage; configure", "Contact e-mail": "bo@klein.example"}
    bad = {"Account": "C-2", "Company": "Café", "Managed": "fully", "Services": "telepathy", "Country": "Atlantis"}
    write(place / "export.csv", good, bad)
    done = onboard(place, place / "export.csv")
    assert done.returncode == 1 and customers(place) == {"C-1"}
    (why,) = refused(place).values()
    assert why["Refused"] == "not_well_formed" and "country" in why["Why"] and why["Line"] == "3"
    # All of it at once: of the form and of the words that there are.
    assert "no service `telepathy`" in why["Why"] and "use one of asset-intelligence, configure" in why["Remedy"]

    write(place / "export.csv", good, {**bad, "Country": "FR"})
    onboard(place, place / "export.csv")
    (why,) = refused(place).values()
    assert why["Refused"] == "unknown_service" and customers(place) == {"C-1"}

    write(place / "export.csv", good, {**bad, "Country": "FR", "Services": "manage"})
    done = onboard(place, place / "export.csv")
    assert done.returncode == 0 and customers(place) == {"C-1", "C-2"} and refused(place) == {}


def test_who_may_not_add_customers_is_told_for_each_row(place: Path) -> None:
    with tenantry.open(place / "msp.db") as db:
        msp = db.host_entities(kind=tenantry.Kind.TENANT, number="NW-100").first()
        assert isinstance(msp, tenantry.Tenant)
        db.register_user(home=msp.id, email="rob@northwind.example", role="read_only", actor=OPERATOR)
    write(place / "export.csv", {"Company": "Bakery Klein", "Managed": "fully", "Services": "manage"})
    done = onboard(place, place / "export.csv", "--as", "rob@northwind.example")
    (why,) = refused(place).values()
    assert done.returncode == 1 and why["Refused"] == "role_lacks_permission" and customers(place) == set()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--manager", "XX"], "there is no tenant `XX`"),
        (["--as", "eve@x.example"], "there is no user `eve@x.example`"),
    ],
)
def test_errors_are_one_line(place: Path, more: list[str], said: str) -> None:
    done = onboard(place, EXPORT, *more)
    assert done.returncode == 1 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_a_file_of_other_columns(place: Path) -> None:
    (place / "export.csv").write_text("Name,Country\nBakery,DE\n")
    done = onboard(place, place / "export.csv")
    assert done.returncode == 1 and "has no column `Account`" in done.stderr
    (place / "export.csv").write_text("")
    assert "has no column `Account`" in onboard(place, place / "export.csv").stderr


@pytest.mark.parametrize("rich", [True, False])
def test_a_terminal_sees_how_far_it_is(place: Path, rich: bool) -> None:
    environment = dict(os.environ)
    if not rich:
        (place / "rich.py").write_text("raise ImportError")
        environment["PYTHONPATH"] = os.pathsep.join([str(place), *filter(None, [environment.get("PYTHONPATH")])])
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(EXPORT), cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        told = b""
        try:
            while part := os.read(ours, 65536):
                told += part
        except OSError:
            pass  # how a terminal says that nobody writes to it any more
        os.close(ours)
    assert process.returncode == 1
    assert b"Onboarding" in told and b"100%" in told


KLEIN = {
    "Account": "C-1",
    "Company": "Bäckerei Klein",
    "Phone": "+49 30 1234567",
    "Managed": "fully",
    "Services": "manage",
}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("before", ["", "\n\n", "sep={}\n"])
def test_how_offices_export(place: Path, separator: str, encoding: str, before: str) -> None:
    write(place / "plain.csv", KLEIN)
    with (place / "plain.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (place / "export.csv").open("w", encoding=encoding, newline="") as file:
        file.write(before.format(separator))
        csv.writer(file, delimiter=separator).writerows([[f" {name} " for name in header], *rows])
    done = onboard(place, place / "export.csv")
    assert (done.returncode, done.stderr) == (0, "") and customers(place) == {"C-1"}
    # It is the same row, however it is written.
    assert "1 row, 1 of them done before" in onboard(place, place / "plain.csv").stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Account, Company\n", "has no column `Platform ID`, but `Account`, `Company`"),
        (b"Account,Company,Account\n", "has 2 columns `Account`; leave one of them"),
        ("Account;Company".encode("utf-16-le"), "zero bytes"),
        (b"\xff\xfeA", "UTF-16"),
    ],
)
def test_a_file_that_is_not_read_is_named(place: Path, data: bytes, said: str) -> None:
    (place / "export.csv").write_bytes(data)
    done = onboard(place, place / "export.csv")
    assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1


def test_what_cannot_be_taken_apart_is_one_line_of_many(place: Path) -> None:
    write(place / "export.csv", KLEIN, {**KLEIN, "Account": "C-2", "Street": "x" * 200_000}, {**KLEIN, "Account": "C-3"})
    with (place / "export.csv").open("a", encoding="utf-8", newline="") as file:
        file.write('C-4,"never closed\n')
    done = onboard(place, place / "export.csv")
    assert done.stderr == "" and customers(place) == {"C-1", "C-3"}
    assert [row["Refused"] for row in refused(place).values()] == ["unreadable", "unreadable"]
    assert all("in the export" in row["Remedy"] and row["Account"] == "" for row in refused(place).values())


@pytest.mark.parametrize("nothing", ["NULL", "#N/A", "-", "n/a"])
def test_what_programs_write_for_nothing_is_no_company(place: Path, nothing: str) -> None:
    write(place / "export.csv", {**KLEIN, "Company": nothing})
    assert onboard(place, place / "export.csv").returncode == 1 and customers(place) == set()
    (why,) = refused(place).values()
    assert f"Company says `{nothing}`" in why["Why"]


def test_no_spreadsheet_runs_what_was_refused_and_it_comes_back_as_it_was(place: Path) -> None:
    write(place / "export.csv", {**KLEIN, "Company": "Foo;=1+1;bar", "Services": "telepathy"})
    onboard(place, place / "export.csv")
    (row,) = refused(place).values()
    assert row["Company"] == "Foo;'=1+1;bar" and row["Phone"] == "'+49 30 1234567"
    mended = (place / "refused.csv").read_text(encoding="utf-8").replace("telepathy", "manage", 1)
    (place / "mended.csv").write_text(mended, encoding="utf-8")
    assert onboard(place, place / "mended.csv").returncode == 0
    with tenantry.open(place / "msp.db", read_only=True) as db:
        tenant = db.host_entities(kind=tenantry.Kind.TENANT, number="C-1").first()
        assert isinstance(tenant, tenantry.Tenant) and tenant.name == "Foo;=1+1;bar"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_is_refused_is_written_as_the_office_exports(place: Path, separator: str) -> None:
    write(place / "plain.csv", {**KLEIN, "Services": "telepathy"})
    with (place / "plain.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with (place / "export.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    onboard(place, place / "export.csv")
    assert (place / "refused.csv").read_text(encoding="utf-8-sig").startswith(separator.join(["Account", "Platform ID"]))
    (row,) = refused(place).values()
    assert row["Company"] == "Bäckerei Klein" and row["Refused"] == "unknown_service"


def records(place: Path) -> int:
    with tenantry.open(place / "msp.db", read_only=True) as db:
        return db.seq()


def test_a_tenant_that_is_not_there_is_looked_for_and_not_asked(place: Path) -> None:
    write(place / "export.csv", {"Platform ID": "P-9999", "Managed": "jointly", "Services": "manage"})
    before = records(place)
    for _ in range(2):
        done = onboard(place, place / "export.csv")
        (why,) = refused(place).values()
        assert done.returncode == 1 and why["Refused"] == "unknown_tenant"
        assert "1 row, 0 of them done before\n0 customers added, 0 tenants asked for a link\n1 row refused" in done.stdout
    assert records(place) == before


def test_a_colleague_runs_it_again(place: Path) -> None:
    with tenantry.open(place / "msp.db") as db:
        msp = db.host_entities(kind=tenantry.Kind.TENANT, number="NW-100").first()
        assert isinstance(msp, tenantry.Tenant)
        db.register_user(home=msp.id, email="ben@northwind.example", role="super_admin", actor=OPERATOR)
    asked = {"Platform ID": "P-7001", "Managed": "jointly", "Services": "manage"}
    # Without a number of its own the same company would be there twice.
    write(place / "export.csv", {**KLEIN, "Account": ""}, asked)
    first = onboard(place, place / "export.csv")
    assert first.returncode == 0, first.stdout
    before, there = records(place), customers(place)
    again = onboard(place, place / "export.csv", "--as", "ben@northwind.example")
    assert again.returncode == 0 and again.stderr == "" and refused(place) == {}
    assert "2 rows, 2 of them done before\n0 customers added, 0 tenants asked for a link\n0 rows refused" in again.stdout
    assert records(place) == before and customers(place) == there
