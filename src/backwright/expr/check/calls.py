"""Functions of text, of lists and of types: size, sum, startsWith, date, …"""

from __future__ import annotations

import difflib

import msgspec

from backwright.expr import codes, syntax, typed
from backwright.expr.check.base import Refused
from backwright.expr.check.literals import Literals, widened
from backwright.expr.check.macros import MACROS, Macros
from backwright.expr.check.operators import NUMBERS
from backwright.expr.check.types import (
    COMPARED,
    DATE,
    DIVISION_SCALE,
    INTEGER,
    NULL,
    ORDERED,
    TIMESTAMP,
    certain,
    compatible,
    decimal,
    joined,
    maybe,
)
from backwright.expr.syntax import Tree
from backwright.expr.typed import BOOLEAN, Expression, Type

TESTS: dict[str, typed.TextFunction] = {
    "startsWith": "startsWith",
    "endsWith": "endsWith",
    "contains": "contains",
}
CHANGES: dict[str, typed.TextFunction] = {
    "lowerAscii": "lowerAscii",
    "upperAscii": "upperAscii",
    "trim": "trim",
}
AGGREGATES: dict[str, typed.Function] = {"sum": "sum", "min": "min", "max": "max", "avg": "avg"}
LISTS = ("distinct", "sort", "flatten")
CONVERSIONS: dict[str, typed.Conversion] = {
    "string": "string",
    "int": "int",
    "double": "double",
    "decimal": "decimal",
    "date": "date",
    "timestamp": "timestamp",
}
METHODS = (*MACROS, *TESTS, *CHANGES, *AGGREGATES, *LISTS, "size", "orValue")
FUNCTIONS = ("size", *AGGREGATES, *CONVERSIONS, "duration")

_STRINGS = ("integer", "decimal", "boolean", "date", "timestamp", "uuid", "enum", "entity")
_CONVERTED: dict[str, tuple[tuple[str, ...], str]] = {
    "string": (_STRINGS, "string(…) takes an integer, decimal, boolean, date, timestamp, uuid, enum or row"),
    "int": (("double",), "int(…) takes a double, and drops its fraction: int(double(…)) of a decimal"),
    "double": (("integer", "decimal"), "double(…) takes an integer or a decimal"),
    "decimal": (("integer",), "decimal(…) takes an integer, or a number as it is written: decimal(4.90)"),
    "date": (("timestamp",), "date(…) takes a timestamp, or a quoted text: date('2026-01-31')"),
    "timestamp": (
        ("date",),
        "timestamp(…) takes a date, or a quoted text: timestamp('2026-01-31T09:30:00Z')",
    ),
}
_LEFT_OUT = {
    "matches": "give the field or the input `matches:`; in an expression ask startsWith, endsWith or contains",
    "exists_one": "write size(rows.filter(x, …)) == 1",
    "has": "compare it with null: body.title != null",
    "type": "every value has one declared type",
    "dyn": "every value has one declared type",
    "uint": "integers are signed: leave uint away",
    "bytes": "take bytes from a field or from the request",
}
_OTHER_WORDS = {
    "len": "size",
    "length": "size",
    "count": "size",
    "any": "exists",
    "some": "exists",
    "every": "all",
    "where": "filter",
    "lower": "lowerAscii",
    "upper": "upperAscii",
    "strip": "trim",
    "average": "avg",
    "unique": "distinct",
    "sorted": "sort",
    "includes": "contains",
    "str": "string",
    "float": "double",
}


