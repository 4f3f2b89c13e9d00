"""Writes one method for every command and every query."""

from __future__ import annotations

from collections.abc import Sequence

from .choices import COMMAND, CURSOR, LIMIT
from .form import Absent, Door, Field, Method, Page, Plain, Ref, Struct
from .source import Code, Group, Module, docstring, field_name, lay, pascal, text
from .spelling import Types

INDENT = "        "

# What every command takes besides what it is about: type, default, and what it is.
BESIDES = [
    ("actor", "{actor}", "", "Who asks: the id of a user, `OPERATOR`, or an `Operator` with a ticket."),
    (
        "request_id",
        "{id} | None",
        "None",
        "Names this request: asking again under the same id is safe and answers with the first receipt. Made, if left out.",
    ),
    (
        "expected_seq",
        "int | None",
        "None",
        "The record you last saw; if the journal has moved on, the command is refused (`stale_seq`).",
    ),
]


def taken_apart(door: Door, field: Field) -> Struct | None:
    """What need not be there and of which nothing need be said: its fields become arguments."""
    if field.default is Absent.ALL_DEFAULTS and isinstance(field.type, Ref):
        inner = door.definitions[field.type.name]
        if isinstance(inner, Struct):
            return inner
    return None


def apart(door: Door) -> set[str]:
    """The names of all that the queries take apart."""
    found = (taken_apart(door, field) for query in door.queries for field in query.fields)
    return {one.name for one in found if one}


class Argument:
    """An argument of a method: its type, what stands where nothing is said, what it is, and whether it may go by its place."""

    def __init__(self, name: str, kind: str, default: str, about: str, *, by_place: bool = False) -> None:
        self.name = name
        self.code = f"{name}: {kind}{' = ' + default if default else ''}"
        self.about = about
        self.by_place = by_place


