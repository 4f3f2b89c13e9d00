"""What the command line makes and does: a day at a desk is in golden/acts.txt, which `UPDATE_GOLDEN=1` writes down anew. And what people
do to it that they should not."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import itertools
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import typing
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tenantry
from tenantry import OPERATOR, Invitee, _cli, _complete, _demo, _desk, _fields, _find, model
from test_cli import UNTIL, environment, run, said

GOLDEN = Path(__file__).parent / "golden" / "acts.txt"
NOBODY = uuid.UUID(int=0xFF)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("acts")
    _demo.furnish(place / "msp.db", UNTIL)
    return place / "msp.db"


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the store in it, at the moment at which its story ends."""
    shutil.copy(made, tmp_path / "msp.db")
    monkeypatch.chdir(tmp_path)
    numbers = itertools.count(0x1000)
    monkeypatch.setitem(_find.OPENED, "clock", lambda: UNTIL)
    monkeypatch.setitem(_find.OPENED, "ids", lambda: uuid.UUID(int=next(numbers)))
    return tmp_path


def answers(place: Path, words: str) -> tuple[int, str]:
    """How it ends, and what it says."""
    text = said(place, words)
    return int(text.rsplit("→ ", 1)[1]), text


DAY = """
init new.db --msp 'Hill & Dale' --number HD-1 --admin hal@hill.example
do new.db add_customer manager=HD-1 kind=customer name=Inn number=IN-2 management=fully services=manage --as hal@hill.example
customers new.db HD-1 --as hal@hill.example
do msp.db accept_proposal proposal=NW-100/BK-200 --as klara@klein.example
do msp.db accept_proposal proposal=NW-100/BK-200 --as klara@klein.example
inbox msp.db --as klara@klein.example
do msp.db request_delink link=NW-100/BK-200 --as ada@northwind.example
do msp.db request_delink link=NW-100/BK-200 --as ada@northwind.example
inbox msp.db --as klara@klein.example
do msp.db reject_delink link=BK-200 --as klara@klein.example --json
do msp.db accept_invitation invitation=olga@klein.example email=olga@klein.example --as olga@klein.example
user msp.db olga@klein.example
do msp.db edit_user user=olga@klein.example email=olga@new.example --as olga@klein.example
inbox msp.db --as olga@klein.example
do msp.db assign assignments=nils@northwind.example:TD-300:'Night desk' --as ada@northwind.example
do msp.db assign assignments.user=nils@northwind.example assignments.tenant=NW-100 assignments.role=admin assignments.below=no --as ada@northwind.example
do msp.db assign assignments=nils@northwind.example:BK-200:admin ends=2020-01-31T09:30:00Z --as ada@northwind.example
do msp.db assign assignments=nils@northwind.example:BK-200:admin ends=soon --as ada@northwind.example
do msp.db unassign assignments=nils@northwind.example:TD-300,nils@northwind.example:BK-200 --as ada@northwind.example
do msp.db assign assignments=nils@northwind.example:BK-200:admin eligible=yes --as ada@northwind.example
do msp.db assign assignments=nils@northwind.example:BK-200:admin eligible=yes ends=+30d --as ada@northwind.example
eligible msp.db --as nils@northwind.example
eligible msp.db --as ada@northwind.example
explain msp.db nils@northwind.example devices.manage BK-200
arising msp.db BK-200 --as ada@northwind.example
activate msp.db BK-200 admin --for 9h --reason 'TCK-4711: mail is down' --as nils@northwind.example
activate msp.db BK-200 admin --for soon --reason 'TCK-4711: mail is down' --as nils@northwind.example
activate msp.db BK-200 admin --for 2h --reason 'TCK-4711: mail is down'
activate msp.db BK-200 read_only --for 2h --reason 'TCK-4711: mail is down' --as nils@northwind.example
activate msp.db BK-200 admin --for 2h --reason 'TCK-4711: mail is down' --as nils@northwind.example --dry-run
activate msp.db BK-200 admin --for 2h --reason 'TCK-4711: mail is down' --as nils@northwind.example
eligible msp.db --as nils@northwind.example
eligible msp.db --as nils@northwind.example --csv
temporary msp.db BK-200 --as ada@northwind.example
user msp.db nils@northwind.example
explain msp.db nils@northwind.example devices.manage BK-200
deactivate msp.db BK-200 admin --as nils@northwind.example
deactivate msp.db BK-200 admin --as nils@northwind.example
do msp.db unassign assignments=nils@northwind.example:BK-200 --as ada@northwind.example
do msp.db set_manager_grants link=NW-100/BK-200 grants=users.manage --as klara@klein.example
do msp.db set_manager_grants link=NW-100/BK-200 grants= --as klara@klein.example
do msp.db set_alert_rule tenant=BK-200 category=battery audience=all_admins additional=ada@northwind.example,nils@northwind.example --as klara@klein.example
do msp.db set_alert_rule tenant=BK-200 category=battery audience=nonesuch --as klara@klein.example
do msp.db edit_tenant tenant=BK-200 coordinates=48.1:-11.5 website= country=at --as klara@klein.example
do msp.db upload_devices reseller=DD-700 to=BK-200 devices='[["SN-MIX-1","490154203237526"],"SN-MIX-2"]' --as rita@depot.example
do msp.db delete_devices tenant=BK-200 devices@devices.txt --as klara@klein.example
do msp.db release_seats licence=BK-200/manage devices@devices.txt --as ada@northwind.example
do msp.db delete_devices tenant=BK-200 devices@devices.txt --as klara@klein.example
do msp.db open_console tenant=BK-200 service=manage return_to=/customers?page=2 --as ada@northwind.example
do msp.db close_console session=ada@northwind.example --as ada@northwind.example
do msp.db assign_seats licence=BK-200/manage devices=SN-OVEN-2 --as ada@northwind.example
do msp.db request_link manager=NW-100 number=CL-800 management=jointly services=manage,configure term.days=400 term.auto_extend=yes --as ada@northwind.example
inbox msp.db --as lea@lune.example
do msp.db erase_personal subject=lea@lune.example --ticket T-9
do msp.db erase_personal subject.user=luc@moulin.example --ticket T-9
do msp.db register_tenant kind=customer name=Later tenant=00000000-0000-0000-0000-00000000abcd
do msp.db register_tenant kind=customer name=Later tenant=LA-1
do msp.db register_user home=NW-100 email=x@x.example role=amdin
do msp.db block_user user=nils@northwind.example --as ada@northwind.example --request 00000000-0000-0000-0000-00000000dddd
do msp.db block_user user=nils@northwind.example --as ada@northwind.example --request 00000000-0000-0000-0000-00000000dddd
do msp.db unblock_user user=nils@northwind.example --as ada@northwind.example --expect 1
do msp.db unblock_user user=nils@northwind.example --as ada@northwind.example --request nonsense
do msp.db delete_tenants tenants=NW-100,BK-200 confirm=delete --json
do msp.db set_policy policy=clients --dry-run
policy set msp.db policy.json
policy show msp.db
audit msp.db BK-200 --as klara@klein.example
verify msp.db
"""


