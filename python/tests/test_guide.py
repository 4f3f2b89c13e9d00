"""The guide does what it shows: every block runs, every link leads somewhere, every table says what the library says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any, get_args

import pytest

import tenantry
from blocks import ROOT, blocks, run, typed
from tenantry import notices

GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))
PLACES = ("*.md", ".github/*.md", "docs/**/*.md", "core/*.md", "examples/*.md", "ffi/**/*.md", "python/*.md")
EVERYWHERE = sorted(page for pattern in PLACES for page in ROOT.glob(pattern))
RULES = ROOT / "core" / "RULES.md"
RULE = re.compile(r"(?<![\w-])[TLPDUIVCASQX]-\d+(?:\.\d+)?(?![\w-])")


def test_the_guide_is_there() -> None:
    assert len(PAGES) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_block_of_a_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {"__name__": "guide"}
    ran, waits = 0, None
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.language == "text":
            assert waits is not None, f"{where} shows what no block before it prints"
            assert waits == block.text, where
            waits = None
            continue
        assert not waits, f"{where} comes before anything shows what the block before it prints: {waits}"
        if block.language == "python":
            printed = io.StringIO()
            # What goes wrong is told with the line of the page.
            program = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            with contextlib.redirect_stdout(printed):
                exec(program, known)
            waits = printed.getvalue()
        else:
            assert block.language == "console", f"{where} is in `{block.language}`, which nothing runs"
            waits = None
            for command, shown in typed(block.text):
                assert run(command, tmp_path) == shown, f"{where}: {command}"
        ran += 1
    assert not waits, f"{page.name} ends before anything shows what its last block prints: {waits}"
    assert ran, f"{page.name} has nothing that runs"


def anchors(page: Path) -> set[str]:
    """What a link to a part of a page may say, as GitHub makes it of the headings."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.*)$", prose, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [it for it in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match(r"[a-z]+:", it)]


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        name, _, part = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name} links to {link}"
        assert not part or part in anchors(there), f"{page.name} links to {link}, and {there.name} has no such heading"


def sections() -> dict[str, str]:
    """Every rule and reading, with the part of RULES.md in which it stands; of a rule that is in no table, its readings."""
    found, readings, part = dict[str, str](), dict[str, str](), ""
    for line in RULES.read_text(encoding="utf-8").splitlines():
        if title := re.match(r"#+ (.*)", line):
            part = re.sub(r"[^\w\- ]", "", title[1].lower()).replace(" ", "-")
            readings |= {rule: part for rule in RULE.findall(title[1])}
        elif rule := re.match(r"\| ([A-Z]-\d+) \||- \*\*([A-Z]-[\d.]+)\*\*", line):
            found.setdefault(rule[1] or rule[2], part)
    return readings | found


@pytest.mark.parametrize("page", [*PAGES, *REFERENCE, ROOT / "SECURITY.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_rule_that_is_cited_is_linked_to_where_it_stands(page: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    where, count = sections(), 0
    for rule, link in re.findall(r"\[([A-Z]-[\d.]+)\]\(([^)]+)\)", text):
        there, _, part = link.partition("#")
        assert (page.parent / there).resolve() == RULES, f"{page.name}: {rule}"
        assert where.get(rule) == part, f"{page.name}: {rule} stands under #{where.get(rule)}"
        count += 1
    bare = RULE.findall(re.sub(r"\[[^]]*\]\([^)]*\)", "", text))
    assert not bare, f"{page.name} cites rules without a link"
    assert count or page.name == "README.md" or page in REFERENCE, f"{page.name} cites no rule"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "SECURITY.md"], ids=lambda page: str(page.name))
def test_a_name_in_the_text_is_one_that_the_library_has(page: Path) -> None:
    sources = [ROOT / "include" / "tenantry.schema.json", *sorted((ROOT / "python" / "tenantry").glob("*.py"))]
    known = {name for source in sources for name in re.findall(r"[a-z]\w*_\w+", source.read_text(encoding="utf-8"))}
    known |= {role.name for role in tenantry.policy().roles}
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    unknown = set(re.findall(r"`([a-z]\w*_\w+)`", prose)) - known
    assert not unknown, f"{page.name} speaks of what nobody knows"


def rows(page: Path) -> dict[str, list[str]]:
    """The rows of a page's tables that begin with a name, by that name."""
    found = dict[str, list[str]]()
    # Of a name in several tables the last counts; the first says in a word what it is.
    for line in page.read_text(encoding="utf-8").splitlines():
        if row := re.match(r"\| `([\w.-]+)` \| (.*) \|$", line):
            found[row[1]] = [cell.strip() for cell in row[2].split(" | ")]
    return found


def test_the_tables_of_permissions_and_roles_are_those_of_the_default_policy() -> None:
    policy, told = tenantry.policy(), rows(GUIDE / "4-policies.md")
    roles = {role.name: role.permissions for role in policy.roles}
    assert {name for name in told if "." in name} == set(policy.permissions)
    for name in policy.permissions:
        _, *marks, special = told[name]
        assert marks == ["yes" if name in roles[role] else "" for role in ("super_admin", "admin", "read_only")], name
        kinds = (("reserved", policy.reserved), ("by grant", policy.grantable), ("super admins only", policy.super_only))
        assert special == ", ".join(word for word, names in kinds if name in names), name
    assert not roles["no_access"]


def test_the_table_of_policies_is_that_of_the_policies() -> None:
    told = rows(GUIDE / "4-policies.md")
    fields = [name for name in told if hasattr(tenantry.policy(), name)]
    assert len(fields) >= 8
    for field in fields:
        _, *cells = told[field]
        for cell, name in zip(cells, ("default", "clients", "delegated"), strict=True):
            value = getattr(tenantry.policy(name), field)
            assert cell == ("never" if value is None else str(value).lower()), f"{field} of {name}"


def test_the_table_of_management_types_is_that_of_the_policies() -> None:
    told = rows(GUIDE / "4-policies.md")

    def word(yes: bool) -> str:
        return "yes" if yes else "no"

    for name in ("default", "clients", "delegated"):
        for rule in tenantry.policy(name).management_types:
            flags = [word(it) for it in (rule.locks_customer, rule.needs_grants, rule.delinkable, rule.exclusive)]
            becomes = ", ".join(sorted(rule.converts_to)) or "nothing"
            assert told[rule.name][-8:] == [name, *flags, str(rule.added_services), str(rule.moves), becomes]


def test_every_kind_of_notice_is_in_the_list() -> None:
    text = (GUIDE / "3-cookbook.md").read_text(encoding="utf-8")
    tags = [kind._tag for kind in get_args(notices.NoticeKind)]
    assert len(tags) > 40
    assert not [tag for tag in tags if f"`{tag[1]}`" not in text]


def test_make_help_tells_of_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.M)
    assert set(targets.split()) == set(re.findall(r"^([a-z-]+):.* ## \S", text, flags=re.M))
