"""Lists in notebooks and as frames, without the libraries that make frames."""

from __future__ import annotations

import html.parser
import signal
import sys
import types
from typing import Any

import pytest

import tenantry
from conftest import World
from tenantry import Invitee, TenantKind


def add(world: World, *names: str) -> None:
    for name in names:
        world.db.add_customer(
            manager=world.msp, kind=TenantKind.CUSTOMER, name=name, management="fully", services={"manage"}, actor=world.ada
        )


class Text(html.parser.HTMLParser):
    """The elements of a document and the texts in them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.texts: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b", "\"'></td><img src=x onerror=alert(1)>"])
def test_what_a_notebook_shows_is_text(world: World, name: str) -> None:
    add(world, name)
    customers = world.db.customers(manager=world.msp, actor=world.ada)
    for shown in (customers, customers.page()):
        read = Text(shown._repr_html_())
        assert read.elements == {"table", "thead", "tbody", "tr", "th", "td", "p"}
        assert name in read.texts and "Bakery Klein" in read.texts and "2 rows" in read.texts


def test_a_notebook_shows_the_first_rows_of_a_long_list(world: World) -> None:
    add(world, *(f"Customer {number:02}" for number in range(30)))
    customers = world.db.customers(manager=world.msp, actor=world.ada)
    assert customers._repr_html_().count("<tr>") == 21
    assert "there are more" in customers._repr_html_() and "there are more" not in customers.page()._repr_html_()
    few = world.db.customers(manager=world.msp, actor=world.ada, limit=3)
    assert few._repr_html_().count("<tr>") == 4 and "3 rows; there are more" in few.page()._repr_html_()
    assert "0 rows" in world.db.customers(manager=world.msp, actor=world.ada, text="nobody")._repr_html_()


def test_every_kind_of_row_can_be_shown(world: World) -> None:
    db = world.db
    for rows in (db.host_records(), db.audit(tenant=world.bakery, actor=world.bo), db.users(tenant=world.msp, actor=world.ada)):
        assert Text(rows._repr_html_()).texts
    for kind in tenantry.Kind:
        if kind is not tenantry.Kind.POLICY:
            assert Text(world.db.host_entities(kind=kind)._repr_html_()).elements


def test_a_page_has_a_length(world: World) -> None:
    page = world.db.customers(manager=world.msp, actor=world.ada).page()
    assert len(page) == 1 and [row.name for row in page] == ["Bakery Klein"] and page
    assert repr(page) == f"Page(1 row, the last, seq={page.seq})"
    assert not world.db.customers(manager=world.msp, actor=world.ada, text="nobody").page()
    with pytest.raises(TypeError):
        len(world.db.customers(manager=world.msp, actor=world.ada))  # type: ignore[arg-type]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_is_made_by_a_library_that_is_wanted_only_then(
    world: World, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frame(rows: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
        return library, rows

    stand_in = types.ModuleType(library)
    stand_in.DataFrame = frame  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, library, stand_in)
    customers = world.db.customers(manager=world.msp, actor=world.ada)
    for of in (customers, customers.page()):
        assert getattr(of, f"to_{library}")() == (library, customers.rows())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_not_there_is_said(world: World, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"{library} is not installed; `pip install {library}`, or take `rows\(\)`") as caught:
        getattr(world.db.customers(manager=world.msp, actor=world.ada), f"to_{library}")()
    assert caught.value.name == library


def test_rows_show_in_short(world: World) -> None:
    (row,) = world.db.customers(manager=world.msp, actor=world.ada)
    assert repr(row).startswith(f"CustomerRow(tenant={row.tenant}, ") and "name='Bakery Klein'" in repr(row)
    for one in (row, *world.db.host_records(), world.db.notices(consumer="mailer"), world.db.policy()):
        assert len(repr(one)) < 1500 and "None" not in repr(one) and "UUID(" not in repr(one)
    cleared = tenantry.commands.EditTenant(tenant=world.msp, website=None, name="N" * 100)
    assert repr(cleared) == f"EditTenant(tenant={world.msp}, name='{'N' * 60}…', website=None)"
    many = tenantry.commands.DisableTenants(tenants=[world.msp] * 9)
    assert repr(many) == f"DisableTenants(tenants=[{', '.join([str(world.msp)] * 4)}, … 9 in all])"
    assert repr(Invitee(email="a@b.example")) == "Invitee(email='a@b.example')"


def test_a_long_list_can_be_interrupted_between_two_pages(world: World) -> None:
    add(world, *(f"Customer {number}" for number in range(30)))
    seen = 0
    # Whoever runs the tests in the background may have them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            for _ in world.db.customers(manager=world.msp, actor=world.ada, limit=1):
                seen += 1
                if seen == 5:
                    signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == 5
    # It goes on as if nothing had been.
    assert len(list(world.db.customers(manager=world.msp, actor=world.ada))) == 31
