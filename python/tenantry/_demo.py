"""A store worth looking into: what happened in nine weeks at two MSPs, their customers and a reseller. Every id is the same each time,
and every moment as far from the end."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import uuid

from ._database import open
from .errors import RightsRefused
from .model import Contact, Coordinates, Invitee, NewAssignment, Operator, SubjectUser, TenantKind, TermRequest

OPERATOR = Operator()

EARLIEST = datetime.datetime(1971, 1, 1, tzinfo=datetime.timezone.utc)
"""When the story may end at the earliest."""

LOOK = (
    ("what is in it", "inspect {file}"),
    ("the customers of an MSP", "customers {file} NW-100"),
    ("who may do something, and why", "who-can {file} devices.manage BK-200"),
    ("why somebody may not", "explain {file} nils@northwind.example users.manage BK-200"),
    ("who can reach a customer, and why", "review {file} BK-200"),
    ("what somebody may activate when it is needed", "eligible {file} --as hugo@harbour.example"),
    ("what awaits an answer, and how it is given", "inbox {file} --as klara@klein.example"),
    ("what something would lead to", "preview {file} block_user user=nils@northwind.example"),
    ("do something", "do {file} request_delink link=NW-100/BK-200 --as ada@northwind.example"),
    ("what is to be sent because of that", "notices {file} mailer"),
    ("what happened", "audit {file} BK-200"),
    ("all about one tenant, for a browser", "report {file} BK-200 -o BK-200.html"),
)
"""What to look at, and what to type for it."""


def furnish(path: str | os.PathLike[str], until: datetime.datetime) -> None:
    """Plays what happened there, up to a moment."""
    numbers = itertools.count(1)
    now = until - datetime.timedelta(days=62)

    def clock() -> datetime.datetime:
        return now

    with open(path, clock=clock, ids=lambda: uuid.UUID(int=next(numbers))) as db:
        # Two months ago: an MSP, its people and its first customers.
        northwind = db.register_tenant(
            kind=TenantKind.MSP, name="Northwind IT", number="NW-100", country="DE", actor=OPERATOR
        ).outcome
        ada, ben = (
            db.register_user(home=northwind, email=f"{name.lower()}@northwind.example", name=name, role=role, actor=OPERATOR).outcome
            for name, role in (("Ada", "super_admin"), ("Ben", "admin"))
        )
        klein, books, sons = (
            db.add_customer(
                manager=northwind, kind=TenantKind.CUSTOMER, name=name, number=number, country=country, management=management,
                services=services, owner=Invitee(email=owner) if owner else None, actor=ada,
            ).outcome
            for name, number, country, management, services, owner in (
                ("Bäckerei Klein", "BK-200", "DE", "jointly", {"manage"}, "klara@klein.example"),
                ("東京堂書店", "TD-300", "JP", "fully", {"manage", "configure"}, None),
                ("=Sum & [bold]Sons[/bold]", "SS-400", "US", "jointly", {"enrollment"}, "sam@sons.example"),
            )
        )  # fmt: skip
        nils = db.register_user(home=northwind, email="nils@northwind.example", name="Nils", role="read_only", actor=OPERATOR).outcome
        desk = db.create_role(tenant=northwind, name="Night desk", permissions={"tenant.view", "devices.manage"}, actor=ada).outcome
        db.assign(assignments=[NewAssignment(user=nils, tenant=klein.tenant, role=desk)], actor=ada)
        now += datetime.timedelta(days=1)
        for one, email in ((klein, "klara@klein.example"), (sons, "sam@sons.example")):
            assert one.sign_up is not None
            db.accept_invitation(invitation=one.sign_up.invitation, email=email, actor=one.sign_up.user)
        assert klein.sign_up is not None and sons.sign_up is not None
        klara, sam = klein.sign_up.user, sons.sign_up.user
        db.edit_tenant(tenant=klein.tenant, coordinates=Coordinates(latitude=52.52, longitude=13.405), phone="+49 30 1234", actor=klara)

        # A second MSP, and a customer with a term.
        now += datetime.timedelta(days=9)
        harbour = db.register_tenant(
            kind=TenantKind.MSP, name="Harbour Systems", number="HS-500", country="NL", actor=OPERATOR
        ).outcome
        hana = db.register_user(home=harbour, email="hana@harbour.example", name="Hana", role="super_admin", actor=OPERATOR).outcome
        mill = db.add_customer(
            manager=harbour, kind=TenantKind.CUSTOMER, name="Moulin & Fils", number="MF-600", country="FR", management="jointly",
            services={"manage", "enrollment"}, owner=Invitee(email="luc@moulin.example", name="Luc"),
            contact=Contact(street="Quai 7, Rouen"), term=TermRequest(days=365), actor=hana,
        ).outcome  # fmt: skip
        assert mill.sign_up is not None
        luc = mill.sign_up.user
        db.accept_invitation(invitation=mill.sign_up.invitation, email="luc@moulin.example", actor=luc)

        # A reseller puts devices on a customer, and on an MSP, which moves some on.
        now += datetime.timedelta(days=4)
        depot = db.register_tenant(kind=TenantKind.RESELLER, name="Device Depot", number="DD-700", actor=OPERATOR).outcome
        rita = db.register_user(home=depot, email="rita@depot.example", name="Rita", role="super_admin", actor=OPERATOR).outcome
        for number, reference in (("BK-200", "Account 4711"), ("NW-100", None)):
            db.add_reseller_customer(reseller=depot, number=number, reference=reference, actor=rita)
        db.upload_devices(reseller=depot, to=klein.tenant, devices=["SN-OVEN-1", "SN-OVEN-2", "SN-TILL-1"], actor=rita)
        db.upload_devices(reseller=depot, to=northwind, devices=["SN-READER-1", "SN-READER-2", "490154203237518"], actor=rita)
        db.move_devices(manager=northwind, customer=books.tenant, devices=["SN-READER-1"], actor=ada)
        licence = db.buy_licence(buyer=northwind, tenant=klein.tenant, service="manage", seats=5, actor=ada).outcome
        db.assign_seats(licence=licence, devices=["SN-OVEN-1", "SN-TILL-1"], actor=ada)

        # One customer leaves, in good order; and somebody with it.
        now += datetime.timedelta(days=17)
        # Ben tries what the customer has not granted; that is on record, too.
        with contextlib.suppress(RightsRefused):
            db.invite_user(tenant=klein.tenant, invitee=Invitee(email="x@klein.example"), role="admin", actor=ben)
        db.request_delink(link=sons.link, actor=ben)
        db.accept_delink(link=sons.link, actor=sam)
        db.remove_user(user=ben, actor=ada)
        db.erase_personal(subject=SubjectUser(user=ben), actor=ada)

        # What is open at the end: a delink, a request, an invitation, a proposal, and somebody who is asked to join.
        now = until - datetime.timedelta(days=5)
        db.request_delink(link=mill.link, actor=luc)
        db.request_link(manager=harbour, number="SS-400", management="jointly", services={"manage"}, actor=hana)
        now = until - datetime.timedelta(days=2)
        db.add_services(link=klein.link, services={"configure"}, actor=ada)
        db.invite_user(tenant=klein.tenant, invitee=Invitee(email="olga@klein.example", name="Olga"), role="read_only", actor=klara)
        alone = db.register_tenant(kind=TenantKind.CUSTOMER, name="Café Lune", number="CL-800", country="FR", actor=OPERATOR).outcome
        lea = db.register_user(home=alone, email="lea@lune.example", name="Léa", role="super_admin", actor=OPERATOR).outcome
        db.invite_manager(tenant=alone, number="NW-100", actor=lea)

        # Somebody looks after a customer's things, and may be an admin there when it is needed.
        hugo = db.register_user(home=harbour, email="hugo@harbour.example", name="Hugo", role="read_only", actor=OPERATOR).outcome
        needed = [NewAssignment(user=hugo, tenant=mill.tenant, role="admin")]
        db.assign(assignments=needed, ends=until + datetime.timedelta(days=14), eligible=True, actor=hana)
