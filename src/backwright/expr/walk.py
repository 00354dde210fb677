"""Going through a typed expression: its parts, and everything inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

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


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case Constant() | Name() | Input() | Rows():
            return ()
        case Member(of=of) | Not(of=of) | Size(of=of) | Related(of=of) | Linked(of=of) | Part(of=of):
            return (of,)
        case Aggregate(of=of) | Distinct(of=of) | Sorted(of=of) | Flattened(of=of) | Convert(of=of):
            return (of,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case And(parts=inner) | Or(parts=inner) | Text(arguments=inner) | ListOf(items=inner):
            return inner
        case Filtered(of=of, condition=inside) | Quantified(of=of, condition=inside):
            return (of, inside)
        case Mapped(of=of, value=inside):
            return (of, inside)
        case In(item=item, options=options):
            return (item, *options)
        case Within(item=item, of=of):
            return (item, of)
        case Conditional(when=when, then=then, otherwise=otherwise):
            return (when, then, otherwise)
        case _:
            assert_never(expression)


def nodes(expression: Expression) -> Iterator[Expression]:
    """An expression and everything inside it, outermost first."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(parts(node))


def callers(expression: Expression) -> Iterator[Name]:
    """Every mention of `caller`."""
    return (node for node in nodes(expression) if isinstance(node, Name) and node.root == "caller")


def mentions_caller(expression: Expression) -> bool:
    """Whether the expression depends on who is calling."""
    return next(callers(expression), None) is not None


def is_local(expression: Expression) -> bool:
    """Whether it needs nothing but the row, the caller's own fields, bindings, inputs and `now`.

    Everything else asks the database: rows behind a reference, rows that point to one, and all rows of an entity.
    """
    return not any(_reaches(node) for node in nodes(expression))


def _reaches(node: Expression) -> bool:
    match node:
        case Rows() | Related() | Linked() | Name(root="group"):
            return True
        case Member(of=of):
            return not isinstance(of, Name)
        case _:
            return False
