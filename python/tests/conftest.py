"""A small world that most tests play in: an MSP with Ada, and its customer, the bakery, with Bo."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import tenantry
from tenantry import OPERATOR, Invitee, TenantKind

UTC = datetime.timezone.utc


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = datetime.datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime.datetime:
        return self.moment

    def pass_days(self, days: float) -> None:
        self.moment += datetime.timedelta(days=days)


@dataclass
class World:
    db: tenantry.Database
    clock: Clock
    msp: uuid.UUID
    ada: uuid.UUID
    bakery: uuid.UUID
    link: uuid.UUID
    bo: uuid.UUID


def furnish(db: tenantry.Database, clock: Clock) -> World:
    msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", number="M-1", actor=OPERATOR).outcome
    ada = db.register_user(home=msp, email="ada@northwind.example", role="super_admin", actor=OPERATOR).outcome
    added = db.add_customer(
        manager=msp,
        kind=TenantKind.CUSTOMER,
        name="Bakery Klein",
        management="jointly",
        services={"manage"},
        owner=Invitee(email="bo@bakery.example"),
        actor=ada,
    ).outcome
    assert added.sign_up is not None
    bo = added.sign_up.user
    db.accept_invitation(invitation=added.sign_up.invitation, email="bo@bakery.example", actor=bo)
    return World(db, clock, msp, ada, added.tenant, added.link, bo)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    with tenantry.memory(clock=clock) as db:
        yield furnish(db, clock)
