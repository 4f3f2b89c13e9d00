"""A program as a user writes it, for `mypy --strict` and `pyright`; the tests run it, too. `assert_type` holds the types still."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import tenantry
from tenantry import OPERATOR, Code, Invitee, Operator, TenantKind, commands, events, model, permissions

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, kind):
        return value


def play(db: tenantry.Database) -> list[str]:
    msp = assert_type(db.register_tenant(kind=TenantKind.MSP, name="M", actor=OPERATOR).outcome, model.TenantId)
    ada = db.register_user(home=msp, email="ada@m.example", role="super_admin", actor=OPERATOR).outcome
    added = db.add_customer(
        manager=msp,
        kind=TenantKind.CUSTOMER,
        name="C",
        management="jointly",
        services={"manage"},
        owner=Invitee(email="bo@c.example"),
        actor=ada,
    )
    assert_type(added, tenantry.Executed[model.AddedCustomer])
    if added.outcome.sign_up is not None:
        sign_up = added.outcome.sign_up
        assert_type(
            db.accept_invitation(invitation=sign_up.invitation, email="bo@c.example", actor=sign_up.user).outcome, None
        )
    said: list[str] = []
    verdict = assert_type(
        db.check(user=str(ada), permission="devices.manage", tenant=added.outcome.tenant, as_of=added.seq), model.Verdict
    )
    if verdict:
        said.append("allowed")
    if verdict.reason is Code.NOT_LINKED:
        said.append(verdict.reason.remedy)
    try:
        db.change_tenant_kind(tenant=msp, kind=TenantKind.RESELLER, actor=Operator(ticket="T-1"))
    except tenantry.StateRefused as refused:
        assert_type(refused.rule, "str | None")
        said.append(f"{refused.code} {refused.name}")
    for row in db.customers(manager=msp, actor=ada, sort=model.CustomerSort.DEVICES):
        assert_type(row, model.CustomerRow)
        said.append(row.name)
    for event in db.request_delink(link=added.outcome.link, actor=ada).events:
        match event:
            case events.DelinkRequested(by=by):
                said.append(by.value)
            case _:
                said.append(event.event)
    done = db.execute(commands.CreateRole(tenant=msp, name="desk", permissions=["users.view"]), actor=ada)
    assert_type(done.outcome, model.RoleId)
    for one in db.execute_all([commands.BlockUser(user=ada)], actor=ada):
        if isinstance(one, tenantry.TenantryError):
            said.append(one.name)
    index = db.access_index()
    user, manage = index.user(ada), index.permission("devices.manage")
    assert_type(index.allows(user, manage, added.outcome.tenant), bool)
    assert_type(index.allows_many([user], manage, [added.outcome.tenant]), list[bool])
    assert_type(index.allows_packed(ada.bytes, manage, memoryview(msp.bytes)), bytes)
    weighed = index.check(user, "location.view", str(added.outcome.tenant))
    said.append(weighed.reason.value if weighed.reason else "allowed")
    before = datetime.datetime.now(datetime.timezone.utc)
    assert_type(db.host_entity(kind=model.Kind.USER, id=ada, as_of=before), "model.Entity | None")
    db.edit_tenant(tenant=msp, website=None, actor=ada)
    return said


def mixed_up(db: tenantry.Database, user: model.UserId, tenant: model.TenantId, link: model.LinkId) -> None:
    """Ids of one kind in the place of another: that a type checker refuses each is why `mypy` needs each of the comments."""
    db.request_delink(link=tenant, actor=user)  # type: ignore[arg-type]
    db.request_delink(link=link, actor=tenant)  # type: ignore[arg-type]
    db.check(user=tenant, permission=permissions.DEVICES_MANAGE, tenant=tenant)  # type: ignore[arg-type]
    db.disable_tenants(tenants=[user], actor=OPERATOR)  # type: ignore[list-item]
    db.execute(commands.BlockUser(user=link), actor=user)  # type: ignore[arg-type]
    db.access_index().allows(user, permissions.DEVICES_MANAGE, user)  # type: ignore[arg-type]
    db.access_index().allows_many([tenant], permissions.DEVICES_MANAGE, tenant)  # type: ignore[list-item]
    db.tenant(link)  # type: ignore[arg-type]


if __name__ == "__main__":
    with tenantry.memory() as store:
        print("\n".join(play(store)))
