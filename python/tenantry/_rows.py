"""Long lists: read page by page, as far as somebody goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, final

from ._data import Data, to_row

T = TypeVar("T", bound=Data)


class Answer(NamedTuple):
    """What the door answers to a question."""

    value: Any
    """The answer as JSON has it."""
    seq: int | None
    """The revision it was read at, where it is about the world at a moment."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Data, Generic[T]):
    """A page of a list.

    Attributes:
        items: The rows.
        next: Where the next page begins, to be given back to the same question; None, if this is the last.
        seq: The revision it was read at, where the list is of the world at a moment.
    """

    items: tuple[T, ...]
    next: str | None
    seq: int | None


@final
class Rows(Generic[T]):
    """A long list. Iterating reads page after page, each when it is come to; iterating again reads anew.

    What changes meanwhile may show in later pages. Give the query `as_of=` to read the whole list at one revision.
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

    def _page(self, cursor: str | None) -> Page[T]:
        answer = self._ask(cursor, self._limit)
        found = answer.value["rows"]
        return Page(items=tuple(self._read(one) for one in found), next=answer.value.get("next"), seq=answer.seq)

    def page(self) -> Page[T]:
        """The first page alone, with where the next one begins: for a web page."""
        return self._page(self._start)

    def pages(self) -> Iterator[Page[T]]:
        """Page after page."""
        cursor = self._start
        while True:
            page = self._page(cursor)
            yield page
            if page.next is None:
                return
            cursor = page.next

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def first(self) -> T | None:
        """The first row, if there is one."""
        return next(iter(self), None)

    def __bool__(self) -> bool:
        """Whether there is a row. It reads the first page; a list has no `len`, for it would have to read all."""
        return self.first() is not None

    def rows(self) -> list[dict[str, Any]]:
        """All rows as dicts, as pandas and polars take them: `pandas.DataFrame(db.customers(…).rows())`. Ids are text."""
        return [to_row(row) for row in self]

    def __repr__(self) -> str:
        return f"<Rows, {self._limit} at a time; iterate over it, or call rows() or page()>"
