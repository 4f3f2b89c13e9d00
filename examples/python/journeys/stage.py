"""The stage that every journey plays on: a database on a file, a clock that the journey moves, ids that count up, and a
page. It never decides anything: every yes and every no on the page is tenantry's answer.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import tenantry
from page import Cell, Page, bad, count, faint, good, plain
from tenantry import (
    Code,
    Kind,
    Link,
    LinkId,
    LinkRequest,
    Question,
    Refused,
    Tenant,
    TenantId,
    TenantKind,
    UserId,
    Verdict,
    model,
)
from tenantry.commands import Command, RegisterTenant, RegisterUser
from tenantry.events import Event

T = TypeVar("T")
E = TypeVar("E", bound=model.Entity)

MORNING = datetime(2026, 3, 2, 8, tzinfo=timezone.utc)
"""Monday, 2 March 2026, eight o'clock: when every journey begins."""

POSTMAN = "postman"
"""Who takes the notices off the file."""

STATUS = {
    model.Stage.ACTIVE: "Active",
    model.Stage.DELINK_REQUESTED_BY_MANAGER: "Delink request by MSP",
    model.Stage.DELINK_REQUESTED_BY_CUSTOMER: "Delink request by customer",
    model.Stage.DELINKED: "Delinked",
}
"""What people call the stages of a link."""


class Stop(Exception):
    """A journey stops at the first thing that does not go as the story says."""


