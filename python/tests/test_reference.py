"""The reference says what is so: its examples run, whoever may send something may and nobody else, and nothing is refused with what it
does not name. That its pages are what the declarations say, `test_generated` shows."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

import tenantry
from blocks import ROOT, blocks
from known import CORE, REFERENCE, Known, told  # isort: skip  # makes the generator known
from generator.core import Sample
from generator.examples import C_CALL, NEW, POLICY, TOKEN, Call
from tenantry import Code, _data, model

PAGES = ROOT / "docs" / "reference"
NAMES = CORE.names()
PLAYED, BEFORE_QUERIES, ASKED = CORE.commands(), CORE.before_queries(), CORE.queries()
METHODS = {one.word: one for one in [*REFERENCE.door.commands, *REFERENCE.door.queries]}
COMMANDS = {one.word for one in REFERENCE.door.commands}
DEFAULT = told(tenantry.policy())


def sections() -> dict[str, dict[str, str]]:
    """The examples of every command and query, by language."""
    found: dict[str, dict[str, str]] = {}
    for page in sorted(PAGES.glob("*.md")):
        lines = page.read_text(encoding="utf-8").splitlines()
        for block in blocks(page):
            word = next(line for line in reversed(lines[: block.line]) if line.startswith("## "))[4:-1]
            assert block.language not in found.setdefault(word, {}), f"{word} has two examples in {block.language}"
            found[word][block.language] = block.text
    return found


EXAMPLES = sections()


def word(sample: Sample) -> str:
    return str(sample.fields.get("query") or sample.fields["command"])


def document(sample: Sample) -> dict[str, Any]:
    return REFERENCE.examples.document(Call(METHODS[word(sample)], "", sample))


def meant(value: Any, token: str) -> Any:
    """What an example means where something stands for another."""
    match value:
        case dict():
            return {name: meant(one, token) for name, one in value.items()}
        case list():
            return [meant(one, token) for one in value]
    return {POLICY: DEFAULT, TOKEN: token}.get(value, value) if isinstance(value, str) else value


def played(world: Known) -> Iterator[tuple[Sample, bool]]:
    """Every sample in its order, and whether it is the example of its method; what is to happen with it happens in between."""
    seen = set[str]()
    for sample in PLAYED:
        if sample.actor == "later":
            world.later()
            continue
        yield sample, word(sample) not in seen
        seen.add(word(sample))


def asked() -> Known:
    """The world in which the queries are asked."""
    world = Known()
    for sample in BEFORE_QUERIES:
        world.call(document(sample))
    return world


def test_every_command_and_query_has_its_examples() -> None:
    assert set(EXAMPLES) == set(METHODS)
    rust = CORE.by_rules()
    for name, examples in EXAMPLES.items():
        assert set(examples) == {"json", "python", "c"} | ({"rust"} if REFERENCE.rust[name] in rust else set()), name


def test_the_examples_in_json_run() -> None:
    world = Known()
    for sample, is_example in played(world):
        call = json.loads(EXAMPLES[word(sample)]["json"]) if is_example else document(sample)
        assert call == document(sample)
        world.call(meant(call, ""))
    world = asked()
    for name in sorted(set(METHODS) - COMMANDS):
        world.call(meant(json.loads(EXAMPLES[name]["json"]), world.db.token()))


LEFT_OUT = {
    "temporary": json.loads(tenantry.TemporaryRule().as_json()),
    "activation": json.loads(tenantry.ActivationRule().as_json()),
}
"""What the library leaves out where it is as it is by default."""


def completed(given: Any, wanted: Any) -> Any:
    """What was given, with the new ids of what is wanted where there are none, and without what might be left out; sets in the order
    that is wanted."""
    match given, wanted:
        case dict(), dict():
            new = {name: one for name, one in wanted.items() if name not in given and is_new(one)}
            return {**{name: completed(one, wanted.get(name)) for name, one in given.items() if name in wanted or one and one != LEFT_OUT.get(name)}, **new}
        case [str(), *_], [str(), *_] if sorted(map(str, given)) == sorted(map(str, wanted)):
            return wanted
        case list(), list() if len(given) == len(wanted):
            return [completed(one, other) for one, other in zip(given, wanted, strict=True)]
    return given


def as_json(call: dict[str, Any]) -> dict[str, Any]:
    """What crosses the door, with moments as people write them."""
    told: dict[str, Any] = json.loads(_data.dumps(call).replace(".000000Z", "Z"))
    return told


def is_new(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("00000000-") and NEW <= uuid.UUID(value).int < NEW + 100


class Completed(tenantry.Database):
    """A database that gives what is new the ids of the example in JSON, and notices where another call than that one is made."""

    __slots__ = ("wanted",)

    def _call(self, call: dict[str, Any]) -> Any:
        call = completed(as_json(call), self.wanted)
        assert call == self.wanted, "it is another call than the one in JSON"
        self.wanted = None
        return super()._call(call)


def run(sample: Sample, program: str, db: tenantry.Database, token: str = "") -> None:
    """Runs an example in Python, which has everything by name."""
    known: dict[str, Any] = {**vars(model), **vars(tenantry), "tenantry": tenantry, "datetime": datetime, "db": db, "token": token}
    known |= {name: uuid.UUID(text) for name, text in REFERENCE.examples.variables(Call(METHODS[word(sample)], "", sample)).items()}
    exec(compile(program, word(sample), "exec"), known)


def test_the_commands_in_python_are_those_in_json_and_run() -> None:
    world = Known()
    for sample, is_example in played(world):
        if not is_example:
            world.call(meant(document(sample), ""))
            continue
        db = Completed(world.db._engine, "reference")
        db.wanted = meant(document(sample), "")
        run(sample, EXAMPLES[word(sample)]["python"], db)
        assert db.wanted is None, f"{word(sample)} does nothing in Python"


def example(name: str) -> Sample:
    return next(one for one in [*PLAYED, *ASKED] if one.actor != "later" and word(one) == name)


def test_the_queries_in_python_run_and_answer_what_they_do_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    world = asked()
    calls: list[dict[str, Any]] = []
    ask = tenantry.Database._call
    monkeypatch.setattr(tenantry.Database, "_call", lambda db, call: (calls.append(as_json(call)), ask(db, call))[1])
    for name in sorted(set(METHODS) - COMMANDS):
        calls.clear()
        with contextlib.redirect_stdout(io.StringIO()):
            run(example(name), EXAMPLES[name]["python"], world.db, world.db.token())
        (first, *_) = [one for one in calls if one.get("ask", {}).get("query") == name]
        wanted = meant(document(example(name)), world.db.token())
        assert first["ask"].keys() >= wanted["ask"].keys() - {"filter", "paging"}
        assert world.call(first)["answer"] == world.call(wanted)["answer"], f"{name} in Python is another question than in JSON"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_literal_in_c_is_the_call_in_json(name: str) -> None:
    head, *lines, call = EXAMPLES[name]["c"].splitlines()
    assert (head, call) == ("const char call[] =", C_CALL)
    assert lines[-1].endswith('";') and all(line.startswith('    "') for line in lines)
    # What these literals escape, JSON does in the same way.
    literal = "".join(json.loads(line.strip().removesuffix(";")) for line in lines)
    assert json.loads(literal) == json.loads(EXAMPLES[name]["json"])


# Written by hand, after programs in core's documentation, which are compiled.
IN_RUST = {
    "register_tenant": """
