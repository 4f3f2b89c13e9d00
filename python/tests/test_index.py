"""The access index: the same answers as the store, and never an allow for what was not asked properly."""

from __future__ import annotations

import gc
import itertools
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import tenantry
from conftest import Clock, World, furnish
from tenantry import OPERATOR, AccessIndex, AccessWay, Code, Misuse, TenantKind, errors, model

PERMISSIONS = ["devices.manage", "location.view", "tenant.view", "users.manage"]


def sides(world: World) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    nobody = uuid.UUID(int=99)
    return [world.ada, world.bo, nobody], [world.msp, world.bakery, nobody]


def test_every_way_to_ask_has_the_answer_of_the_store(world: World) -> None:
    index = world.db.access_index()
    users, tenants = sides(world)
    for user, permission, tenant, service in itertools.product(users, PERMISSIONS, tenants, [None, "manage", "configure"]):
        told = world.db.check(user=user, permission=permission, tenant=tenant, service=service)
        handles = index.user(user), index.permission(permission), index.tenant(tenant)
        for asked in ((user, permission, tenant), (str(user), permission, str(tenant).upper()), handles):
            for about in (service, None if service is None else index.service(service)):
                verdict = index.check(*asked, about)
                assert (verdict.allowed, verdict.reason, verdict.seq) == (told.allowed, told.reason, told.seq)
                assert index.allows(*asked, about) is told.allowed
                assert index.allows(user=asked[0], permission=asked[1], tenant=asked[2], service=about) is told.allowed


def columns(ids: list[uuid.UUID], handle: Callable[[uuid.UUID], Any]) -> list[Any]:
    numpy = pytest.importorskip("numpy")
    packed = b"".join(one.bytes for one in ids)
    rows = numpy.frombuffer(packed, dtype=numpy.uint8).reshape(-1, 16)
    twice = numpy.repeat(rows, 2, axis=0)
    return [
        ids,
        tuple(ids),
        iter(list(ids)),
        [str(one) for one in ids],
        [handle(one) for one in ids],
        [handle(ids[0]), *map(str, ids[1:])],
        packed,
        bytearray(packed),
        memoryview(packed),
        memoryview(packed).cast("B", (len(ids), 16)) if ids else memoryview(b""),
        rows,
        numpy.frombuffer(packed, dtype="V16"),
        numpy.frombuffer(packed, dtype="S16"),
        twice[::2],
        numpy.array(ids, dtype=object),
        numpy.asfortranarray(rows),
    ]


def test_no_memory_is_set_aside_for_what_a_sequence_says_of_its_length(world: World) -> None:
    index = world.db.access_index()

    class Boasting(list[Any]):
        def __len__(self) -> int:
            return 10**15

    one = Boasting([world.bakery])
    assert index.allows_many(world.ada, "devices.manage", one) == [index.allows(world.ada, "devices.manage", world.bakery)]
    for ask in (index.allows_many, index.check_many, index.allows_packed):
        with pytest.raises(tenantry.Misuse):
            ask(world.ada, "devices.manage", range(10**12))


def test_batches_have_the_answers_of_single_checks(world: World) -> None:
    index = world.db.access_index()
    pairs = [*itertools.product(*sides(world))] * 60  # more than are looked up side by side
    users, tenants = [user for user, _ in pairs], [tenant for _, tenant in pairs]
    expected = [index.check(user, "devices.manage", tenant) for user, tenant in pairs]
    allowed = [verdict.allowed for verdict in expected]
    assert True in allowed and False in allowed
    count = len(columns(users, index.user))
    for at in range(count):
        for us, ts in ((columns(users, index.user)[at], tenants), (users, columns(tenants, index.tenant)[at])):
            assert index.allows_many(us, "devices.manage", ts) == allowed
        both = columns(users, index.user)[at], columns(tenants, index.tenant)[at]
        assert index.check_many(both[0], "devices.manage", both[1]) == expected
        both = columns(users, index.user)[at], columns(tenants, index.tenant)[at]
        assert index.allows_packed(both[0], index.permission("devices.manage"), both[1]) == bytes(allowed)


