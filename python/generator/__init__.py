"""What writes the wide part of the package, in rooms: `schema` reads the JSON Schema into the forms of `form`; `data`, `read` and
`methods` write modules from them, in the words of `spelling` and `source`; `names` writes those of the default policy, which the header
of the library for C has; `choices` holds what neither can say. And what writes the reference: `core` reads what core's own sources say,
`reference` writes pages from that and the same forms, with the `examples` of each call. `csharp` and `go` write the packages for .NET
and Go from the same forms, and `cpp` the typed headers for C++.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .core import Core
from .cpp import Cpp
from .csharp import CSharp
from .data import Data
from .go import Go
from .methods import Methods, apart
from .names import names
from .read import Read
from .reference import Reference
from .schema import door as _door
from .source import public
from .spelling import Types

# The package itself is written by hand, up to here.
GENERATED = "# All of the model. Written by generate.py, to the end of the file.\n"


def modules(schema: dict[str, Any], header: str, package: str) -> dict[str, str]:
    """The text of every generated module of the package, by its name, and of the package itself, from what it is so far."""
    door = _door(schema)
    types = Types(door)
    taken = apart(door)
    written = [*Data(door, types, taken).modules(), Read(door, types).written(), Methods(door, types).written(), *names(header)]
    (model,) = (module for module in written if module.name == "model")
    by_hand = package.partition(GENERATED)[0]
    return {module.name: str(module) for module in written} | {"__init__": by_hand + GENERATED + public("+=", model.public)}


def reference(schema: dict[str, Any], core: Path) -> dict[str, str]:
    """The text of every page of the reference, by the name of its file."""
    rules = (core / "RULES.md").read_text(encoding="utf-8")
    return Reference(_door(schema), Core(core), rules, schema).pages()


def go(schema: dict[str, Any], header: str) -> dict[str, str]:
    """The text of every generated file of the package for Go, by its name."""
    return Go(_door(schema), header).files()


def dotnet(schema: dict[str, Any], header: str) -> dict[str, str]:
    """The text of every generated file of the package for .NET, by its name."""
    return CSharp(_door(schema)).files(header)


def cplusplus(schema: dict[str, Any], header: str) -> dict[str, str]:
    """The text of every generated header for C++, by its name."""
    return Cpp(_door(schema)).files(header)
