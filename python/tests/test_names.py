"""What is found by what people have of it, and the names that the default policy has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import ModuleType

import pytest

import tenantry
from conftest import World
from tenantry import OPERATOR, Code, Misuse, Policy, Refused, UserState, management, permissions, roles, services


@pytest.mark.parametrize(
    ("module", "there_are"),
    [
        (permissions, lambda policy: policy.permissions),
        (services, lambda policy: policy.services),
        (roles, lambda policy: {rule.name for rule in policy.roles}),
        (management, lambda policy: {rule.name for rule in policy.management_types}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_names_are_those_of_the_default_policy(
    module: ModuleType, there_are: Callable[[Policy], Collection[str]]
) -> None:
    named: dict[str, str] = {name: getattr(module, name) for name in module.__all__}
    assert set(named.values()) == there_are(tenantry.policy())
    assert all(name == word.upper().translate(str.maketrans(".-", "__")) for name, word in named.items())


def test_a_tenant_is_found_by_its_number_and_by_its_id(world: World) -> None:
    for given in ("M-1", " m-1 ", world.msp, str(world.msp), str(world.msp).upper()):
        assert world.db.tenant(given).id == world.msp
    assert world.db.tenant(world.bakery).name == "Bakery Klein"
    for there_is_none in ("M-2", "", "ada@northwind.example"):
        with pytest.raises(Refused) as caught:
            world.db.tenant(there_is_none)
        assert caught.value.reason is Code.UNKNOWN_TENANT and f"`{there_is_none}`" in str(caught.value)
    with pytest.raises(Refused):
        world.db.tenant(world.bakery, as_of=1)
    with pytest.raises(Misuse, match="`tenant`: an id or a text is wanted, not an Executed"):
        world.db.tenant(world.db.edit_tenant(tenant=world.msp, country="DE", actor=OPERATOR))  # type: ignore[arg-type]


def test_a_user_is_found_by_the_address_and_by_the_id(world: World) -> None:
    for given in ("bo@bakery.example", " Bo@Bakery.example", world.bo, str(world.bo)):
        assert world.db.user(given).id == world.bo
    assert world.db.user("bo@bakery.example", home=world.bakery).home == world.bakery
    assert world.db.user("ada@northwind.example", home="m-1").id == world.ada
    for elsewhere in (lambda: world.db.user("bo@bakery.example", home="M-1"), lambda: world.db.user("eve@bakery.example")):
        with pytest.raises(Refused) as caught:
            elsewhere()
        assert caught.value.reason is Code.UNKNOWN_USER
    with pytest.raises(Refused) as caught:
        world.db.user("bo@bakery.example", home="M-2")
    assert caught.value.reason is Code.UNKNOWN_TENANT
    with pytest.raises(Misuse, match="`user`: 'bo' is neither an id nor an e-mail address"):
        world.db.user("bo")


def test_of_several_with_one_address_it_is_who_is_there(world: World) -> None:
    db, address = world.db, "bo@bakery.example"
    db.register_user(home=world.bakery, email="kim@bakery.example", role="super_admin", actor=OPERATOR)
    db.remove_user(user=world.bo, actor=OPERATOR)
    with pytest.raises(Refused):
        db.user(address)
    assert db.user(world.bo).state is UserState.REMOVED
    asked = db.invite_user(tenant=world.msp, invitee=tenantry.Invitee(email=address), role="read_only", actor=world.ada).outcome
    assert db.user(address).id == asked.user and db.user(address).state is UserState.INVITED
    db.accept_invitation(invitation=asked.invitation, email=address, actor=asked.user)
    assert db.user(address).state is UserState.ACTIVE


def test_a_link_is_found_by_its_id(world: World) -> None:
    link = world.db.link(str(world.link))
    assert (link.id, link.manager, link.managed) == (world.link, world.msp, world.bakery)
    with pytest.raises(Refused) as caught:
        world.db.link(world.db.new_id())  # type: ignore[arg-type]
    assert caught.value.reason is Code.UNKNOWN_LINK
    with pytest.raises(Misuse, match="`link`: an id is wanted, not 'M-1'"):
        world.db.link("M-1")