class Methods:
    """Writes the module with the methods."""

    def __init__(self, door: Door, types: Types) -> None:
        self.door = door
        self.types = types
        self.module = Module("_methods", "One method for every command and every query.")

    def written(self) -> Module:
        module = self.module
        abstract = f"@{module.std('abc', 'abstractmethod')}"
        base = module.std("abc", "ABC")
        executed, command = module.own("_command", "Executed"), module.own("_command", "Command")
        any_, answer = module.std("typing", "Any"), module.own("_rows", "Answer")
        names = {"actor": module.own("_command", "ActorLike"), "id": module.own("_data", "Id")}
        besides = [Argument(name, kind.format(**names), default, about) for name, kind, default, about in BESIDES]
        module.text += f'\nT = {module.std("typing", "TypeVar")}("T")\n'
        self.begin("Commands", base, "Every command, as a method. Each is also data, in `tenantry.commands`.")
        module.text += f"\n    {abstract}\n"
        self.function("execute", ["self", f"command: {command}[T]", "/", "*", *(one.code for one in besides)], f"{executed}[T]")
        module.text += docstring("Executes a command.", INDENT)
        for one in self.door.commands:
            self.command(one, besides)
        self.begin("Queries", base, "Every query, as a method.")
        module.text += f"\n    {abstract}\n"
        self.function("_ask", ["self", "query: str", f"fields: dict[str, {any_}]", "/"], answer)
        module.text += docstring("Asks, and returns the answer as JSON has it.", INDENT)
        for one in self.door.queries:
            self.query(one)
        return module

    def begin(self, name: str, base: str, about: str) -> None:
        self.module.add(name, f"\n\nclass {name}({base}):\n{docstring(about, '    ')}\n    __slots__ = ()\n")

    def function(self, name: str, arguments: list[Code], result: str) -> None:
        head = Group(f"def {name}(", arguments, f") -> {result}:")
        self.module.text += f"    {lay(head, '    ')}\n"

    def method(self, word: str, about: str, arguments: list[Argument], result: str) -> None:
        """A method up to its body. Every argument goes by its name; a command may go by its place."""
        self.module.text += "\n"
        placed: list[Code] = [one.code for one in arguments if one.by_place]
        named: list[Code] = [one.code for one in arguments if not one.by_place]
        self.function(word, ["self", *placed, *(["*"] if named else []), *named], result)
        ordered = sorted(arguments, key=lambda one: not one.by_place)
        self.module.text += docstring(about, INDENT, "Args", [(one.name, one.about) for one in ordered])

    def body(self, *statements: Code) -> None:
        self.module.text += "".join(f"{INDENT}{lay(one, INDENT)}\n" for one in statements)

    def argument(self, field: Field) -> Argument:
        kind, default = self.types.field(self.module, field, given=True)
        return Argument(field_name(field.name), kind, default, field.about, by_place=field.type == Ref(COMMAND))

    def command(self, one: Method, besides: list[Argument]) -> None:
        own = [self.argument(field) for field in one.fields]
        outcome = self.types.exact(self.module, one.answer)
        self.method(one.word, one.told, [*own, *besides], f"Executed[{outcome}]")
        name = self.module.at("commands", pascal(one.word))
        data = Group(f"{name}(", [f"{each.name}={each.name}" for each in own], ")")
        self.body(Group("return self.execute(", [data, *(f"{each.name}={each.name}" for each in besides)], ")"))

    def query(self, one: Method) -> None:
        fields = []
        for field in one.fields:
            inner = taken_apart(self.door, field)
            fields += inner.fields if inner else [field]
        match one.answer:
            case Ref(name) if isinstance(page := self.door.definitions[name], Page):
                self.lazily(one, page.row, fields)
                return
        arguments = [self.argument(field) for field in fields]
        asked = self.asked(one.fields)
        result = self.types.exact(self.module, one.answer)
        self.method(one.word, one.told, arguments, result)
        read = self.types.read(self.module, one.answer, "d")
        if one.answer is Plain.NOTHING:
            self.body(Group("self._ask(", [text(one.word), asked], ")"))
        elif read == "d":
            self.body(Group(f"answer: {result} = self._ask(", [text(one.word), asked], ").value"), "return answer")
        else:
            self.body(Group("d = self._ask(", [text(one.word), asked], ").value"), f"return {read}")

    def asked(self, fields: list[Field], name: str = "") -> Group:
        """The members of a query, with those that were taken apart together again."""
        items: list[Code] = []
        for field in fields:
            inner = taken_apart(self.door, field)
            if inner:
                items.append(self.asked(inner.fields, field.name))
            else:
                items.append(f"{text(field.name)}: {field_name(field.name)}")
        return Group(f"{text(name)}: {{" if name else "{", items, "}")

    def lazily(self, one: Method, row: Ref, fields: Sequence[Field]) -> None:
        """A method that answers with `Rows`, which ask for page after page."""
        arguments = [self.argument(field) for field in fields if field.name not in {LIMIT, CURSOR}]
        arguments.append(Argument(CURSOR, "str | None", "None", "Where to begin: the `next` of a page before."))
        arguments.append(Argument(LIMIT, "int", "100", "How many rows are read at a time, 1 to 1000."))
        rows = self.module.own("_rows", "Rows")
        about = f"{one.told} A lazy list: rows are read as you come to them."
        self.method(one.word, about, arguments, f"{rows}[{self.types.exact(self.module, row)}]")
        # What it asks takes the place of the arguments of these names.
        self.module.text += f"\n{INDENT}def ask({CURSOR}: str | None, {LIMIT}: int) -> Answer:\n"
        asking = Group("return self._ask(", [text(one.word), self.asked(one.fields)], ")")
        self.module.text += f"{INDENT}    {lay(asking, INDENT + '    ')}\n\n"
        reader = self.types.reader(self.module, row.name)
        self.body(Group(f"return {rows}(", ["ask", reader, CURSOR, LIMIT], ")"))
