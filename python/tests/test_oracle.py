"""The same random commands through Python and through the oracle, which is a second, naive reading of the rules: both accept, or both
refuse for the same reason; and every check has the same answer.

`TENANTRY_ORACLE` is the oracle's program. `TENANTRY_WORLDS` says how many worlds are tried, `TENANTRY_STEPS` how many commands in each.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import functools
import json
import os
import subprocess
import typing
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

import tenantry
from known import REFERENCE
from tenantry import OPERATOR, Code, Refused, _data, _native, _read, commands, model

WORLDS = int(os.environ.get("TENANTRY_WORLDS", "20"))
STEPS = int(os.environ.get("TENANTRY_STEPS", "120"))
# Questions compared after each command.
COMPARED = 3
# Worlds that are always tried, and beyond them, up to the second, those in which a command is done that was done in none before.
FIXED_WORLDS, RARE_WORLDS, FIXED_STEPS = range(25), range(25, 1000), 350
SETTINGS = settings(
    max_examples=WORLDS,
    deadline=None,
    derandomize="TENANTRY_WORLDS" not in os.environ,
    database=None,
    print_blob=True,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


class Oracle:
    """The oracle's program, asked line by line."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [os.environ["TENANTRY_ORACLE"], "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, what: str, about: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({what: about}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        self.process.stdout.close()


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle()
    yield oracle
    oracle.close()


@functools.cache
def hints(kind: type) -> dict[str, Any]:
    names = {**vars(model), **vars(tenantry), **vars(typing), "datetime": datetime, "uuid": uuid, "model": model}
    return typing.get_type_hints(kind, {**vars(collections.abc), **names})


def typed(value: Any, hint: Any) -> Any:
    """JSON as what a Python program would give for it."""
    choices = [one for one in (typing.get_args(hint) or (hint,)) if one is not type(None)]
    origin = typing.get_origin(hint)
    if value is None:
        return None
    if isinstance(value, list) and origin is not None:
        holder = next((one for one in choices if typing.get_args(one)), hint)
        item = typing.get_args(holder)[0]
        return [typed(one, item) for one in value]
    for one in choices:
        if dataclasses.is_dataclass(one) and isinstance(value, dict):
            if getattr(one, "_outer", None) is not None:
                if one._outer in value:  # type: ignore[union-attr]
                    # A device's ids are texts, all others are ids.
                    inner = str if hints(one).get(one._outer) is str else uuid.UUID  # type: ignore[arg-type, union-attr]
                    return one(**{one._outer: typed(value[one._outer], inner)})  # type: ignore[union-attr, operator, misc]
                continue
            reader = getattr(_read, "read_" + "".join("_" + c.lower() if c.isupper() else c for c in one.__name__)[1:], None)  # type: ignore[union-attr]
            if reader:
                return reader(value)
            inner = hints(one)  # type: ignore[arg-type]
            return one(**{name: typed(part, inner[name]) for name, part in value.items()})  # type: ignore[operator]
        if isinstance(one, type) and issubclass(one, tenantry.Word):
            return one(value)
    if uuid.UUID in choices and str not in choices:
        return uuid.UUID(value)
    if uuid.UUID in choices:
        # Ids may be given as either; a role's name is no id.
        try:
            return uuid.UUID(value)
        except ValueError:
            return value
    if datetime.datetime in choices and isinstance(value, str):
        return _data.moment(value)
    return value


def actor_of(told: Any) -> tenantry.ActorLike:
    if told == "clock":
        return tenantry.CLOCK
    return uuid.UUID(told["user"]) if "user" in told else tenantry.Operator(**told["operator"])


def run(db: tenantry.Database, request: dict[str, Any]) -> str | None:
    """Executes a request by the method of its command; returns the refusal's name, if it is refused."""
    fields = dict(request["command"])
    name = fields.pop("command")
    wanted = hints(getattr(commands, "".join(part.capitalize() for part in name.split("_"))))
    arguments = {field: typed(value, wanted[field]) for field, value in fields.items()}
    try:
        done = getattr(db, name)(**arguments, actor=actor_of(request["actor"]), request_id=uuid.UUID(request["id"]))
        beyond = {event.event for event in done.events} - set(REFERENCE.may_happen(name))
        assert not beyond, f"the reference does not say that {name} may lead to {beyond}"
    except Refused as no:
        assert not no.items or min(item.code for item in no.items) == no.code
        return no.name
    return None


