"""Lists of tables that are declared large, and what of them no index serves: every row would be looked at.

A list that is narrowed down by an index, such as to the caller's own rows, may filter and order as it likes. What goes
over a relation is not judged here: the gate `query-budget` asks the database.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr.typed import And, Compare, Expression, In, Member, Name, Text, Within
from backwright.expr.walk import nodes
from backwright.model.size import has_few_values, is_large
from backwright.model.types import Entity, Model, Operation, OrderTerm, ReferenceType, Select


class Search(msgspec.Struct, frozen=True):
    """A filter or an order that no index serves: of which entity, what it is called, and what is wrong, in words."""

    entity: str
    name: str
    words: str


def unserved(operation: Operation, model: Model) -> tuple[Search, ...]:
    """What the lists of an operation search or sort whole large tables by."""
    return tuple(
        search
        for step in operation.steps
        if isinstance(step, Select) and is_large(entity := model.entity(step.entity))
        for search in _of(step, entity)
    )


def new_searches(before: Operation | None, after: Operation, model: Model) -> tuple[Search, ...]:
    """Those that the operation did not have, or had otherwise."""
    former = {} if before is None else dict(_named(before))
    later = dict(_named(after))
    return tuple(each for each in unserved(after, model) if former.get(each.name) != later[each.name])


def over(entity: Entity, model: Model) -> tuple[Search, ...]:
    """All that is unserved in lists of one entity."""
    return tuple(
        search
        for operation in model.operations
        for search in unserved(operation, model)
        if search.entity == entity.name
    )


def _named(operation: Operation) -> Iterator[tuple[str, object]]:
    """The filters and orders of an operation, each as the author wrote it."""
    for step in operation.steps:
        if isinstance(step, Select):
            yield from ((f"filter `{each.name}`", each.condition.source) for each in step.filters)
            yield from ((f"sort `{each.name}`", each.order) for each in step.sorts)
            yield "order", step.order


def _of(step: Select, entity: Entity) -> Iterator[Search]:
    leads, scope = _leading(entity), _scope(step)
    if any(name in leads and not has_few_values(entity.field(name)) for name in scope):
        return
    size = f"{entity.expected_rows} rows of {entity.name}"
    for each in step.filters:
        fields = _searched(each.condition.meaning, entity)
        if fields and not any(served and name in leads for name, served in fields):
            words = (
                f"filter `{each.name}` searches {size}: it needs an index that begins with {_either(fields)}"
            )
            yield Search(entity.name, f"filter `{each.name}`", f"{words}, or a narrower list")
    orders = [("order", step.order), *((f"sort `{each.name}`", each.order) for each in step.sorts)]
    for name, order in orders:
        if order and not _is_ordered(order[0], scope, entity):
            what = "that value" if order[0].value is not None else f"`{order[0].field}`"
            words = f"{name} sorts {size}: it needs an index that begins with {what}"
            yield Search(entity.name, name, f"{words}, or a narrower list")


def _either(fields: list[tuple[str, bool]]) -> str:
    return " or ".join(f"`{name}`" for name, _ in fields)


def _leading(entity: Entity) -> set[str]:
    """The fields with which an index begins: keys, unique fields, references, and indexes that are declared."""
    return {
        entity.keys[0],
        *(each.name for each in entity.fields if each.unique or isinstance(each.type, ReferenceType)),
        *(index.terms[0].field for index in entity.indexes),
    }


def _is_ordered(term: OrderTerm, scope: set[str], entity: Entity) -> bool:
    """Whether rows come in this order by an index, behind fields that have one value here."""
    if term.value is not None:
        return False
    declared = [[each.field for each in index.terms] for index in entity.indexes]
    behind = [next((name for name in names if name not in scope), None) for names in declared]
    return term.field in _leading(entity) or term.field in behind or term.field in scope


def _scope(step: Select) -> set[str]:
    """The fields that have one value in all rows of the list."""
    conditions = [] if step.where is None else [step.where.meaning]
    conditions += [] if step.readable is None else [step.readable.condition]
    equal = [
        part
        for condition in conditions
        for part in _conjuncts(condition)
        if isinstance(part, Compare) and part.op == "=="
    ]
    return {name for part in equal for name in (_own(part.left), _own(part.right)) if name is not None}


def _searched(condition: Expression, entity: Entity) -> list[tuple[str, bool]]:
    """The fields of many values that a filter looks at, and whether an index on it would help."""
    found: list[tuple[str, bool]] = []
    for part in _conjuncts(condition):
        match part:
            case Compare(op="!="):
                continue
            case Compare(left=left, right=right):
                names = [(_own(left), True), (_own(right), True)]
            case In(item=item) | Within(item=item):
                names = [(_own(item), True)]
            case Text(function="contains" | "startsWith" | "endsWith"):
                names = [(_own(node), False) for node in nodes(part)]
            case _:
                continue
        found += [(n, helps) for n, helps in names if n is not None and not has_few_values(entity.field(n))]
    return found


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, And):
        for part in condition.parts:
            yield from _conjuncts(part)
    else:
        yield condition


def _own(node: Expression) -> str | None:
    """The field, where it is one of the row itself."""
    match node:
        case Member(of=Name(root="this"), field=field):
            return field
        case _:
            return None