def test_a_day_at_a_desk(place: Path) -> None:
    (place / "devices.txt").write_text("SN-OVEN-1\nSN-TILL-1\n\n", encoding="utf-8")
    policy = {**json.loads(tenantry.policy().as_json()), "name": "ours", "asks_per_day": 3}
    (place / "policy.json").write_text(json.dumps(policy, indent=2), encoding="utf-8")
    whole = "\n".join(said(place, words) for words in DAY.strip().split("\n"))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(whole, encoding="utf-8")
    assert whole == GOLDEN.read_text(encoding="utf-8")
    assert "Traceback" not in whole


def test_what_is_said_to_be_typed_can_be_typed(place: Path) -> None:
    with tenantry.open("msp.db", read_only=True) as db:
        homes = [tenant for tenant in db.host_entities(kind=tenantry.Kind.TENANT) if isinstance(tenant, tenantry.Tenant)]
        people = [row.email for home in homes for row in db.users(tenant=home.id, actor=OPERATOR) if row.email]
    count = 0
    for address in people:
        lines = re.findall(r"^  tenantry (.*)$", said(place, f"inbox msp.db --as {address}"), flags=re.M)
        for line in lines:
            code, text = answers(place, f"{line} --dry-run")
            assert code == 0 and "would be done" in text, text
            count += 1
    assert count >= 8
    for _, line in _demo.LOOK:
        assert "tenantry:" not in said(place, line.format(file="msp.db")), line


def test_every_kind_of_what_awaits_has_its_answers() -> None:
    assert set(_desk.ANSWERS) == set(typing.get_args(model.Awaited))
    for kind, how in _desk.ANSWERS.items():
        no = {field.name: field for field in _fields.fields(_fields.the_command(how.no))}
        assert how.field in no and _fields.is_id(_fields.members(no[how.field].kind)[0])
        assert how.yes in _fields.COMMANDS
        assert kind is model.AwaitedAddress or how.field in {field.name for field in _fields.fields(kind)}


