"""Macros, which go through rows and lists with a variable: exists, all, filter and map."""

from __future__ import annotations

from backwright.expr import codes, syntax, typed
from backwright.expr.check.base import Base
from backwright.expr.check.operators import element_of
from backwright.expr.check.paths import RESERVED
from backwright.expr.syntax import Tree
from backwright.expr.typed import BOOLEAN, Expression, Type

MACROS = ("exists", "all", "filter", "map")


class Macros(Base):
    """Reads macros. Their variables have names that have no meaning yet."""

    def macro(self, tree: syntax.Call, target: Tree) -> Expression:
        of = self.value(target)
        element = element_of(of.type)
        if element is None:
            message = f"{self.parsed.text(target)} is {of.type}, which .{tree.function}(…) cannot go through"
            mend = "name rows or a list: the rows that refer to this one (this.members), or all rows of an entity"
            raise self.refuse(codes.OPERAND_TYPE, target.start, message, mend)
        variable, written = self.variable(tree)
        self.variables[variable] = element
        try:
            if tree.function == "map":
                return self.mapped(of, variable, written)
            condition = self.condition(written)
        finally:
            del self.variables[variable]
        if tree.function == "filter":
            return typed.Filtered(type=of.type, of=of, variable=variable, condition=condition)
        quantifier: typed.Quantifier = "exists" if tree.function == "exists" else "all"
        return typed.Quantified(
            type=BOOLEAN, quantifier=quantifier, of=of, variable=variable, condition=condition
        )

    def mapped(self, of: Expression, variable: str, written: Tree) -> Expression:
        value = self.value(written)
        if value.type.kind == "rows":
            text = self.parsed.text(written)
            message = f"{text} is {value.type}, not one value for each"
            mend = f"map them too, and join the lists: .map(x, {text}.map(y, y.…)).flatten()"
            raise self.refuse(codes.OPERAND_TYPE, written.start, message, mend)
        value = self.one_value(written, value)
        kind = Type("list", of.type.nullable, element=value.type)
        return typed.Mapped(type=kind, of=of, variable=variable, value=value)

    def variable(self, tree: syntax.Call) -> tuple[str, Tree]:
        """The name of the variable, and what is said with it."""
        match tree.arguments:
            case (syntax.Identifier(name=variable) as named, written):
                pass
            case _:
                what = "a value" if tree.function == "map" else "a condition"
                example = "m.…" if tree.function == "map" else "m.… == …"
                message = f".{tree.function} takes a variable and {what}"
                mend = f"write .{tree.function}(m, {example})"
                raise self.refuse(codes.OPERAND_TYPE, tree.start, message, mend)
        if variable in RESERVED or self.is_name(variable):
            message, mend = f"{variable} already has a meaning here", "give the variable another name"
            raise self.refuse(codes.UNKNOWN_NAME, named.start, message, mend)
        return variable, written