let outcome = db.execute(
    Actor::OPERATOR,
    RegisterTenant {
        contact: Contact {
            coordinates: Some(Coordinates::parse(52.5, 13.4)?),
            phone: Some("+49 30 1234".parse()?),
            street: Some("Weg 1".parse()?),
        },
        country: Some("DE".parse()?),
        number: Some("NW".parse()?),
        prefix: Some("northwind".parse()?),
        website: Some("https://northwind.example".parse()?),
        ..RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?)
    },
)?.outcome;
""",
    "accept_link": """
let outcome = db.execute(carl, AcceptLink::new(link_request))?.outcome;
""",
    "set_manager_grants": """
db.execute(carl, SetManagerGrants::new(link, ["users.manage".parse()?].into()))?;
""",
    "edit_tenant": """
db.execute(
    ada,
    EditTenant {
        country: Some("AT".parse()?).into(),
        name: Some("Bakery Gross".parse()?),
        phone: Some("030 1234".parse()?).into(),
        website: Patch::Clear,
        ..EditTenant::new(tenant)
    },
)?;
""",
    "assign": """
db.execute(
    ada,
    Assign::new(
        vec![
            NewAssignment { user, tenant: fully, role: RoleRef::Custom(role), below: Some(false) },
            NewAssignment { user: rita, tenant: fully, role: "admin".parse()?, below: None },
        ],
    ),
)?;
""",
    "upload_devices": """