def test_every_command_can_be_typed_as_its_declaration_says() -> None:
    assert sorted(_fields.COMMANDS) == sorted(tenantry._native.commands())
    for name, of in _fields.COMMANDS.items():
        assert _fields.about(of)
        words = [word for field in _fields.fields(of) for word in typing_of(field)]
        command = _fields.made(name, words, lambda kind, text: NOBODY)
        assert type(command) is of
        assert json.loads(command.as_json())["command"] == name
        for field in _fields.fields(of):
            assert field.about, f"{name}.{field.name}"
            # Whatever of a command may be left out and is an id is that of something new.
            assert not _fields.is_new(field.kind) or "id" in field.about


def typing_of(field: _fields.Field) -> Iterator[str]:
    """Something to type for a field, by what it is said to take."""
    takes = _fields.takes(field).removesuffix(",…").split("|")[0]
    if takes == "…":
        for part in _fields.parts(field):
            yield from typing_of(part)
        return
    forms = {"yes": "yes", "N": "7", "MOMENT": "2026-01-31T09:30:00Z", "ID": str(NOBODY)}
    forms |= {"NAME or policy@FILE": "clients", "ADDRESS or TENANT": "A-1"}
    parts = {"latitude": "1", "longitude": "2"}
    yield f"{field.name}=" + ":".join(parts.get(part.lower(), forms.get(part, part.lower())) for part in takes.split(":"))


@pytest.mark.parametrize("name", sorted(_fields.COMMANDS))
def test_each_command_says_what_it_takes(name: str, tmp_path: Path) -> None:
    code, text = answers(tmp_path, f"commands {name}")
    assert code == 0 and all(len(line) <= 80 for line in text.splitlines()[1:])
    assert all(f" {field.name}=" in text for field in _fields.fields(_fields.the_command(name)))


def test_a_role_for_two_hours_is_given_shown_and_taken_away(place: Path) -> None:
    given = said(place, "do msp.db assign assignments=nils@northwind.example:BK-200:admin ends=+2h --as ada@northwind.example")
    assert "temporary_assigned" in given
    told = [json.loads(line) for line in said(place, "temporary msp.db NW-100 --json").splitlines() if line.startswith("{")]
    (row,) = told
    assert (row["email"], row["role"], row["decides"]) == ("nils@northwind.example", "admin", True)
    ends = datetime.datetime.fromisoformat(row["ends"].replace("Z", "+00:00"))
    assert (ends.second, ends.microsecond) == (0, 0), "it can be named as it is shown"
    shown = f"{ends:%Y-%m-%d %H:%M}"
    for words in (
        "temporary msp.db BK-200",
        "user msp.db nils@northwind.example",
        "review msp.db BK-200",
        "explain msp.db nils@northwind.example users.view BK-200",
    ):
        assert shown in said(place, words), words
    assert "NW-100" in said(place, "temporary msp.db BK-200 --as klara@klein.example")
    assert "nils" not in said(place, "temporary msp.db BK-200 --as klara@klein.example").partition("\n")[2]
    back = f"do msp.db unassign assignments=nils@northwind.example:BK-200 ends={row['ends']} --as ada@northwind.example"
    assert "temporary_ended" in said(place, back)
    assert "none" in said(place, "temporary msp.db NW-100")


def test_explain_tells_what_could_be_activated_where_that_would_help(place: Path) -> None:
    ada = "--as ada@northwind.example"
    asked = "explain msp.db nils@northwind.example devices.manage TD-300"
    assert answers(place, asked)[0] == 1 and "activate" not in said(place, asked)
    for given in ("NW-100:admin", "NW-100:read_only", "BK-200:admin"):
        said(place, f"do msp.db assign assignments=nils@northwind.example:{given} eligible=yes ends=+{len(given)}d {ada}")
    with tenantry.open("msp.db", read_only=True) as db:
        seq = db.seq()
    code, text = answers(place, asked)
    assert code == 1 and re.findall("may: +(.*)", text) == ["activate admin at Northwind IT (NW-100), until 2026-05-15 08:00"]
    assert "may:" not in said(place, f"{asked} --as-of {seq - 3}") and "may:" in said(place, f"{asked} --as-of {seq - 2}")
    # A reserved permission is none that a role could give.
    assert "may:" not in said(place, asked.replace("devices.manage", "location.view"))
    activate = "activate msp.db NW-100 admin --for 90m --reason T-1 --as nils@northwind.example"
    assert answers(place, activate)[0] == 0
    code, text = answers(place, asked)
    assert code == 0 and "until 2026-05-03 09:30, activated" in text and "may:" not in text
    assert "activated (T-1)" in said(place, f"audit msp.db NW-100 {ada}")
    assert "eligible" in said(place, f"arising msp.db NW-100 {ada}") and "–" in said(place, f"arising msp.db NW-100 {ada}")
    # What is laid over it by the last word decides.
    said(place, f"do msp.db assign assignments=nils@northwind.example:NW-100:no_access ends=+1d {ada}")
    code, text = answers(place, asked)
    assert code == 1 and "may:" not in text, "it is still theirs, and would give nothing"


