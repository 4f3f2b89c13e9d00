#!/usr/bin/env python3
"""Makes the store that the examples of the command line are of: an MSP with three customers, one of whom has left.

    python demo.py msp.db

Every id and moment is the same each time. A file that is there already is left as it is.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import itertools
import sys
import uuid
from pathlib import Path

import tenantry
from tenantry import OPERATOR, Invitee, NewAssignment, SubjectUser, TenantKind


def furnish(path: Path) -> None:
    """Plays what happened there, from the first tenant to the last erasure."""
    numbers = itertools.count(1)
    now = datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.timezone.utc)

    def clock() -> datetime.datetime:
        return now

    with tenantry.open(path, clock=clock, ids=lambda: uuid.UUID(int=next(numbers))) as db:
        msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", number="NW-100", actor=OPERATOR).outcome
        ada, ben = (
            db.register_user(home=msp, email=f"{name.lower()}@northwind.example", name=name, role=role, actor=OPERATOR).outcome
            for name, role in (("Ada", "super_admin"), ("Ben", "admin"))
        )
        added = [
            db.add_customer(
                manager=msp, kind=TenantKind.CUSTOMER, name=name, number=number, country=country, management=management,
                services=services, owner=Invitee(email=owner) if owner else None, actor=ada,
            ).outcome
            for name, number, country, management, services, owner in (
                ("Bäckerei Klein", "BK-200", "DE", "jointly", {"manage"}, "klara@klein.example"),
                ("東京堂書店", "TD-300", "JP", "fully", {"manage", "configure"}, None),
                ("=Sum & [bold]Sons[/bold]", "SS-400", "US", "jointly", {"enrollment"}, "sam@sons.example"),
            )
        ]  # fmt: skip
        nils = db.register_user(home=msp, email="nils@northwind.example", name="Nils", role="read_only", actor=OPERATOR).outcome
        desk = db.create_role(tenant=msp, name="Night desk", permissions={"tenant.view", "devices.manage"}, actor=ada).outcome
        db.assign(assignments=[NewAssignment(user=nils, tenant=added[0].tenant, role=desk)], actor=ada)
        now += datetime.timedelta(days=1)
        for one, email in ((added[0], "klara@klein.example"), (added[2], "sam@sons.example")):
            assert one.sign_up is not None
            db.accept_invitation(invitation=one.sign_up.invitation, email=email, actor=one.sign_up.user)
        now += datetime.timedelta(days=30)
        assert added[2].sign_up is not None
        sam = added[2].sign_up.user
        # Ben tries what the customer has not granted; that is on record, too.
        with contextlib.suppress(tenantry.RightsRefused):
            db.invite_user(tenant=added[0].tenant, invitee=Invitee(email="x@klein.example"), role="admin", actor=ben)
        db.request_delink(link=added[2].link, actor=ben)
        db.accept_delink(link=added[2].link, actor=sam)
        db.remove_user(user=ben, actor=ada)
        db.erase_personal(subject=SubjectUser(user=ben), actor=ada)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="the store to be made")
    file: Path = parser.parse_args().file
    if file.exists():
        print(f"{file} is there already")
    else:
        furnish(file)
        print(f"{file} is made; `tenantry inspect {file}` shows what is in it")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except tenantry.TenantryError as error:
        sys.exit(f"demo: {error}")
