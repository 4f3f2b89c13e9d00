"""What the documentation shows is what happens."""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest

import tenantry
from blocks import ROOT, blocks, run, typed
from tenantry import _data, _database, _rows, codes, commands, errors, events, model, notices

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.mark.parametrize(
    "module", [tenantry, _data, _database, _rows, codes, commands, errors, events, model, notices], ids=lambda one: one.__name__
)
def test_the_examples_of_the_modules(module: ModuleType) -> None:
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_the_examples_of_the_package_are_there() -> None:
    assert doctest.testmod(tenantry).attempted > 10


def test_the_readme() -> None:
    done = doctest.testfile(str(README), module_relative=False)
    assert done.attempted > 20 and done.failed == 0


def test_the_programs_of_the_repositorys_readme_run_and_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    programs = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    assert programs
    for program in programs:
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        for _ in range(2):
            runpy.run_path("program.py")


def test_the_command_lines_of_the_readme_can_be_typed_and_typed_again(tmp_path: Path) -> None:
    readme = README.read_text(encoding="utf-8")
    (making,) = re.findall(r"^(tenantry demo .*)$", readme, flags=re.M)
    (console,) = (block.text for block in blocks(README) if block.language == "console")
    for _ in range(2):
        run(making, tmp_path)
        for command, shown in typed(console):
            assert run(command, tmp_path) == shown