class Stage:
    """What a journey has at hand."""

    def __init__(
        self, path: Path, policy: tenantry.PolicyLike = "default", *, series: int = 0, by_machine: bool = False
    ) -> None:
        """Sets the stage on a file; `series` keeps the ids of several processes apart. By the machine's clock what happens has other
        moments than the story, which are told all the same."""
        numbers = itertools.count(1)
        self.path = path
        self.now = MORNING
        self.by_machine = by_machine
        self.page = Page()
        self.names: dict[UUID, str] = {}
        self.cast: dict[TenantId, list[str]] = {}
        self.db = tenantry.open(
            path,
            policy=policy,
            clock=None if by_machine else lambda: self.now,
            ids=lambda: UUID(int=series << 96 | next(numbers)),
        )

    # Time.

    def days_pass(self, days: int) -> None:
        """Lets some days pass, and what time alone brings about happen."""
        self.time_passes(timedelta(days=days), "a day passes" if days == 1 else f"{days} days pass")

    def hours_pass(self, hours: int) -> None:
        """The same with hours."""
        self.time_passes(timedelta(hours=hours), f"{hours} hours pass")

    def time_passes(self, time: timedelta, words: str) -> None:
        self.now += time
        happened = self.db.sweep()
        self.page.remark(f"… {words} …")
        if happened:
            self.deliver()

    def minutes_pass(self) -> None:
        self.now += timedelta(minutes=5)

    # Names.

    def call(self, id: UUID, name: str) -> None:
        """Remembers what people call the thing with this id."""
        self.names[id] = name

    def name(self, id: UUID) -> str:
        return self.names.get(id, str(id))

    def actor(self, actor: model.Actor | model.AuditActor | UUID) -> str:
        match actor:
            case UUID() as user:
                return self.name(user)
            case model.ByUser(user=user):
                return self.name(user)
            case model.ByOrganisation(organisation=tenant):
                return f"someone of {self.name(tenant)}"
            case model.Stranger():
                return "a stranger"
            case model.Operator(ticket=None):
                return "the operator"
            case model.Operator(ticket=ticket):
                return f"the operator, on {ticket}"
            case model.Clock():
                return "the clock"

    def line(self, actor: UserId | model.Operator, what: str) -> str:
        comma = "," if isinstance(actor, model.Operator) and actor.ticket else ""
        return f"{self.actor(actor)}{comma} {what}"

    def people(self, users: Iterable[UserId]) -> str:
        """What people call them, in the order of the alphabet."""
        return ", ".join(sorted({self.name(user) for user in users})) or "nobody"

    def recipients(self, to: model.Recipients) -> str:
        """Those who are told of something, the platform's own staff included."""
        names = [self.people(to.users)] if to.users else []
        return ", ".join([*names, *(["the operator"] if to.operator else [])]) or "nobody"

    def in_names(self, text: str) -> str:
        """A text in which ids give way to names."""
        for id, name in self.names.items():
            text = text.replace(str(id), name)
        return text

    # The cast.

    def tenant(self, kind: TenantKind, name: str, number: str, *, country: str | None = None) -> TenantId:
        """Registers a tenant, as the platform's operator does."""
        command = RegisterTenant(kind=kind, name=name, number=number, country=country)
        tenant = self.db.execute(command, actor=tenantry.OPERATOR).outcome
        self.enlist(tenant, name)
        return tenant

    def enlist(self, tenant: TenantId, name: str) -> None:
        """Takes a tenant into the cast."""
        self.call(tenant, name)
        self.cast[tenant] = []

    def user(self, name: str, home: TenantId, email: str, role: str) -> UserId:
        """Registers a user, as the platform's operator does."""
        command = RegisterUser(home=home, email=email, role=role, name=name)
        user = self.db.execute(command, actor=tenantry.OPERATOR).outcome
        self.call(user, name)
        self.cast[home].append(f"{name} ({role})")
        return user

    def introduce(self) -> None:
        """Shows who plays."""
        rows: list[list[Cell]] = []
        for id, people in self.cast.items():
            tenant = self.the(Tenant, id)
            names = plain(", ".join(people)) if people else faint("–")
            rows.append([plain(tenant.name), faint(tenant.number), plain(tenant.kind), names])
        self.page.table(["tenant", "number", "kind", "people"], rows)

    # The story.

    def does(self, actor: UserId | model.Operator, what: str, command: Command[T]) -> T:
        """Somebody does something, and it is done."""
        self.minutes_pass()
        done = self.db.execute(command, actor=actor)
        self.page.done(clock_face(self.now if self.by_machine else done.at), self.line(actor, what))
        self.deliver()
        return done.outcome

    def tries(self, actor: UserId | model.Operator, what: str, command: Command[T]) -> None:
        """Somebody tries something, and it is refused."""
        refusal = self.refused(actor, what, command)
        # The first by precedence has been said; the others follow.
        said = next((it for it in refusal.items if (it.code, it.about) == (refusal.code, refusal.about)), None)
        for item in refusal.items:
            if item is not said:
                self.page.answer(f"and {item.code} {item.name} for `{self.in_names(item.about)}`")

    def tries_each(
        self, actor: UserId | model.Operator, what: str, things: Collection[str], command: Command[T]
    ) -> None:
        """Somebody tries something with many things, and it is refused: for each thing, what stands in its way."""
        refusal = self.refused(actor, what, command)
        rows: list[list[Cell]] = []
        for place, thing in enumerate(things):
            bars = [f"{item.code} {item.name}" for item in refusal.items if item.index == place]
            verdict = bad("\n".join(bars)) if bars else faint("nothing stands in its way")
            rows.append([count(place + 1), plain(thing), verdict])
        self.page.table(["", "as it was typed", "verdict"], rows)

    def refused(self, actor: UserId | model.Operator, what: str, command: Command[T]) -> Refused:
        self.minutes_pass()
        line = self.line(actor, what)
        try:
            self.db.execute(command, actor=actor)
        except Refused as no:
            self.page.refused(clock_face(self.now), line, no.code, no.name, self.in_names(no.message), no.remedy)
            return no
        raise Stop(f"{line}: was to be refused")

    def deliver(self) -> None:
        """Delivers the notices that wait."""
        for kind, to in self.post():
            self.page.mail(kind, to)

    def post(self) -> list[tuple[str, list[str]]]:
        """The notices that waited, with the addresses they go to, which are looked up now."""
        return [
            (
                notice.kind.kind,
                sorted([*map(self.address, notice.to.users), *(["the operator"] if notice.to.operator else [])]),
            )
            for notice in self.db.deliver(consumer=POSTMAN, limit=1000)
        ]

    def address(self, user: UserId) -> str:
        person = self.db.host_personal(subject=model.SubjectUser(user=user))
        return person.email if person and person.email else "nobody any more"

    # What is there.

    def the(self, kind: type[E], id: UUID, *, as_of: int | None = None) -> E:
        """The entity of this kind with this id, which the story says is there."""
        found = self.db.host_entity(kind=KINDS[kind], id=id, as_of=as_of)
        if not isinstance(found, kind):
            raise Stop(f"there is no {kind.__name__} {self.name(id)}")
        return found

    def history(self) -> None:
        """What the journal holds, record by record."""
        rows = [
            [
                count(record.seq),
                faint(clock_face(record.at)),
                plain(self.actor(record.actor)),
                plain(record.command),
                plain("\n".join(happened(record.events))),
            ]
            for record in self.db.host_records()
        ]
        self.page.table(["seq", "at", "from", "command", "what happened"], rows)

    def verify(self) -> None:
        """Replays the whole journal and says that it holds."""
        told = self.db.verify()
        if not told:
            raise Stop(f"the journal does not hold: {told}")
        self.page.gap()
        self.page.holds(
            f"the journal holds: {self.db.seq()} records, replayed, lead to exactly what the file says"
        )