def test_one_side_may_be_the_same_for_all(world: World) -> None:
    index = world.db.access_index()
    tenants = [world.msp, world.bakery, uuid.UUID(int=5)]
    packed = b"".join(one.bytes for one in tenants)
    for user in (world.ada, str(world.ada), index.user(world.ada), uuid.UUID(int=6), index.user(uuid.UUID(int=6))):
        known = user not in (uuid.UUID(int=6), index.user(uuid.UUID(int=6)))
        for many in (tenants, packed):
            assert index.allows_many(user, "users.view", many) == [index.allows(user, "users.view", one) for one in tenants]
            assert index.allows_many(user, "devices.manage", many) == [known, known, False]
    users = world.ada.bytes + world.bo.bytes
    assert index.allows_many(users, "location.view", world.bakery) == [False, True]
    assert index.allows_many(users, "location.view", index.tenant(world.bakery)) == [False, True]
    assert index.allows_many([], "location.view", world.bakery) == []
    assert index.allows_packed(b"", "location.view", b"") == b""


def test_an_argument_of_the_wrong_type_is_an_error_that_says_what_was_wanted(world: World) -> None:
    index = world.db.access_index()
    wrongs: list[Any] = [None, 7, True, 1.5, object(), [world.ada], {}, world.ada.bytes, world.ada.int, type]
    for wrong in wrongs:
        with pytest.raises(Misuse, match=r"`user` wants a uuid\.UUID, a str or a UserHandle, not"):
            index.allows(wrong, "users.view", world.msp)
        with pytest.raises(Misuse, match=r"`tenant` wants a uuid\.UUID, a str or a TenantHandle, not"):
            index.allows(world.ada, "users.view", wrong)
    for wrong in [None, 7, b"users.view", world.ada]:
        with pytest.raises(Misuse, match="`permission` wants a str or a PermissionHandle, not"):
            index.allows(world.ada, wrong, world.msp)
    for wrong in [7, b"manage", False]:
        with pytest.raises(Misuse, match="`service` wants a str or a ServiceHandle, not"):
            index.allows(world.ada, "users.view", world.msp, wrong)
    user, tenant = index.user(world.ada), index.tenant(world.msp)
    for swapped in ((tenant, "users.view", tenant), (user, "users.view", user), (user, user, tenant)):
        with pytest.raises(Misuse):
            index.allows(*swapped)
    for text in ("", "ada", "00000000-0000-0000-0000-00000000000", "\udcff", "é" * 16):
        with pytest.raises(Misuse):
            index.allows(text, "users.view", world.msp)
        with pytest.raises(Misuse):
            index.allows_many([text], "users.view", world.msp)


def test_batches_that_are_none(world: World) -> None:
    numpy = pytest.importorskip("numpy")
    index = world.db.access_index()
    with pytest.raises(Misuse, match="`tenants` are 3, and there are 2 users"):
        index.allows_many([world.ada] * 2, "users.view", [world.msp] * 3)
    with pytest.raises(Misuse, match="no whole number of ids"):
        index.allows_many(world.ada.bytes + b"x", "users.view", world.msp)
    with pytest.raises(Misuse, match="no whole number of ids"):
        index.allows_many(bytearray(15), "users.view", world.msp)
    for wrong in (
        numpy.zeros(4, dtype=numpy.int64),
        numpy.zeros((2, 8), dtype=numpy.uint8),
        numpy.zeros((2, 2, 16), dtype=numpy.uint8),
        numpy.zeros((), dtype=numpy.uint8),
        numpy.zeros(2, dtype="datetime64[s]"),
        memoryview(bytes(32)).cast("d"),
    ):
        with pytest.raises(Misuse, match="`users"):
            index.allows_many(wrong, "users.view", world.msp)
    for items in ([7], [None], [[world.ada]], {world.ada: 1}.items(), 7, None):
        with pytest.raises(Misuse, match=r"`users(\[0\])?` wants"):
            index.allows_many(items, "users.view", world.msp)  # type: ignore[arg-type]

    def broken() -> Any:
        yield world.ada
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        index.allows_many(broken(), "users.view", world.msp)


