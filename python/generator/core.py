"""Reads core's own sources for what no schema has: what commands and queries are refused with, what happens by them and who is told
of it, and the samples of each. The documentation there is written in a form that can be read: codes and events are in backticks under a
title of their own, and a link leads to what has more of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .form import Wrong
from .source import snake

# The functions that every command, every actor and every right of one pass; what these refuse is told once for all.
ANY_COMMAND = "engine/engine::submit"
ANY_ACTOR = "rules/authority::admit"
ANY_RIGHT = "rules/authority::authorize"
SHARED = (ANY_COMMAND, ANY_ACTOR, ANY_RIGHT)
# What a question about the past passes besides.
ANY_PAST = "engine/moment::as_of_time"
# What adds whatever ends with a right that somebody loses.
ANY_LOSS = "src/decide::step"


@dataclass(frozen=True)
class Refusals:
    """What something is refused with: codes of its own, and the functions among `SHARED` that it passes."""

    own: frozenset[str]
    shared: frozenset[str]


@dataclass(frozen=True)
class Sample:
    """A call of the tests, in the world that core builds for them: who asks, where it is a command, and what. Ids that it makes up are
    called `$NEW`, others by what they are of."""

    actor: str
    fields: dict[str, Any]


class Core:
    """What is read of it."""

    def __init__(self, core: Path) -> None:
        self._texts = {path: path.read_text(encoding="utf-8") for path in sorted((core / "src").rglob("*.rs"))}
        self._src = core / "src"
        self._docs = self._documented()
        self._answering = self.answering()
        self._samples = (core / "tests" / "wire" / "samples.rs").read_text(encoding="utf-8")

    def _text(self, name: str) -> str:
        return self._texts[self._src / name]

    # Refusals.

    def _documented(self) -> dict[str, str]:
        """The documentation of each function, by room, module and name."""
        found = {}
        function = re.compile(r"((?:^ *///.*\n)+)(?:^ *#.*\n)*^ *(?:pub(?:\([a-z]+\))? )?(?:const )?fn (\w+)", flags=re.M)
        for path, text in self._texts.items():
            module = path.parent.name if path.name == "mod.rs" else path.stem
            for docs, name in function.findall(text):
                found[f"{path.parent.name}/{module}::{name}"] = re.sub(r"^ */// ?", "", docs, flags=re.M)
        return found

    def _under(self, title: str, name: str) -> str:
        """What the documentation of a function says under a title."""
        return self._docs[name].partition(f"\n# {title}\n")[2].partition("\n# ")[0]

    def _linked(self, link: str, of: str) -> str:
        """The function that a link leads to, in the documentation of another."""
        room, _, place = of.partition("/")
        path, _, name = link.rpartition("::")
        module = place.partition("::")[0] if path in {"", "Self"} else snake(path.rpartition("::")[2])
        near = [one for one in self._docs if one.endswith(f"/{module}::{name}")]
        near.sort(key=lambda one: one.partition("/")[0] != room)
        if not near:
            raise Wrong(f"core has no documented `{link}`, which {of} refers to")
        return near[0]

    def refusals(self, functions: list[str], codes: set[str]) -> Refusals:
        """What functions refuse with, by their documentation and that of the functions which that links to."""
        own, shared, waiting, seen = set[str](), set[str](), list(functions), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in SHARED and name not in functions:
                shared.add(name)
                continue
            text = self._under("Errors", name)
            own |= set(re.findall(r"`([a-z_]+)`", text)) & codes
            waiting += self._links(text, name)
        return Refusals(frozenset(own), frozenset(shared))

    def _links(self, text: str, of: str) -> list[str]:
        """The functions that links lead to; those to a query, to what answers it."""
        links = re.findall(r"\[`([\w:]+)`\]", text)
        return [name for link in links for name in self._answering.get(link) or [self._linked(link, of)]]

    def follow(self, function: str) -> list[str]:
        """The events that may follow from what a function decides, besides its own."""
        found: list[str] = []
        waiting = [function]
        while waiting:
            text = self._under("Events", name := waiting.pop())
            found += re.findall(r"`([a-z_]+)`", text)
            waiting += self._links(text, name)
        return list(dict.fromkeys(found))

    def losses(self) -> set[str]:
        """The events by which somebody may lose a right."""
        text = self._text("effect.rs")
        body = text[text.index("const fn of(") : text.index("fn is_deed(")]
        arms = re.findall(r"((?:Event::\w+ \{[^}]*\}\s*\|?\s*)+)=>\s*(?:\{\s*)?Effect \{ loss: Loss::(\w+)", body)
        return {snake(event) for events, loss in arms if loss != "None" for event in re.findall(r"Event::(\w+)", events)}

    def deciding(self) -> dict[str, list[str]]:
        """The function that decides each command, by what Rust calls the command."""
        arms = re.findall(r"Command::(\w+)\(it\) => (\w+::\w+)\(world, actor", self._text("decide.rs"))
        return {name: [f"rules/{function}"] for name, function in arms}

    def answering(self) -> dict[str, list[str]]:
        """The functions that answer each query, by what Rust calls the query."""
        rules = self._arms("answer/mod.rs", "pub fn answer(", "Query", "answer/{}", "answer/answer")
        return rules | self._arms("wire/ask.rs", "fn run(&self,", "Self", "answer/host", "answer/feed", "wire/ask", "edge/{}")

    def _arms(self, file: str, function: str, union: str, *places: str) -> dict[str, list[str]]:
        """The functions at certain places that each arm of a match calls; `{}` stands for the module or value that it names."""
        text = self._text(file)
        begin = text.index(function)
        body = text[begin : re.compile(r"^ *\}\n\n|^\}\n", flags=re.M).search(text, begin).start()]  # type: ignore[union-attr]
        found = {}
        for name, arm in re.findall(rf"{union}::(\w+)\(\w+\) =>(.*?)(?=\n +{union}::|\Z)", body, flags=re.S):
            calls = re.findall(r"(?:(\w+)(?:::|\.))?(\w+)(?=\(|\)\?)", arm)
            called = {f"{place.format(module)}::{name}" for module, name in calls for place in places}
            found[name] = sorted(called & self._docs.keys())
        return found

    def transient(self) -> set[str]:
        """The refusals and troubles that pass by themselves."""
        refusals = re.findall(r"fn is_transient.*?matches!\(self, ([^)]*)\)", self._text("refusal.rs"), flags=re.S)
        troubles = re.findall(r"transient: matches!\(trouble, ([^)]*)\)", self._text("wire/fault.rs"))
        return {snake(name) for some in refusals + troubles for name in re.findall(r"::(\w+)", some)}

    def by_rules(self) -> set[str]:
        """What Rust calls those queries and commands that it sends as others do; what the host reads itself it has functions for."""
        return self.deciding().keys() | self._arms("answer/mod.rs", "pub fn answer(", "Query", "answer/answer").keys()

    def structs(self) -> dict[str, str]:
        """What Rust calls each command and query, by the name that all others have for it."""
        texts = "".join(self._text(name) for name in ("command.rs", "query/mod.rs", "wire/ask.rs"))
        return {word: name for name, word in re.findall(r'^    (\w+) => "(\w+)" -> ', texts, flags=re.M)}

    # Events.

    def deeds(self) -> dict[str, list[str]]:
        """The commands that each event is what they are there for, by the event."""
        text = self._text("effect.rs")
        body = text[text.index("const fn commands(") :]
        found = {}
        for events, commands in re.findall(r"((?:Event::\w+ \{ \.\. \}\s*\|?\s*)+)=>[^&]*&\[([^]]*)\]", body):
            for event in re.findall(r"Event::(\w+)", events):
                found[snake(event)] = re.findall(r'"(\w+)"', commands)
        return found

    def notices(self) -> dict[str, list[str]]:
        """The kinds of notices that each event may lead to."""
        text = self._text("notice.rs")
        found: dict[str, list[str]] = {}
        events: list[str] = []
        told = True
        for event, notice in re.findall(r"Event::(\w+) \{|NoticeKind::(\w+) \{(?! \.\.)", text[text.index("fn of_record(") :]):
            if event:
                events = [event] if told else [*events, event]
                told = False
            else:
                told = True
                for one in map(snake, events):
                    if snake(notice) not in found.setdefault(one, []):
                        found[one].append(snake(notice))
        return found

    # Samples.

    def names(self) -> dict[str, int]:
        """What the known world's things are called, and the number that is their id."""
        return {name: int(number, 16) for name, number in re.findall(r'\("(\$\w+)", 0x([0-9a-f]+)\)', self._samples)}

    def world(self) -> str:
        """The table of the known world, as Markdown."""
        rows = re.findall(r"^//! (\|.*\|)$", self._text("testkit/given.rs"), flags=re.M)
        return re.sub(r"\[(`\w+`)\]", r"\1", "".join(f"{row}\n" for row in rows))

    def _listed(self, name: str) -> str:
        begin = self._samples.index(f"const {name}: ")
        return self._samples[begin : self._samples.index("\n];", begin)]

    def _pairs(self, name: str) -> list[Sample]:
        pairs = re.findall(r'\(\s*"(\$?\w+)",\s*r?#?"(.*?)"#?,?\s*\)', self._listed(name), flags=re.S)
        return [Sample(actor, {} if actor == "later" else _read(text)) for actor, text in pairs]

    def commands(self) -> list[Sample]:
        """Commands one after the other in one world; where the actor is `later`, a day passes."""
        return self._pairs("COMMANDS")

    def before_queries(self) -> list[Sample]:
        """What happens before the queries are asked, in a world of its own."""
        return self._pairs("BEFORE_QUERIES")

    def queries(self) -> list[Sample]:
        """Queries in that world."""
        return [Sample("", _read(text)) for text in re.findall(r'r#"(.*?)"#', self._listed("QUERIES"), flags=re.S)]


def _read(text: str) -> dict[str, Any]:
    # What stands for a whole value, and would be no JSON.
    quoted = re.sub(r'(?<!")(\$POLICY)', r'"\1"', text)
    read: dict[str, Any] = json.loads(quoted)
    return read
