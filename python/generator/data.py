"""Writes data: the model, events, notices, refusals, and the commands as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .choices import ALLOWED, MODULES, TRUTH, VARIANTS
from .form import (
    Absent,
    Choice,
    Definition,
    Document,
    Door,
    Field,
    Id,
    Page,
    Plain,
    Ref,
    Shape,
    Statuses,
    Struct,
    Text,
    Time,
    Union,
    Words,
    Wrong,
)
from .source import Group, Module, docstring, field_name, lay, pascal, text
from .spelling import Types, exported, variant


class Data:
    """Writes the modules that have data."""

    def __init__(self, door: Door, types: Types, apart: set[str]) -> None:
        """`apart`: what the methods take apart, which has no name of its own."""
        self.door = door
        self.types = types
        self.apart = apart

    def modules(self) -> list[Module]:
        low = Module("_model", "The words and data of tenantry that hold no events and no notices; `model` has all there are.")
        high = Module("model", "The words and data of tenantry: ids, text, closed lists of words, entities, rows and answers.")
        others = [one for name, one in self.door.definitions.items() if name not in self.apart and exported(one)]
        for one in sorted(others, key=_place):
            if isinstance(one, Struct):
                self.before(low, one)
            self.define(high if one.name in self.types.above else low, one)
        high.all_of(low)
        unions = []
        for name, (module, about) in MODULES.items():
            unions.append(Module(module, about))
            self.define(unions[-1], self.door.definitions[name])
        return [low, high, *unions, *self.statuses(), self.commands()]

    def before(self, module: Module, struct: Struct) -> None:
        """Defaults are values: what they are made of comes first."""
        for field in struct.fields:
            if field.default is Absent.ALL_DEFAULTS and isinstance(field.type, Ref):
                inner = self.door.definitions[field.type.name]
                if struct.name in self.door.answered and isinstance(inner, Struct):
                    self.before(module, inner)
                    self.define(module, inner)

    def define(self, module: Module, one: Definition) -> None:
        if one.name in module.public:
            return
        match one:
            case Id():
                made = f"{module.std('typing', 'NewType')}({text(one.name)}, {module.whole('uuid')}.UUID)"
                module.add(one.name, f"\n\n{one.name} = {made}\n{docstring(one.about, '')}")
            case Time():
                self.alias(module, one.name, f"{module.whole('datetime')}.datetime", one.about)
            case Text():
                self.alias(module, one.name, "str", one.about)
            case Document():
                mapping, any_ = module.std("collections.abc", "Mapping"), module.std("typing", "Any")
                self.alias(module, one.name, f"{mapping}[str, {any_}]", one.about)
            case Words():
                self.words(module, one)
            case Struct():
                self.data(module, one.name, one.about, one.fields, given=one.name not in self.door.answered)
            case Union():
                self.union(module, one)
            case Choice():
                self.alias(module, one.name, [self.types.named(module, name) for name in one.of.values()], one.about)

    def alias(self, module: Module, name: str, of: str | list[str], about: str) -> None:
        head = f"{name}: {module.std('typing', 'TypeAlias')} = "
        line = head + (of if isinstance(of, str) else " | ".join(of))
        if isinstance(of, list) and len(line) > 80:
            line = f"{head}(\n    " + "\n    | ".join(of) + "\n)"
        module.add(name, f"\n\n{line}\n{docstring(about, '')}")

    def words(self, module: Module, one: Words) -> None:
        said = self.head(module, one.name, module.own("_word", "Word")) + docstring(one.about, "    ")
        for word, about in one.words:
            said += f"\n    {word.upper()} = {text(word)}\n" + (docstring(about, "    ") if about else "")
        module.add(one.name, said)

    def head(self, module: Module, name: str, base: str, *decorators: str) -> str:
        lines = [f"@{module.std('typing', 'final')}", *decorators, f"class {name}({base}):"]
        return "\n\n" + "".join(f"{line}\n" for line in lines)

    def data(
        self,
        module: Module,
        name: str,
        about: str,
        fields: list[Field],
        *,
        base: str = "",
        marks: Sequence[tuple[str, str, str]] = (),
        given: bool = False,
        tag: tuple[str, str] | None = None,
    ) -> None:
        """A frozen class, with marks that say how it lies in JSON."""
        frozen = f"@{module.std('dataclasses', 'dataclass')}(frozen=True, slots=True, kw_only=True, repr=False)"
        said = self.head(module, name, base or module.own("_data", "Data"), frozen)
        described = [(field_name(field.name), field.about) for field in fields]
        said += docstring(about, "    ", "Attributes", described if any(words for _, words in described) else ()) + "\n"
        for mark, kind, value in [*marks, *self.marks(module, fields)]:
            said += f"    {mark}: {module.std('typing', 'ClassVar')}[{kind}] = {value}\n"
        for field in fields:
            kind, default = self.types.field(module, field, given=given)
            if default == "{}":
                default = f"{module.std('dataclasses', 'field')}(default_factory=dict, hash=False)"
            said += f"    {field_name(field.name)}: {kind}{' = ' + default if default else ''}\n"
        if tag:
            said += f'\n    @property\n    def {tag[0]}(self) -> str:\n        """Its name: `{tag[1]}`."""\n        return {text(tag[1])}\n'
        if name in TRUTH or any(field.name == ALLOWED for field in fields):
            true = TRUTH.get(name, f"self.{ALLOWED}")
            said += f'\n    def __bool__(self) -> bool:\n        """What it says: `{true}`."""\n        return {true}\n'
        module.add(name, said)

    def marks(self, module: Module, fields: Iterable[Field]) -> list[tuple[str, str, str]]:
        found = []
        if clearable := sorted(field_name(field.name) for field in fields if field.default is Absent.UNCHANGED):
            found.append(("_clearable", "frozenset[str]", f"frozenset({{{', '.join(map(text, clearable))}}})"))
        if renamed := [field.name for field in fields if field_name(field.name) != field.name]:
            pairs = ", ".join(f"{text(field_name(name))}: {text(name)}" for name in renamed)
            found.append(("_renamed", f"{module.std('collections.abc', 'Mapping')}[str, str]", f"{{{pairs}}}"))
        return found

    def union(self, module: Module, union: Union) -> None:
        made = []
        for one in union.variants:
            name = variant(union.name, one.word)
            made.append(name)
            if name in module.public:
                continue
            tag = (union.tag, one.word) if union.tag else None
            if tag:
                marks = [("_tag", "tuple[str, str] | None", f"({text(tag[0])}, {text(tag[1])})")]
            else:
                marks = [("_outer", "str | None", text(one.word))]
            if one.shape in {Shape.SINGLE, Shape.BARE}:
                marks.append((f"_{one.shape.name.lower()}", "bool", "True"))
            self.data(module, name, one.about or name, one.fields, marks=marks, tag=tag)
        self.alias(module, union.name, made, union.about)

    def commands(self) -> Module:
        about = "What can be asked of tenantry, as data: for `Database.execute` and `Database.execute_all`. Each is also a method."
        module = Module("commands", about)
        command = module.own("_command", "Command")
        module.public.append(command)
        for one in self.door.commands:
            # What a class is made of is read at once, when a name for a type takes no `|` yet.
            outcome = self.types.exact(module, one.answer)
            base = f"{command}[{text(outcome) if ' | ' in outcome else outcome}]"
            marks = [("_tag", "tuple[str, str] | None", f'("command", {text(one.word)})')]
            self.data(module, pascal(one.word), one.told, one.fields, base=base, marks=marks, given=True)
        return module

    def statuses(self) -> list[Module]:
        about = "Every refusal and every trouble: number, name, what stands in the way, what to do. The order is the precedence."
        codes = Module("codes", about)
        rows = ""
        for one in self.door.definitions.values():
            if not isinstance(one, Statuses):
                continue
            said = self.head(codes, one.name, codes.own("_status", "Status")) + docstring(one.about, "    ")
            for row in one.rows:
                rule = f" ({row.rule})" if row.rule else ""
                said += f"\n    {row.name.upper()} = {text(row.name)}\n"
                said += docstring(f"{row.number}{rule}: {row.message}; {row.remedy}.", "    ")
                values = [str(row.number), text(row.family), text(row.rule) if row.rule else "None", text(row.message), text(row.remedy)]
                rows += f"    {lay(Group(f'{text(row.name)}: (', values, ')'), '    ')},\n"
            codes.add(one.name, said)
        about = "The table of refusals and troubles: by name, the number, the family, the rule, the message and the remedy."
        table = Module("_statuses", about)
        final = table.std("typing", "Final")
        table.text = f"\nROWS: {final}[dict[str, tuple[int, str, str | None, str, str]]] = {{\n{rows}}}\n"
        return [codes, table]


def _place(one: Definition) -> int:
    """Names for ids and text come first, then words, data, and what is one of several."""
    order: list[tuple[type, ...]] = [(Id, Time, Text, Document), (Words,), (Struct,), (Union,), (Choice,)]
    return next(place for place, kinds in enumerate(order) if isinstance(one, kinds))