class Calls(Macros, Literals):
    """Reads calls: `function(argument)` and `target.method(argument)`."""

    def call(self, tree: syntax.Call) -> Expression:
        name, target = tree.function, tree.target
        if name in _LEFT_OUT:
            shown = f".{name}(…)" if target is not None else f"{name}(…)"
            raise self.refuse(codes.LEFT_OUT, tree.start, f"the language leaves {shown} out", _LEFT_OUT[name])
        if target is None:
            return self.function(tree)
        if name in MACROS:
            return self.macro(tree, target)
        if name in TESTS or name in CHANGES:
            return self.text(tree, target)
        if name in AGGREGATES or name in LISTS or name == "size":
            self.arguments(tree, 0, f"list.{name}()")
            return self.of_list(name, target)
        if name == "orValue":
            return self.or_value(tree, target)
        raise self.unknown_function(tree)

    def or_value(self, tree: syntax.Call, target: Tree) -> Expression:
        """`value.orValue(other)`: the other one where the value is null (CEL's optional values)."""
        (argument,) = self.arguments(tree, 1, "value.orValue(0)")
        value = self.value(target)
        other = self.hinted(argument, certain(value.type))
        text = self.parsed.text(target)
        if value.type.kind in ("rows", "null") or not compatible(value.type, other.type):
            message, mend = f"{text} is {value.type}, the other is {other.type}", "give both the same type"
            raise self.refuse(codes.OPERAND_TYPE, argument.start, message, mend)
        if not value.type.nullable and not self.scope.hides(value):
            message, mend = f"{text} is never null", "leave .orValue(…) away"
            raise self.refuse(codes.NULL_COMPARISON, target.start, message, mend)
        null = typed.Constant(type=NULL, value=None)
        there = typed.Compare(type=BOOLEAN, op="!=", left=value, right=null)
        sure = msgspec.structs.replace(value, type=certain(value.type))
        kind = maybe(certain(joined(value.type, other.type)), other.type.nullable)
        return typed.Conditional(type=kind, when=there, then=sure, otherwise=widened(other, kind))

    def function(self, tree: syntax.Call) -> Expression:
        if tree.function not in FUNCTIONS:
            raise self.unknown_function(tree)
        example = "size(text)" if tree.function == "size" else f"{tree.function}(…)"
        (argument,) = self.arguments(tree, 1, example)
        if tree.function in AGGREGATES or tree.function == "size":
            return self.of_list(tree.function, argument)
        return self.conversion(tree, argument)

    def arguments(self, tree: syntax.Call, wanted: int, example: str) -> tuple[Tree, ...]:
        if len(tree.arguments) != wanted:
            words = {0: "no argument", 1: "one argument"}
            message, mend = f"{tree.function} takes {words[wanted]}", f"write {example}"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        return tree.arguments

    def unknown_function(self, tree: syntax.Call) -> Refused:
        """The diagnostic for a name that no function has."""
        name, known = tree.function, METHODS if tree.target is not None else FUNCTIONS
        other = _OTHER_WORDS.get(name.lower())
        near = [other] if other else difflib.get_close_matches(name, known, n=1)
        at = tree.start if tree.target is None else tree.target.end
        shown = name if tree.target is None else f".{name}"
        if tree.target is None and name[:1].isupper():
            mend = "a view is applied where it is the whole value of a member of a shape"
        elif near and near[0] in known:
            mend = f"did you mean {near[0]}?"
        elif near or name in (*METHODS, *FUNCTIONS):
            word = near[0] if near else name
            mend = f"write {word}(…)" if tree.target is not None else f"write ….{word}(…)"
        else:
            mend = f"known here: {', '.join(sorted(known))}"
        return self.refuse(codes.UNKNOWN_FUNCTION, at, f"there is no function {shown}(…)", mend)

    # Text ------------------------------------------------------------------------------------------------

    def text(self, tree: syntax.Call, target: Tree) -> Expression:
        """A test of a string, or a changed one."""
        name = tree.function
        if name in CHANGES:
            self.arguments(tree, 0, f"text.{name}()")
            of = self.string(target)
            return typed.Text(type=of.type, function=CHANGES[name], arguments=(of,))
        (argument,) = self.arguments(tree, 1, f"text.{name}('…')")
        if name == "contains":
            found = self.each((target, argument), lambda part: self.string(part, part is target))
        else:
            found = self.each((target, argument), self.string)
        return typed.Text(type=BOOLEAN, function=TESTS[name], arguments=tuple(found))

    def string(self, tree: Tree, searched: bool = False) -> Expression:
        found = self.value(tree)
        if found.type.kind != "string":
            text = self.parsed.text(tree)
            mend = f"write string({text})" if found.type.kind in _STRINGS else "give a string"
            if searched and found.type.kind in ("list", "rows"):
                mend = f"write … in {text}"
            message = f"{text} is {found.type}, a string is needed"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        return found

    # Lists -----------------------------------------------------------------------------------------------

    def of_list(self, name: str, tree: Tree) -> Expression:
        """What is computed of a list: its size, an aggregate, or another list."""
        of = self.value(tree)
        if name == "size":
            return self.size_of(tree, of)
        if of.type.kind != "list" or of.type.element is None:
            text = self.parsed.text(tree)
            mend = f"map the rows to values: {text}.map(x, x.…).{name}()"
            if of.type.kind != "rows":
                mend = "name a list, or map rows to one: rows.map(x, x.…)"
            elif name == "distinct":
                mend = "rows are distinct: leave .distinct() away"
            message = f"{text} is {of.type}, {name} takes a list"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        if name in AGGREGATES:
            return self.aggregate(AGGREGATES[name], tree, of, of.type.element)
        return self.rearranged(name, tree, of, of.type.element)

    def size_of(self, tree: Tree, of: Expression) -> Expression:
        if of.type.kind not in ("string", "list", "rows"):
            mend = "take the size of a string, of a list or of rows"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, f"size of {of.type}", mend)
        return typed.Size(type=Type("integer", of.type.nullable), of=of)

    def aggregate(self, name: typed.Function, tree: Tree, of: Expression, element: Type) -> Expression:
        kinds = ORDERED if name in ("min", "max") else NUMBERS
        if element.kind not in kinds:
            mend = (
                "aggregate numbers" if kinds is NUMBERS else "aggregate numbers, strings, dates or timestamps"
            )
            raise self.refuse(codes.OPERAND_TYPE, tree.start, f"{name} of {of.type}", mend)
        if name in ("sum", "avg") and element.kind == "double":
            mend = "the order of adding would show in the result: use decimals"
            raise self.refuse(codes.OPERAND_TYPE, tree.start, f"{name} of doubles", mend)
        match name:
            case "sum":
                kind = Type(element.kind, of.type.nullable, scale=element.scale)
            case "avg":
                kind = decimal(DIVISION_SCALE, nullable=True)
            case "min" | "max":
                kind = maybe(element, True)
        return typed.Aggregate(type=kind, function=name, of=of)

    def rearranged(self, name: str, tree: Tree, of: Expression, element: Type) -> Expression:
        match name:
            case "distinct" if element.kind in COMPARED:
                return typed.Distinct(type=of.type, of=of)
            case "sort" if element.kind in ORDERED:
                return typed.Sorted(type=of.type, of=of)
            case "flatten" if element.kind == "list":
                kind = Type("list", of.type.nullable, element=element.element)
                return typed.Flattened(type=kind, of=of)
            case "sort":
                message, mend = f"{element} has no order", "sort numbers, strings, dates or timestamps"
            case "distinct":
                message, mend = f"values of type {element} are not compared", "map the list to values first"
            case _:
                message, mend = f"{self.parsed.text(tree)} is {of.type}", "flatten a list of lists"
        raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)

    # Conversions -----------------------------------------------------------------------------------------

    def conversion(self, tree: syntax.Call, argument: Tree) -> Expression:
        name = tree.function
        match argument:
            case syntax.Literal(kind="string", value=str(text)):
                match name:
                    case "date":
                        return self.date_text(argument, text)
                    case "timestamp":
                        return self.timestamp_text(argument, text)
                    case "duration":
                        return self.duration_text(argument, text)
                    case _:
                        pass
            case syntax.Literal(kind="integer" | "double") if name in ("decimal", "double"):
                return self.number(argument, Type("decimal" if name == "decimal" else "double"))
            case _:
                pass
        if name == "duration":
            message, mend = "duration takes a quoted text", "write duration('1h30m')"
            raise self.refuse(codes.OPERAND_TYPE, argument.start, message, mend)
        of = self.value(argument)
        kinds, mend = _CONVERTED[name]
        if of.type.kind not in kinds:
            text = self.parsed.text(argument)
            message = f"{text} is {of.type}, which {name}(…) does not take"
            raise self.refuse(codes.OPERAND_TYPE, argument.start, message, mend)
        return typed.Convert(type=converted(name, of.type.nullable), to=CONVERSIONS[name], of=of)


def converted(name: str, nullable: bool) -> Type:
    """The type that a conversion gives."""
    types = {
        "string": Type("string"),
        "int": INTEGER,
        "double": Type("double"),
        "decimal": decimal(0),
        "date": DATE,
        "timestamp": TIMESTAMP,
    }
    return maybe(types[name], nullable)