def test_handles_of_another_database_are_refused(world: World, clock: Clock) -> None:
    index = world.db.access_index()
    with tenantry.memory(clock=clock) as db:
        other = furnish(db, clock)
        theirs = db.access_index()
        ask: list[tuple[Any, Any, Any, Any]] = [
            (theirs.user(other.ada), "users.view", world.msp, None),
            (world.ada, theirs.permission("users.view"), world.msp, None),
            (world.ada, "users.view", theirs.tenant(other.msp), None),
            (world.ada, "users.view", world.msp, theirs.service("manage")),
        ]
        for asked in ask:
            for method in (index.allows, index.check, index.allows_many, index.allows_packed, index.check_many):
                with pytest.raises(Misuse, match="another database"):
                    method(*asked)
        with pytest.raises(Misuse, match="another database"):
            index.allows_many([theirs.user(other.ada)], "users.view", world.msp)
        assert index.user(world.ada) != theirs.user(world.ada)


def test_handles_know_whose_they_are(world: World) -> None:
    index = world.db.access_index()
    ada = index.user(world.ada)
    assert ada.id == world.ada and ada.known and ada == index.user(str(world.ada)) and hash(ada) == hash(index.user(world.ada))
    assert repr(ada) == f"<UserHandle {world.ada}>"
    late = uuid.uuid4()
    unknown = index.tenant(late)
    assert not unknown.known and unknown.id == late and repr(unknown) == f"<TenantHandle {late}, unknown>"
    world.db.register_tenant(kind=TenantKind.MSP, name="Late", tenant=late, actor=tenantry.OPERATOR)
    cy = world.db.register_user(home=late, email="cy@late.example", role="admin", actor=tenantry.OPERATOR).outcome
    assert not index.allows(cy, "users.view", unknown) and index.allows(cy, "users.view", late)
    assert index.tenant(late).known
    assert index.permission("users.view").name == "users.view" and index.service("manage").name == "manage"
    assert repr(index.service("manage")) == "<ServiceHandle manage>"


def test_a_misspelt_permission_or_service_is_refused_and_no_answer(world: World) -> None:
    db, index = world.db, world.db.access_index()
    ada, msp = world.ada, world.msp
    for name, wrong in (("unknown_permission", ("users.veiw", None)), ("unknown_service", ("users.view", "mangae"))):
        permission, service = wrong
        one: dict[str, Any] = {"permission": permission, "service": service}
        asked: list[Callable[[], Any]] = [
            lambda: index.permission(permission) if service is None else index.service(service),
            lambda: index.check(ada, permission, msp, service),
            lambda: index.allows(ada, permission, msp, service),
            lambda: index.allows_many([ada], permission, [msp], service),
            lambda: index.allows_packed([ada], permission, [msp], service),
            lambda: index.check_many([ada], permission, [msp], service),
            lambda: index.tenants_where(ada, permission, service),
            lambda: index.users_who_can(permission, msp, service),
            lambda: db.check(user=ada, tenant=msp, **one),
            lambda: db.explain(user=ada, tenant=msp, **one),
            lambda: db.check_many(questions=[model.Question(user=ada, tenant=msp, **one)]),
            lambda: db.tenants_where(user=ada, **one),
            lambda: db.users_who_can(tenant=msp, **one),
        ]
        for ask in asked:
            with pytest.raises(errors.Refused) as caught:
                ask()
            assert caught.value.name == name


def test_the_index_follows_commands_at_once(world: World) -> None:
    index = world.db.access_index()
    ada, bakery, manage = index.user(world.ada), index.tenant(world.bakery), index.permission("devices.manage")
    assert index.allows(ada, manage, bakery)
    world.db.request_delink(link=world.link, actor=world.ada)
    done = world.db.accept_delink(link=world.link, actor=world.bo)
    verdict = index.check(ada, manage, bakery)
    assert not verdict and verdict.reason is Code.NOT_LINKED and verdict.seq == done.seq == index.seq