def test_a_store_is_made_whole_or_not_at_all(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hashlib.sha256((place / "msp.db").read_bytes()).hexdigest()
    for words in ("init msp.db", "demo msp.db", "copy msp.db msp.db"):
        code, text = answers(place, words)
        assert code == 1 and "is there already" in text
    assert hashlib.sha256((place / "msp.db").read_bytes()).hexdigest() == before
    for words in (
        "init new.db --msp X --number 'no number'",
        "init new.db --msp X --admin nobody",
        "init new.db --policy nonesuch",
        "init nowhere/new.db",
        "copy text.db new.db",
        "copy nowhere.db new.db",
    ):
        (place / "text.db").write_text("no store\n")
        code, text = answers(place, words)
        assert code in (1, 2) and text.count("\n") == 3, text
        assert sorted(file.name for file in place.iterdir()) == ["msp.db", "text.db"], words
    # Somebody is quicker.
    furnish = _demo.furnish

    def slow(path: Path, until: datetime.datetime) -> None:
        furnish(path, until)
        (place / "new.db").write_text("theirs")

    monkeypatch.setattr(_demo, "furnish", slow)
    code, text = answers(place, "demo new.db")
    assert code == 1 and "is there already" in text and (place / "new.db").read_text() == "theirs"
    assert sorted(file.name for file in place.iterdir()) == ["msp.db", "new.db", "text.db"]
    os.symlink("nowhere", place / "dangling.db")
    assert answers(place, "init dangling.db")[0] == 1


def test_the_story_is_the_same_each_time(place: Path) -> None:
    for name in ("a.db", "b.db"):
        assert answers(place, f"demo {name} --until 2026-05-03T08:00:00Z")[0] == 0
    journals = [said(place, f"export {name} journal").partition("\n")[2] for name in ("a.db", "b.db", "msp.db")]
    told = {re.sub(r'"[0-9a-f]{64}"', "", journal) for journal in journals}
    assert len(told) == 1
    assert (place / "a.db").stat().st_mode & 0o777 == 0o600


def test_a_copy_goes_its_own_way(place: Path) -> None:
    assert answers(place, "copy msp.db other.db")[0] == 0
    assert answers(place, "do other.db block_user user=nils@northwind.example")[0] == 0
    assert "state    active" in said(place, "user msp.db nils@northwind.example")
    assert "state    blocked" in said(place, "user other.db nils@northwind.example")
    tokens = {re.findall(r'"token":"([0-9a-f-]{36})', run(place, f"inspect {name} --json").stdout)[0] for name in ("msp.db", "other.db")}
    assert len(tokens) == 2
    assert sorted(file.name for file in place.iterdir() if file.stat().st_size) == ["msp.db", "other.db"]


def test_a_dry_run_writes_nothing(place: Path) -> None:
    before = hashlib.sha256((place / "msp.db").read_bytes()).hexdigest()
    for words in ("do msp.db block_user user=nils@northwind.example --dry-run", "policy set msp.db default --dry-run"):
        code, text = answers(place, words)
        assert code == 0 and "would be done" in text
    assert hashlib.sha256((place / "msp.db").read_bytes()).hexdigest() == before


def test_an_address_of_two_people(place: Path) -> None:
    with tenantry.open("msp.db", **_find.OPENED) as db:
        for number in ("NW-100", "HS-500"):
            db.invite_user(tenant=db.tenant(number).id, invitee=Invitee(email="two@two.example"), role="admin", actor=OPERATOR)
    revoke = "do msp.db revoke_invitation invitation=two@two.example"
    for words in ("user msp.db two@two.example", "inbox msp.db --as two@two.example", revoke):
        code, text = answers(place, words)
        assert code == 1 and "any of 2" in text and "(NW-100)" in text and "(HS-500)" in text
    found = re.findall(r"([0-9a-f-]{36}) of", said(place, "user msp.db two@two.example"))
    text = said(place, f"inbox msp.db --as {found[0]}")
    assert text.count("invitation=00000000") == 2  # by id, where the address is not enough
    (yes, _) = re.findall(r"^  tenantry (.*)$", text, flags=re.M)
    assert answers(place, yes)[0] == 0
    # Whoever is there is meant from now on.
    assert answers(place, "user msp.db two@two.example")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        "do . block_user user=ada@northwind.example",
        "do nowhere.db block_user user=ada@northwind.example",
        "do msp.db block_user user=nobody@northwind.example",
        "do msp.db block_user user=00000000-0000-0000-0000-0000000000ff",
        "do msp.db request_delink link=ZZ-9/BK-200 --as ada@northwind.example",
        "do msp.db request_delink link=NW-100/BK-200/TD-300 --as ada@northwind.example",
        "do msp.db request_delink link=/ --as ada@northwind.example",
        "do msp.db request_delink link= --as ada@northwind.example",
        "do msp.db request_delink link=NW-100 --as ada@northwind.example",
        "do msp.db request_delink link=NW-100/BK-200 --as nobody@northwind.example",
        "do msp.db request_delink link=NW-100/BK-200 --as nils@northwind.example",
        "do msp.db request_delink link=NW-100/BK-200 --as ''",
        "do msp.db edit_role role=NW-100/Nobody name=x",
        "do msp.db edit_tenant tenant=NW-100 name=",
        "do msp.db edit_tenant tenant=NW-100 name.x=1 name=2",
        "do msp.db edit_tenant tenant=NW-100 coordinates.x.y.z=1",
        "do msp.db edit_tenant tenant=NW-100 coordinates=1e999:0",
        "do msp.db edit_tenant tenant=NW-100 coordinates='{\"latitude\": 1e999, \"longitude\": 0}'",
        "do msp.db edit_tenant tenant=NW-100 coordinates='[1,2]'",
        "do msp.db assign assignments=[]",
        "do msp.db assign assignments=[[]]",
        "do msp.db assign assignments=[1]",
        "do msp.db assign assignments=null",
        "do msp.db assign assignments='[{\"user\": {\"a\": 1}, \"tenant\": [], \"role\": null}]'",
        "do msp.db assign assignments.1.user=a@b.example",
        "do msp.db block_user user@nowhere.txt",
        "do msp.db block_user user@.",
        "do msp.db block_user user@/dev/zero",
        "do msp.db set_policy policy@bytes.bin",
        "do msp.db set_policy policy='{}'",
        "do msp.db set_policy policy='{\"name\": 1}'",
        "do msp.db set_policy policy@deep.json",
        "do msp.db register_tenant kind=msp name=X tenant=1",
        "do msp.db buy_licence buyer=NW-100 tenant=BK-200 service=manage seats=99999999999999999999",
        "do msp.db buy_licence buyer=NW-100 tenant=BK-200 service=manage seats=-1",
        "do msp.db buy_licence buyer=NW-100 tenant=BK-200 service=manage seats=1 expires=9999-12-31T23:59:59-14:00",
        "do msp.db block_user =x",
        "do msp.db '' user=x",
        "inbox msp.db --as nobody@northwind.example",
        "user msp.db ada",
        "user msp.db ada@northwind.example --on XX-1",
        "notices msp.db mailer --limit 99999999999999999999",
        "policy set msp.db",
        "policy set msp.db bytes.bin",
        "completion fish",
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_leaves_the_store_alone(place: Path, words: str) -> None:
    (place / "bytes.bin").write_bytes(b"\xff\xfe\x00")
    (place / "deep.json").write_text("[" * 100_000)
    with tenantry.open("msp.db", read_only=True) as db:
        before = db.seq()
    code, text = answers(place, words)
    _, shown, end = text.partition("\ntenantry")
    assert code in (1, 2) and shown and end.count("\n") == 2, text
    assert len(text) < 2000 and "Traceback" not in text
    with tenantry.open("msp.db", read_only=True) as db:
        records = list(db.host_records(after=before))
    # What a user may not is on record; nothing else came of it.
    assert all(record.events[0].event == "command_refused" for record in records)


def test_what_is_huge_or_not_utf_8(place: Path) -> None:
    command = [sys.executable.encode(), b"-m", b"tenantry", b"do", b"msp.db"]

    def end(*words: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*command, *words], cwd=place, env=environment(), capture_output=True, timeout=120)

    done = end(b"edit_tenant", b"tenant=NW-100", b"name=N\xff")
    assert done.returncode == 2 and done.stderr == b"tenantry: 'name=N\\udcff' is not UTF-8; write it in UTF-8\n"
    done = end(b"edit_tenant", b"tenant=NW-100", b"name=" + b"x" * 100_000)
    assert done.returncode == 2 and len(done.stderr) < 1000 and done.stderr.count(b"\n") == 1
    (place / "many.txt").write_text("".join(f"SN-{number:06}\n" for number in range(10_001)))
    done = end(b"delete_devices", b"tenant=BK-200", b"devices@many.txt", b"--as", b"klara@klein.example")
    assert done.returncode in (1, 2) and len(done.stderr) < 1000
    done = end(b"delete_devices", b"tenant=BK-200", b"devices@" + os.fsencode("n\xff.txt"), b"--as", b"klara@klein.example")
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1


