"""What an operation looks for in tables that are declared large, and no index serves: every row would be looked at.

What is narrowed down by an index, such as to the caller's own rows, may be filtered and ordered at will. What goes
over a relation is not judged here: the gate `query-budget` asks the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from backwright.expr.typed import And, Compare, Expression, In, Member, Name, Quantified, Text, Within
from backwright.expr.walk import nodes
from backwright.model.size import has_few_values, is_large
from backwright.model.types import (
    DeleteAll,
    Entity,
    Filter,
    Find,
    Group,
    Model,
    Operation,
    OrderTerm,
    ReferenceType,
    Select,
    UpdateAll,
)
from backwright.plan.meaning import NO_RENAMES, Renames, meant

_Looks = Select | Group | Find | UpdateAll | DeleteAll


class Search(msgspec.Struct, frozen=True):
    """A condition, a filter or an order that no index serves: what it is called and what is wrong, in words.

    `index` is what would serve it, as `indexes` of the entity writes it: `[at desc]`; None where no index can.
    """

    entity: str
    name: str
    words: str
    index: str | None


def instead(searches: Sequence[Search]) -> str:
    """What to write, so that none of them looks at all rows; empty where there are none."""
    if not searches:
        return ""
    missing: dict[str, list[str]] = {}
    for each in searches:
        if each.index is not None and each.index not in missing.setdefault(each.entity, []):
            missing[each.entity].append(each.index)
    lines = [f"`indexes: [{', '.join(found)}]` in {entity}" for entity, found in missing.items()]
    narrower = "narrow it down to rows that an index finds (`where: this.… == …`, by a reference or an indexed field)"
    helped = all(each.index is not None for each in searches)
    if not lines:
        return f"N{narrower[1:]}."
    return (
        f"Write {' and '.join(lines)}, beside those that are there; {'or' if helped else 'and'} {narrower}."
    )


def unserved(operation: Operation, model: Model) -> tuple[Search, ...]:
    """What an operation searches or sorts whole large tables by."""
    return tuple(
        search
        for step in operation.steps
        if isinstance(step, _Looks) and is_large(entity := model.entity(step.entity))
        for search in _of(step, entity)
    )


def new_searches(
    before: Operation | None,
    after: Operation,
    models: tuple[Model | None, Model],
    renames: Renames = NO_RENAMES,
) -> tuple[Search, ...]:
    """Those that the operation did not have: it says something else, an index is gone, or the rows have become many."""
    found = unserved(after, models[1])
    if not found or before is None or models[0] is None:
        return found
    slow = {each.name for each in unserved(before, models[0])}
    former, later = dict(_named(before, renames)), dict(_named(after))
    return tuple(each for each in found if each.name not in slow or former.get(each.name) != later[each.name])


def _named(operation: Operation, renames: Renames = NO_RENAMES) -> Iterator[tuple[str, object]]:
    """The conditions and orders of an operation, each by what it means under the later names."""
    for step in operation.steps:
        if not isinstance(step, _Looks):
            continue
        if step.where is not None:
            yield _where(step), meant(step.where, renames, step.entity)
        for each in _filters(step):
            yield f"filter `{each.name}`", meant(each.condition, renames, step.entity)
        if isinstance(step, Select):
            for sort in step.sorts:
                yield f"sort `{sort.name}`", meant(sort.order, renames, step.entity)
            yield "order", meant(step.order, renames, step.entity)


def _where(step: _Looks) -> str:
    return f"`where` of {step.bind}"


def _filters(step: _Looks) -> tuple[Filter, ...]:
    return step.filters if isinstance(step, Select | Group) else ()


def _of(step: _Looks, entity: Entity) -> Iterator[Search]:
    if any(_narrows(part, entity) for part in _conditions(step)):
        return
    size = f"{entity.expected_rows} rows of {entity.name}"
    wanted = [] if step.where is None else _wanted(step.where.meaning, entity)
    if wanted:
        words = f"{_where(step)} searches {size}: it needs an index that begins with {_either(wanted)}"
        yield Search(entity.name, _where(step), words, f"[{wanted[0]}]")
    for each in _filters(step):
        yield from _filter(each, entity, size)
    if isinstance(step, Select):
        scope = _scope(step)
        for name, order in [
            ("order", step.order),
            *((f"sort `{each.name}`", each.order) for each in step.sorts),
        ]:
            if order and not _is_ordered(order[0], scope, entity):
                yield _order(name, order, entity, size)


def _filter(each: Filter, entity: Entity, size: str) -> Iterator[Search]:
    fields, leads = _searched(each.condition.meaning, entity), _leading(entity)
    if not fields or any(served and name in leads for name, served in fields):
        return
    served = [name for name, helps in fields if helps]
    needs = (
        f"it needs an index that begins with {_either(served)}, or a narrower list"
        if served
        else "no index finds a part of a text, so it needs a narrower list"
    )
    words = f"filter `{each.name}` searches {size}: {needs}"
    yield Search(entity.name, f"filter `{each.name}`", words, f"[{served[0]}]" if served else None)


def _order(name: str, order: tuple[OrderTerm, ...], entity: Entity, size: str) -> Search:
    if order[0].value is not None:
        words = (
            f"{name} sorts {size} by what is computed of each: no index has it, so it needs a narrower list"
        )
        return Search(entity.name, name, words, None)
    words = f"{name} sorts {size}: it needs an index that begins with `{order[0].field}`, or a narrower list"
    return Search(
        entity.name, name, words, f"[{order[0].field}{' desc' if order[0].direction == 'desc' else ''}]"
    )


def _either(fields: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in fields)


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
    equal = [part for part in _conditions(step) if isinstance(part, Compare) and part.op == "=="]
    return {name for part in equal for name in (_own(part.left), _own(part.right)) if name is not None}


def _conditions(step: _Looks) -> Iterator[Expression]:
    """What all rows of a step fulfil, whoever asks."""
    if step.where is not None:
        yield from _conjuncts(step.where.meaning)
    if step.readable is not None:
        yield from _conjuncts(step.readable.condition)


def _narrows(part: Expression, entity: Entity) -> bool:
    """Whether a condition leaves few rows, and an index leads to them; one over a reference is given the benefit."""
    match part:
        case Compare(op="==", left=left, right=right):
            return any(_leads(side, entity) for side in (left, right))
        case In(item=item) | Within(item=item):
            return _leads(item, entity)
        case Quantified(quantifier="exists", of=of):
            return any(_leads(node, entity) for node in nodes(of))
        case _:
            return False


def _leads(side: Expression, entity: Entity) -> bool:
    match side:
        case Member(of=Name(root="this"), field=name):
            return name in _leading(entity) and not has_few_values(entity.field(name))
        case Member(of=Member(of=Name(root="this"), field=name), type=type):
            return type.kind != "boolean" and not type.values and name in _leading(entity)
        case Member(of=Member() as inner):
            return _leads(inner, entity)
        case _:
            return False


def _wanted(condition: Expression, entity: Entity) -> list[str]:
    """The fields of many values of which a condition wants one value or one of a list."""
    found = []
    for part in _conjuncts(condition):
        match part:
            case Compare(op="==", left=left, right=right):
                found += [_own(left), _own(right)]
            case In(item=item) | Within(item=item):
                found.append(_own(item))
    return [name for name in found if name is not None and not has_few_values(entity.field(name))]


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