class Pair:
    """The oracle and a database, side by side in the same world."""

    def __init__(self, oracle: Oracle, seed: int) -> None:
        begun = oracle.ask("world", seed)
        self.oracle = oracle
        self.at = begun["at"]
        # Worlds leap over years.
        self.db = tenantry.memory(
            policy=begun["policy"], clock=lambda: _data.moment(self.at), ids=self.no_ids, clock_leap=None
        )
        self.index = self.db.access_index()

    @staticmethod
    def no_ids() -> uuid.UUID:
        raise AssertionError("every id is given")

    def execute(self, at: str, request: dict[str, Any]) -> str | None:
        self.at = at
        expected: str | None = self.oracle.ask("execute", {"at": at, "request": request})["refusal"]
        assert run(self.db, request) == expected, json.dumps({"at": at, "request": request})
        return expected

    def compare(self, count: int) -> None:
        for asked in self.oracle.ask("questions", {"count": count})["questions"]:
            told = self.oracle.ask("check", {"at": self.at, "question": asked})
            question = model.Question(**{name: typed(value, hints(model.Question)[name]) for name, value in asked.items()})
            verdict = self.db.check(
                user=question.user, permission=question.permission, tenant=question.tenant, service=question.service
            )
            assert (verdict.allowed, verdict.reason) == (told["allowed"], told["reason"]), asked
            verdict = self.index.check(question.user, question.permission, question.tenant, question.service)
            assert (verdict.allowed, verdict.reason) == (told["allowed"], told["reason"]), asked
        about = {"user": asked["user"], "permission": asked["permission"], "service": asked.get("service")}
        tenants = self.oracle.ask("tenants_where", {"at": self.at, **about})["tenants"]
        assert [str(one) for one in self.db.tenants_where(**about)] == sorted(tenants)
        assert [str(one) for one in self.index.tenants_where(**about)] == sorted(tenants)
        about = {"permission": asked["permission"], "tenant": asked["tenant"], "service": asked.get("service")}
        users = self.oracle.ask("users_who_can", {"at": self.at, **about})["users"]
        assert [str(one) for one in self.db.users_who_can(**about)] == sorted(users)
        assert [str(one) for one in self.index.users_who_can(**about)] == sorted(users)


executed: collections.Counter[str] = collections.Counter()
refused: collections.Counter[str] = collections.Counter()


def lead(oracle: Oracle, seed: int, steps: int) -> None:
    """Leads both through a world of commands that are nearly right."""
    pair = Pair(oracle, seed)
    with pair.db:
        for _ in range(steps):
            step = oracle.ask("propose", {})
            refusal = pair.execute(step["at"], step["request"])
            command = step["request"]["command"]["command"]
            if refusal is None:
                executed[command] += 1
            else:
                refused[refusal] += 1
                assert refusal in REFERENCE.all_of(command), f"the reference does not say that {command} is refused with {refusal}"
            pair.compare(COMPARED)
        assert pair.db.verify()


@pytest.mark.parametrize("seed", FIXED_WORLDS)
def test_worlds_that_are_always_tried(oracle: Oracle, seed: int) -> None:
    lead(oracle, seed, FIXED_STEPS)


def done_in(oracle: Oracle, seed: int, steps: int) -> set[str]:
    """The commands that are done in a world, which the oracle leads through by itself."""
    oracle.ask("world", seed)
    done = set()
    for _ in range(steps):
        step = oracle.ask("propose", {})
        if oracle.ask("execute", step)["refusal"] is None:
            done.add(step["request"]["command"]["command"])
        oracle.ask("questions", {"count": COMPARED})
    return done


def test_worlds_in_which_what_is_rare_is_done(oracle: Oracle) -> None:
    for seed in RARE_WORLDS:
        rare = set(_native.commands()) - set(executed)
        if not rare:
            return
        if rare & done_in(oracle, seed, FIXED_STEPS):
            lead(oracle, seed, FIXED_STEPS)


def test_every_command_was_executed_and_most_refusals_were_raised() -> None:
    """The comparison is worth something only where that is so."""
    assert set(executed) == set(_native.commands())
    assert set(refused) <= {code.value for code in Code} and len(refused) >= 90, sorted(refused)


