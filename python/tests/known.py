"""What the reference is made of, and the small world in which its examples play, as `core/src/testkit/given.rs` builds it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
import uuid
from typing import Any

import tenantry
from blocks import ROOT
from conftest import Clock

# After all others, for the package beside it has no native part.
sys.path.append(str(ROOT / "python"))
from generator.core import Core  # noqa: E402
from generator.reference import Reference  # noqa: E402
from generator.schema import door  # noqa: E402

SCHEMA = json.loads((ROOT / "include" / "tenantry.schema.json").read_text(encoding="utf-8"))
CORE = Core(ROOT / "core")
REFERENCE = Reference(door(SCHEMA), CORE, (ROOT / "core" / "RULES.md").read_text(encoding="utf-8"), SCHEMA)

SERVICES = ["enrollment", "configure", "manage", "asset-intelligence"]


def told(policy: tenantry.Policy) -> dict[str, Any]:
    """A policy as JSON has it."""
    with tenantry.memory(policy=policy) as db:
        answer: dict[str, Any] = json.loads(db.call('{"ask":{"query":"policy"}}'))["answer"]
    return answer


class Known:
    """The known world in a database of its own."""

    def __init__(self) -> None:
        self.ids = {name[1:]: str(uuid.UUID(int=number)) for name, number in CORE.names().items()}
        self.clock = Clock()
        # Moves and enabling need more than the default policy has.
        policy = tenantry.policy()
        kinds = list(policy.management_types)
        kinds[1] = dataclasses.replace(kinds[1], moves=tenantry.MoveRule.APPROVAL)
        policy = dataclasses.replace(policy, management_types=tuple(kinds), host_reports_ready=True)
        self.db = tenantry.memory(policy=policy, clock=self.clock, clock_leap=None)
        self.people()

    def people(self) -> None:
        staff: dict[str, Any] = {"operator": {}}
        for name, kind in (("GRAND", "msp"), ("SECOND", "msp"), ("ALONE", "customer"), ("EMPTY", "customer"), ("RESELLER", "reseller")):
            self.execute(staff, command="register_tenant", kind=kind, name=name.title(), tenant=self.ids[name], number=name)
        for manager, name, kind, how, services, owner in (
            ("GRAND", "MSP", "msp", "jointly", SERVICES, "ADA"),
            ("MSP", "JOINTLY", "customer", "jointly", ["manage", "configure"], "JULIA"),
            ("MSP", "FULLY", "customer", "fully", ["manage"], ""),
        ):
            link = self.ids["GRAND_LINK" if name == "MSP" else f"{name}_LINK"]
            invited = {"owner": {"email": f"{owner.lower()}@example.com", "user": self.ids[owner]}} if owner else {}
            added = self.execute(staff, command="add_customer", manager=self.ids[manager], kind=kind, name=name.title(), management=how,
                                 services=services, tenant=self.ids[name], link=link, number=name, **invited)  # fmt: skip
            if owner:
                invitation = added["outcome"]["sign_up"]["invitation"]
                self.execute({"user": self.ids[owner]}, command="accept_invitation", invitation=invitation, email=f"{owner.lower()}@example.com")
        for name, home, role in (
            ("GINA", "GRAND", "super_admin"),
            ("ADAM", "MSP", "admin"),
            ("RITA", "MSP", "read_only"),
            ("NOEL", "MSP", "no_access"),
            ("BOB", "MSP", "admin"),
            ("NINA", "SECOND", "super_admin"),
            ("JACK", "JOINTLY", "admin"),
            ("JIM", "JOINTLY", "read_only"),
            ("FRED", "FULLY", "super_admin"),
            ("CARL", "ALONE", "super_admin"),
            ("CORA", "ALONE", "admin"),
            ("ROB", "RESELLER", "super_admin"),
        ):
            self.register(self.ids[name], home, role, f"{name.lower()}@example.com")
        self.execute({"user": self.ids["ADA"]}, command="block_user", user=self.ids["BOB"])

    def register(self, user: str, home: str, role: str, email: str) -> None:
        self.execute({"operator": {}}, command="register_user", home=self.ids[home], email=email, role=role, user=user)

    def execute(self, actor: Any, **command: Any) -> dict[str, Any]:
        return self.call({"execute": {"actor": actor, "command": command}})

    def call(self, document: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.db.call(json.dumps(document)))
        return answer

    def refusal(self, document: dict[str, Any]) -> set[str]:
        """The names of what stands in the way of a call: of a batch those of every item."""
        try:
            self.call(document)
        except tenantry.Refused as no:
            return {no.name, *(tenantry.Code(item.name).value for item in no.items)}
        return set()

    def later(self) -> None:
        self.clock.moment += datetime.timedelta(days=1)
