"""Which bindings an operation speaks of, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.expr.typed import Expression, Member, Name
from backwright.expr.walk import nodes, parts
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Each,
    Ensure,
    Formula,
    Operation,
    Update,
    UpdateAll,
    Upsert,
    Viewed,
)

WRITING = (Create, Update, Delete, UpdateAll, DeleteAll, Ensure, Upsert)


def writes(operation: Operation) -> bool:
    """Whether the operation changes rows."""
    return any(isinstance(step, WRITING) for step in operation.steps)


def formulas(value: Any) -> Iterator[Formula]:
    """Every formula in a part of the model."""
    match value:
        case Formula():
            yield value
        case tuple() | list():
            for each in value:
                yield from formulas(each)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                if name != "place":
                    yield from formulas(getattr(value, name))
        case _:
            return


def expressions(operation: Operation) -> Iterator[Expression]:
    """Every expression of an operation's steps and answer."""
    for formula in formulas((operation.steps, operation.respond)):
        yield formula.meaning


def mentions(operation: Operation, binding: str, *roots: str) -> bool:
    """Whether anything speaks of a binding, under one of these roots (by default as itself)."""
    wanted = roots or ("binding",)
    return any(
        isinstance(node, Name) and node.binding == binding and node.root in wanted
        for expression in expressions(operation)
        for node in nodes(expression)
    )


def _whole(expression: Expression, binding: str) -> bool:
    match expression:
        case Member(of=Name(root="binding", binding=name)) if name == binding:
            return True
        case _:
            return any(_whole(part, binding) for part in parts(expression))


def shown_places(value: object, bind: str) -> list[Viewed | Each]:
    """The places of an answer that show the rows of a binding as they are."""
    found: list[Viewed | Each] = []
    match value:
        case Viewed() if _is_binding(value.row.meaning, bind):
            found.append(value)
        case Each() if _is_binding(value.rows.meaning, bind):
            found.append(value)
            return found
        case _:
            pass
    match value:
        case tuple() | list():
            for each in value:
                found += shown_places(each, bind)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                if name not in ("place", "meaning"):
                    found += shown_places(getattr(value, name), bind)
        case _:
            pass
    return found


def speaks_of(value: object, bind: str) -> bool:
    """Whether a part of the model speaks of a binding."""
    return any(names_binding(formula.meaning, bind) for formula in formulas(value))


def names_binding(expression: Expression, bind: str) -> bool:
    """Whether an expression does."""
    return any(
        isinstance(node, Name) and node.root == "binding" and node.binding == bind
        for node in nodes(expression)
    )


def _is_binding(expression: Expression, bind: str) -> bool:
    return isinstance(expression, Name) and expression.root == "binding" and expression.binding == bind
