"""Commands and queries as a program calls them, and the mistakes it makes."""

from __future__ import annotations

import datetime
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import tenantry
from conftest import UTC, Clock, World
from tenantry import CLOCK, OPERATOR, Code, Invitee, Misuse, Operator, Request, TenantKind, commands, errors, events, model


def test_a_command_answers_with_what_it_made(world: World) -> None:
    done = world.db.create_role(tenant=world.msp, name="desk", permissions={"users.view"}, actor=world.ada)
    assert isinstance(done.outcome, uuid.UUID) and done.command == "create_role"
    assert done.at == world.clock() and done.at.tzinfo is not None
    assert done.token.split(".")[1] == str(done.seq)
    assert [type(event) for event in done.events] == [events.RoleCreated]
    assert world.db.token() == done.token
    world.db.confirm(token=done.token)


def test_a_refusal_is_raised_with_all_that_is_known(world: World) -> None:
    with pytest.raises(errors.UnknownRefused) as caught:
        world.db.request_delink(link=uuid.UUID(int=7), actor=world.ada)
    no = caught.value
    assert (no.code, no.name, no.reason) == (202, "unknown_link", Code.UNKNOWN_LINK)
    assert no.about == str(uuid.UUID(int=7)) and no.rule == "T-9" and no.path is None and not no.transient
    assert repr(no) == f"UnknownRefused(202 unknown_link: {no.message})"


def test_a_batch_says_what_stands_in_the_way_of_each(world: World) -> None:
    with pytest.raises(errors.Refused) as caught:
        world.db.disable_tenants(tenants=[world.bakery, uuid.UUID(int=1), uuid.UUID(int=2)], actor=world.ada)
    assert [(item.index, item.name) for item in caught.value.items] == [(1, "unknown_tenant"), (2, "unknown_tenant")]


def test_the_same_request_again_answers_with_the_first_receipt(world: World) -> None:
    name = world.db.new_id()
    first = world.db.request_delink(link=world.link, actor=world.ada, request_id=name)
    assert world.db.request_delink(link=world.link, actor=world.ada, request_id=str(name)) == first
    assert first.request == name
    with pytest.raises(errors.RequestRefused, match="was used before"):
        world.db.cancel_delink(link=world.link, actor=world.ada, request_id=name)


def test_a_decision_on_an_older_state_is_refused(world: World) -> None:
    seen = world.db.check(user=world.ada, permission="users.view", tenant=world.msp).seq
    world.db.request_delink(link=world.link, actor=world.ada, expected_seq=seen)
    with pytest.raises(errors.RequestRefused) as caught:
        world.db.cancel_delink(link=world.link, actor=world.ada, expected_seq=seen)
    assert caught.value.reason is Code.STALE_SEQ


def test_several_commands_are_answered_each_for_itself(world: World) -> None:
    name = world.db.new_id()
    done, refused, named, other = world.db.execute_all(
        [
            commands.RequestDelink(link=world.link),
            commands.RequestDelink(link=world.link),
            Request(command=commands.EditTenant(tenant=world.msp, country="DE"), actor=OPERATOR, request_id=name),
            commands.CreateRole(tenant=world.msp, name="desk", permissions=["users.view"]),
        ],
        actor=world.ada,
    )
    assert isinstance(done, tenantry.Executed)
    assert isinstance(refused, errors.StateRefused) and refused.reason is Code.ALREADY_REQUESTED
    assert isinstance(named, tenantry.Executed) and named.request == name
    assert isinstance(other, tenantry.Executed) and isinstance(other.outcome, uuid.UUID)
    assert world.db.execute_all([]) == []
    with pytest.raises(Misuse, match=r"`execute_all\[0\]\.actor`: the command has no actor"):
        world.db.execute_all([commands.RequestDelink(link=world.link)])
    with pytest.raises(Misuse, match=r"a command of tenantry\.commands"):
        world.db.execute_all(["request_delink"], actor=world.ada)  # type: ignore[list-item]


def test_none_clears_and_what_is_left_out_stays(world: World) -> None:
    db = world.db

    def of() -> tuple[Any, Any]:
        tenant = db.host_entity(kind=model.Kind.TENANT, id=world.msp)
        assert isinstance(tenant, model.Tenant)
        return tenant.country, tenant.website

    db.edit_tenant(tenant=world.msp, country="DE", website="https://n.example", actor=OPERATOR)
    assert of() == ("DE", "https://n.example")
    edited = db.edit_tenant(tenant=world.msp, country=None, actor=OPERATOR)
    assert of() == (None, "https://n.example")
    event = edited.events[0]
    assert isinstance(event, events.TenantEdited) and event.country is None and event.website is tenantry.UNSET
    db.execute(commands.EditTenant(tenant=world.msp, website=None), actor=OPERATOR)
    assert of() == (None, None)
    with pytest.raises(errors.ValueRefused, match="changes nothing"):
        db.edit_tenant(tenant=world.msp, country=tenantry.UNSET, actor=OPERATOR)


