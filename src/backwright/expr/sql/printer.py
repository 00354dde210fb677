"""Prints an expression for one database: which part says what of each kind of node."""

from __future__ import annotations

from typing import assert_never

from backwright.expr.sql.groups import Groups
from backwright.expr.sql.operands import AND, ATOM, NOT, OR, Known, ValueOf
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
    Within,
)


class Printer(Groups):
    """Each node as text, and how tightly it binds."""

    def bound(self, node: Expression, known: Known, exact: bool) -> tuple[str, int]:
        match node:
            case And():
                return self.conjunction(node, known, exact, " AND "), AND
            case Or(parts=parts):
                return self.disjunction(parts, known, exact), OR
            case Not():
                return self.negation(node, known), NOT
            case Compare():
                return self.compare(node, known, exact)
            case In():
                return self.contained(node, known, exact)
            case Within():
                return self.member(node, known, exact)
            case Quantified():
                return self.quantified(node, known)
            case Arithmetic():
                return self.arithmetic(node, known)
            case Text():
                return self.text(node, known, exact)
            case Conditional():
                return self.conditional(node, known, exact), ATOM
            case Size():
                return self.size(node, known), ATOM
            case Convert():
                return self.converted(node, known), ATOM
            case Aggregate():
                return self.aggregate(node, known), ATOM
            case Rows() | Related() | Linked() | Filtered() | Mapped():
                return self.many(node, known), ATOM
            case Distinct() | Sorted() | Flattened() | ListOf():
                return self.many(node, known), ATOM
            case Constant() | Name() | Input() | Member() | Part():
                return self.operand(node, known), ATOM
            case _:
                assert_never(node)

    def operand(self, node: Constant | Name | Input | Member | Part, known: Known) -> str:
        """What is simply named."""
        match node:
            case Constant():
                return self.constant(node)
            case Name() if node.type.kind == "entity":
                return self.row(node)
            case Name(root="variable", binding=str(name)) if isinstance(
                found := self.variables.get(name), ValueOf
            ):
                return found.text
            case Name(root="group"):
                return self.many_given(node, known)
            case Name() | Input():
                return ":" + self.parameter(node)
            case Part() if not self.is_parameter(node):
                return self.part(node, known)
            case Part():
                return ":" + self.parameter(node)
            case Member(of=Name() as of) if self.is_row(of):
                if self.is_parameter(node):
                    return ":" + self.parameter(node)
                return self.qualified(of, node.entity, node.field)
            case Member():
                return self.reached(node, known)
            case _:
                assert_never(node)

    def many_given(self, node: Name, known: Known) -> str:
        return self.collected(node, self.source(node, known, ordered=True))