def test_the_reverse_of_checks(world: World) -> None:
    index = world.db.access_index()
    for permission in PERMISSIONS:
        for user in sides(world)[0]:
            told = world.db.tenants_where(user=user, permission=permission)
            assert tuple(index.tenants_where(user, permission)) == told
            assert index.tenants_packed(user, permission) == b"".join(it.bytes for it in told)
            assert tuple(index.tenants_where(index.user(user), index.permission(permission))) == told
        for tenant in sides(world)[1]:
            told = world.db.users_who_can(permission=permission, tenant=tenant)
            assert tuple(index.users_who_can(permission, tenant)) == told
    assert index.tenants_where(world.ada, "devices.manage", "manage") == sorted([world.msp, world.bakery])


def test_a_review_on_the_index_says_what_the_stores_says(world: World) -> None:
    index, db = world.db.access_index(), world.db
    people, tenants = ([it for it in side if it.int != 99] for side in sides(world))
    for tenant in tenants:
        on_store = {row.user: words(row.ways) for row in db.tenant_access(actor=OPERATOR, tenant=tenant)}
        assert index.tenant_access(tenant) == index.tenant_access(index.tenant(tenant)) == on_store
        assert list(index.tenant_access(tenant)) == sorted(on_store)
    for user in people:
        on_store = {row.tenant: words(row.ways) for row in db.user_access(actor=OPERATOR, user=user)}
        assert index.user_access(user) == index.user_access(index.user(user)) == on_store
    assert index.user_access(uuid.UUID(int=7)) == index.tenant_access(uuid.UUID(int=7)) == {}
    first = index.tenant_access(world.bakery)
    first[world.ada].clear()
    assert index.tenant_access(world.bakery)[world.ada], "what one is given is one's own"


def words(ways: Iterable[AccessWay]) -> dict[str, frozenset[str | None]]:
    """What is held by one way or another, as the index says it."""
    found = dict[str, set[str | None]]()
    for one in itertools.chain.from_iterable(way.held for way in ways):
        found.setdefault(one.permission, set()).update(one.services, () if one.services_only else (None,))
    return {permission: frozenset(services) for permission, services in found.items()}


def test_the_index_is_refreshed_by_token(tmp_path: Any, clock: Clock) -> None:
    path = tmp_path / "msp.db"
    with tenantry.open(path, clock=clock) as ours, tenantry.open(path, clock=clock) as theirs:
        world = furnish(ours, clock)
        index = theirs.access_index()
        assert index.allows(world.ada, "devices.manage", world.bakery)
        ours.request_delink(link=world.link, actor=world.ada)
        done = ours.accept_delink(link=world.link, actor=world.bo)
        assert index.allows(world.ada, "devices.manage", world.bakery)
        assert index.refresh(done.token) == done.seq
        assert not index.allows(world.ada, "devices.manage", world.bakery)
        assert index.refresh() == done.seq
        with pytest.raises(Misuse, match="`token`"):
            index.refresh("junk")
        epoch, seq, head = done.token.split(".")
        with pytest.raises(errors.Diverged):
            index.refresh(f"{uuid.UUID(int=1)}.{seq}.{head}")
        with pytest.raises((errors.Diverged, errors.StoreError)):
            index.refresh(f"{epoch}.{int(seq) + 1}.{head}")


def test_an_index_that_was_saved_is_loaded(tmp_path: Any, clock: Clock) -> None:
    path, saved = tmp_path / "msp.db", tmp_path / "msp.index"
    with tenantry.open(path, clock=clock, saved_index=saved) as db:
        world = furnish(db, clock)
        assert db.access_index().loaded_from is None
        seq = int(db.save_index(saved).split(".")[1])
        assert seq == db.seq()
        db.edit_tenant(tenant=world.msp, name="Southwind", actor=world.ada)
    with tenantry.open(path, clock=clock, saved_index=saved) as db:
        index = db.access_index()
        assert (index.loaded_from, index.seq) == (seq, seq + 1)
        assert index.allows(world.ada, "devices.manage", world.bakery)
    saved.write_bytes(saved.read_bytes()[:-1])
    with tenantry.open(path, clock=clock, saved_index=str(saved)) as db:
        index = db.access_index()
        assert index.loaded_from is None
        assert index.allows(world.ada, "devices.manage", world.bakery)
        with pytest.raises(errors.CannotOpen):
            db.save_index(tmp_path)
    with pytest.raises(Misuse):
        tenantry.open(path, saved_index=7)  # type: ignore[arg-type]


