"""What the documentation shows is what happens."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import ModuleType

import pytest

import tenantry
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
