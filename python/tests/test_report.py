"""The page about a tenant, looked at in a browser: what is on it, that it is nothing but text, and that it can be read, at any width, by day
and by night, and on paper. Its pictures are kept in `target/pages`, for whoever wants to look."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, page, shades

import tenantry
from tenantry import OPERATOR, Invitee, NewAssignment, _cli, _demo
from tenantry.errors import RightsRefused

PICTURES = Path(__file__).parents[2] / "target" / "pages"

UNTIL = datetime.datetime(2026, 5, 3, 8, tzinfo=datetime.timezone.utc)

HOSTILE = "</title><script>document.title='run'</script><b onmouseover=alert(1)>"
ARABIC = "شركة النور للتقنية"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with page(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tenantry.Database]:
    file = tmp_path_factory.mktemp("report") / "msp.db"
    _demo.furnish(file, UNTIL)
    with tenantry.open(file, clock=lambda: UNTIL) as db:
        bakery, northwind = db.tenant("BK-200").id, db.tenant("NW-100").id
        ada, klara = db.user("ada@northwind.example").id, db.user("klara@klein.example").id
        # Whoever names themselves may try everything that a name can be.
        db.edit_tenant(tenant=bakery, name=HOSTILE, actor=klara)
        db.edit_tenant(tenant=northwind, name=ARABIC, actor=ada)
        db.invite_user(tenant=bakery, invitee=Invitee(email="x@klein.example", name=LONG), role="admin", actor=klara)
        nils = db.user("nils@northwind.example").id
        db.edit_user(user=nils, name="נילס <i>Nils</i> &amp;", actor=ada)
        db.block_user(user=nils, actor=ada)
        yield db


def written(db: tenantry.Database, to: Path, **fields: object) -> Path:
    told = db.tenant_report(tenant=db.tenant("BK-200").id, **{"actor": OPERATOR, **fields})  # type: ignore[arg-type]
    to.write_text(told.html, encoding="utf-8")
    return to


def test_it_is_text_and_asks_for_nothing(db: tenantry.Database, browser: Page, tmp_path: Path) -> None:
    file = written(db, tmp_path / "page.html", since=UNTIL - datetime.timedelta(days=30))
    browser.load(file)
    assert browser.asked_for() == [file.resolve().as_uri()]
    assert browser.complaints() == []
    assert browser.value("document.querySelector('h1').textContent") == HOSTILE
    assert browser.value("document.title") == f"{HOSTILE}: access and history"
    assert browser.value("document.querySelectorAll('script, img, link, iframe, form, object, embed, b, i, svg').length") == 0
    assert browser.value("[...document.querySelectorAll('*')].every(it => ![...it.attributes].some(at => at.name.startsWith('on')))")
    assert ARABIC in browser.value("document.querySelector('#managers').textContent")
    # A name from right to left turns nothing beside it: its number stands behind it.
    beside = """[...document.querySelectorAll('#managers .node')].every(node => {
        const name = node.querySelector('bdi'), number = node.querySelector('small')
        if (!number) return true
        const [a, b] = [name.getBoundingClientRect(), number.getBoundingClientRect()]
        return b.top > a.bottom - 4 || b.left >= a.right - 1
    })"""
    assert browser.value(beside)
    # Whatever it leads to is on it.
    assert browser.value("[...document.querySelectorAll('a')].every(it => document.querySelector(it.getAttribute('href')))")


def test_it_says_what_the_lists_say(db: tenantry.Database, browser: Page, tmp_path: Path) -> None:
    bakery = db.tenant("BK-200").id
    browser.load(written(db, tmp_path / "page.html"))
    people = list(db.tenant_access(actor=OPERATOR, tenant=bakery))
    told = browser.value("[...document.querySelectorAll('#people tbody tr')].map(it => it.textContent)")
    assert len(told) == len(people) > 1
    for person, row in zip(people, told, strict=True):
        assert person.email in row
    managers = list(db.managers(actor=OPERATOR, tenant=bakery))
    assert len(managers) == browser.value("document.querySelectorAll('#managers .tree > li > ul > li').length") == 1
    coming = browser.value("document.querySelector('#coming').textContent")
    for word in ("olga@klein.example", LONG, "joins as read only", "managed as well: configure", ARABIC, "lapses"):
        assert word in coming
    records = len(list(db.audit(actor=OPERATOR, tenant=bakery)))
    assert records == browser.value("document.querySelectorAll('#history .day > ol > li').length") > 5


def test_it_says_who_has_a_role_for_a_while_and_who_may_activate_one(browser: Page, tmp_path: Path) -> None:
    _demo.furnish(tmp_path / "msp.db", UNTIL)
    with tenantry.open(tmp_path / "msp.db", clock=lambda: UNTIL) as db:
        mill, hugo = db.tenant("MF-600").id, db.user("hugo@harbour.example").id
        given = [NewAssignment(user=hugo, tenant=mill, role="no_access")]
        starts, ends = (UNTIL + datetime.timedelta(days=days) for days in (1, 2))
        db.assign(assignments=given, starts=starts, ends=ends, actor=OPERATOR)
        shown = tmp_path / "page.html"
        shown.write_text(db.tenant_report(tenant=mill, actor=OPERATOR).html, encoding="utf-8")
    browser.load(shown)
    rows = browser.value("[...document.querySelectorAll('#coming tbody tr')].map(it => [...it.cells].map(cell => cell.textContent))")
    told = "Hugo hugo@harbour.example"
    whiles = [(what, origin, leads_to, ends.split(" 2")[0]) for what, origin, leads_to, _, ends in rows if "ole" in what]
    assert whiles == [
        ("Role for a while", "time alone", f"{told} has no access", "begins"),
        ("Eligible role", told, f"{told} has admin", "may be activated until"),
    ]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_can_be_read_at_any_width_and_light(
    db: tenantry.Database, browser: Page, tmp_path: Path, width: int, dark: bool
) -> None:
    browser.shown(width, 900, dark=dark)
    browser.load(written(db, tmp_path / "page.html", since=UNTIL - datetime.timedelta(days=30)))
    assert browser.value("document.documentElement.scrollWidth") <= width
    cut = "[...document.querySelectorAll('main *, header *')].filter(it => it.closest('thead') === null && it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).display !== 'inline').map(it => it.outerHTML.slice(0, 80))"
    assert browser.value(cut) == []
    name = f"page-{width}{'-dark' if dark else ''}.png"
    assert shades(browser.picture(PICTURES / name)) > 100
    for element in ("body", "small", ".node", ".sums a", "a.letter"):
        assert browser.value(CONTRAST % element) >= 4.5, element


CONTRAST = """(() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number)
    const light = text => {
        const [r, g, b] = channels(text).map(it => it / 255).map(it => it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const one = document.querySelector('%s')
    let ground = one
    while (ground && channels(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement
    const [a, b] = [getComputedStyle(one).color, getComputedStyle(ground).backgroundColor].map(light)
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
})()"""


def test_it_can_be_printed_and_read_without_colour(db: tenantry.Database, browser: Page, tmp_path: Path) -> None:
    browser.shown(1280, 900, colours=False)
    browser.load(written(db, tmp_path / "page.html"))
    browser.picture(PICTURES / "page-grey.png")
    browser.shown(1280, 900, dark=True)
    assert 1 <= browser.printed(PICTURES / "page.pdf") < 12
    # On paper it is dark on light, whoever prints it.
    browser("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_part_that_is_refused_says_so(db: tenantry.Database, browser: Page, tmp_path: Path) -> None:
    bakery, klara = db.tenant("BK-200").id, db.user("klara@klein.example").id
    role = db.create_role(tenant=bakery, name="Looker", permissions={"tenant.view"}, actor=klara).outcome
    invited = db.invite_user(tenant=bakery, invitee=Invitee(email="lou@klein.example"), role=role, actor=klara).outcome
    db.accept_invitation(invitation=invited.invitation, email="lou@klein.example", actor=invited.user)
    browser.shown(768, 900)
    browser.load(written(db, tmp_path / "page.html", actor=invited.user))
    left_out = browser.value("[...document.querySelectorAll('.left-out')].map(it => it.textContent)")
    assert any("the people who can reach it" in it for it in left_out)
    assert "klara@klein.example" not in browser.value("document.body.textContent")
    browser.picture(PICTURES / "page-refused.png")
    with pytest.raises(RightsRefused):
        no = db.invite_user(tenant=bakery, invitee=Invitee(email="no@klein.example"), role="no_access", actor=klara).outcome
        db.accept_invitation(invitation=no.invitation, email="no@klein.example", actor=no.user)
        db.tenant_report(tenant=bakery, actor=no.user)


def test_a_past_says_so(db: tenantry.Database, browser: Page, tmp_path: Path) -> None:
    browser.shown(1280, 900)
    browser.load(written(db, tmp_path / "page.html", as_of=UNTIL - datetime.timedelta(days=40)))
    assert browser.value("document.querySelector('.past').textContent").startswith("This is the past: as of 2026-03-24 08:00")
    assert browser.value("document.querySelector('h1').textContent") == "Bäckerei Klein"
    browser.picture(PICTURES / "page-past.png")


def test_the_command_line_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, there = str(tmp_path / "msp.db"), tmp_path / "page.html"
    _demo.furnish(file, UNTIL)
    asked = ["report", file, "bk-200", "--as", "klara@klein.example", "--as-of", "2026-05-02T00:00:00Z", "--since", "20"]
    assert _cli.main(asked) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("<!doctype html>") and "This is the past" in shown and "What has changed" in shown
    for _ in range(2):
        assert _cli.main([*asked, "-o", str(there)]) == 0
        assert there.read_text(encoding="utf-8") == shown
    # Nothing else is written over, the store itself least of all.
    before = Path(file).read_bytes()
    assert _cli.main([*asked, "-o", file]) == 1
    assert "is there, and is no page" in capsys.readouterr().err and Path(file).read_bytes() == before
