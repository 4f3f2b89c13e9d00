"""What writes the wide part of the package, in rooms: `schema` reads the JSON Schema into the forms of `form`; `data`, `read` and
`methods` write modules from them, in the words of `spelling` and `source`; `choices` holds what no schema can say.
"""

from __future__ import annotations

from typing import Any

from .data import Data
from .methods import Methods, apart
from .read import Read
from .schema import door as _door
from .spelling import Types


def modules(schema: dict[str, Any]) -> dict[str, str]:
    """The text of every generated module of the package, by its name."""
    door = _door(schema)
    types = Types(door)
    taken = apart(door)
    written = [*Data(door, types, taken).modules(), Read(door, types).written(), Methods(door, types).written()]
    return {module.name: str(module) for module in written}