KINDS: dict[type[object], Kind] = {
    Tenant: Kind.TENANT,
    Link: Kind.LINK,
    LinkRequest: Kind.LINK_REQUEST,
    model.AlertRule: Kind.ALERT_RULE,
}


def happened(events: Iterable[Event]) -> list[str]:
    """What happened, by name, repeated things counted."""
    names = Counter(event.event for event in events)
    return [name if times == 1 else f"{name} × {times}" for name, times in names.items()]


def permissions(held: Sequence[model.HeldPermission]) -> str:
    """What somebody may do: by name, or how much, where it is more than two permissions."""
    few = "\n".join(one.permission for one in held) or "–"
    return few if len(held) <= 2 else f"{len(held)} permissions"


def clock_face(at: datetime) -> str:
    """A moment to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def number(code: Code) -> str:
    """A reason as people are told it: its number and its name."""
    return f"{code.number} {code.value}"


@dataclass(frozen=True)
class Seen:
    """What was answered at a moment."""

    name: str
    status: str
    verdicts: tuple[Verdict, ...]


class Watch:
    """Rights that a journey keeps asking for, moment by moment."""

    def __init__(self, stage: Stage, *questions: tuple[UserId, str, TenantId]) -> None:
        self.stage = stage
        self.questions = [Question(user=user, permission=wants, tenant=tenant) for user, wants, tenant in questions]
        self.places = len({tenant for _, _, tenant in questions}) > 1  # else the heading has said where
        self.link: LinkId | None = None
        self.moments: list[Seen] = []

    def follow(self, link: LinkId) -> None:
        """From now on the status of this link is shown, too."""
        self.link = link

    def moment(self, name: str) -> None:
        """Asks everything, now."""
        status = STATUS[self.stage.the(Link, self.link).stage] if self.link else "–"
        self.moments.append(Seen(name, status, self.stage.db.check_many(questions=self.questions)))

    def show(self) -> None:
        """Shows what was answered, and asks the same again of the past."""
        stage, on = self.stage, ["on"] if self.places else []
        header = ["who", "wants", *on, *(column(seen.name) for seen in self.moments)]
        rows: list[list[Cell]] = []
        if self.link:
            place = [faint("–") for _ in on]
            rows.append([faint("link"), faint("status"), *place, *(faint(column(it.status)) for it in self.moments)])
        last = None
        for at, question in enumerate(self.questions):
            user, tenant = UUID(str(question.user)), UUID(str(question.tenant))
            row = [plain("" if user == last else stage.name(user)), plain(question.permission)]
            row += [plain(stage.name(tenant)) for _ in on]
            rows.append(row + [answer(seen.verdicts[at]) for seen in self.moments])
            last = user
        stage.page.table(header, rows)
        reasons = {verdict.reason for seen in self.moments for verdict in seen.verdicts if verdict.reason}
        for code in sorted(reasons, key=lambda code: code.number):
            stage.page.remark(f"{number(code)} ({code.rule})")
        for seen in self.moments:
            seq = seen.verdicts[0].seq
            if stage.db.check_many(questions=self.questions, as_of=seq) != seen.verdicts:
                raise Stop(f"the past of record {seq} answers differently")
        stage.page.holds("asked of the past today, every cell is the same")


def answer(verdict: Verdict) -> Cell:
    """A verdict in a cell."""
    return bad(f"no {verdict.reason.number}") if verdict.reason else good("yes")


def column(words: str) -> str:
    """A few words as the head of a narrow column, one below the other."""
    return words.replace(" ", "\n")
