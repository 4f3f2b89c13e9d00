"""What the documentation shows is what happens."""

from __future__ import annotations

import doctest
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tenantry
from tenantry import _data, _database, _rows, codes, commands, errors, events, model, notices

README = Path(__file__).resolve().parent.parent / "README.md"
ROOT = README.parents[1]


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
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    assert programs
    for program in programs:
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        for _ in range(2):
            runpy.run_path("program.py")


def test_the_command_lines_of_the_readme_can_be_typed_and_typed_again(tmp_path: Path) -> None:
    readme = README.read_text(encoding="utf-8")
    (making,) = re.findall(r"^python (examples/python/demo\.py .*)$", readme, flags=re.M)
    (console,) = re.findall(r"```console\n(.*?)```", readme, flags=re.S)
    script, *words = shlex.split(making)
    for _ in range(2):
        subprocess.run([sys.executable, ROOT / script, *words], cwd=tmp_path, check=True, timeout=60, capture_output=True)
        for block in console.strip().split("\n\n"):
            typed, shown = block.split("\n", 1)
            assert typed.startswith("$ tenantry ")
            command = [sys.executable, "-m", "tenantry", *shlex.split(typed)[2:]]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=60)
            assert done.stdout == f"{shown}\n" and done.stderr == ""
