"""How types, defaults and readers are written in Python."""

from __future__ import annotations

from .choices import MADE_BY_HOSTS, MODULES, TEXT_OR_ID, VARIANTS, WIDER
from .form import (
    Absent,
    ByName,
    Definition,
    Document,
    Door,
    Field,
    Id,
    Many,
    Maybe,
    Page,
    Plain,
    Ref,
    Statuses,
    Text,
    Time,
    Type,
    Word,
    Words,
)
from .source import Module, pascal, snake

PLAIN = {
    Plain.TEXT: "str",
    Plain.INTEGER: "int",
    Plain.NUMBER: "float",
    Plain.FLAG: "bool",
    Plain.NOTHING: "None",
}


class Types:
    """Writes types for whatever module asks."""

    def __init__(self, door: Door) -> None:
        self.door = door
        holds = {name for name in door.definitions if door.reach(name) & MODULES.keys() - {name}}
        # What holds what has a module of its own stands above it; all else below.
        self.above = {name for name in holds if name not in MODULES}

    def home(self, name: str) -> str:
        """The module that has a definition."""
        if name in MODULES:
            return MODULES[name][0]
        if isinstance(self.door.definitions[name], Statuses):
            return "codes"
        return "model" if name in self.above else "_model"

    def named(self, module: Module, name: str) -> str:
        """A definition's name, where this module finds it. Those above the model see it whole."""
        home = self.home(name)
        if home != "_model":
            return module.at(home, name)
        return module.at("_model", name, "model") if module.name in BELOW else module.at("model", name)

    def beside(self, module: Module, name: str, other: str) -> str:
        """The name of a class that is where a definition is, such as a variant of it."""
        home = self.home(name)
        return module.at("model" if home == "_model" else home, other)

    def exact(self, module: Module, kind: Type) -> str:
        """The type of what is answered."""
        match kind:
            case Ref(name):
                if isinstance(page := self.door.definitions[name], Page):
                    return f"{module.own('_rows', 'Page')}[{self.exact(module, page.row)}]"
                return self.named(module, name)
            case Many(item, once):
                inner = self.exact(module, item)
                return f"frozenset[{inner}]" if once else f"tuple[{inner}, ...]"
            case Maybe(inner):
                return f"{self.exact(module, inner)} | None"
            case Plain.ID:
                return f"{module.whole('uuid')}.UUID"
            case ByName(item):
                return f"{module.std('collections.abc', 'Mapping')}[str, {self.exact(module, item)}]"
        return PLAIN[kind]

    def given(self, module: Module, kind: Type) -> str:
        """The type of an argument, which may be wider."""
        match kind:
            case Ref(name) if name in WIDER:
                return module.own(*WIDER[name])
            case Ref(name) if isinstance(self.door.definitions[name], Id):
                return module.own("_data", "Id") if name in MADE_BY_HOSTS else f"{self.named(module, name)} | str"
            case Ref(name) if name in TEXT_OR_ID:
                return f"{self.named(module, name)} | {self.named(module, TEXT_OR_ID[name])}"
            case Many(item, _):
                return f"{module.std('collections.abc', 'Collection')}[{self.given(module, item)}]"
            case Maybe(inner):
                return f"{self.given(module, inner)} | None"
            case Plain.ID:
                return module.own("_data", "Id")
        return self.exact(module, kind)

    def field(self, module: Module, field: Field, *, given: bool) -> tuple[str, str]:
        """The type of a field or, if `given`, of an argument, and what stands where nothing is said, if that may be."""
        kind = (self.given if given else self.exact)(module, field.type)
        match field.default:
            case Absent.REFUSED:
                return kind, ""
            case Absent.NULL:
                return kind, "None"
            case Absent.UNCHANGED | Absent.KEPT:
                return f"{kind} | {module.own('_data', 'Unset')}", module.own("_data", "UNSET")
            case Absent.EMPTY if isinstance(field.type, Many):
                return kind, "frozenset()" if field.type.once and not given else "()"
            case Absent.EMPTY:
                return kind, "{}"
            case Absent.ALL_DEFAULTS:
                return (f"{kind} | None", "None") if given else (kind, f"{kind}()")
            case Word(of, word):
                return kind, f"{self.named(module, of)}.{word.upper()}"
        return kind, repr(field.default)

    def reader(self, module: Module, name: str) -> str:
        """The function that reads a definition."""
        return module.at("_read", reading(name))

    def read(self, module: Module, kind: Type, source: str) -> str:
        """An expression that reads JSON; `source` stands in it once."""
        match kind:
            case Ref(name):
                match self.door.definitions[name]:
                    case Id():
                        return f"{module.own('_data', 'read_id')}({source})"
                    case Time():
                        return f"{module.own('_data', 'moment')}({source})"
                    case Text() | Document():
                        return source
                    case Words() | Statuses():
                        return f"{self.named(module, name)}({source})"
                    case Page(row=row):
                        return f"{module.own('_rows', 'read_page')}({source}, {self.reader(module, row.name)})"
                return f"{self.reader(module, name)}({source})"
            case Many(item, once):
                made = "frozenset" if once else "tuple"
                each = self.read(module, item, "x")
                return f"{made}({source})" if each == "x" else f"{made}({each} for x in {source})"
            case Maybe(inner):
                read = self.read(module, inner, "v")
                return source if read == "v" else f"None if (v := {source}) is None else {read}"
            case Plain.ID:
                return f"{module.own('_data', 'read_id')}({source})"
            case ByName(item):
                each = self.read(module, item, "x")
                return f"dict({source})" if each == "x" else f"{{name: {each} for name, x in {source}.items()}}"
            case Plain.NOTHING:
                return "None"
        return source


# The modules that the whole model stands upon.
BELOW = {"_model", *(module for module, _ in MODULES.values())}


def reading(name: str) -> str:
    """The name of what reads a definition."""
    return f"read_{snake(name)}"


def variant(union: str, word: str) -> str:
    """The name of a variant's class."""
    return VARIANTS.get((union, word)) or (pascal(word) if union in MODULES else union + pascal(word))


def exported(one: Definition) -> bool:
    """Whether it has a name in the model: pages are `Rows`, refusals and some unions have a module of their own."""
    return one.name not in MODULES and not isinstance(one, (Page, Statuses))
