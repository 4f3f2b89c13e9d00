"""A million calls leave nothing behind: no objects of Python's, no memory of anybody's. The bounds do not depend on time."""

from __future__ import annotations

import gc
import os
import sys
import uuid
from collections.abc import Callable

import pytest

import tenantry
from conftest import Clock, furnish
from tenantry import Code

CALLS = 1_000_000
PAGE = os.sysconf("SC_PAGE_SIZE")
# The rarest of the calls below is made two thousand times: were each of them to leave one object, or each of all a word, it would show.
# What Python itself keeps for later is some hundred objects.
MOST_BYTES = 4 << 20
MOST_OBJECTS = CALLS // 1_000


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * PAGE


def test_a_million_calls_leave_nothing_behind() -> None:
    clock = Clock()
    with tenantry.memory(clock=clock, record_refusals=False) as db:
        world = furnish(db, clock)
        index = db.access_index()
        user, manage, bakery = index.user(world.ada), index.permission("devices.manage"), index.tenant(world.bakery)
        nobody = uuid.UUID(int=1)
        ids = [world.ada] * 50
        packed = world.ada.bytes * 50

        def refused() -> None:
            try:
                db.accept_delink(link=world.link, actor=world.ada)
            except tenantry.Refused as no:
                assert no.reason is Code.NO_DELINK_REQUEST

        def wrong() -> None:
            for call in (lambda: index.allows(7, manage, bakery), lambda: db.edit_user(user="x", actor=nobody)):  # type: ignore[arg-type]
                try:
                    call()
                except (TypeError, tenantry.Misuse):
                    pass

        mix: list[tuple[int, Callable[[], object]]] = [
            (300, lambda: index.allows(user, manage, bakery)),
            (300, lambda: index.allows(str(world.ada), "location.view", str(world.bakery), "manage")),
            (200, lambda: index.check(nobody, manage, world.bakery).reason),
            (100, lambda: (index.user(world.ada), index.tenant(world.msp), index.permission("users.view"), index.service("manage"))),
            (3, lambda: index.allows_many(ids, manage, world.bakery)),
            (3, lambda: index.allows_packed(packed, manage, bytearray(packed))),
            (3, lambda: index.check_many(memoryview(packed), manage, bakery)),
            (3, lambda: index.tenants_where(user, manage) + index.users_who_can(manage, bakery)),
            (5, lambda: db.check(user=world.ada, permission="devices.manage", tenant=world.bakery)),
            (2, lambda: list(db.customers(manager=world.msp, actor=world.ada))),
            (2, lambda: db.execute_all([tenantry.commands.AcceptDelink(link=world.link)], actor=world.ada)),
            (5, wrong),
            (5, refused),
        ]
        each = sum(count for count, _ in mix)

        def calls(rounds: int) -> None:
            for _ in range(rounds):
                for count, call in mix:
                    for _ in range(count):
                        call()

        calls(20)
        gc.collect()
        objects, bytes_ = sys.getallocatedblocks(), resident()
        calls(CALLS // each + 1)
        gc.collect()
        assert sys.getallocatedblocks() - objects < MOST_OBJECTS
        assert resident() - bytes_ < MOST_BYTES


def test_databases_that_come_and_go_leave_nothing_behind(tmp_path: object) -> None:
    clock = Clock()

    def one() -> None:
        with tenantry.memory(clock=clock) as db:
            world = furnish(db, clock)
            assert db.access_index().allows(world.ada, "users.view", world.msp)

    for _ in range(10):
        one()
    gc.collect()
    objects, bytes_ = sys.getallocatedblocks(), resident()
    for _ in range(200):
        one()
    gc.collect()
    assert sys.getallocatedblocks() - objects < 200
    assert resident() - bytes_ < 8 << 20


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_batches_of_any_size(count: int) -> None:
    clock = Clock()
    with tenantry.memory(clock=clock) as db:
        world = furnish(db, clock)
        index = db.access_index()
        assert index.allows_packed(world.ada.bytes * count, "devices.manage", world.bakery.bytes * count) == b"\x01" * count