let outcome = db.execute(
    rob,
    UploadDevices::new(
        reseller,
        msp,
        vec![
            "SN-1".into(),
            ["SN-2", "352099001761481"].into(),
            "SN-3".into(),
            "SN-4".into(),
            "490154203237518".into(),
        ],
    ),
)?.outcome;
""",
    "set_policy": """
db.execute(Actor::OPERATOR, SetPolicy::new(Policy::default().into()))?;
""",
    "erase_personal": """
db.execute(ada, ErasePersonal::new(Subject::User(user)))?;
""",
    "set_auto_extend": """
db.execute(
    Actor::operator_for("T-1".parse()?),
    SetAutoExtend { days: Some(30), ..SetAutoExtend::new(link) },
)?;
""",
    "delete_tenants": """
let outcome = db.execute(
    ada,
    DeleteTenants { cascade: true, ..DeleteTenants::new(vec![fully], "delete".into()) },
)?.outcome;
""",
    "check": """
let answer = db.ask(
    Check { service: Some("manage".parse()?), ..Check::new(ada, "devices.view".parse()?, jointly) },
)?;
""",
    "users": """
let answer = db.ask(
    Users {
        filter: UserFilter {
            sort: UserSort::Name,
            state: Some(UserState::Active),
            text: Some("a".into()),
        },
        paging: Paging { limit: 2, ..Paging::default() },
        ..Users::new(ada.into(), msp)
    },
)?;
""",
    "managers": """
