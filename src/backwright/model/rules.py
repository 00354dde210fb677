"""The implied `caller != null` of rules: anonymous never passes by accident (LANGUAGE.md, semantics 2).

`this.owner == caller` alone would open rows without an owner to everyone, because null equals null. So each
top-level `||` branch that mentions `caller` gets `caller != null` in front, unless it tests for null itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from backwright.expr.typed import (
    BOOLEAN,
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
    Type,
)

NULL = Constant(type=Type("null", nullable=True), value=None)


def guarded(condition: Expression) -> Expression:
    """The condition with `caller != null` on each top-level branch that mentions the caller."""
    match condition:
        case Or(parts=parts):
            return Or(type=BOOLEAN, parts=tuple(guarded(part) for part in parts))
        case _:
            caller = next(callers(condition), None)
            if caller is None or tests_anonymous(condition) or needs_caller(condition):
                return condition
            present = Compare(type=BOOLEAN, op="!=", left=caller, right=NULL)
            return And(type=BOOLEAN, parts=(present, condition))


def needs_caller(condition: Expression) -> bool:
    """Whether no anonymous caller can pass: every `||` branch demands `caller != null`."""
    match condition:
        case Or(parts=parts):
            return all(needs_caller(part) for part in parts)
        case And(parts=parts):
            return any(needs_caller(part) for part in parts)
        case Compare(op="!=", left=left, right=right):
            return _is_caller(left, right)
        case _:
            return False


def tests_anonymous(condition: Expression) -> bool:
    """Whether `caller == null` is asked anywhere, so that the author has thought of anonymous callers."""
    return any(
        isinstance(node, Compare) and node.op == "==" and _is_caller(node.left, node.right)
        for node in nodes(condition)
    )


def mentions_caller(condition: Expression) -> bool:
    """Whether the caller has a part in it."""
    return next(callers(condition), None) is not None


def callers(expression: Expression) -> Iterator[Name]:
    """Every mention of `caller`."""
    return (node for node in nodes(expression) if isinstance(node, Name) and node.root == "caller")


def nodes(expression: Expression) -> Iterator[Expression]:
    """An expression and all its parts."""
    yield expression
    for part in _parts(expression):
        yield from nodes(part)


def _is_caller(left: Expression, right: Expression) -> bool:
    """Whether the two sides are `caller` and `null`, either way round."""
    sides = (left, right) if isinstance(right, Constant) else (right, left)
    match sides:
        case (Name(root="caller"), Constant(value=None)):
            return True
        case _:
            return False


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Constant() | Name() | Input():
            return ()
        case Member(of=of) | Not(of=of) | Size(of=of):
            return (of,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case In(item=item, options=options):
            return (item, *options)
        case Conditional(when=when, then=then, otherwise=otherwise):
            return (when, then, otherwise)
        case _:
            assert_never(expression)
