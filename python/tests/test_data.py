"""What comes back: frozen, compared by value, pickled, shown, and true only where it means yes."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import uuid
from typing import Any

import pytest

import tenantry
from conftest import World
from tenantry import OPERATOR, Code, Contact, Coordinates, Kind, Misuse, Operator, Permission, _read, events, model


def everything(world: World) -> list[tenantry.Data]:
    """One of most kinds of data there are, as the door answers."""
    db, ada = world.db, world.ada
    db.edit_tenant(
        tenant=world.msp,
        country="DE",
        street="Main Street 1",
        coordinates=Coordinates(latitude=52.5, longitude=13.4),
        actor=OPERATOR,
    )
    db.create_role(tenant=world.msp, name="desk", permissions={"users.view"}, actor=ada)
    executed = db.request_delink(link=world.link, actor=ada)
    data: list[tenantry.Data] = [
        executed,
        *executed.events,
        db.check(user=ada, permission="devices.manage", tenant=world.bakery),
        db.explain(user=world.bo, permission="devices.manage", tenant=world.msp),
        db.customer(manager=world.msp, customer=world.bakery, actor=ada),
        *db.pins(actor=ada),
        db.policy(),
        db.verify(),
        db.notices(consumer="mailer"),
        db.customers(manager=world.msp, actor=ada).page(),
        *db.customers(manager=world.msp, actor=ada),
        *db.users(tenant=world.msp, actor=ada),
        *db.audit(tenant=world.bakery, actor=ada),
        *db.host_records(),
    ]
    for subject in (model.SubjectTenant(tenant=world.msp), model.SubjectUser(user=ada)):
        personal = db.host_personal(subject=subject)
        assert personal is not None
        data.append(personal)
    for kind in model.Kind:
        if kind is not Kind.POLICY:
            data += db.host_entities(kind=kind)
    return data


def test_data_are_frozen_and_go_round(world: World) -> None:
    seen = set()
    for one in everything(world):
        seen.add(type(one).__name__)
        assert dataclasses.is_dataclass(one)
        name = dataclasses.fields(one)[0].name
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
            setattr(one, name, None)
        with pytest.raises((AttributeError, TypeError)):
            one.something_new = 1  # type: ignore[attr-defined]
        for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one), dataclasses.replace(one)):  # type: ignore[type-var]
            assert again == one and type(again) is type(one)
        assert hash(one) == hash(copy.deepcopy(one))
        assert repr(one).startswith(type(one).__name__ + "(")
        assert isinstance(one.as_dict(), dict)
        assert one.as_json() == json.dumps(json.loads(one.as_json()), separators=(",", ":"))
    assert {"Executed", "Verdict", "Explanation", "Policy", "Tenant", "Link", "User", "Record", "Mail"} <= seen


def test_records_as_json_are_what_the_door_says(world: World) -> None:
    everything(world)
    raw = json.loads(world.db.call('{"ask":{"query":"host_records"}}'))["answer"]["rows"]
    ours = [json.loads(record.as_json()) for record in world.db.host_records()]
    assert meant(ours) == meant(raw)
    assert [_read.read_record(one) for one in ours] == list(world.db.host_records())


AS_EVER = (model.TemporaryRule().as_dict(), model.ActivationRule().as_dict())
"""What a policy says of roles for a while, and of what is activated, where it says nothing."""


def meant(value: Any) -> Any:
    """JSON without what means the same when it is left out."""
    if isinstance(value, list):
        return [meant(one) for one in value]
    if isinstance(value, dict):
        return {name: meant(one) for name, one in value.items() if one not in ([], {}, False, 0, *AS_EVER)}
    return value


def test_a_dict_has_plain_values(world: World) -> None:
    customers = world.db.customers(manager=world.msp, actor=world.ada)
    row = next(iter(customers)).as_dict()
    assert row["tenant"] == world.bakery and isinstance(row["tenant"], uuid.UUID)
    # Data frames have no type for ids.
    assert customers.rows() == [{**row, "tenant": str(world.bakery), "link": str(world.link)}]
    assert row["stage"] == "active" and type(row["stage"]) is str
    assert row["services"] == ["manage"]
    assert set(row) == {field.name for field in dataclasses.fields(model.CustomerRow)}


@pytest.mark.parametrize("permission", ["devices.manage", "location.view"])
def test_what_answers_a_check_is_true_only_where_it_is_allowed(world: World, permission: Permission) -> None:
    index = world.db.access_index()
    asked = {"user": world.ada, "permission": permission, "tenant": world.bakery}
    question = model.Question(**asked)
    allowed = permission == "devices.manage"
    for answer in (
        world.db.check(**asked),
        world.db.explain(**asked),
        *world.db.check_many(questions=[question]),
        index.check(world.ada, permission, world.bakery),
        *index.check_many([world.ada], permission, [world.bakery]),
        index.allows(world.ada, permission, world.bakery),
        *index.allows_many(world.ada, permission, world.bakery),
    ):
        assert bool(answer) is allowed
        assert (not answer) is not allowed
    assert index.allows_packed(world.ada, permission, world.bakery) == bytes([allowed])


def test_whatever_answers_a_check_has_a_truth() -> None:
    for name in model.__all__:
        kind = getattr(model, name)
        if dataclasses.is_dataclass(kind) and "allowed" in {field.name for field in dataclasses.fields(kind)}:
            assert "__bool__" in vars(kind), name


def test_a_journal_that_does_not_hold_is_false(world: World) -> None:
    assert world.db.verify()
    assert not model.Flawed(kind=model.CorruptionKind.CHAIN, seq=3, why="hash")


def test_verdicts_pickle_compare_and_show(world: World) -> None:
    index = world.db.access_index()
    no = index.check(world.ada, "location.view", world.bakery)
    yes = index.check(world.ada, "devices.manage", world.bakery)
    assert no.reason is Code.RESERVED_FOR_CUSTOMER and yes.reason is None
    assert no != yes and pickle.loads(pickle.dumps(no)) == no and hash(no) == hash(copy.deepcopy(no))
    assert repr(no) == f"IndexVerdict(allowed=False, reason='reserved_for_customer', seq={no.seq})"
    assert yes.as_dict() == {"allowed": True, "reason": None, "seq": yes.seq}
    with pytest.raises(AttributeError):
        no.allowed = True  # type: ignore[misc]


def test_words_are_text() -> None:
    assert model.TenantKind.MSP == "msp" and str(model.TenantKind.MSP) == "msp" and f"{model.TenantKind.MSP:>5}" == "  msp"
    assert repr(model.TenantKind.MSP) == "TenantKind.MSP"
    assert pickle.loads(pickle.dumps(Code.NOT_LINKED)) is Code.NOT_LINKED
    assert [*model.TenantKind] == ["msp", "customer", "reseller"]


def test_who_asked_is_told(world: World) -> None:
    world.db.edit_tenant(tenant=world.msp, country="AT", actor=Operator(ticket="T-1"))
    records = list(world.db.host_records())
    assert records[-1].actor == Operator(ticket="T-1")
    assert model.ByUser(user=world.ada) in {record.actor for record in records}
    match records[-1].events[0]:
        case events.TenantEdited(tenant=tenant, country=country, website=website):
            assert (tenant, country, website) == (world.msp, "AT", tenantry.UNSET)
        case other:
            pytest.fail(repr(other))


def test_an_entity_can_be_asked_for(world: World) -> None:
    tenant = world.db.host_entity(kind=Kind.TENANT, id=world.bakery)
    assert isinstance(tenant, model.Tenant) and tenant.name == "Bakery Klein"
    assert world.db.host_entity(kind=Kind.TENANT, id=uuid.uuid4()) is None
    by_number = list(world.db.host_entities(kind=Kind.TENANT, number="m-1"))
    assert [one.id for one in by_number if isinstance(one, model.Tenant)] == [world.msp]


def test_entities_are_asked_for_by_whose_they_are(world: World) -> None:
    def users(home: tenantry.Id) -> list[model.Entity]:
        return list(world.db.host_entities(kind=Kind.USER, tenant=home))

    assert users(world.msp) and users(str(world.msp).upper()) == users(world.msp)
    with pytest.raises(Misuse) as caught:
        list(world.db.host_entities(kind=Kind.USER, manager=world.msp))
    assert "not found so" in str(caught.value)


def test_what_a_command_led_to_shows_in_short(world: World) -> None:
    done = world.db.register_tenant(kind=tenantry.TenantKind.MSP, name="Fjord IT", actor=OPERATOR)
    assert repr(done) == f"Executed(register_tenant, seq={done.seq}, outcome={done.outcome}, events=[tenant_registered])"


def test_contact_can_be_given(world: World) -> None:
    made = world.db.register_tenant(
        kind="customer",  # type: ignore[arg-type]
        name="Shop",
        contact=Contact(street="A 1", coordinates=Coordinates(latitude=1.0, longitude=2.0)),
        actor=OPERATOR,
    )
    personal = world.db.host_personal(subject=model.SubjectTenant(tenant=made.outcome))
    assert personal is not None and personal.coordinates == Coordinates(latitude=1.0, longitude=2.0)
