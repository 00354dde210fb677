"""Finding rows: one, a page, or groups of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

from backwright.model.types import Entity, Filter, Find, Formula, Group, OrderTerm, Rule, Select
from backwright.reference.evaluate import Page, Row, parameters
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure


def find(step: Find, run: Execution) -> None:
    """The first row in the order of the key that matches and may be read."""
    for row in in_order((), run.entity(step.entity), list(run.rows[step.entity]), run):
        if run.value(step.where, row) is True and run.permits(step.readable, row):
            run.bindings[step.bind] = row
            return
    if not step.optional:
        otherwise = step.otherwise
        if otherwise is None:
            raise Failure(step.error)
        fields = [(otherwise.field, otherwise.code)] if otherwise.field is not None else []
        raise Failure(otherwise.category, fields, code=otherwise.code, message=otherwise.message)
    run.bindings[step.bind] = None


def matching(
    entity: str, readable: Rule | None, where: Formula | None, filters: Sequence[Filter], run: Execution
) -> list[Row]:
    """The rows that the caller may read and that satisfy everything that applies."""
    applied = [each for each in filters if parameters(each.condition.meaning) <= run.params.keys()]
    return [
        row
        for row in run.rows[entity]
        if run.permits(readable, row)
        and (where is None or run.value(where, row) is True)
        and all(run.value(each.condition, row) is True for each in applied)
    ]


def select(step: Select, run: Execution) -> None:
    """A page of rows. What decides the page (`limit`, `after`, `offset`, `page`, `sort`) is in `run.query`."""
    entity, paging = run.entity(step.entity), step.paging
    chosen = next((sort.order for sort in step.sorts if sort.name == run.query.get("sort")), step.order)
    rows = in_order(chosen, entity, matching(step.entity, step.readable, step.where, step.filters, run), run)
    total = len(rows)
    limit = run.query.get("limit", paging.default)
    usual = {"limit": limit, "offset": 0, "page": 1}
    run.paged = {name: run.query.get(name, usual[name]) for name in paging.parameters if name in usual}
    match paging.style:
        case "none":
            page, cursor = rows[: paging.max], None
        case "offset":
            offset = (run.paged["page"] - 1) * limit if paging.numbered else run.paged["offset"]
            page, cursor = rows[offset : offset + limit], None
        case "keyset":
            terms = with_key(chosen, entity)
            bound = (
                run.operation.name,
                {n: v for n, v in run.query.items() if n not in ("limit", "after")},
                run.given(),
            )
            if "after" in run.query:
                last = run.cursors.after(run.query["after"], bound, paging.after_name)
                compare = comparison(terms)
                rows = [row for row in rows if compare(values(terms, row, run), last) > 0]
            page = rows[:limit]
            more = len(rows) > limit
            cursor = run.cursors.remember(bound, values(terms, page[-1], run)) if more else None
    run.bindings[step.bind] = Page(page, cursor, total)


def group(step: Group, run: Execution) -> None:
    """One record for each combination of the keys, in the order that is said and then theirs; without keys, one."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in matching(step.entity, step.readable, step.where, step.filters, run):
        groups.setdefault(tuple(run.value(key.value, row) for key in step.keys), []).append(row)
    if not step.keys:
        groups.setdefault((), [])
    terms = [OrderTerm(field=key.name) for key in step.keys]
    compare = comparison(terms)
    records = []
    keyed: list[Sequence[Any]] = list(groups)
    keyed.sort(key=cmp_to_key(compare))
    for found in keyed if step.order else keyed[: step.max]:
        record = {key.name: value for key, value in zip(step.keys, found, strict=True)}
        for each in step.values:
            record[each.name] = run.value(each.value, group=groups[tuple(found)])
        records.append(record)
    if step.order:
        by_order = comparison(step.order)

        def before(left: Row, right: Row) -> int:
            return by_order(
                [left[term.field] for term in step.order], [right[term.field] for term in step.order]
            )

        records = sorted(records, key=cmp_to_key(before))[
            : step.max
        ]  # equal ones stay in the order of the keys
    run.bindings[step.bind] = records if step.keys else records[0]


def with_key(order: Sequence[OrderTerm], entity: Entity) -> list[OrderTerm]:
    """A total order: the key ends it, in the direction of the last term."""
    direction = order[-1].direction if order else "asc"
    named = {term.field for term in order}
    return [*order, *(OrderTerm(field=key, direction=direction) for key in entity.keys if key not in named)]


def in_order(order: Sequence[OrderTerm], entity: Entity, rows: list[Row], run: Execution) -> list[Row]:
    """The rows in a total order."""
    terms = with_key(order, entity)
    compare = comparison(terms)
    keyed: list[tuple[Sequence[Any], Row]] = [(values(terms, row, run), row) for row in rows]

    def before(left: tuple[Sequence[Any], Row], right: tuple[Sequence[Any], Row]) -> int:
        return compare(left[0], right[0])

    keyed.sort(key=cmp_to_key(before))
    return [row for _, row in keyed]


def values(terms: Sequence[OrderTerm], row: Row, run: Execution) -> list[Any]:
    """What each term of an order is for a row."""
    return [row[term.field] if term.value is None else run.value(term.value, row) for term in terms]


def comparison(order: Sequence[OrderTerm]) -> Callable[[Sequence[Any], Sequence[Any]], int]:
    """Negative, zero or positive as the first values come before, with or after the second; null is least."""

    def compare(left: Sequence[Any], right: Sequence[Any]) -> int:
        for term, one, other in zip(order, left, right, strict=True):
            if one == other:
                continue
            less = one is None or (other is not None and one < other)
            return -1 if less == (term.direction == "asc") else 1
        return 0

    return compare
