"""Values that nobody should give, in every place that takes one: the package's own error comes, and says where and what to do."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import itertools
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tenantry
from conftest import World
from tenantry import OPERATOR, AccessIndex, Database, IndexVerdict, Misuse, commands, errors, events, model, notices


def deep() -> list[Any]:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    return nested


def circular() -> list[Any]:
    itself: list[Any] = []
    itself.append(itself)
    return itself


BAD: dict[str, Any] = {
    "not a number": float("nan"),
    "infinite": float("inf"),
    "less than all": float("-inf"),
    "half of a character": "a\ud800",
    "bytes": b"bytes",
    "bytearray": bytearray(b"bytes"),
    "memoryview": memoryview(b"bytes"),
    "an object": object(),
    "a complex number": 1j,
    "huge": 10**400,
    "too huge to be written": 10**5000,
    "a date": datetime.date(2026, 1, 1),
    "a naive moment": datetime.datetime(2026, 1, 1),
    "a moment that is none in UTC": datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-14))),
    "a set of this and that": {1, "a", b"b", None},
    "a set of huge ones": {10**5000, "a"},
    "deep": deep(),
    "circular": circular(),
    "a name that is no text": {7: "x"},
    "half a name": {"\udcff": "x"},
}


each_bad = pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())


def amiss(call: Callable[[], Any]) -> errors.TenantryError:
    """What is raised, which is an error of the package's own."""
    with pytest.raises(errors.TenantryError) as caught:
        call()
    error = caught.value
    assert error.message and error.remedy and len(str(error)) < 500
    assert isinstance(error, ValueError), repr(error)
    return error


def exhausted(answer: Any) -> Any:
    return list(answer) if isinstance(answer, (tenantry.Rows, Iterator)) else answer


