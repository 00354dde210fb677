"""Which rules need no code: decided here once, so that the writers only print.

A rule that the statement already carries, or that the assigned values make true, is not judged again in Python.
Everything else becomes a function in `rules.py`. "Not proven" is always safe: it costs a check, never access.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from backwright.model.types import Rule


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
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


def everything(expression: Expression) -> list[Expression]:
    """The expression and all inside it."""
    return [expression, *(inner for child in children(expression) for inner in everything(child))]


def mentions_caller(expression: Expression) -> bool:
    """Whether the expression depends on who is calling."""
    return any(isinstance(each, Name) and each.root == "caller" for each in everything(expression))


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
        case Member(of=of, field=field) if is_row(of):
            found.add(field)
        case Name(root="this"):
            found.add(key)
        case _:
            for child in children(expression):
                found |= row_fields(child, key)
    return frozenset(found)


def inputs_of(expression: Expression) -> list[Input]:
    """The request values that the expression mentions, each once, in order."""
    found: dict[tuple[str, str], Input] = {}
    for each in everything(expression):
        if isinstance(each, Input):
            found.setdefault((each.source, each.name), each)
    return list(found.values())


def with_values(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The rule about a candidate row, said about the values that the row is made from."""
    again = lambda inner: with_values(inner, values)  # noqa: E731
    match expression:
        case Member(of=of, field=field) if is_row(of) and field in values:
            return values[field]
        case Constant() | Name() | Input() | Member():
            return expression
        case Compare(type=type, op=op, left=left, right=right):
            return Compare(type=type, op=op, left=again(left), right=again(right))
        case And(type=type, parts=parts):
            return And(type=type, parts=tuple(again(part) for part in parts))
        case Or(type=type, parts=parts):
            return Or(type=type, parts=tuple(again(part) for part in parts))
        case _:
            return expression


def is_constant(expression: Expression, value: bool) -> bool:
    """Whether the expression is this truth value."""
    return isinstance(expression, Constant) and expression.value is value


def holds(expression: Expression, *, known: frozenset[Expression], caller: bool) -> bool:
    """Whether the condition is true in every case: given conditions that hold, and whether someone is signed in."""
    if expression in known or is_constant(expression, True):
        return True
    match expression:
        case And(parts=parts):
            return all(holds(part, known=known, caller=caller) for part in parts)
        case Or(parts=parts):
            return any(holds(part, known=known, caller=caller) for part in parts)
        case Compare(op="==", left=left, right=right):
            return left == right
        case Compare(op="!=", left=left, right=right) if caller:
            return {is_caller(left), is_caller(right)} == {True, False} and (is_null(left) or is_null(right))
        case _:
            return False


def is_null(expression: Expression) -> bool:
    """Whether the expression is the literal null."""
    return isinstance(expression, Constant) and expression.value is None


def conditions_of(rule: Rule | None) -> frozenset[Expression]:
    """What is known of a row that satisfies a rule: the rule and each of its `&&` parts."""
    if rule is None:
        return frozenset()
    return frozenset(_conjuncts(rule.condition))


def _conjuncts(expression: Expression) -> list[Expression]:
    if isinstance(expression, And):
        return [expression, *(inner for part in expression.parts for inner in _conjuncts(part))]
    return [expression]
