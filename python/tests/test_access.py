"""Previews, reviews, differences and the feed, as Python has them; and what people ask of them that they should not."""

from __future__ import annotations

import datetime
import pickle
import uuid
from collections.abc import Iterable

import pytest

import tenantry
from conftest import UTC, World
from tenantry import (
    OPERATOR,
    AccessChangeRow,
    AccessEvent,
    Code,
    HeldPermission,
    Invitee,
    Misuse,
    Operator,
    Page,
    Refused,
    RightsRefused,
    SubjectTenant,
    SubjectUser,
    TenantKind,
    UnknownRefused,
)
from tenantry.commands import AcceptDelink, AddCustomer, BlockUser, EditTenant, RequestDelink, SetPolicy

Cell = tuple[uuid.UUID, uuid.UUID, str, str | None]


@pytest.fixture
def nils(world: World) -> tenantry.UserId:
    return world.db.register_user(home=world.msp, email="nils@northwind.example", role="admin", actor=OPERATOR).outcome


def cells(user: uuid.UUID, tenant: uuid.UUID, held: Iterable[HeldPermission]) -> set[Cell]:
    """What is held, as single things."""
    found = set[Cell]()
    for one in held:
        services: set[str | None] = {*one.services} if one.services_only else {*one.services, None}
        found |= {(user, tenant, one.permission, service) for service in services}
    return found


def reviewed(db: tenantry.Database, as_of: int | None = None) -> set[Cell]:
    """Everything that anybody may do, by reviewing one tenant after the other."""
    found = set[Cell]()
    for tenant in db.host_entities(kind=tenantry.Kind.TENANT, as_of=as_of):
        assert isinstance(tenant, tenantry.Tenant)
        if not tenant.deleted:
            for row in db.tenant_access(actor=OPERATOR, tenant=tenant.id, as_of=as_of, limit=1):
                for way in row.ways:
                    found |= cells(row.user, tenant.id, way.held)
    return found


def changed(held: set[Cell], rows: Iterable[AccessEvent | AccessChangeRow]) -> set[Cell]:
    """What is held, with what is gained and without what is lost."""
    for row in rows:
        gained, lost = cells(row.user, row.tenant, row.gained), cells(row.user, row.tenant, row.lost)
        assert lost <= held and not gained & held
        held = held - lost | gained
    return held