let answer = db.read()?.as_of(30)?.moment()?.ask(Managers::new(julia.into(), jointly))?;
""",
}


def test_the_examples_in_rust_are_as_somebody_would_write_them() -> None:
    for name, program in IN_RUST.items():
        assert EXAMPLES[name]["rust"] == program.removeprefix("\n"), name


# Who may send what.

SAMPLES = [sample for sample in [*PLAYED, *ASKED] if sample.actor != "later"]
OPERATORS = {"without": {"operator": {}}, "with": {"operator": {"ticket": "T-1"}}}


def actor_of(call: dict[str, Any]) -> dict[str, Any] | None:
    """Where a call says who asks, if it does."""
    place: dict[str, Any] = call.get("execute") or call["ask"]
    return place if "actor" in place else None


def before(sample: Sample, world: Known) -> None:
    """Lets everything happen that comes before a sample."""
    if "query" in sample.fields:
        for one in BEFORE_QUERIES:
            world.call(document(one))
        return
    for one, _ in played(world):
        if one is sample:
            return
        world.call(meant(document(one), ""))


def permissions(name: str) -> list[str]:
    """The permissions that the line on who may send it names."""
    return re.findall(r"`([a-z]+\.[a-z_]+)`", METHODS[name].who)


def with_a_role(world: Known, user: str, held: set[str]) -> None:
    """Gives a user a role at home that holds these permissions, and no other. Somebody else takes care of what is asked there."""
    policy = world.call({"ask": {"query": "policy"}})["answer"]
    # What is for super admins only could be in no such role.
    policy |= {"super_only": [], "roles": [*policy["roles"], {"name": "probe", "permissions": sorted(held)}]}
    world.execute({"operator": {}}, command="set_policy", policy=policy)
    home = world.call({"ask": {"query": "host_entity", "kind": "user", "id": user}})["answer"]["entity"]["home"]
    stand_in = str(uuid.UUID(int=0x9999))
    world.execute({"operator": {}}, command="register_user", home=home, email="stand-in@example.com", role="super_admin", user=stand_in)
    assignment = {"user": user, "tenant": home, "role": "probe"}
    world.execute({"operator": {}}, command="assign", assignments=[assignment])


def sent_by_users() -> list[Sample]:
    """Samples that a user sends who needs a permission for it."""
    found = []
    for sample in SAMPLES:
        place = actor_of(document(sample))
        if place and "user" in place["actor"] and permissions(word(sample)) and not ("user" in sample.fields and sample.fields["user"] == sample.actor):
            found.append(sample)
    return found


@pytest.mark.parametrize("sample", sent_by_users(), ids=word)
def test_the_permissions_that_are_named_are_those_that_it_takes(sample: Sample) -> None:
    named = set(permissions(word(sample)))
    call = document(sample)
    user = actor_of(call)["actor"]["user"]  # type: ignore[index]
    every = set(tenantry.policy().permissions)
    refused = {}
    for what, held in (("named", named | {"tenant.view"}), ("others", every - named)):
        world = Known()
        before(sample, world)
        with_a_role(world, user, held)
        refused[what] = world.refusal(meant(call, world.db.token()))
    # Who holds less than they hand out is refused for that; what they asked or were asked may have ended with what they held.
    barred = {what: {name for name in names if Code(name).family in ("rights", "unknown")} for what, names in refused.items()}
    assert barred["named"] <= {"beyond_own_rights", "super_admin_only"}, f"{word(sample)} takes more than {named}"
    # Some questions are answered with less, and refused to nobody.
    assert barred["others"] or word(sample) in ("device", "external_ids"), f"{word(sample)} does not take {named}"


@pytest.mark.parametrize("sample", [one for one in SAMPLES if actor_of(document(one))], ids=word)
def test_operators_may_what_is_said_of_them(sample: Sample) -> None:
    who = METHODS[word(sample)].who
    for with_or_without, operator in OPERATORS.items():
        world = Known()
        before(sample, world)
        call = meant(document(sample), world.db.token())
        actor_of(call)["actor"] = operator  # type: ignore[index]
        if word(sample).endswith("_delink"):
            call["execute"]["command"].setdefault("party", "customer" if sample.actor in {"$CARL"} else "manager")
        barred = world.refusal(call) & {"wrong_actor", "ticket_required"}
        if "an operator" not in who:
            assert barred == {"wrong_actor"}, f"{word(sample)}: {who}"
        elif re.search(r"an operator with a ticket", who) and with_or_without == "without":
            assert barred == {"ticket_required"}, f"{word(sample)}: {who}"
        elif not (re.search(r"an operator, .*with a ticket", who) and with_or_without == "without"):
            assert not barred, f"{word(sample)}: {who}"


# What is refused.


@pytest.mark.parametrize("sample", SAMPLES, ids=word)
def test_nothing_is_refused_with_what_is_not_named(sample: Sample) -> None:
    """Whoever sends it, and at whatever time it is sent again."""
    world = Known()
    before(sample, world)
    call = meant(document(sample), world.db.token())
    people = [{"user": text} for name, text in world.ids.items() if NAMES[f"${name}"] >> 8 == 3]
    actors = [*OPERATORS.values(), "clock", {"user": str(uuid.UUID(int=0x3FF))}, *people] if actor_of(call) else [None]
    refused = set[str]()
    for actor in actors:
        if place := actor_of(call):
            place["actor"] = actor
        refused |= world.refusal(call)
    about = sample.fields["command"] if isinstance(sample.fields.get("command"), dict) else {}
    named = REFERENCE.all_of(word(sample)).union(*map(REFERENCE.all_of, [about["command"]] if about else []))
    assert refused <= named, word(sample)


def test_notices_come_of_the_events_that_are_named() -> None:
    world = Known()
    for sample, _ in played(world):
        world.call(meant(document(sample), ""))
    records = {one["seq"]: {event["event"] for event in one["events"]} for one in every("host_records", world)}
    told = world.call({"ask": {"query": "notices", "consumer": "reference", "limit": 1000}})["answer"]["notices"]
    assert len({one["kind"]["kind"] for one in told}) > 20
    for one in told:
        events = records[one["seq"]]
        assert any(one["kind"]["kind"] in REFERENCE.notices.get(event, []) for event in events), f"{one['kind']} of {events}"


def test_a_command_leads_to_what_it_is_there_for() -> None:
    world = Known()
    for sample, _ in played(world):
        events = {one["event"] for one in world.call(meant(document(sample), ""))["events"]}
        assert events & set(REFERENCE.own_events(word(sample))), f"{word(sample)} leads to {events}"
        assert events <= set(REFERENCE.may_happen(word(sample))), f"{word(sample)} leads to {events}"


def every(query: str, world: Known) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = world.call({"ask": {"query": query, "paging": {"limit": 1000, **cursor}}})["answer"]
        rows += page["rows"]
        if not page.get("next"):
            return rows
        cursor = {"cursor": page["next"]}