def test_what_has_lapsed_awaits_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_find.OPENED, "clock", lambda: UNTIL + datetime.timedelta(days=40))
    for address in ("klara@klein.example", "sam@sons.example"):
        assert "nothing awaits an answer" in said(place, f"inbox msp.db --as {address}")
    code, text = answers(place, "do msp.db accept_link request=HS-500/SS-400 --as sam@sons.example")
    assert code == 1 and "that awaits an answer" in text


def test_a_move_awaits_its_answer(place: Path) -> None:
    policy = tenantry.policy().as_json().replace('"moves":"refused"', '"moves":"approval"')
    (place / "policy.json").write_text(policy, encoding="utf-8")

    def done(words: str) -> None:
        code, text = answers(place, words)
        assert code == 0, text

    done("policy set msp.db policy.json --ticket T-1")
    done("do msp.db propose_terms link=NW-100/BK-200 --as ada@northwind.example")
    # Of two proposals between the same two, each is typed by its id.
    text = said(place, "inbox msp.db --as klara@klein.example")
    for words in re.findall(r"^  tenantry (.* accept_proposal proposal=[0-9a-f-]{36} .*)$", text, flags=re.M):
        done(words)
    done("do msp.db move_devices manager=NW-100 customer=BK-200 devices=SN-READER-2 --as ada@northwind.example")
    text = said(place, "inbox msp.db --as klara@klein.example")
    assert "asks to hand a device to" in text
    (yes, _) = re.findall(r"^  tenantry (.*)$", text, flags=re.M)
    assert "id=NW-100/BK-200" in yes and answers(place, yes)[0] == 0


