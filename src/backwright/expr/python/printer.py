"""Prints an expression as Python: which part says what of each kind of node."""

from __future__ import annotations

from typing import assert_never

import msgspec

from backwright.expr.python.logic import narrowed
from backwright.expr.python.operands import ATOM, CHOICE, NOT, OR, RELATION, SUM, Known, NotLocal
from backwright.expr.python.values import Values
from backwright.expr.typed import (
    Aggregate,
    And,
    Arithmetic,
    Compare,
    Conditional,
    Constant,
    Convert,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    In,
    Input,
    Linked,
    ListOf,
    Mapped,
    Member,
    Name,
    Not,
    Or,
    Part,
    Quantified,
    Related,
    Rows,
    Size,
    Sorted,
    Text,
    Type,
    Within,
)
from backwright.expr.walk import nodes


def or_value(node: Conditional) -> Expression | None:
    """The value of `value.orValue(other)`, where the other one can be had without harm whether it is needed or not."""
    match node.when:
        case Compare(op="!=", left=value, right=Constant(value=None)):
            same = msgspec.structs.replace(node.then, type=value.type) == value
            simple = not any(
                isinstance(each, Aggregate | Arithmetic | Convert) for each in nodes(node.otherwise)
            )
            return value if same and simple and not node.otherwise.type.nullable else None
        case _:
            return None


class Printer(Values):
    """Each node as text, and how tightly it binds."""

    def bound(self, node: Expression, known: Known) -> tuple[str, int]:
        match node:
            case Constant():
                return self.constant(node)
            case Name():
                return self.name(node, known)
            case Input(source=source, name=name):
                return self.names.input(source, name), ATOM
            case Member(of=of, entity=entity, field=field):
                return self.reached(of, self.names.attribute(entity, field), known)
            case Part():
                return self.part(node, known)
            case And(parts=parts):
                return self.joined(parts, known, holds=True)
            case Or(parts=parts):
                return self.joined(parts, known, holds=False)
            case Not(of=In() as of):
                return self.contained(of, known, "not in"), RELATION
            case Not(of=of):
                return f"not {self.within(of, ATOM, known)}", NOT
            case Compare():
                return self.compare(node, known)
            case In():
                return self.contained(node, known, "in"), RELATION
            case Within():
                return self.member(node, known)
            case Arithmetic():
                return self.arithmetic(node, known)
            case Conditional():
                return self.conditional(node, known)
            case Text():
                return self.text(node, known)
            case Convert():
                return self.converted(node, known)
            case Size():
                return self.size(node, known)
            case Filtered() | Mapped() | Quantified() | Aggregate():
                return self.many(node, known), ATOM
            case Distinct() | Sorted() | Flattened() | ListOf():
                return self.many(node, known), ATOM
            case Rows() | Related() | Linked():
                raise NotLocal("only a database can look for other rows")
            case _:
                assert_never(node)

    def conditional(self, node: Conditional, known: Known) -> tuple[str, int]:
        when, then, otherwise = node.when, node.then, node.otherwise
        value = or_value(node)
        if value is not None and self.nullable(value, known) and not self.is_named(value, known):
            both = (self.chosen(each, node.type, known) for each in (value, otherwise))
            return f"value_or({', '.join(both)})", ATOM
        first, last = (known | narrowed(when, holds=holds) for holds in (True, False))
        yes = self.chosen(self.settled(then, first), node.type, first)
        no = self.chosen(self.settled(otherwise, last), node.type, last)
        return f"{yes} if {self.within(when, OR, known)} else {no}", CHOICE

    def chosen(self, branch: Expression, kind: Type, known: Known) -> str:
        """What is chosen: a decimal with as many digits as the whole has, since answers show them."""
        if kind.kind != "decimal" or branch.type.kind != "decimal" or branch.type.scale == kind.scale:
            return self.within(branch, OR, known)
        return f"to_decimal({self.bare(branch, known)}, {kind.scale or 0})"

    def contained(self, node: In, known: Known, word: str) -> str:
        """`item in (a, b)`, or `not in`."""
        listed = ", ".join(self.bare(option, known) for option in node.options)
        listed = f"{listed}," if len(node.options) == 1 else listed
        return f"{self.within(node.item, SUM, known)} {word} ({listed})"