@SETTINGS
@given(seed=st.integers(0, 2**32), steps=st.integers(STEPS // 2, STEPS))
def test_worlds_that_hypothesis_thinks_of(oracle: Oracle, seed: int, steps: int) -> None:
    lead(oracle, seed, steps)


class Handshakes(RuleBasedStateMachine):
    """Links, delinks and people, in any order that Hypothesis thinks of."""

    oracle: Oracle
    tenants = Bundle("tenants")
    users = Bundle("users")
    links = Bundle("links")

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(self.oracle, 0)
        self.made = 0
        self.numbers: dict[str, str] = {}

    def fresh(self) -> str:
        self.made += 1
        return str(uuid.UUID(int=self.made << 16))

    def send(self, actor: Any, **command: Any) -> str | None:
        who = actor if isinstance(actor, dict) else {"user": actor}
        moment = _data.moment(self.pair.at) + datetime.timedelta(seconds=1)
        at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self.pair.execute(at, {"id": self.fresh(), "actor": who, "command": command})

    @initialize(target=users)
    def begin(self) -> Any:
        people = []
        for kind in ("msp", "msp", "customer"):
            tenant = self.fresh()
            number = f"N-{self.made}"
            self.numbers[tenant] = number
            assert self.send({"operator": {}}, command="register_tenant", kind=kind, name=kind, tenant=tenant, number=number) is None
            for role in ("super_admin", "admin"):
                user = self.fresh()
                email = f"u{self.made}@example.com"
                self.send({"operator": {}}, command="register_user", home=tenant, email=email, role=role, user=user)
                people.append(user)
        return multiple(*people)

    @rule(target=tenants)
    def all_tenants(self) -> Any:
        return multiple(*self.numbers)

    @rule(target=links, actor=users, manager=tenants, kind=st.sampled_from(["customer", "msp"]),
          management=st.sampled_from(["fully", "jointly"]), owner=st.booleans())  # fmt: skip
    def add(self, actor: str, manager: str, kind: str, management: str, owner: bool) -> Any:
        tenant, link, user, invitation = (self.fresh() for _ in range(4))
        number = f"N-{self.made}"
        email = f"o{self.made}@example.com"
        invitee = {"owner": {"email": email, "user": user, "invitation": invitation}} if owner else {}
        refused = self.send(actor, command="add_customer", manager=manager, kind=kind, name="New", management=management,
                            services=["manage"], tenant=tenant, link=link, number=number, **invitee)  # fmt: skip
        if refused is None:
            self.numbers[tenant] = number
            if owner:
                self.send(user, command="accept_invitation", invitation=invitation, email=email)
        return link

    @rule(target=links, actor=users, answerer=users, manager=tenants, tenant=tenants, answer=st.sampled_from(["accept_link", "decline_link"]))
    def ask_to_link(self, actor: str, answerer: str, manager: str, tenant: str, answer: str) -> Any:
        request = self.fresh()
        self.send(actor, command="request_link", manager=manager, number=self.numbers[tenant], management="jointly",
                  services=["manage"], request=request)  # fmt: skip
        self.send(answerer, command=answer, request=request)
        return request

    @rule(actor=users, link=links, what=st.sampled_from(["request", "accept", "reject", "resend", "cancel"]))
    def delink(self, actor: str, link: str, what: str) -> None:
        self.send(actor, command=f"{what}_delink", link=link)

    @rule(actor=users, link=links, management=st.sampled_from(["fully", "jointly"]))
    def convert(self, actor: str, link: str, management: str) -> None:
        self.send(actor, command="convert_link", link=link, management=management)

    @rule(actor=users, user=users, what=st.sampled_from(["block_user", "unblock_user", "remove_user"]))
    def people(self, actor: str, user: str, what: str) -> None:
        self.send(actor, command=what, user=user)

    @rule(actor=users, tenant=tenants, what=st.sampled_from(["disable_tenants", "enable_tenants"]))
    def operate(self, actor: str, tenant: str, what: str) -> None:
        self.send(actor, command=what, tenants=[tenant])

    @rule(actor=users, user=users, tenant=tenants, role=st.sampled_from(["admin", "read_only", "no_access", "super_admin", "nobody"]), below=st.booleans())
    def assign(self, actor: str, user: str, tenant: str, role: str, below: bool) -> None:
        self.send(actor, command="assign", assignments=[{"user": user, "tenant": tenant, "role": role, "below": below}])

    @rule(actor=users, tenant=tenants)
    def delete(self, actor: str, tenant: str) -> None:
        self.send(actor, command="delete_tenants", tenants=[tenant], confirm="delete", cascade=False)

    @rule()
    def compare(self) -> None:
        self.pair.compare(4)

    def teardown(self) -> None:
        assert self.pair.db.verify()
        self.pair.db.close()


def test_handshakes_in_any_order(oracle: Oracle) -> None:
    Handshakes.oracle = oracle
    run_state_machine_as_test(Handshakes, settings=settings(SETTINGS, stateful_step_count=STEPS // 3))  # type: ignore[no-untyped-call]


def test_the_oracle_is_there() -> None:
    assert os.access(os.environ["TENANTRY_ORACLE"], os.X_OK)
    assert OPERATOR.as_json() == '{"operator":{}}'