def test_a_closed_database_answers_no_checks(clock: Clock) -> None:
    db = tenantry.memory(clock=clock)
    world = furnish(db, clock)
    index = db.access_index()
    user = index.user(world.ada)
    db.close()
    db.close()
    assert db.closed and repr(db) == "<tenantry.Database in memory, closed>"
    ask: list[Callable[[], object]] = [
        lambda: index.allows(user, "users.view", world.msp),
        lambda: index.check(user, "users.view", world.msp),
        lambda: index.allows_many(user, "users.view", [world.msp]),
        lambda: index.tenants_where(user, "users.view"),
        lambda: index.users_who_can("users.view", world.msp),
        lambda: index.tenant_access(world.msp),
        lambda: index.user_access(user),
        lambda: index.user(world.ada),
        lambda: index.refresh(),
        lambda: index.seq,
        lambda: db.check(user=world.ada, permission="users.view", tenant=world.msp),
        lambda: db.access_index(),
        lambda: db.new_id(),
        lambda: db.now(),
    ]
    for one in ask:
        with pytest.raises(Misuse, match="has been closed") as caught:
            one()
        assert caught.value.name == "handle_closed"


def test_a_link_that_ends_by_itself_ends_on_the_index(clock: Clock) -> None:
    with tenantry.memory(clock=clock, policy="delegated") as db:
        msp = db.register_tenant(kind=TenantKind.MSP, name="M", actor=tenantry.OPERATOR).outcome
        ada = db.register_user(home=msp, email="a@m.example", role=db.policy().super_role, actor=tenantry.OPERATOR).outcome
        policy = db.policy()
        kinds = [kind.name for kind in policy.management_types if not kind.delinkable] or [policy.management_types[0].name]
        service = sorted(policy.services)[0]
        added = db.add_customer(
            manager=msp,
            kind=TenantKind.CUSTOMER,
            name="C",
            management=kinds[0],
            services={service},
            term=tenantry.TermRequest(days=10),
            owner=tenantry.Invitee(email="o@c.example"),
            actor=ada,
        ).outcome
        index = db.access_index()
        (permission,) = [one for one in sorted(policy.permissions) if one == "tenant.view"]
        before = index.allows(ada, permission, added.tenant), bool(db.check(user=ada, permission=permission, tenant=added.tenant))
        clock.pass_days(11)
        after = index.allows(ada, permission, added.tenant), bool(db.check(user=ada, permission=permission, tenant=added.tenant))
        assert before == (True, True) and after == (False, False)
        assert index.allows_many(ada, permission, added.tenant.bytes) == [False]


def test_an_index_outlives_the_names_that_it_came_from(clock: Clock) -> None:
    def make() -> tuple[AccessIndex, World]:
        db = tenantry.memory(clock=clock)
        world = furnish(db, clock)
        world.db = None  # type: ignore[assignment]
        return db.access_index(), world

    index, world = make()
    gc.collect()
    assert index.allows(world.ada, "devices.manage", world.bakery)


def test_threads_check_while_one_writes(world: World) -> None:
    index = world.db.access_index()
    stop = threading.Event()
    trouble: list[BaseException] = []

    def check() -> None:
        user, manage, bakery = index.user(world.ada), index.permission("devices.manage"), index.tenant(world.bakery)
        try:
            seen = 0
            while not stop.is_set():
                assert index.allows(user, manage, bakery)
                assert index.allows_many([world.ada, world.bo], manage, bakery) == [True, True]
                assert index.tenants_where(user, manage)
                verdict = index.check(world.bo, "location.view", world.bakery)
                assert verdict and verdict.seq >= seen
                seen = verdict.seq
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        world.db.create_role(tenant=world.msp, name=f"role {number}", permissions={"users.view"}, actor=world.ada)
    stop.set()
    for thread in threads:
        thread.join()
    assert not trouble
