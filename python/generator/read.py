"""Writes what reads the JSON of answers into data."""

from __future__ import annotations

from .form import Absent, ByName, Choice, Definition, Document, Door, Field, Plain, Shape, Struct, Union
from .source import Group, Module, field_name, lay, snake, text
from .spelling import Types, reading, variant


class Read:
    """Writes the module that reads."""

    def __init__(self, door: Door, types: Types) -> None:
        self.door = door
        self.types = types
        self.module = Module("_read", "From JSON to the data of the package.")
        self.any = self.module.std("typing", "Any")

    def written(self) -> Module:
        # A table names functions, which have to be there by then.
        for one in sorted(self.door.definitions.values(), key=lambda one: isinstance(one, Choice)):
            if one.name in self.door.answered:
                self.define(one)
        self.outcomes()
        return self.module

    def define(self, one: Definition) -> None:
        match one:
            case Document(name=name):
                self.function(reading(name), self.types.named(self.module, name), "document: dict[str, Any] = d", "return document")
            case Struct(name=name, fields=fields):
                self.data(reading(name), name, name, fields)
            case Union(tag=None):
                self.outer(one)
            case Union(name=name, tag=str(tag), variants=variants):
                for each in variants:
                    self.data(f"_{name.lower()}_{each.word}", name, variant(name, each.word), each.fields)
                self.table(name, {each.word: f"_{name.lower()}_{each.word}" for each in variants}, tag, "d")
            case Choice(name=name, tag=tag, content=content, of=of):
                self.table(name, {word: reading(inner) for word, inner in of.items()}, tag, f"d[{text(content)}]")

    def function(self, name: str, made: str, *lines: str) -> None:
        self.module.text += f"\n\ndef {name}(d: {self.any}) -> {made}:\n" + "".join(f"    {line}\n" for line in lines)

    def made(self, home: str, name: str) -> str:
        return self.types.beside(self.module, home, name)

    def data(self, function: str, home: str, name: str, fields: list[Field]) -> None:
        made = self.made(home, name)
        items = [f"{field_name(field.name)}={self.member(field)}" for field in fields]
        self.function(function, made, f"return {lay(Group(f'{made}(', items, ')'), '    ')}")

    def member(self, field: Field) -> str:
        """An expression that reads a member, which need not be there."""
        key = text(field.name)
        there = self.types.read(self.module, field.type, f"d[{key}]")
        kind, default = self.types.field(self.module, field, given=False)
        match field.default:
            case Absent.REFUSED:
                return there
            case Absent.NULL:
                return self.types.read(self.module, field.type, f"d.get({key})")
            case Absent.EMPTY:
                return self.types.read(self.module, field.type, f"d.get({key}, {'{}' if isinstance(field.type, ByName) else '()'})")
            case bool() | int() | str():
                return self.types.read(self.module, field.type, f"d.get({key}, {default})")
        return f"{there} if {key} in d else {default}"

    def table(self, name: str, readers: dict[str, str], tag: str, source: str) -> None:
        """What reads one of several, by the word that says which."""
        rows = "".join(f"    {text(word)}: {reader},\n" for word, reader in readers.items())
        callable_ = self.module.std("collections.abc", "Callable")
        made = self.types.named(self.module, name)
        self.module.text += f"\n\n_{name.upper()}: dict[str, {callable_}[[{self.any}], {made}]] = {{\n{rows}}}\n"
        self.function(reading(name), made, f"return _{name.upper()}[d[{text(tag)}]]({source})")

    def outer(self, union: Union) -> None:
        """What reads one of several, by the name under which it lies."""
        lines = []
        for one in union.variants:
            word = text(one.word)
            if one.shape is Shape.BARE:
                lines += [f"if d == {word}:", f"    return {self.made(union.name, variant(union.name, one.word))}()"]
        for one in union.variants:
            if one.shape is not Shape.BARE:
                reader = f"_{snake(union.name)}_{one.word}"
                self.data(reader, union.name, variant(union.name, one.word), one.fields)
                word = text(one.word)
                lines += [f"if {word} in d:", f"    return {reader}({'d' if one.shape is Shape.SINGLE else f'd[{word}]'})"]
        lines.append(f'raise ValueError(f"{union.name} has no {{d!r}}")')
        self.function(reading(union.name), self.types.named(self.module, union.name), *lines)

    def outcomes(self) -> None:
        """What reads the answers of commands, but for those that are as JSON has them."""
        rows = ""
        for one in self.door.commands:
            read = self.types.read(self.module, one.answer, "d")
            if one.answer is not Plain.NOTHING and read != "d":
                self.function(f"_outcome_{one.word}", self.any, f"return {read}")
                rows += f"    {text(one.word)}: _outcome_{one.word},\n"
        callable_ = self.module.std("collections.abc", "Callable")
        self.module.text += f"\n\nOUTCOMES: dict[str, {callable_}[[{self.any}], {self.any}]] = {{\n{rows}}}\n"
