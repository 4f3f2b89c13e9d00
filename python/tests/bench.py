#!/usr/bin/env python3
"""What Python adds to a check on the access index (F-20): nanoseconds over the Rust check of the same questions, medians of rounds
that take turns, less the loop around them. `python tests/bench.py --customers 10000 --rounds 9`, with the package installed from a release build.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable

import tenantry
from tenantry import OPERATOR, Request, TenantId, TenantKind, UserId, commands
from tenantry import _native  # pyright: ignore[reportPrivateUsage]

QUESTIONS = 4096
TARGETS = {
    "by handle": 60,
    "by str": 120,
    "by uuid.UUID": 200,
    "batch by handle": 30,
    "batch by packed bytes": 3,
}


def build(customers: int) -> tuple[tenantry.Database, list[UserId], list[TenantId]]:
    """MSPs of 100 customers, with ten users each; half of the questions are about a customer of the user's own MSP."""
    db = tenantry.memory(record_refusals=False)
    users: list[UserId] = []
    tenants: list[TenantId] = []
    pool: list[tuple[list[UserId], list[TenantId]]] = []
    for number in range(max(1, customers // 100)):
        msp = db.register_tenant(kind=TenantKind.MSP, name=f"MSP {number}", actor=OPERATOR).outcome
        people = [UserId(db.new_id()) for _ in range(10)]
        below = [TenantId(db.new_id()) for _ in range(100)]
        batch: list[Request[object]] = [
            Request(
                command=commands.RegisterUser(home=msp, email=f"u{place}.{number}@example.com", role="admin", user=user)
            )
            for place, user in enumerate(people)
        ]
        batch += [
            Request(
                command=commands.AddCustomer(
                    manager=msp,
                    kind=TenantKind.CUSTOMER,
                    name="Customer",
                    management="fully",
                    services=["manage"],
                    tenant=tenant,
                )
            )
            for tenant in below
        ]
        for done in db.execute_all(batch, actor=OPERATOR):
            if isinstance(done, tenantry.TenantryError):
                raise done
        pool.append((people, below))
    chance = random.Random(1)
    for number in range(QUESTIONS):
        people, below = chance.choice(pool)
        users.append(chance.choice(people))
        tenants.append(chance.choice(below if number % 2 else chance.choice(pool)[1]))
    return db, users, tenants


def per_item(call: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began) / QUESTIONS


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    db, users, tenants = build(asked.customers)
    index = db.access_index()
    permission = index.permission("devices.manage")
    by_handle = [(index.user(user), index.tenant(tenant)) for user, tenant in zip(users, tenants)]
    by_str = [(str(user), str(tenant)) for user, tenant in zip(users, tenants)]
    by_uuid = [*zip(users, tenants)]
    user_handles, tenant_handles = [user for user, _ in by_handle], [tenant for _, tenant in by_handle]
    packed_users, packed_tenants = b"".join(one.bytes for one in users), b"".join(one.bytes for one in tenants)
    allows, name = index.allows, "devices.manage"

    def handles() -> None:
        for user, tenant in by_handle:
            allows(user, permission, tenant)

    def strs() -> None:
        for user, tenant in by_str:
            allows(user, permission, tenant)

    def all_strs() -> None:
        for user, tenant in by_str:
            allows(user, name, tenant)

    def uuids() -> None:
        for user, tenant in by_uuid:
            allows(user, permission, tenant)

    def decisions() -> None:
        check = index.check
        for user, tenant in by_handle:
            check(user, permission, tenant)

    def nothing() -> None:
        for _user, _tenant in by_handle:
            pass

    def many() -> None:
        index.allows_many(user_handles, permission, tenant_handles)

    def many_uuids() -> None:
        index.allows_many(users, permission, tenants)

    def packed() -> None:
        index.allows_packed(packed_users, permission, packed_tenants)

    # What Python takes, beside which part of the Rust measurement it is compared with.
    ways: dict[str, tuple[Callable[[], None], int]] = {
        "by handle": (handles, 0),
        "by str": (strs, 1),
        "by uuid.UUID": (uuids, 1),
        "batch by handle": (many, 2),
        "batch by packed bytes": (packed, 3),
        "by str, permission too": (all_strs, 1),
        "by handle, with the reason": (decisions, 0),
        "batch by uuid.UUID": (many_uuids, 3),
    }
    # The loop itself is no part of a check.
    looped = {"by handle", "by str", "by uuid.UUID", "by str, permission too", "by handle, with the reason"}
    took: dict[str, list[float]] = {way: [] for way in ways}
    loop: list[float] = []
    rust: list[list[float]] = [[], [], [], []]
    for _ in range(asked.rounds + 2):
        measured = _native._measure(index, packed_users, permission, packed_tenants)  # pyright: ignore[reportPrivateUsage]
        for place, value in enumerate(measured):
            rust[place].append(value)
        loop.append(per_item(nothing))
        for way, (call, _) in ways.items():
            took[way].append(per_item(call))

    def median(values: list[float]) -> float:
        return statistics.median(values[2:])

    allowed = sum(index.allows_many(users, permission, tenants)) / QUESTIONS
    print(f"CPython {platform.python_version()}, {asked.customers} customers, {allowed:.0%} of the checks allowed\n")
    print("| a check | Python, ns | Rust, ns | over it, ns | target |")
    print("|---|---:|---:|---:|---:|")
    for way, (_, beside) in ways.items():
        ours = median(took[way]) - (median(loop) if way in looped else 0)
        theirs = median(rust[beside])
        target = f"≤ {TARGETS[way]}" if way in TARGETS else "–"
        print(f"| {way} | {ours:.1f} | {theirs:.1f} | {ours - theirs:.1f} | {target} |")


if __name__ == "__main__":
    main()