def test_a_name_that_two_tenants_have_for_a_role(place: Path) -> None:
    words = "do msp.db create_role tenant=HS-500 name='Night desk' permissions=tenant.view --as hana@harbour.example"
    assert answers(place, words)[0] == 0
    words = "do msp.db edit_role role={} name='Day desk' --as hana@harbour.example"
    code, text = answers(place, words.format("'Night desk'"))
    assert code == 1 and "any of 2" in text and "(NW-100)" in text and "(HS-500)" in text
    code, text = answers(place, words.format("'HS-500/Night desk'"))
    assert code == 0 and "role_edited" in text
    assert answers(place, "do msp.db delete_role role='Day desk' --as hana@harbour.example")[0] == 0


def test_options_and_fields_stand_in_any_order_and_values_come_in(place: Path) -> None:
    for words in (
        "do msp.db --as ada@northwind.example block_user user=nils@northwind.example --dry-run",
        "do msp.db block_user --as ada@northwind.example user=nils@northwind.example --dry-run",
        "do --dry-run msp.db block_user --yes user=nils@northwind.example --json",
    ):
        assert answers(place, words)[0] == 0
    assert answers(place, "do msp.db block_user user=nils@northwind.example --colour")[0] == 2
    _demo.furnish(place / "now.db", datetime.datetime.now(datetime.timezone.utc))
    command = [sys.executable, "-m", "tenantry", "do", "now.db", "delete_devices", "tenant=BK-200", "devices@-"]
    done = subprocess.run(command, cwd=place, env=environment(), input="SN-OVEN-2\n", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "devices_deleted" in done.stdout
    closed = " ".join(map(shlex.quote, [*command[:-2], "tenant=BK-200", "devices=SN-NONE"])) + " <&-"
    done = subprocess.run(["sh", "-c", closed], cwd=place, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stderr.startswith("tenantry: refused: ")


def test_a_policy_that_is_shown_can_be_set_again(place: Path) -> None:
    shown = said(place, "policy show msp.db --json").partition("\n")[2].removesuffix("→ 0\n")
    (place / "policy.json").write_text(shown.replace('"max_depth":4', '"max_depth":5'), encoding="utf-8")
    assert answers(place, "policy set msp.db policy.json --ticket T-1")[0] == 0
    assert "max depth                    5" in said(place, "policy show msp.db")
    assert answers(place, "init ours.db --policy policy.json")[0] == 0
    assert "max depth                    5" in said(place, "policy show ours.db")


def test_an_interrupt_leaves_nothing_behind(place: Path) -> None:
    slow = "_demo.furnish = lambda *_: (print('now', flush=True), time.sleep(60))"
    code = f"import sys, time; from tenantry import _cli, _demo; {slow}; sys.exit(_cli.main())"
    command = [sys.executable, "-c", code, "demo", "new.db"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
    assert process.returncode == 130
    assert [file.name for file in place.iterdir()] == ["msp.db"]


def test_a_story_ends_when_it_can_have(place: Path) -> None:
    for until in ("1960-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday"):
        code, text = answers(place, f"demo new.db --until {until}")
        assert code == 2 and text.count("\n") == 3 and not (place / "new.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_written_to(place: Path) -> None:
    (place / "msp.db").chmod(0o400)
    code, text = answers(place, "do msp.db block_user user=nils@northwind.example")
    assert code == 1 and text.count("\n") == 3, text
    assert answers(place, "inbox msp.db --as klara@klein.example")[0] == 0


def test_a_backup_is_not_written_to(place: Path) -> None:
    assert answers(place, "backup msp.db backup.db")[0] == 0
    code, text = answers(place, "do backup.db block_user user=nils@northwind.example")
    assert code == 1 and text.count("\n") == 3, text


def test_notices_are_acknowledged_once_they_are_shown(place: Path) -> None:
    first = said(place, "notices msp.db mailer --limit 3 --acknowledge")
    assert "acknowledged through record" in first
    # Another limit reads on from there, and another consumer from the beginning.
    assert "     5  sign_up" not in said(place, "notices msp.db mailer")
    assert "     5  sign_up" in said(place, "notices msp.db other")
    assert "… there are more" in said(place, "notices msp.db other --limit 3")
    assert "… there are more" not in said(place, "notices msp.db mailer --limit 0 --acknowledge")
    assert "none\n" in said(place, "notices msp.db mailer")


def test_who_does_not_read_is_not_taken_to_have_read(place: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m tenantry notices msp.db mailer --acknowledge >/dev/full"
    done = subprocess.run(["sh", "-c", command], cwd=place, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stderr.startswith("tenantry: ")
    assert "     5  sign_up" in said(place, "notices msp.db mailer")


@pytest.mark.parametrize("words", ["commands", "notices msp.db mailer --json", "demo new.db", "completion bash", "policy show msp.db"])
def test_who_has_read_enough_may_go(place: Path, words: str) -> None:
    line = f"{shlex.quote(sys.executable)} -W error -m tenantry {words} | head -c 1"
    command = ["bash", "-o", "pipefail", "-c", line]
    done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""


def at_a_terminal(
    place: Path, words: str, typed: str, columns: int = 80, meanwhile: Callable[[], object] = lambda: None
) -> tuple[int, str]:
    """What somebody sees who types an answer."""
    ours, theirs = pty.openpty()
    env = environment(TERM="xterm-256color") | {"COLUMNS": str(columns)}
    command = [sys.executable, "-m", "tenantry", *shlex.split(words)]
    with subprocess.Popen(command, cwd=place, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := os.read(ours, 65536):
                told += part
                if b"[y/N]" in told and typed:
                    meanwhile()
                    if typed == "\x03":
                        process.send_signal(signal.SIGINT)
                    else:
                        os.write(ours, typed.encode())
                    typed = ""
        os.close(ours)
    # Colours take no room.
    return process.returncode, re.sub(r"\x1b\[[\d;]*m", "", told.decode()).replace("\r\n", "\n")


def test_on_a_terminal_it_asks_first(place: Path) -> None:
    _demo.furnish(place / "now.db", datetime.datetime.now(datetime.timezone.utc))
    words = "do now.db block_user user=nils@northwind.example --as ada@northwind.example"
    for typed in ("\n", "n\n", "maybe\n", "\x04"):
        code, told = at_a_terminal(place, words, typed)
        assert code == 1 and told.endswith("nothing was done\n")
        assert "block_user, as ada@northwind.example\n  user: nils@northwind.example (0000" in told
    code, told = at_a_terminal(place, words, "\x03")
    assert code == 130 and "Traceback" not in told
    assert "state    active" in said(place, "user now.db nils@northwind.example")
    # Nobody else waits for an answer.
    with tenantry.open("now.db", must_exist=True) as db:
        northwind = db.tenant("NW-100").id
        code, told = at_a_terminal(
            place, words, "y\n", meanwhile=lambda: db.edit_tenant(tenant=northwind, country="FR", actor=OPERATOR)
        )
    assert code == 0 and re.search(r"^done +block_user$", told, flags=re.M)
    code, told = at_a_terminal(place, words.replace("block", "unblock") + " --yes", "")
    assert code == 0 and "Do it?" not in told


def test_on_a_narrow_screen_nothing_is_broken_that_is_to_be_copied(place: Path) -> None:
    code, told = at_a_terminal(place, "customers msp.db NW-100 --as-of 38", "")
    assert code == 0 and max(map(len, told.splitlines())) <= 80
    assert re.findall(r"^  ([0-9a-f-]{36})$", told, flags=re.M) == [str(uuid.UUID(int=8)), str(uuid.UUID(int=13))]
    code, told = at_a_terminal(place, "who-can msp.db devices.manage BK-200 --as-of 38", "")
    assert "ada@northwind.example" in told and max(map(len, told.splitlines())) <= 80
    for words in (
        "review msp.db BK-200 --as-of 38",
        "review msp.db nils@northwind.example",
        "diff msp.db BK-200 --since 20",
        "feed msp.db --after 20",
        "preview msp.db block_user user=nils@northwind.example --as ada@northwind.example",
    ):
        code, told = at_a_terminal(place, words, "")
        assert code == 0 and "nils@northwind.example" in told or "permissions" in told, told
        assert max(map(len, told.splitlines())) <= 80, told
    code, told = at_a_terminal(place, "policy show msp.db", "")
    assert max(map(len, told.splitlines())) <= 80 and "asset-intelligence" in told
    code, told = at_a_terminal(place, "tenants msp.db", "", columns=20)
    assert code == 0 and "00000000-0000-0000-0000-000000000002" in told


COMPLETED = {
    "tenantry dem": ["demo"],
    "tenantry do d.db add_cust": ["add_customer"],
    "tenantry do d.db --as ada@x --yes add_customer kind=c": ["customer"],
    "tenantry do d.db add_customer mana": ["manager=", "management="],
    "tenantry do d.db invite_user invitee.e": ["invitee.email="],
    "tenantry do d.db block_user --dr": ["--dry-run"],
    "tenantry preview d.db block_us": ["block_user"],
    "tenantry preview d.db add_customer mana": ["manager=", "management="],
    "tenantry review d.db BK-200 --permission users.": ["users.manage", "users.view"],
    "tenantry diff d.db BK-200 --si": ["--since"],
    "tenantry feed d.db --af": ["--after"],
    "tenantry customers d.db NW-100 --stage a": ["active"],
    "tenantry explain d.db a@b.example users.": ["users.manage", "users.view"],
    "tenantry policy s": ["show", "set"],
    "tenantry inspect ms": ["msp.db"],
    "tenantry commands unb": ["unblock_user"],
    "tenantry activate d.db BK-200 read": ["read_only"],
    "tenantry deactivate d.db BK-200 admin --re": ["--request"],
    "tenantry user msp.db ": [],
}


def test_bash_completes(place: Path) -> None:
    script = said(place, "completion bash").partition("\n")[2].removesuffix("→ 0\n")
    look = 'COMP_POINT=${#COMP_LINE}; _tenantry; echo "${COMPREPLY[*]}"'
    tries = "".join(f"COMP_LINE={shlex.quote(line)}; {look}\n" for line in COMPLETED)
    done = subprocess.run(["bash", "-c", f"{script}\n{tries}"], cwd=place, capture_output=True, text=True, timeout=60)
    assert done.stderr == "" and [line.split() for line in done.stdout.splitlines()] == list(COMPLETED.values())


def test_zsh_is_offered_the_same(place: Path) -> None:
    script = said(place, "completion zsh").partition("\n")[2].removesuffix("→ 0\n")
    for part in ("_tenantry_words()", "_tenantry_offer()"):
        (ours,) = re.findall(rf"^{re.escape(part)} {{\n.*?^}}$", script, flags=re.M | re.S)
        assert ours in said(place, "completion bash")
    if zsh := shutil.which("zsh"):
        done = subprocess.run([zsh, "-f", "-n"], input=script, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stderr == ""


def test_every_argument_has_its_completion() -> None:
    known = dict(_complete.table(_cli.parser()))
    assert {f"do {name}" for name in _fields.COMMANDS} <= set(known)
    assert known["do 2"] == list(_fields.COMMANDS) and known["policy 2"] == [_complete.FILES]
