"""How the command line shows what it found: tables for people, CSV and JSON for programs. It asks tenantry nothing."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ._data import Data, to_json


class Row(NamedTuple):
    """A row: what its columns show, and all of it, for JSON."""

    cells: tuple[object, ...]
    data: Data | Mapping[str, object]


class Brief(NamedTuple):
    """A list that is long for people: all of it, and what they are shown of it."""

    exact: Sequence[str]
    brief: Sequence[str]


@dataclass(frozen=True)
class Listing:
    """A list under its columns; its rows are read as they are shown."""

    columns: tuple[str, ...]
    rows: Iterable[Row]


def show(listing: Listing, form: str, limit: int | None) -> None:
    """Shows a list, as far as the limit goes; says on standard error if there is more."""
    rows = iter(listing.rows)
    wanted = rows if limit is None else itertools.islice(rows, limit)
    if form == "json":
        for row in wanted:
            print(as_json(row.data))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(listing.columns)
        writer.writerows([inert(said(cell, exact=True)) for cell in row.cells] for row in wanted)
    else:
        table(listing.columns, [row.cells for row in wanted])
    if limit is not None and next(rows, None) is not None:
        sys.stdout.flush()
        print(f"… there are more than {limit}; --limit 0 shows all", file=sys.stderr)


def facts(told: Mapping[str, object], form: str) -> None:
    """Shows what is known about one thing."""
    if form == "json":
        print(as_json(told))
        return
    width, screen = max(map(cells, told)), terminal()
    for name, value in told.items():
        lines = wrapped(said(value), screen - width - 2) if screen else [said(value)]
        for place, line in enumerate(lines):
            print(f"{padded('' if place else name.replace('_', ' '), width)}  {line}".rstrip())


def as_json(value: Data | Mapping[str, object]) -> str:
    """A line of JSON, its letters as they are."""
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def said(value: object, *, exact: bool = False) -> str:
    """A value in a cell: for people to read, or exactly."""
    if value is None:
        return "" if exact else "–"
    if isinstance(value, Brief):
        return said(list(value.exact if exact else value.brief), exact=exact)
    if isinstance(value, datetime.datetime):
        return str(to_json(value)) if exact else f"{value.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(f"{said(count)} {name}" for name, count in value.items()) or said(None, exact=exact)
    if isinstance(value, (frozenset, set, tuple, list)):
        texts = map(str, sorted(value) if isinstance(value, (frozenset, set)) else value)
        return (";" if exact else ", ").join(texts) or said(None, exact=exact)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if exact else f"{value:,}".replace(",", " ")
    return str(value)


FORMULA = re.compile(r"(^|[,;|\t\r\n])([ \"]*)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def inert(text: str) -> str:
    """A cell that no spreadsheet runs, whatever it takes for a separator: as in the library's own CSV (V-6), what could
    begin a formula is led by an apostrophe."""
    return FORMULA.sub(r"\1\2'", text)


def table(columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
    """A table: by `rich` on a terminal that has it, else plain and aligned. Numbers are set to the right."""
    if not rows:
        print("none")
        return
    counts = [all(isinstance(row[place], int) for row in rows) for place in range(len(columns))]
    texts = [[said(cell) for cell in row] for row in rows]
    screen, widths = terminal(), natural(columns, texts)
    # A table of `rich` has a frame, which takes three cells a column.
    if screen and sum(widths) + 3 * len(widths) + 1 <= screen and rich_table(columns, texts, counts):
        return
    for line in aligned(columns, texts, counts) if fits(widths, screen) else narrow(columns, texts, counts, screen):
        print(line)


def terminal() -> int:
    """How many cells a line of the terminal has; 0, if nobody looks at one, and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def natural(columns: Sequence[str], rows: list[list[str]]) -> list[int]:
    """How wide the columns are by themselves."""
    return [max(cells(line[place]) for line in (list(columns), *rows)) for place in range(len(columns))]


def fits(widths: list[int], screen: int) -> bool:
    return not screen or sum(widths) + 2 * (len(widths) - 1) <= screen


def aligned(columns: Sequence[str], rows: list[list[str]], counts: list[bool]) -> Iterator[str]:
    """The lines of a plain table."""
    widths = natural(columns, rows)
    for line in (list(columns), *rows):
        yield "  ".join(map(padded, line, widths, counts)).rstrip()


def narrow(columns: Sequence[str], rows: list[list[str]], counts: list[bool], screen: int) -> Iterator[str]:
    """The lines of a table on a narrow screen: an id has a line of its own below its row, and so has whatever leaves no room for the
    rest; the widest columns are folded between words. No id, number or address is broken."""
    every = [list(columns), *rows]
    widths = natural(columns, rows)
    least = [max((cells(word) for line in every for word in line[place].split(" ")), default=0) for place in range(len(columns))]
    kept = [place for place, name in enumerate(columns) if name != "id"]
    while len(kept) > 1 and not fits([least[place] for place in kept], screen):
        kept.remove(max(kept, key=least.__getitem__))
    while not fits([widths[place] for place in kept], screen):
        widest = max(kept, key=lambda place: (widths[place] > least[place], widths[place]))
        if widths[widest] <= least[widest]:
            break  # then it is as wide as it has to be
        widths[widest] -= 1
    for at, line in enumerate(every):
        parts = {place: wrapped(line[place], widths[place]) for place in kept}
        for step in range(max(map(len, parts.values()))):
            some = (padded(part[step] if step < len(part) else "", widths[place], counts[place]) for place, part in parts.items())
            yield "  ".join(some).rstrip()
        for place, name in enumerate(columns):
            if at and place not in kept:
                yield f"  {line[place]}" if name == "id" else f"  {name}: {line[place]}"


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many cells, where its words are not longer than that."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def rich_table(columns: Sequence[str], rows: list[list[str]], counts: list[bool]) -> bool:
    """Whether `rich` is there and has shown the table; it heeds `NO_COLOR` by itself."""
    try:
        from rich.box import ROUNDED
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    drawn = Table(box=ROUNDED, header_style="bold")
    for name, right in zip(columns, counts, strict=True):
        drawn.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=name == "id")
    for row in rows:
        # As `Text`: a company may be called [bold].
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)
    return True


def padded(text: str, width: int, right: bool = False) -> str:
    space = " " * (width - cells(text))
    return space + text if right else text + space


def cells(text: str) -> int:
    """The cells of a terminal that a text takes: two for wide characters, none for those that combine."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in ("W", "F") else 1 for one in text
    )
