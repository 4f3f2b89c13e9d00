"""The page that a journey is told on: headings, remarks, the timeline, tables. It never asks tenantry anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from wcwidth import wcwidth

BOLD, DIM, TITLE, GOOD, BAD, MAIL = "1", "2", "1;36", "32", "31", "33"

UNDER = " " * 22
"""Where what belongs to a moment of the timeline begins, when it is not the first to be said about it."""


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    style: str | None = None
    right: bool = False


def plain(text: object) -> Cell:
    return Cell(str(text))


def faint(text: object) -> Cell:
    return Cell(str(text), DIM)


def count(number: int) -> Cell:
    return Cell(str(number), right=True)


def good(text: object) -> Cell:
    return Cell(str(text), GOOD)


def bad(text: object) -> Cell:
    return Cell(str(text), BAD)


def width(text: str) -> int:
    """The cells of a terminal that a text takes, counted character by character."""
    return sum(max(0, wcwidth(character)) for character in text)


class Page:
    """A page, printed as it is told. Colour is for terminals."""

    def __init__(self) -> None:
        self.colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.fresh = True

    def paint(self, style: str | None, text: str) -> str:
        return f"\033[{style}m{text}\033[0m" if self.colour and style and text else text

    def line(self, text: str) -> None:
        print(text)
        self.fresh = False

    def title(self, text: str) -> None:
        self.line(self.paint(TITLE, text))
        self.line(self.paint(TITLE, "━" * len(text)))

    def gap(self) -> None:
        if not self.fresh:
            print()
        self.fresh = True

    def heading(self, text: str) -> None:
        self.gap()
        self.line(self.paint(BOLD, text))

    def remark(self, text: str) -> None:
        self.line("  " + self.paint(DIM, text))

    def done(self, at: str, what: str) -> None:
        self.line(f"  {self.paint(DIM, at)}  {self.paint(GOOD, '✓')} {what}")

    def refused(self, at: str, what: str, number: int, name: str, message: str, remedy: str) -> None:
        self.line(f"  {self.paint(DIM, at)}  {self.paint(BAD, '✗')} {what}")
        self.line(f"{UNDER}{self.paint(BAD, f'{number} {name}')}: {message}")
        self.line(f"{UNDER}{self.paint(BOLD, 'remedy')}: {remedy}")

    def mail(self, kind: str, to: Iterable[str]) -> None:
        self.line(f"{UNDER}{self.paint(MAIL, f'✉ {kind}')} → {', '.join(to)}")

    def answer(self, text: str) -> None:
        self.line(UNDER + self.paint(DIM, text))

    def holds(self, text: str) -> None:
        self.line(f"  {self.paint(GOOD, '✓')} {text}")

    def verbatim(self, text: str) -> None:
        """What was written elsewhere, line by line as it stands there."""
        for line in text.splitlines():
            self.line(f"  {self.paint(DIM, '│')} {line}")

    def table(self, header: Iterable[str], rows: Iterable[list[Cell]]) -> None:
        heads = [Cell(name, BOLD) for name in header]
        rows = list(rows)
        columns = zip(heads, *rows, strict=True)
        widths = [max(width(line) for cell in column for line in cell.text.split("\n")) for column in columns]
        dashes = ["─" * (cells + 2) for cells in widths]
        self.line(f"  ╭{'┬'.join(dashes)}╮")
        self.row(heads, widths)
        self.line(f"  ├{'┼'.join(dashes)}┤")
        for row in rows:
            self.row(row, widths)
        self.line(f"  ╰{'┴'.join(dashes)}╯")

    def row(self, cells: list[Cell], widths: list[int]) -> None:
        columns = [cell.text.split("\n") for cell in cells]
        for place in range(max(map(len, columns))):
            line = "  │"
            for cell, texts, room in zip(cells, columns, widths, strict=True):
                text = texts[place] if place < len(texts) else ""
                space, told = " " * (room - width(text)), self.paint(cell.style, text)
                line += f" {space + told if cell.right else told + space} │"
            self.line(line)
