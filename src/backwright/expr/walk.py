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
    In,
    Input,
    Member,
    Name,
    Not,
    Or,
    Size,
)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case Constant() | Name() | Input():
            return ()
        case Member(of=of) | Not(of=of) | Size(of=of):
            return (of,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case And(parts=inner) | Or(parts=inner):
            return inner
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
