"""The blocks of a page of documentation, and how what stands in them is typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Every block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)
    every = [Block(it[1], it[2], text.count("\n", 0, it.start(2)) + 1) for it in found]
    # What opens and is not read as a block would be passed over in silence.
    assert len(every) * 2 == len(re.findall(r"^\s*```", text, flags=re.M)), f"{page.name} has a fence that opens or closes nothing"
    return every


def typed(console: str) -> Iterator[tuple[str, str]]:
    """What is typed in a console block, and what that shows."""
    for part in re.split(r"^\$ ", console, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.rstrip("\n") + "\n" if shown.strip() else ""


def run(command: str, folder: Path) -> str:
    """Types it in a folder, and returns everything it shows: `tenantry`, or a Python program of this repository."""
    program, *words = shlex.split(command)
    start = {"tenantry": ["-m", "tenantry"], "python": [str(ROOT / words[0])]}[program]
    line = [sys.executable, *start, *(words if program == "tenantry" else words[1:])]
    done = subprocess.run(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode()
