"""Going through a typed expression: its parts, and everything inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, assert_never

import msgspec

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


def with_parts(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The node with its direct parts changed."""
    changes: dict[str, Any] = {}
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, msgspec.Struct) and not isinstance(value, Type):
            changes[field] = change(value)  # type: ignore[arg-type]
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changes[field] = tuple(change(part) for part in value)
    return msgspec.structs.replace(node, **changes) if changes else node


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


def can_fail(node: Expression) -> bool:
    """Whether computing it may overflow, which fails the operation."""
    return any(map(_can_overflow, nodes(node)))


def _can_overflow(node: Expression) -> bool:
    match node:
        case Arithmetic() | Aggregate(function="sum" | "avg") | Convert(to="int" | "decimal"):
            return True
        case _:
            return False


ITEM = "item"
"""The variable that looks at each element of a list from which rows are made: at a key, where these are of rows."""


def is_local(expression: Expression) -> bool:
    """Whether it needs nothing but the row, the caller's own fields, bindings, inputs and `now`.

    Everything else asks the database: rows behind a reference, rows that point to one, and all rows of an entity.
    """
    return _is_local(expression, frozenset([ITEM]))


def _is_local(node: Expression, keys: frozenset[str]) -> bool:
    """`keys` are the variables that look at keys in a list: the rows behind them are elsewhere."""
    match node:
        case Rows() | Related() | Linked() | Name(root="group"):
            return False
        case Member(of=Name(root="variable", binding=str(name))):
            return name not in keys
        case Member(of=of):
            return isinstance(of, Name)
        case (
            Filtered(of=of, variable=variable)
            | Quantified(of=of, variable=variable)
            | Mapped(of=of, variable=variable)
        ):
            element = of.type.element
            holds_keys = element is not None and element.kind == "entity"
            _, inside = parts(node)
            return _is_local(of, keys) and _is_local(
                inside, keys | {variable} if holds_keys else keys - {variable}
            )
        case _:
            return all(_is_local(part, keys) for part in parts(node))
