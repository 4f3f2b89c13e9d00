"""A list of customers from another system: what is amiss in it stands in the way of nothing else, and is told (X-11)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import tenantry
from conftest import Clock, World, furnish
from tenantry import OPERATOR, CustomerList, Misuse, Refused, Synced, TenantKind, _cli, _sync, read_customers, sync_customers
from tenantry.model import BearerTenant, ByUser, Contact, Invitee, SyncRow, SyncState

SYSTEM = "connectwise"

BAD = """\
id;name;number;country;owner;kind;phone;street;website

1;Café Lune;CL-1;FR;;;;;
2;Dock 7;;;none;;;;
3;Mill & Sons;;US;;;;"Mill Lane 1
York";
4;Old Mill;;Germany;;;;;
5\u00a0a;Spaced;;;;;;;
6;Long;N{many};;;;;;
7;Odd;;;;cooperative;;;
8;Short;;
9;Called;;;;;call me;;
;Nameless;;;;;;;
10;Inn;;AT;;;;;https://inn.example
1;Café again;;;;;;;
"""
"""A list with a cell that is amiss in each of many rows, and one row that has too few."""

AMISS = [
    (4, "2", "owner", "e-mail address has no @", "write it like ada@example.com"),
    (7, "4", "country", "country is not in ISO 3166-1", "give a two- or three-letter code, such as DE or DEU"),
    (8, "5\u00a0a", "id", "external id has the character U+00A0", "remove it"),
    (9, "6", "number", "number is 41 characters long", "use at most 32"),
    (10, "7", "kind", "there is no such kind of tenant", "use one of msp, customer, reseller, or leave it empty"),
    (11, "8", None, "the row has 4 cells, and the list 9 columns", "look for a separator too many or too few"),
    (12, "9", "phone", "phone has a character that is not allowed there", "use digits"),
    (13, "", "id", "external id is empty", "give one"),
]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(BAD.format(many="0" * 40), encoding="utf-16")
    return path


def sync(world: World, rows: Any, **more: Any) -> Synced:
    return sync_customers(world.db, rows, manager="M-1", system=SYSTEM, **{"actor": world.ada, **more})


def states(synced: Synced) -> list[tuple[int | None, str, SyncState]]:
    return [(line, step.id, step.state) for line, step in zip(synced.lines, synced.steps, strict=True)]


def is_told(synced: Synced) -> None:
    assert len(synced.refused) == len(AMISS)
    for told, (line, id, column, wrong, remedy) in zip(synced.refused, AMISS, strict=True):
        assert isinstance(told.why, Misuse)
        assert (told.line, told.id, told.column, told.why.message) == (line, id, column, wrong)
        assert told.why.remedy.startswith(remedy)


@pytest.mark.parametrize("part", [1000, 3, 1])
def test_what_is_amiss_in_a_row_is_told_and_the_rest_is_done(
    world: World, bad: Path, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sync, "PART", part)
    listed = read_customers(bad, management="fully", services=["manage"])
    assert isinstance(listed, CustomerList) and (len(listed), len(listed.refused)) == (10, 2)
    assert listed[1].id == "2" and [row.id for row in listed[:2]] == ["1", "2"] and listed.lines[:3] == (3, 4, 5)
    before = world.db.seq()
    plan = sync(world, listed, dry_run=True)
    new, again = SyncState.NEW, SyncState.REPEATED
    assert states(plan) == [(3, "1", new), (5, "3", new), (14, "10", new), (15, "1", again)]
    is_told(plan)
    assert world.db.seq() == before
    done = sync(world, listed)
    assert states(done) == states(plan)
    is_told(done)
    kept = {it.id: it.whose.name for it in world.db.external_ids(keeper=world.msp, actor=world.ada)}
    assert kept == {"1": "Café Lune", "3": "Mill & Sons", "10": "Inn"}
    # Again nothing is done, and the same is told.
    before = world.db.seq()
    again_done = sync(world, listed)
    assert [state for _, _, state in states(again_done)] == [SyncState.SAME] * 3 + [again] and world.db.seq() == before
    is_told(again_done)


@pytest.mark.parametrize(
    ("amiss", "calls", "asked"),
    [
        ([], 1, 1000),
        ([0], 12, 3000),
        ([500], 3, 2500),
        ([999], 2, 2000),
        ([300, 700], 5, 4000),
        (range(1000), 1000, 3000),
        (range(0, 1000, 2), 1001, 4000),
    ],
)
def test_rows_that_are_amiss_cost_few_calls_where_they_are_few_and_no_squares_where_they_are_many(
    world: World, amiss: Sequence[int], calls: int, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def row(number: int) -> SyncRow:
        owner = Invitee(email="none" if number in amiss else f"p{number}@list.example")
        return SyncRow(id=str(number), name=f"Customer {number}", management="fully", services=["manage"], owner=owner)

    sent, plan = list[int](), tenantry.Database.plan_sync

    def counted(*args: Any, **more: Any) -> Any:
        sent.append(len(more["rows"]))
        return plan(*args, **more)

    monkeypatch.setattr(tenantry.Database, "plan_sync", counted)
    done = sync(world, [row(number) for number in range(1000)], dry_run=True)
    assert [it.id for it in done.refused] == [str(number) for number in amiss]
    assert {it.column for it in done.refused} <= {"owner"}
    assert [step.id for step in done.steps] == [str(number) for number in range(1000) if number not in amiss]
    assert len(sent) <= calls and sum(sent) <= asked, (len(sent), sum(sent))


def test_whoever_has_a_row_that_is_amiss_is_listed(world: World) -> None:
    world.db.set_external_id(keeper=world.msp, system=SYSTEM, id="E\u0301-1", of=BearerTenant(tenant=world.bakery), actor=world.ada)
    row = SyncRow(id="E\u0301-1", name="Bakery Klein", management="jointly", services=["manage"], owner=Invitee(email="bo"))
    done = sync(world, [row])
    assert (done.steps, done.gone, done.lines) == ((), (), ())
    assert [(it.line, it.column) for it in done.refused] == [(None, "owner")]
    assert [it.id for it in sync(world, []).gone] == ["\u00c9-1"]


def test_a_row_is_refused_by_the_store_where_its_cells_are_sound(world: World, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("id,name,management,services\n1,Inn,partly,manage\n2,Hotel,,\n3,Dock,fully,\n4,Mill,fully,manage\n")
    done = sync(world, read_customers(path, services=["manage"]))
    assert [(it.line, it.id, it.column, it.why.name) for it in done.refused] == [
        (2, "1", None, "unknown_management_type"),
        (3, "2", "management", "invalid_request"),
    ]
    assert isinstance(done.refused[0].why, Refused)
    assert states(done) == [(2, "1", SyncState.NEW), (4, "3", SyncState.NEW), (5, "4", SyncState.NEW)]


def test_a_list_that_is_none_is_refused_as_a_whole(world: World, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('id,name\n1,Inn\n2,"Hotel\n3,Dock\n')
    with pytest.raises(Misuse, match=r"line 3 of .* cannot be taken apart"):
        read_customers(path, management="jointly", services=["manage"])
    with pytest.raises(Misuse, match="no row says how its customer is managed"):
        read_customers(path, services=["manage"])
    # What is wrong with the call is not a row's.
    with pytest.raises(Misuse, match="system"):
        sync_customers(world.db, [], manager=world.msp, system="Connect Wise", actor=world.ada)
    with pytest.raises(tenantry.TenantryError):
        sync(world, ["no row"])


def test_a_row_that_comes_again_tells_whose_it_is_in_lists_of_any_length(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    number = world.db.tenant(world.bakery).number

    def row(id: str, name: str, number: str | None = None) -> SyncRow:
        return SyncRow(id=id, name=name, number=number, management="fully", services=["manage"])

    rows = [row("1", "Bakery Klein", number), row("2", "Inn"), row("1", "Bakery"), row("2", "Inn")]
    for part in (1000, 1):
        monkeypatch.setattr(_sync, "PART", part)
        plan = sync(world, rows, dry_run=True)
        assert [step.customer.number if step.customer else None for step in plan.steps] == [number, None, number, None]
        assert [step.state for step in plan.steps[2:]] == [SyncState.REPEATED] * 2
    monkeypatch.setattr(_sync, "PART", 2)
    done = sync(world, rows)
    assert [step.customer.number if step.customer else None for step in done.steps] == [number, None, number, None]


def test_two_people_with_one_list_at_once_are_two(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have planned at one revision; what the second asks for is not taken for what the first has asked for."""
    db = world.db
    ben = db.register_user(home=world.msp, email="ben@northwind.example", role="super_admin", actor=OPERATOR).outcome
    row = SyncRow(id="1", name="Inn", management="fully", services=["manage"], contact=Contact())
    plan, met = tenantry.Database.plan_sync, []

    def meets(*args: Any, **more: Any) -> Any:
        planned = plan(*args, **more)
        if more["actor"] == ben and not met:
            met.append(sync(world, [row]))
        return planned

    monkeypatch.setattr(tenantry.Database, "plan_sync", meets)
    done = sync(world, [row], actor=ben)
    assert met[0].refused == () and met[0].count(SyncState.NEW) == 1
    assert [it.why.name for it in done.refused] == ["external_id_taken"]
    # However one actor is said, it is one.
    for actor in (ben, str(ben), ByUser(user=ben)):
        assert sync(world, [row], actor=actor).count(SyncState.SAME) == 1


