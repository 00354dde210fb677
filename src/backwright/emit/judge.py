"""Which rules need no code: decided here once, so that the writers only print.

A rule that the statement carries already, or that the assigned values make true, is not judged in Python.
Everything else becomes a function in `rules.py`. "Not proven" is safe: it costs a check, never access.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from backwright.expr.fold import fold
from backwright.expr.shape import Shape, shape
from backwright.expr.typed import (
    And,
    Compare,
    Constant,
    Expression,
    In,
    Input,
    Linked,
    Member,
    Name,
    Not,
    Or,
)
from backwright.expr.walk import is_local, nodes, parts
from backwright.model.types import Operation, Rule


def is_caller(expression: Expression) -> bool:
    """Whether the expression is `caller` itself."""
    return isinstance(expression, Name) and expression.root == "caller"


def is_row(expression: Expression) -> bool:
    """Whether the expression is `this`, the row itself."""
    return isinstance(expression, Name) and expression.root == "this"


def is_now(expression: Expression) -> bool:
    """Whether the expression is `now`."""
    return isinstance(expression, Name) and expression.root == "now"


def row_fields(expression: Expression, key: str) -> frozenset[str]:
    """The fields of `this` that the expression depends on; `this` itself stands for its key."""
    found: set[str] = set()
    match expression:
        case Member(of=of, field=field) | Linked(of=of, field=field) if is_row(of):
            found.add(field)
        case Name(root="this"):
            found.add(key)
        case _:
            for child in parts(expression):
                found |= row_fields(child, key)
    return frozenset(found)


def inputs_of(expression: Expression) -> list[Input]:
    """The request values that the expression mentions, each once, in order."""
    found: dict[tuple[str, str], Input] = {}
    for each in nodes(expression):
        if isinstance(each, Input):
            found.setdefault((each.source, each.name), each)
    return list(found.values())


def is_constant(expression: Expression, value: bool) -> bool:
    """Whether the expression is this truth value."""
    return isinstance(expression, Constant) and expression.value is value


def known_from(rule: Rule | None) -> frozenset[Shape]:
    """What holds of a row that satisfies a rule: the rule and each of its `&&` parts."""
    if rule is None:
        return frozenset()
    condition = fold(rule.condition)
    parts = condition.parts if isinstance(condition, And) else ()
    return frozenset(shape(each) for each in (condition, *parts))


def local_access(operation: Operation) -> Rule | None:
    """The operation's own rule where it is about the caller as they were found: it stays true meanwhile."""
    rule = operation.access
    return rule if rule is not None and is_local(rule.condition) else None


@lru_cache(maxsize=4096)  # the same few rules are asked about for every operation and every test
def holds(condition: Expression, *, known: frozenset[Shape] = frozenset(), signed_in: bool) -> bool:
    """Whether a condition is true in every case, given what is known of the row."""
    if shape(fold(condition)) in known:
        return True
    certain = fold(condition, caller_known=signed_in)
    if is_constant(certain, True):
        return True
    match certain:
        case And(parts=parts):
            return all(holds(part, known=known, signed_in=signed_in) for part in parts)
        case Or(parts=parts):
            return any(holds(part, known=known, signed_in=signed_in) for part in parts)
        case _:
            return shape(certain) in known


def opposite(condition: Expression) -> Expression:
    """When a condition does not hold, in the words that say it shortest. (Orderings have no opposite: null.)"""
    match condition:
        case Compare(op="==" | "!=" as op):
            return msgspec.structs.replace(condition, op="!=" if op == "==" else "==")
        case In(item=item, options=(option,)):
            return Compare(type=condition.type, op="!=", left=item, right=option)
        case Not(of=of):
            return of
        case Or(parts=parts) if not any(part.type.nullable for part in parts):
            return And(type=condition.type, parts=tuple(map(opposite, parts)))
        case _:
            return Not(type=condition.type, of=condition)


def never(condition: Expression, *, signed_in: bool) -> bool:
    """Whether a condition is false in every case."""
    return is_constant(fold(condition, caller_known=signed_in), False)


def is_public(rule: Rule | None) -> bool:
    """Whether a rule lets everyone pass."""
    return rule is None or holds(rule.condition, signed_in=False)