def test_actors(world: World) -> None:
    db = world.db
    for actor in (world.ada, str(world.ada), model.ByUser(user=world.ada)):
        with pytest.raises(errors.StateRefused):
            db.accept_delink(link=world.link, actor=actor)
    with pytest.raises(errors.RightsRefused, match="not for"):
        db.register_tenant(kind=TenantKind.MSP, name="M", actor=CLOCK)
    with pytest.raises(errors.RightsRefused, match="support ticket"):
        db.change_tenant_kind(tenant=world.msp, kind=TenantKind.CUSTOMER, actor=OPERATOR)
    with pytest.raises(errors.StateRefused, match="new kind"):
        db.change_tenant_kind(tenant=world.msp, kind=TenantKind.CUSTOMER, actor=Operator(ticket="T-9"))
    for wrong in (None, 7, b"x", object()):
        with pytest.raises(Misuse, match="`actor`: "):
            db.request_delink(link=world.link, actor=wrong)  # type: ignore[arg-type]


def test_arguments_are_by_keyword(world: World) -> None:
    with pytest.raises(TypeError):
        world.db.request_delink(world.link, actor=world.ada)  # type: ignore[misc]
    with pytest.raises(TypeError, match="actor"):
        world.db.request_delink(link=world.link)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="lnk"):
        world.db.request_delink(lnk=world.link, actor=world.ada)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"owner": Invitee(email="nobody")}, "execute.command.owner.email"),
        ({"name": ""}, "execute.command.name"),
        ({"name": "a\x00b"}, "execute.command.name"),
        ({"name": "\ud800"}, "execute.command.name"),
        ({"name": 7}, "execute.command.name"),
        ({"services": "manage"}, "execute.command.services"),
        ({"services": [7]}, "execute.command.services[0]"),
        ({"manager": "bob"}, "execute.command.manager"),
        ({"manager": 7}, "execute.command.manager"),
        ({"kind": "shop"}, "execute.command.kind"),
        ({"country": "Germany"}, "execute.command.country"),
    ],
)
def test_a_value_that_is_none_is_said_with_its_place(world: World, arguments: dict[str, Any], path: str | None) -> None:
    good = {"manager": world.msp, "kind": "customer", "name": "X", "management": "fully", "services": {"manage"}}
    with pytest.raises(Misuse) as caught:
        world.db.add_customer(**{**good, **arguments}, actor=world.ada)
    assert caught.value.path == path
    if path:
        assert str(caught.value).startswith(f"`{path.removeprefix('execute.command.')}`: ")
    assert isinstance(caught.value, ValueError)


def test_numbers_that_are_none(world: World) -> None:
    for wrong in (float("nan"), float("inf"), 2**70, -1, 1.5, "7", True):
        with pytest.raises(Misuse, match="^`through`: "):
            world.db.acknowledge(consumer="m", through=wrong)  # type: ignore[arg-type]