def test_a_preview_is_what_then_happens(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    db.request_delink(link=world.link, actor=world.ada)
    before = db.seq()
    told = db.preview(AcceptDelink(link=world.link), actor=world.bo)
    assert db.seq() == before and db.link(world.link).ended is None
    done = db.accept_delink(link=world.link, actor=world.bo)
    assert told.events == done.events
    assert [notice.kind.kind for notice in told.notices] == ["link_ended"]
    # To Bo the manager's people are the manager.
    assert told.notices[0].to == {SubjectUser(user=world.bo), SubjectTenant(tenant=world.msp)}
    assert not told.rights and told.resellers == ()
    fed = {row.user for row in db.host_access_changes(after=before)}
    assert fed == {world.ada, nils}


def test_who_gains_and_who_loses_comes_in_pages(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    whole = db.preview(BlockUser(user=nils), actor=world.ada)
    assert isinstance(whole.rights, Page) and whole.rights.next is None
    assert {(row.user, row.tenant) for row in whole.rights} == {(nils, world.msp), (nils, world.bakery)}
    first = db.preview(BlockUser(user=nils), actor=world.ada, limit=1)
    assert len(first.rights) == 1 and first.rights.next is not None
    rest = db.preview(BlockUser(user=nils), actor=world.ada, limit=1, cursor=first.rights.next)
    assert (*first.rights, *rest.rights) == whole.rights.items
    turned = db.preview(BlockUser(user=nils), actor=world.ada, descending=True)
    assert turned.rights.items == whole.rights.items[::-1]
    assert [row["user"] for row in whole.rights.rows()] == [str(nils), str(nils)]
    assert pickle.loads(pickle.dumps(whole)) == whole
    seq = db.seq()
    db.block_user(user=nils, actor=world.ada)
    fed = [(row.user, row.tenant, row.gained, row.lost) for row in db.host_access_changes(after=seq)]
    assert fed == [(row.user, row.tenant, row.gained, row.lost) for row in whole.rights]


def test_what_there_would_be_has_made_up_ids(world: World) -> None:
    db = world.db
    add = AddCustomer(
        manager=world.msp, kind=TenantKind.CUSTOMER, name="Mill", management="fully", services={"manage"}
    )  # fmt: skip
    told = db.preview(add, actor=world.ada)
    made = {row.tenant for row in told.rights}
    assert len(made) == 1 and not made & {world.msp, world.bakery}
    with pytest.raises(UnknownRefused):
        db.tenant(made.pop())
    assert [event.event for event in told.events] == ["tenant_registered", "link_created"]
    assert [row.name for row in db.customers(manager=world.msp, actor=world.ada)] == ["Bakery Klein"]


def test_whoever_may_not_give_a_command_may_not_preview_it(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    seq = db.seq()
    with pytest.raises(RightsRefused) as caught:
        db.preview(BlockUser(user=world.ada), actor=nils)
    assert (caught.value.reason, caught.value.name) == _refused(db, BlockUser(user=world.ada), nils)
    with pytest.raises(Refused) as caught:
        db.preview(RequestDelink(link=uuid.UUID(int=7)), actor=world.ada)
    assert caught.value.reason is Code.UNKNOWN_LINK
    with pytest.raises(Refused) as caught:
        db.preview(SetPolicy(policy=tenantry.policy("clients")), actor=OPERATOR)
    assert caught.value.reason is Code.POLICY_IN_USE
    # Only the command itself has left a refusal.
    assert db.seq() == seq + 1
    # Nobody is told of what they may not see: to Bo there are no people of the manager's.
    with pytest.raises(Refused) as caught:
        db.preview(BlockUser(user=nils), actor=world.bo)
    with pytest.raises(Refused) as nobody:
        db.preview(BlockUser(user=uuid.UUID(int=7)), actor=world.bo)
    assert caught.value.reason is nobody.value.reason is Code.NO_SUCH_USER


def _refused(db: tenantry.Database, command: tenantry.Command[None], actor: uuid.UUID) -> tuple[Code, str]:
    with pytest.raises(Refused) as caught:
        db.execute(command, actor=tenantry.UserId(actor))
    assert isinstance(caught.value.reason, Code)
    return caught.value.reason, caught.value.name


def test_a_preview_is_of_a_command_and_of_now(world: World) -> None:
    db = world.db
    for wrong in ("block_user", None, {"command": "block_user"}, tenantry.Request(command=BlockUser(user=world.bo)), BlockUser):
        with pytest.raises(Misuse, match="a command of tenantry.commands is wanted") as caught:
            db.preview(wrong, actor=world.ada)  # type: ignore[arg-type]
        assert caught.value.path == "ask.command"
    with pytest.raises(Refused) as refused:
        db.preview(BlockUser(user=world.bo), actor=world.ada, as_of=db.seq())
    assert refused.value.reason is Code.MOMENT_PASSED
    for amiss in (EditTenant(tenant=world.bakery, name=None), BlockUser(user="not an id")):  # type: ignore[arg-type]
        with pytest.raises(Misuse) as caught:
            db.preview(amiss, actor=world.ada)
        assert (caught.value.path or "").startswith("ask.command.")
    with pytest.raises(Refused) as refused:
        db.preview(EditTenant(tenant=world.bakery, name="Bakery Gross"), actor=OPERATOR, limit=0)
    assert refused.value.reason is Code.INVALID_LIMIT


def test_a_policy_is_named_in_a_preview_too(world: World) -> None:
    support = Operator(ticket="T-1")
    by_name = world.db.preview(SetPolicy(policy="default"), actor=support)
    assert by_name == world.db.preview(SetPolicy(policy=tenantry.policy()), actor=support)
    with pytest.raises(Misuse) as caught:
        world.db.preview(SetPolicy(policy="nonesuch"), actor=support)
    assert caught.value.path == "ask.command.policy"


def test_a_review_names_ones_own_and_tells_others_as_their_organisation(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    named = {row.user: row for row in db.tenant_access(actor=world.ada, tenant=world.bakery)}
    assert set(named) == {world.ada, nils, world.bo}
    way = named[nils].ways[0]
    assert way.chain == (world.link,) and way.grounds is not None
    assert (way.grounds.tenant, way.grounds.role, named[nils].email) == (world.msp, "admin", "nils@northwind.example")
    assert [row.user for row in db.tenant_access(actor=world.bo, tenant=world.bakery)] == [world.bo]
    (other,) = db.organisation_access(actor=world.bo, tenant=world.bakery)
    assert other.organisation.name == "Northwind IT" and other.held
    assert db.organisation_access(actor=OPERATOR, tenant=world.bakery) == ()
    db.set_manager_grants(link=world.link, grants={"users.manage"}, actor=world.bo)
    able = db.tenant_access(actor=world.ada, tenant=world.bakery, permission="users.manage")
    assert {row.user for row in able if "users.manage" in row.ways[0].granted} == {world.ada, nils}


def test_a_review_of_somebody_is_theirs_and_their_organisations(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    mine = db.user_access(actor=nils, user=nils, limit=1)
    assert {row.name for row in mine} == {"Northwind IT", "Bakery Klein"}
    assert [row.tenant for row in db.user_access(actor=world.ada, user=nils, service="manage")] == [row.tenant for row in mine]
    with pytest.raises(Refused) as caught:
        db.user_access(actor=world.bo, user=nils).first()
    assert caught.value.reason is Code.UNKNOWN_USER
    for field, wrong in (("permission", "tea.make"), ("service", "gardening")):
        with pytest.raises(Refused) as caught:
            db.user_access(actor=world.ada, user=nils, **{field: wrong}).first()
        assert caught.value.name == f"unknown_{field}" and caught.value.hint is not None
        assert caught.value.hint.startswith("there is: ")


def test_a_past_that_has_not_come_and_one_that_was_not_theirs(world: World, nils: tenantry.UserId) -> None:
    db, seq = world.db, world.db.seq()
    ahead = world.clock() + datetime.timedelta(days=1)
    for as_of in (ahead, datetime.datetime(2200, 1, 1, tzinfo=UTC)):
        for ask in (
            lambda as_of=as_of: db.tenant_access(actor=world.ada, tenant=world.bakery, as_of=as_of).first(),
            lambda as_of=as_of: db.tenant_access_changes(actor=world.ada, tenant=world.bakery, since=as_of).first(),
            lambda as_of=as_of: db.user_access_changes(actor=world.ada, user=nils, since=as_of).first(),
        ):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.reason is Code.MOMENT_AHEAD
    with pytest.raises(Refused) as caught:
        db.tenant_access_changes(actor=world.ada, tenant=world.bakery, since=seq + 1).first()
    assert caught.value.reason is Code.MOMENT_AHEAD
    with pytest.raises(tenantry.UnknownSeq) as unknown:
        db.tenant_access(actor=world.ada, tenant=world.bakery, as_of=seq + 1).first()
    assert unknown.value.path == "ask.as_of"
    for wrong in ("yesterday", datetime.datetime(2026, 1, 1), datetime.date(2026, 1, 1), -1, None):
        with pytest.raises(Misuse) as amiss:
            db.tenant_access_changes(actor=world.ada, tenant=world.bakery, since=wrong).first()  # type: ignore[arg-type]
        assert (amiss.value.path or "").startswith(("ask.since", "since", "ask")), wrong


def test_a_tenant_that_one_may_see_only_now_or_only_then(world: World) -> None:
    db = world.db
    mill = db.register_tenant(kind=TenantKind.CUSTOMER, name="Mill", number="M-2", actor=OPERATOR).outcome
    mo = db.register_user(home=mill, email="mo@mill.example", role="super_admin", actor=OPERATOR).outcome
    apart = db.seq()
    asked = db.request_link(manager=world.msp, number="M-2", management="jointly", services={"manage"}, actor=world.ada)
    link = db.accept_link(request=asked.outcome, actor=mo).outcome
    together = db.seq()
    assert {row.user for row in db.tenant_access(actor=world.ada, tenant=mill)} == {world.ada, mo}
    for ask in (
        lambda: db.tenant_access(actor=world.ada, tenant=mill, as_of=apart).first(),
        lambda: db.organisation_access(actor=world.ada, tenant=mill, as_of=apart),
        lambda: db.tenant_access_changes(actor=world.ada, tenant=mill, since=apart).first(),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.reason is Code.UNKNOWN_TENANT
    db.request_delink(link=link, actor=world.ada)
    db.accept_delink(link=link, actor=mo)
    for as_of in (None, together):
        with pytest.raises(Refused) as caught:
            db.tenant_access(actor=world.ada, tenant=mill, as_of=as_of).first()
        assert caught.value.reason is Code.UNKNOWN_TENANT
    # The operator is bound by no relationship.
    assert {row.user for row in db.tenant_access(actor=OPERATOR, tenant=mill, as_of=together)} == {world.ada, mo}


def test_a_difference_takes_what_as_of_takes(world: World, nils: tenantry.UserId) -> None:
    db, before, seq = world.db, world.clock(), world.db.seq()
    world.clock.pass_days(1)
    db.block_user(user=nils, actor=world.ada)
    blocked = db.seq()
    db.unblock_user(user=nils, actor=world.ada)
    for since in (seq, before, before.astimezone(datetime.timezone(datetime.timedelta(hours=9)))):
        assert not db.tenant_access_changes(actor=world.ada, tenant=world.bakery, since=since)
        (row,) = db.tenant_access_changes(actor=world.ada, tenant=world.bakery, since=since, as_of=blocked)
        assert (row.user, row.tenant, row.gained) == (nils, world.bakery, ()) and row.lost
    assert {row.tenant for row in db.user_access_changes(actor=world.ada, user=nils, since=blocked)} == {world.msp, world.bakery}


def test_the_feed_is_the_difference_of_two_reviews(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    assert changed(set(), db.host_access_changes(limit=1)) == reviewed(db)
    first, seq = reviewed(db), db.seq()
    world.clock.pass_days(1)
    db.block_user(user=nils, actor=world.ada)
    db.set_manager_grants(link=world.link, grants={"users.manage"}, actor=world.bo)
    db.request_delink(link=world.link, actor=world.ada)
    db.accept_delink(link=world.link, actor=world.bo)
    fed = list(db.host_access_changes(after=seq, limit=2))
    assert [row.seq for row in fed] == sorted(row.seq for row in fed) and {row.command for row in fed} >= {"block_user", "accept_delink"}
    assert changed(first, fed) == reviewed(db) and reviewed(db, seq) == first
    # In the middle, by a cursor; and up to a record.
    page = db.host_access_changes(after=seq, limit=2).page()
    assert [*page, *db.host_access_changes(after=seq, limit=2, cursor=page.next)] == fed
    assert list(db.host_access_changes(after=seq, as_of=seq + 1)) == [row for row in fed if row.seq == seq + 1]
    assert list(db.host_access_changes(after=seq, descending=True)) == fed[::-1]
    assert not db.host_access_changes(after=db.seq()) and not db.host_access_changes(after=10**9)


def test_what_time_ends_is_fed_once_it_is_on_record(world: World) -> None:
    db = world.db
    added = db.add_customer(
        manager=world.msp, kind=TenantKind.CUSTOMER, name="Mill", management="fully", services={"manage"},
        term=tenantry.TermRequest(days=10), actor=world.ada,
    ).outcome  # fmt: skip
    seq, ends = db.seq(), world.clock() + datetime.timedelta(days=10)
    world.clock.pass_days(30)
    assert not db.host_access_changes(after=seq)
    db.sweep()
    fed = list(db.host_access_changes(after=seq))
    assert {(row.command, row.at, row.seq, row.tenant) for row in fed} == {(None, ends, seq + 1, added.tenant)}


def test_a_cursor_of_another_list_is_refused(world: World, nils: tenantry.UserId) -> None:
    db = world.db
    foreign = db.users(tenant=world.msp, actor=OPERATOR, limit=1).page().next
    assert foreign is not None
    of_the_bakery = db.tenant_access(actor=OPERATOR, tenant=world.bakery, limit=1).page().next
    for ask in (
        lambda: db.tenant_access(actor=OPERATOR, tenant=world.bakery, cursor=foreign),
        lambda: db.tenant_access(actor=OPERATOR, tenant=world.msp, cursor=of_the_bakery),
        lambda: db.user_access(actor=OPERATOR, user=nils, cursor=foreign),
        lambda: db.tenant_access_changes(actor=OPERATOR, tenant=world.bakery, since=1, cursor=foreign),
        lambda: db.host_access_changes(cursor=foreign),
        lambda: db.host_access_changes(cursor="nonsense"),
    ):
        with pytest.raises(Refused) as caught:
            ask().first()  # type: ignore[no-untyped-call]
        assert caught.value.name == "foreign_cursor"
    with pytest.raises(Refused) as caught:
        db.preview(BlockUser(user=nils), actor=world.ada, cursor=foreign)
    assert caught.value.name == "foreign_cursor"


def test_invited_and_not_there_yet(world: World) -> None:
    db = world.db
    seq = db.seq()
    made = db.invite_user(tenant=world.msp, invitee=Invitee(email="new@northwind.example"), role="admin", actor=world.ada).outcome
    accept = tenantry.commands.AcceptInvitation(invitation=made.invitation, email="new@northwind.example")
    told = db.preview(accept, actor=made.user)
    assert {row.tenant for row in told.rights} >= {world.msp}
    db.execute(accept, actor=made.user)
    # Of whom there was nobody then, all is gained.
    rows = db.user_access_changes(actor=world.ada, user=made.user, since=seq)
    assert {row.tenant for row in rows} == {world.msp, world.bakery} and all(not row.lost for row in rows)