def takes(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return {name: one for name, one in inspect.signature(method).parameters.items() if name != "self"}


METHODS = sorted(
    name
    for name, method in inspect.getmembers(Database, inspect.isfunction)
    if not name.startswith("_") and name not in ("call", "execute", "execute_all", "close") and takes(method)
)


@pytest.mark.parametrize("name", METHODS)
def test_every_argument_of_every_method(world: World, name: str) -> None:
    method = getattr(world.db, name)
    taken = takes(getattr(Database, name))
    good = {one.name: OPERATOR if one.name == "actor" else "x" for one in taken.values() if one.default is one.empty}
    # What a look-up wants is read before anything is asked.
    delink = commands.RequestDelink(link=world.link)
    looked_up: dict[str, dict[str, Any]] = {"user": {"user": "x@x.example"}, "link": {"link": str(world.link)}, "external": {"keeper": str(world.msp)}, "preview": {"command": delink}}
    good |= looked_up.get(name, {})
    for argument, (which, bad) in itertools.product(taken, BAD.items()):
        error = amiss(lambda argument=argument, bad=bad: exhausted(method(**{**good, argument: bad})))
        assert error.path and errors.argument(error.path).startswith(argument), (argument, which, error.path)
        assert str(error).startswith(f"`{errors.argument(error.path)}`: ")


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for module in (commands, events, model, notices)
        for name in module.__all__
        if dataclasses.is_dataclass(kind := getattr(module, name)) and dataclasses.fields(kind)
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_field_of_all_data(kind: Any) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    for name, bad in itertools.product(names, BAD.values()):
        data = kind(**{**dict.fromkeys(names, tenantry.UNSET), name: bad})
        error = amiss(data.as_json)
        assert error.path and kind._renamed.get(name, name) in error.path


@each_bad
def test_the_ways_to_execute(world: World, bad: Any) -> None:
    db = world.db
    command = commands.RequestDelink(link=world.link)
    assert amiss(lambda: db.execute(bad, actor=world.ada)).path == "execute.command"
    assert (amiss(lambda: db.execute(command, actor=bad)).path or "").startswith("execute.actor")
    assert (amiss(lambda: db.execute(command, actor=OPERATOR, request_id=bad)).path or "").startswith("execute.id")
    assert (amiss(lambda: db.execute(command, actor=OPERATOR, expected_seq=bad)).path or "").startswith("execute.expected_seq")
    assert (amiss(lambda: db.execute_all([command, bad], actor=OPERATOR)).path or "") == "execute_all[1].command"
    several = [command, commands.RequestDelink(link=bad)]
    assert (amiss(lambda: db.execute_all(several, actor=OPERATOR)).path or "").startswith("execute_all[1].command.link")
    assert (amiss(lambda: db.execute_all([command], actor=bad)).path or "").startswith("execute_all[0].actor")
    request = tenantry.Request(command=command, actor=OPERATOR, request_id=bad)
    assert (amiss(lambda: db.execute_all([request])).path or "").startswith("execute_all[0].id")
    assert amiss(lambda: db.execute_all(bad, actor=OPERATOR)).path in ("commands", "execute_all[0].command")
    assert amiss(lambda: db.call(bad)).path == "request"


@each_bad
@pytest.mark.parametrize("maker", [tenantry.open, tenantry.memory])
def test_every_option(maker: Callable[..., Database], bad: Any, tmp_path: Any) -> None:
    taken = takes(maker)
    good = {"path": tmp_path / "msp.db"} if "path" in taken else {}
    for option in taken:
        error = amiss(lambda option=option: maker(**{**good, option: bad}).now())
        assert error.path and error.path.startswith(option), option
    for option in ("clock", "ids"):
        if option == "clock" or maker is tenantry.memory:
            error = amiss(lambda option=option: new(maker(**{**good, option: lambda: bad})))
            assert error.path == option


def new(db: Database) -> uuid.UUID:
    with db:
        db.now()
        return db.new_id()


@each_bad
def test_functions(bad: Any) -> None:
    assert amiss(lambda: tenantry.policy(bad)).path == "name"
    assert amiss(lambda: tenantry.diagrams(bad)).path == "form"


@each_bad
def test_every_argument_of_the_index(world: World, bad: Any) -> None:
    index = world.db.access_index()
    good = {
        "user": world.ada, "users": [world.ada], "permission": "devices.manage", "service": "manage", "tenant": world.bakery,
        "tenants": [world.bakery], "name": "devices.manage",
    }  # fmt: skip
    asked = ["user", "tenant", "permission", "service", "allows", "check", "allows_many", "allows_packed", "check_many"]
    for name in [*asked, "tenants_where", "users_who_can"]:
        method = getattr(index, name)
        for argument in takes(getattr(AccessIndex, name)):
            given = [bad if one == argument else good[one] for one in takes(getattr(AccessIndex, name))]
            error = amiss(lambda method=method, given=given: method(*given))
            place = name if argument == "name" else argument
            assert error.path and error.path.startswith(place), (name, argument, error)
            assert str(error).startswith(f"`{error.path}` ")
    assert amiss(lambda: index.refresh(bad)).path == "token"
    assert amiss(lambda: IndexVerdict(reason=bad, seq=1)).path == "reason"
    assert amiss(lambda: IndexVerdict(reason=None, seq=bad)).path == "seq"


def test_an_item_of_many_is_said_with_its_place(world: World) -> None:
    index = world.db.access_index()
    for users, path in (([world.ada, "bob"], "users[1]"), ((world.ada, world.ada, 7), "users[2]"), (b"x", "users")):
        error = amiss(lambda users=users: index.allows_many(users, "devices.manage", world.bakery))
        assert error.path == path
    error = amiss(lambda: index.allows_many([world.ada], "devices.manage", [world.bakery] * 2))
    assert error.path == "tenants" and "one of either" in error.remedy


def test_the_past_that_is_none_is_a_value_of_the_callers(world: World) -> None:
    asked = {"user": world.ada, "permission": "devices.manage", "tenant": world.bakery}
    error = amiss(lambda: world.db.check(**asked, as_of=9999))
    assert isinstance(error, errors.UnknownSeq) and error.code == 9110 and error.path == "ask.as_of"
    assert "`Database.seq()`" in str(error)
    for as_of in (datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1), -1, "yesterday", 10**400):
        error = amiss(lambda as_of=as_of: world.db.check(**asked, as_of=as_of))
        assert isinstance(error, Misuse) and error.path == "ask.as_of"


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (lambda world: "M-1", "an id is wanted, not 'M-1'; give a uuid.UUID, or one as text; a tenant's is found by its number"),
        (lambda world: "ada@northwind.example", "an id is wanted, not an e-mail address; "),
        (lambda world: OPERATOR, "an id is wanted, not the operator"),
        (lambda world: "OPERATOR", "an id is wanted, not the operator"),
        (lambda world: 7, "an id is wanted, not an int"),
        (lambda world: model.AddedCustomer(tenant=world.bakery, link=world.link), "an AddedCustomer; give an id of it: `.tenant`, `.link`"),
    ],
)
def test_what_is_no_id_is_said_by_what_it_is(world: World, give: Callable[[World], Any], said: str) -> None:
    wrong = give(world)
    asked = {"user": world.ada, "permission": "devices.manage", "tenant": world.bakery}
    for argument in ("user", "tenant"):
        error = amiss(lambda argument=argument: world.db.check(**{**asked, argument: wrong}))
        assert said in str(error) and str(error).startswith(f"`{argument}`: ")
    error = amiss(lambda: world.db.disable_tenants(tenants=[world.bakery, wrong], actor=OPERATOR))
    assert said in str(error) and error.path == "execute.command.tenants[1]"
    assert "northwind.example" not in str(error)


