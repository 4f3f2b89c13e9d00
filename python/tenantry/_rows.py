"""Long lists: read page by page, as far as somebody goes."""

from __future__ import annotations

import html
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar, final

from ._data import Data, shown, to_row
from ._show import said

T = TypeVar("T", bound=Data)

IN_A_NOTEBOOK: Final = 20
"""How many rows of a list a notebook shows."""


class Answer(NamedTuple):
    """What the door answers to a question."""

    value: Any
    """The answer as JSON has it."""
    seq: int | None
    """The revision it was read at, where it is about the world at a moment."""


class _Framed(Generic[T]):
    """Rows that other libraries can have as a frame."""

    __slots__ = ()

    def rows(self) -> list[dict[str, Any]]:
        """All rows as dicts, as pandas, polars and others take them. Ids are text, moments `datetime`s."""
        return [to_row(row) for row in self._all()]

    def to_pandas(self) -> Any:
        """All rows as a `pandas.DataFrame`. Raises `ImportError` where pandas is not installed."""
        return _library("pandas").DataFrame(self.rows())

    def to_polars(self) -> Any:
        """All rows as a `polars.DataFrame`. Raises `ImportError` where polars is not installed."""
        return _library("polars").DataFrame(self.rows())

    def _all(self) -> Iterable[T]:
        raise NotImplementedError


def _library(name: str) -> Any:
    """A library that is wanted only now."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(f"{name} is not installed; `pip install {name}`, or take `rows()`, which needs nothing", name=name) from None


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Page(Data, _Framed[T]):
    """A page of a list. Its `len` is how many rows it has, so that it is true where there is one.

    Attributes:
        items: The rows.
        next: Where the next page begins, to be given back to the same question; None, if this is the last.
        seq: The revision it was read at, where the list is of the world at a moment and is the whole answer.
    """

    _renamed: ClassVar[Mapping[str, str]] = {"items": "rows"}
    items: tuple[T, ...]
    next: str | None
    seq: int | None

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def _all(self) -> Iterable[T]:
        return self.items

    def _shown(self, depth: int) -> str:
        more = "the last" if self.next is None else "there are more"
        return f"Page({_many(len(self.items))}, {more}" + ("" if self.seq is None else f", seq={self.seq}") + ")"

    def _repr_html_(self) -> str:
        """The page as a notebook shows it."""
        return _table(self.items, "" if self.next is None else "there are more rows in the list")


def read_page(d: Any, read: Callable[[Any], T], seq: int | None = None) -> Page[T]:
    """A page, from JSON."""
    return Page(items=tuple(read(one) for one in d["rows"]), next=d.get("next"), seq=seq)


@final
class Rows(_Framed[T]):
    """A long list. Iterating reads page after page, each when it is come to; iterating again reads anew.

    What changes meanwhile may show in later pages. Give the query `as_of=` to read the whole list at one revision. Between two pages a
    program can be interrupted (Ctrl-C).
    """

    __slots__ = ("_ask", "_limit", "_read", "_start")

    def __init__(
        self,
        ask: Callable[[str | None, int], Answer],
        read: Callable[[Any], T],
        start: str | None,
        limit: int,
    ) -> None:
        """Queries make these."""
        self._ask = ask
        self._read = read
        self._start = start
        self._limit = limit

    def _page(self, cursor: str | None, limit: int) -> Page[T]:
        answer = self._ask(cursor, limit)
        return read_page(answer.value, self._read, answer.seq)

    def page(self) -> Page[T]:
        """The first page alone, with where the next one begins: for a web page."""
        return self._page(self._start, self._limit)

    def pages(self) -> Iterator[Page[T]]:
        """Page after page."""
        cursor = self._start
        while True:
            page = self._page(cursor, self._limit)
            yield page
            if page.next is None:
                return
            cursor = page.next

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def _all(self) -> Iterable[T]:
        return self

    def first(self) -> T | None:
        """The first row, if there is one."""
        return next(iter(self), None)

    def __bool__(self) -> bool:
        """Whether there is a row. It reads the first page; a list has no `len`, for it would have to read all: `len(page())` is how
        many a page has."""
        return self.first() is not None

    def __repr__(self) -> str:
        return f"<Rows, {self._limit} at a time; iterate over it, or call rows() or page()>"

    def _repr_html_(self) -> str:
        """The first rows, as a notebook shows them."""
        page = self._page(self._start, min(self._limit, IN_A_NOTEBOOK))
        return _table(page.items, "" if page.next is None else "there are more rows; iterate over them, or call rows()")


def _many(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _table(rows: tuple[Data, ...], more: str) -> str:
    """A table in HTML. Whatever is in a cell is text: nothing in it is run or drawn."""
    # Not all rows of a list need be of one kind.
    names = list(dict.fromkeys(field.name for row in rows for field in fields(row)))  # type: ignore[arg-type]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(_cell(row, name))}</td>' for name in names)}</tr>" for row in rows)
    count = _many(len(rows)) + (f"; {more}" if more else "")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(count)}</p>"


def _cell(row: Data, name: str) -> str:
    value = getattr(row, name, "")
    several = isinstance(value, (tuple, frozenset)) and any(isinstance(one, Data) for one in value)
    return shown(value) if several or isinstance(value, (Data, Mapping)) else said(value)