def cli(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(_cli.main([str(word) for word in words]))
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().out


def test_the_command_line_tells_line_and_column_before_and_after(
    tmp_path: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "msp.db"
    # By the machine's clock, as the command line goes.
    with tenantry.open(store, synchronous="normal") as db:
        number = db.tenant(furnish(db, Clock()).bakery).number
    more = ["--manager", "M-1", "--system", SYSTEM, "--management", "fully", "--services", "manage"]
    with tenantry.open(store, synchronous="normal") as db:
        msp, bakery = db.tenant("M-1").id, db.tenant(number).id
        db.set_external_id(keeper=msp, system=SYSTEM, id="4", of=BearerTenant(tenant=bakery), actor=OPERATOR)
    for words, would, state in ((["--dry-run"], "would be", "3 new"), ([], "was", "3 new"), ([], "was", "3 as they are")):
        code, said = cli(capsys, "sync", store, bad, *more, *words)
        lines = said.splitlines()
        assert code == 1 and lines[0] == f"12 rows: {state}, 1 listed twice, 8 that cannot be read"
        assert lines[1] in (
            f"  line 15: `1` is listed twice: nothing {would} done",
            f"  line 15: `1`, Café Lune (CL-1), is listed twice: nothing {would} done",
        )
        assert lines[2] == "  line 4: `2` is refused: in `owner`, e-mail address has no @; write it like ada@example.com"
        assert lines[4] == "  line 8: `5\\u00a0a` is refused: in `id`, external id has the character U+00A0; remove it"
        assert lines[9].startswith("  line 13: a row without an id is refused: in `id`,") and len(lines) == 10
    code, said = cli(capsys, "sync", store, bad, *more, "--json")
    told = json.loads(said)
    assert code == 1 and (told["rows"], told["counts"]["same"], told["gone"]) == (12, 3, [])
    assert told["refused"][0] == {
        "line": 4, "id": "2", "column": "owner", "refusal": "invalid_request",
        "why": "e-mail address has no @", "remedy": "write it like ada@example.com",
    }  # fmt: skip
    assert [(it["line"], it["id"], it["state"]) for it in told["steps"]] == [(15, "1", "repeated")]


def test_ids_of_no_store_are_safe_to_show() -> None:
    from tenantry._external import _typed

    assert _typed("CW\x1b[2J\u00a01") == "`CW\\u001b[2J\\u00a01`"
    assert _typed("x" * 1000) == f"`{'x' * 128}…`" and _typed("") == "a row without an id"
    assert _typed(str(uuid.UUID(int=7))) == f"`{uuid.UUID(int=7)}`"