def test_the_past_by_record_and_by_moment(world: World) -> None:
    db, clock = world.db, world.clock
    before = clock()
    clock.pass_days(1)
    db.request_delink(link=world.link, actor=world.ada)
    db.accept_delink(link=world.link, actor=world.bo)
    asked: dict[str, Any] = {"user": world.ada, "permission": "devices.manage", "tenant": world.bakery}
    now = db.check(**asked)
    assert not now and now.reason is Code.NOT_LINKED
    assert db.check(**asked, as_of=now.seq - 1)
    for zone in (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC"), datetime.timezone(datetime.timedelta(hours=-9, minutes=-30))):
        assert db.check(**asked, as_of=before.astimezone(zone))
        assert not db.check(**asked, as_of=clock().astimezone(zone))
    with pytest.raises(Misuse, match="no time zone"):
        db.check(**asked, as_of=datetime.datetime(2026, 1, 1))
    with pytest.raises(errors.StoreError) as caught:
        db.check(**asked, as_of=10_000)
    assert caught.value.name == "unknown_seq"
    # Whoever does not see the customer any more is not told of it then; the operator is.
    assert list(db.customers(manager=world.msp, actor=world.ada, as_of=now.seq - 2)) == []
    assert [row.stage for row in db.customers(manager=world.msp, actor=OPERATOR, as_of=now.seq - 2)] == ["active"]


def test_a_licence_that_ends_wants_an_aware_moment(world: World) -> None:
    ends = datetime.datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    bought = world.db.buy_licence(
        buyer=world.msp, tenant=world.bakery, service="manage", seats=3, expires=ends, actor=world.ada
    )
    (event,) = bought.events
    assert isinstance(event, events.LicenceBought) and event.expires == ends
    with pytest.raises(Misuse, match="make it aware"):
        world.db.buy_licence(
            buyer=world.msp, tenant=world.bakery, service="manage", seats=3, expires=ends.replace(tzinfo=None), actor=world.ada
        )


def test_long_lists(world: World) -> None:
    db = world.db
    names = [f"Customer {number:03}" for number in range(25)]
    for name in names:
        db.add_customer(
            manager=world.msp, kind=TenantKind.CUSTOMER, name=name, management="fully", services={"manage"}, actor=world.ada
        )
    rows = db.customers(manager=world.msp, actor=world.ada, text="customer", limit=7)
    assert [row.name for row in rows] == names == [row.name for row in rows]
    assert [len(page.items) for page in rows.pages()] == [7, 7, 7, 4]
    assert [row["name"] for row in rows.rows()] == names
    first = rows.page()
    again = db.customers(manager=world.msp, actor=world.ada, text="customer", limit=7, cursor=str(first.next))
    assert [row.name for row in again] == names[7:]
    down = db.customers(manager=world.msp, actor=world.ada, text="customer", descending=True, limit=1000)
    assert [row.name for row in down] == names[::-1]
    found = rows.first()
    assert found is not None and found.name == names[0]
    assert db.customers(manager=world.msp, actor=world.ada, text="nobody").first() is None
    assert rows and not db.customers(manager=world.msp, actor=world.ada, text="nobody")
    seqs = [record.seq for record in db.host_records(limit=4)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [record.seq for record in db.host_records(after=5, limit=4)] == seqs[5:]
    assert [record.seq for record in db.host_records(descending=True, limit=4)] == seqs[::-1]
    audit = list(db.audit(tenant=world.msp, actor=world.ada, limit=3))
    assert [row.seq for row in db.audit(tenant=world.msp, actor=world.ada, limit=1000)] == [row.seq for row in audit]
    assert list(db.audit(tenant=world.msp, actor=world.ada, from_=world.clock() + datetime.timedelta(days=1))) == []
    users = list(db.host_entities(kind=model.Kind.USER, tenant=world.msp, limit=1))
    assert len(users) == 1
    for limit in (0, 1001, -1):
        with pytest.raises((errors.ValueRefused, Misuse)):
            list(db.customers(manager=world.msp, actor=world.ada, limit=limit))
    with pytest.raises(errors.ValueRefused) as caught:
        list(db.customers(manager=world.msp, actor=world.ada, cursor="junk"))
    assert caught.value.reason is Code.FOREIGN_CURSOR


def test_notices_come_again_until_they_are_delivered(world: World) -> None:
    db = world.db
    db.request_delink(link=world.link, actor=world.ada)
    mail = db.notices(consumer="mailer")
    assert [notice.kind.kind for notice in mail.notices] == ["sign_up", "delink_requested"] or len(mail.notices) >= 2
    assert db.notices(consumer="mailer") == mail
    for notice in db.deliver(consumer="mailer"):
        if notice.kind.kind == "delink_requested":
            break
    left = [notice.kind.kind for notice in db.notices(consumer="mailer").notices]
    assert left == ["delink_requested"]
    assert [notice.kind.kind for notice in db.deliver(consumer="mailer")] == ["delink_requested"]
    assert list(db.deliver(consumer="mailer")) == []
    assert [notice.kind.kind for notice in db.deliver(consumer="another")] == [notice.kind.kind for notice in mail.notices]


def test_time_alone(world: World) -> None:
    world.db.invite_user(tenant=world.msp, invitee=Invitee(email="cy@northwind.example"), role="admin", actor=world.ada)
    assert world.db.sweep() == 0
    world.clock.pass_days(8)
    assert world.db.sweep() == 1


def test_policies(clock: Clock) -> None:
    import dataclasses

    own = dataclasses.replace(tenantry.policy(), invitation_days=14, services=frozenset({"manage", "own"}))
    with tenantry.memory(policy=own, clock=clock) as db:
        assert db.policy() == own
    with tenantry.memory(policy="clients", clock=clock) as db:
        assert db.policy() == tenantry.policy("clients")
        db.set_policy(policy=own, actor=OPERATOR)
        assert db.policy() == own and db.policy(as_of=1) == tenantry.policy("clients")
    with pytest.raises(errors.ValueRefused) as caught:
        tenantry.memory(policy=dataclasses.replace(own, super_role="nobody"))
    assert caught.value.reason is Code.INVALID_POLICY
    for wrong in ("no such policy", {"name": "x"}):
        with pytest.raises(Misuse):
            tenantry.memory(policy=wrong)
    with pytest.raises(Misuse, match="delegated"):
        tenantry.policy("nope")
    with pytest.raises(Misuse, match="`policy`: "):
        tenantry.memory(policy=7)  # type: ignore[arg-type]


def test_a_clock_or_ids_that_fail_raise_where_they_were_needed() -> None:
    def broken() -> datetime.datetime:
        raise ZeroDivisionError("no time")

    with pytest.raises(ZeroDivisionError, match="no time"):
        tenantry.memory(clock=broken)
    with pytest.raises(Misuse, match="no time zone"):
        tenantry.memory(clock=datetime.datetime.now)
    with pytest.raises(Misuse, match="`clock`: "):
        tenantry.memory(clock=lambda: 7)  # type: ignore[arg-type, return-value]
    good = True

    def ids() -> uuid.UUID:
        if good:
            return uuid.uuid4()
        raise KeyError("no ids")

    with tenantry.memory(ids=ids) as db:
        good = False
        with pytest.raises(KeyError, match="no ids"):
            db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        good = True
        made = db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR)
        assert made.outcome.version == 4


def test_a_panic_is_an_exception_that_except_exception_catches() -> None:
    for detach in (False, True):
        with pytest.raises(errors.Defect, match="asked to"):
            tenantry._native._panic(detach)


def test_diagrams_are_drawn() -> None:
    assert "delink" in tenantry.diagrams() and tenantry.diagrams()["delink"].startswith("stateDiagram-v2")
    assert tenantry.diagrams("dot")["delink"].startswith("digraph delink")
    with pytest.raises(Misuse):
        tenantry.diagrams("svg")  # type: ignore[arg-type]


def test_what_is_journalled_of_refusals_is_what_the_documentation_says(world: World) -> None:
    def refused(**options: Any) -> list[str]:
        with tenantry.memory(clock=world.clock, **options) as db:
            msp = db.register_tenant(kind=TenantKind.MSP, name="N", actor=OPERATOR).outcome
            rob = db.register_user(home=msp, email="rob@n.example", role="read_only", actor=OPERATOR).outcome
            for command in (
                commands.RequestDelink(link=uuid.UUID(int=7)),
                commands.CreateRole(tenant=msp, name="desk", permissions={"users.view"}),
                commands.EditUser(user=rob),
            ):
                with pytest.raises(errors.Refused):
                    db.execute(command, actor=rob)
            with pytest.raises(errors.UnknownRefused):
                db.request_delink(link=uuid.UUID(int=7), actor=OPERATOR)
            happened = [event for record in db.host_records() for event in record.events]
            return [event.refusal for event in happened if isinstance(event, events.CommandRefused)]

    assert refused() == ["unknown_link", "role_lacks_permission"]
    assert refused(record_refusals=False) == []
    for doc in (tenantry.open.__doc__, errors.UnknownRefused.__doc__, errors.RightsRefused.__doc__):
        assert doc and "journalled" in doc


def test_personal_data_is_erased(world: World) -> None:
    db = world.db
    db.edit_user(user=world.ada, name="Ada Lovelace", actor=world.ada)
    subject = model.SubjectUser(user=world.ada)
    personal = db.host_personal(subject=subject)
    assert personal is not None and personal.name == "Ada Lovelace"
    with pytest.raises(errors.StateRefused, match="remove the user first"):
        db.erase_personal(subject=subject, actor=OPERATOR)
    bob = db.register_user(home=world.msp, email="bob@n.example", name="Bob", role="admin", actor=OPERATOR).outcome
    db.remove_user(user=bob, actor=world.ada)
    subject = model.SubjectUser(user=bob)
    assert db.host_personal(subject=subject) is not None
    db.erase_personal(subject=subject, actor=OPERATOR)
    assert db.host_personal(subject=subject) is None and db.verify()


def test_a_clock_that_calls_its_database_is_told_and_nothing_waits_for_it(clock: Clock) -> None:
    places: list[tenantry.Database] = []
    told: list[str] = []

    def asking() -> datetime.datetime:
        for db in places:
            try:
                db.seq()
            except Misuse as error:
                told.append(str(error))
        return clock()

    with tenantry.memory(clock=asking) as db:
        places.append(db)
        db.register_tenant(kind=TenantKind.MSP, name="Northwind", actor=OPERATOR)
    assert told and all("a clock only says what time it is" in text for text in told)
