"""Going through a typed expression: its parts, and everything inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from backwright.expr.typed import (
    And,
    Arithmetic,
    Compare,
    Conditional,
    Constant,
    Expression,
    Filtered,
    In,
    Input,
    Member,
    Name,
    Not,
    Or,
    Quantified,
    Related,
    Size,
)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case Constant() | Name() | Input():
            return ()
        case Member(of=of) | Not(of=of) | Size(of=of) | Related(of=of):
            return (of,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case And(parts=inner) | Or(parts=inner):
            return inner
        case Filtered(of=of, condition=condition) | Quantified(of=of, condition=condition):
            return (of, condition)
        case In(item=item, options=options):
            return (item, *options)
        case Conditional(when=when, then=then, otherwise=otherwise):
            return (when, then, otherwise)
        case _:
            assert_never(expression)


def nodes(expression: Expression) -> Iterator[Expression]:
    """An expression and everything inside it, outermost first."""
    yield expression
    for part in parts(expression):
        yield from nodes(part)


def callers(expression: Expression) -> Iterator[Name]:
    """Every mention of `caller`."""
    return (node for node in nodes(expression) if isinstance(node, Name) and node.root == "caller")


def mentions_caller(expression: Expression) -> bool:
    """Whether the expression depends on who is calling."""
    return next(callers(expression), None) is not None


def is_local(expression: Expression) -> bool:
    """Whether it needs nothing but the row, the caller's own fields, bindings, inputs and `now`.

    Everything else asks the database: rows behind a reference, and rows that point to one.
    """
    return not any(_reaches(node) for node in nodes(expression))


def _reaches(node: Expression) -> bool:
    match node:
        case Related() | Filtered() | Quantified() | Name(root="variable"):
            return True
        case Member(of=of):
            return not isinstance(of, Name)
        case _:
            return False