def test_one_text_is_no_list_of_one(world: World) -> None:
    error = amiss(lambda: world.db.add_services(link=world.link, services="manage", actor=world.ada))
    assert str(error).endswith("expected a sequence; give a list, of one if need be: `['manage']`")


def test_who_asks_is_no_text(world: World) -> None:
    error = amiss(lambda: world.db.request_delink(link=world.link, actor="OPERATOR"))
    assert str(error).startswith("`actor`: an id is wanted, not the text 'OPERATOR'; give tenantry.OPERATOR")
    done = world.db.create_role(tenant=world.msp, name="desk", permissions={"users.view"}, actor=world.ada)
    error = amiss(lambda: world.db.delete_role(role=done, actor=world.ada))  # type: ignore[arg-type]
    assert "an Executed; give what the command made, which is in `.outcome`" in str(error)


@pytest.mark.parametrize(
    ("command", "name", "hint"),
    [
        (lambda world: commands.RegisterUser(home=world.msp, email="c@m.example", role="admn"), "unknown_role", "there is: admin; a tenant's own"),
        (lambda world: commands.AddServices(link=world.link, services={"configur"}), "unknown_service", "there is: configure"),
        (
            lambda world: commands.CreateRole(tenant=world.msp, name="d", permissions={"device.manage"}),
            "unknown_permission",
            "there is: devices.manage",
        ),
    ],
)
def test_what_there_is_instead_is_listed(world: World, command: Callable[[World], Any], name: str, hint: str) -> None:
    for tried in (
        lambda: world.db.execute(command(world), actor=OPERATOR),
        lambda: raised(world.db.execute_all([command(world)], actor=OPERATOR)[0]),
    ):
        with pytest.raises(errors.Refused) as caught:
            tried()
        assert caught.value.name == name and (caught.value.hint or "").startswith(hint)
        assert caught.value.remedy == caught.value.reason.remedy


def raised(one: Any) -> None:
    raise one


def test_a_clock_that_is_wrong_is_mended_as_python_can(world: World) -> None:
    world.clock.pass_days(1000)
    with pytest.raises(errors.RequestRefused, match=r"sweep\(accept_clock=True\)"):
        world.db.edit_tenant(tenant=world.msp, country="DE", actor=OPERATOR)
    world.clock.pass_days(-2000)
    with pytest.raises(errors.RequestRefused, match="clock_tolerance=None"):
        world.db.edit_tenant(tenant=world.msp, country="DE", actor=OPERATOR)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (lambda world: commands.EditTenant(tenant=world.msp, name=None, country="DE"), "name"),
        (lambda world: commands.EditUser(user=world.ada, name="Ada", email=None), "email"),
        (lambda world: commands.EditRole(role=world.ada, name=None), "name"),
        (lambda world: commands.EditRole(role=world.ada, permissions=None), "permissions"),
    ],
)
def test_what_cannot_be_cleared_is_not_kept_in_silence(world: World, command: Callable[[World], Any], field: str) -> None:
    error = amiss(lambda: world.db.execute(command(world), actor=OPERATOR))
    assert str(error) == f"`{field}`: it cannot be cleared; leave it out to keep it as it is, or give a new one"


def test_what_is_missing_is_said_with_its_place(world: World) -> None:
    error = amiss(lambda: world.db.request_delink(link=None, actor=OPERATOR))  # type: ignore[arg-type]
    assert error.path == "execute.command.link" and error.message == "`link`: it is missing, or None"
