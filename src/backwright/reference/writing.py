"""Writing rows: rules first, then checks, then unique keys (LANGUAGE.md, semantics 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from backwright.expr.typed import Linked, Member, Name, Node, Related, Rows, Type
from backwright.model.types import (
    Assignment,
    Create,
    Ensure,
    Entity,
    Field,
    FieldType,
    Formula,
    ListType,
    ManyType,
    ReferenceType,
    Rule,
    ScalarType,
    Update,
    UpdateAll,
    Upsert,
)
from backwright.reference import auditing, selecting
from backwright.reference.decode import Password
from backwright.reference.evaluate import Row
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure, conflict
from backwright.reference.numbers import rounded
from backwright.reference.texts import slug


def create(step: Create, run: Execution) -> None:
    """One row, or one for each element of a list, all or none."""
    entity = run.entity(step.entity)
    if step.each is None:
        row = candidate(entity, step.values, run)
        run.bindings[step.bind] = insert(entity, row, step.allowed, run)
        return
    items = run.value(step.each) or []
    rows = [candidate(entity, step.values, run, item=item) for item in items]
    for row in rows:
        judge(step.allowed, row, run)
    are_checked_first = is_about_the_row_alone(entity)
    if are_checked_first:
        for row in rows:
            accept(entity, row, step.allowed, run)
    for row in rows:
        if not are_checked_first:
            accept(entity, row, step.allowed, run)
        keep(entity, row, run)
    run.bindings[step.bind] = rows


def is_about_the_row_alone(entity: Entity) -> bool:
    """Whether what a row has to satisfy is the same whatever rows are made beside it: no check asks for any."""
    return not any(_asks_for_rows(check.condition.meaning) for check in entity.checks)


def _asks_for_rows(node: object) -> bool:
    match node:
        case Rows() | Related() | Linked() | Member(of=Name(root="variable", type=Type(kind="entity"))):
            return True
        case Member(of=of) if not isinstance(of, Name):
            return True
        case tuple():
            return any(map(_asks_for_rows, node))
        case Node():
            return any(_asks_for_rows(getattr(node, name)) for name in node.__struct_fields__)
        case _:
            return False


def candidate(entity: Entity, values: Sequence[Assignment], run: Execution, **item: Any) -> Row:
    """The row as it would be: what the step gives, and what the service makes, in the order of the fields."""
    given = {each.field: each.value for each in values}
    variables = {"variables": item} if item else {}
    row: Row = {}
    for field in entity.fields:
        if field.name in given:
            row[field.name] = stored(given_value(given[field.name], run, **variables), field.type)
        else:
            row[field.name] = made(field, entity, run)
    for field in entity.fields:
        if field.generated == "slug":
            row[field.name] = slugged(field, entity, row, run)
    return row


def made(field: Field, entity: Entity, run: Execution) -> Any:
    """A value that the service makes: keys, tokens, the first version. Slugs follow when their source is known."""
    match field.generated:
        case "sequence":
            run.sequences[entity.name, field.name] = run.sequences.get((entity.name, field.name), 0) + 1
            return run.sequences[entity.name, field.name]
        case "token":
            return run.seam.token()
        case "version":
            return 1
        case "slug":
            return None
        case None:
            return run.seam.id() if field.name == entity.key and not field.input else empty(field)


def empty(field: Field) -> Any:
    """What a field is that nothing gives a value."""
    return [] if isinstance(field.type, ManyType) else None


def slugged(field: Field, entity: Entity, row: Row, run: Execution) -> str:
    """The slug of the row's source: with a suffix where another row has it, or where it is empty."""
    longest = field.type.max if isinstance(field.type, ScalarType) and field.type.max is not None else 80
    base = slug(str(row[field.source or ""] or ""), longest)
    taken = any(other[field.name] == base for other in run.rows[entity.name] if not same(other, row, entity))
    if base and not taken:
        return base
    suffix = run.seam.suffix()
    base = base[: max(longest - len(suffix) - 1, 0)].strip(
        "-"
    )  # the whole is no longer than the field allows
    return "-".join(part for part in (base, suffix) if part)


def same(one: Row, other: Row, entity: Entity) -> bool:
    """Whether both are the same row, before and after."""
    return all(one[key] == other[key] for key in entity.keys)


def insert(entity: Entity, row: Row, allowed: Rule | None, run: Execution) -> Row:
    """Store a new row. Raises Failure: 403 by rule or field, 422 by a check, 409 by a unique key."""
    judge(allowed, row, run)
    accept(entity, row, allowed, run)
    keep(entity, row, run)
    return row


def accept(entity: Entity, row: Row, allowed: Rule | None, run: Execution) -> None:
    """Raises Failure: 403 by a member that may not be sent, 422 by a reference or a check."""
    if allowed is not None:
        judge_fields(entity, row, run)
    check_shared(entity, row, run)
    check(entity, row, run)


def keep(entity: Entity, row: Row, run: Execution) -> None:
    """The row is there from now on. Raises Failure: 409 by a unique key."""
    store(entity, row, run, taken=run.rows[entity.name])
    run.rows[entity.name].append(row)
    auditing.record(entity, "create", None, row, run)


def judge(rule: Rule | None, row: Row, run: Execution) -> None:
    """Raises Failure where a rule does not hold."""
    if not run.permits(rule, row):
        raise Failure("forbidden")


def judge_fields(entity: Entity, row: Row, run: Execution) -> None:
    """Raises Failure where the request has a member that the caller may not send."""
    for field in entity.fields:
        if field.write is not None and field.name in run.sent and not run.permits(field.write, row):
            raise Failure("forbidden")


def check(entity: Entity, row: Row, run: Execution) -> None:
    """Raises Failure with every check that the row does not satisfy."""
    wrong = [each for each in entity.checks if run.value(each.condition, row) is not True]
    if wrong:
        raise Failure("invalid", [(entity.wire(each.field or ""), each.code) for each in wrong])


def is_within(value: Any, field: Field) -> bool:
    """Whether a value is within the limits of its field, which hold for what steps compute as for input.

    A slug with its suffix, a password's hash and what is encrypted are made of what has been within them.
    """
    kind = field.type
    if value is None or field.encrypted or field.generated == "slug":
        return True
    if isinstance(kind, ListType):
        size: Any = len(value)
    elif not isinstance(kind, ScalarType) or kind.scalar in ("password", "token"):
        return True
    else:
        size = len(value) if isinstance(value, str | bytes) else value
    low: Any = kind.min
    high: Any = kind.max
    if isinstance(size, Decimal | float) and isinstance(kind, ScalarType):
        low, high = (None if each is None else type(size)(each) for each in (low, high))
    return (low is None or size >= low) and (high is None or size <= high)


def check_shared(entity: Entity, row: Row, run: Execution) -> None:
    """Raises Failure where a reference leads to a row of another tenant."""
    errors = []
    for field in entity.fields:
        if field.same is None or not isinstance(field.type, ReferenceType | ManyType):
            continue
        target = run.entity(field.type.entity)
        keys = row[field.name] if isinstance(row[field.name], list) else [row[field.name]]
        for position, key in enumerate(keys):
            other = next((each for each in run.rows[target.name] if each[target.key] == key), None)
            if other is not None and other[field.same] != row[field.same]:
                name = entity.wire(field.name)
                place = f"{name}[{position}]" if isinstance(field.type, ManyType) else name
                errors.append((place, "reference"))
    if errors:
        raise Failure("invalid", errors)


def update(step: Update, run: Execution) -> None:
    """The bound row with its changes. Its rule holds before and after."""
    entity = run.entity(step.entity)
    before: Row = run.bindings[step.bind]
    after = dict(before)
    for name in step.changes:
        if name in run.body:
            after[name] = stored(run.body[name], entity.field(name).type)
    after = changed(entity, before, after, step.values, run)
    judge(step.allowed, before, run)
    if step.allowed is not None:
        judge_fields(entity, before, run)
    judge(step.after or step.allowed, after, run)
    if step.match:
        match_version(entity, before, run)
    run.bindings[step.bind] = replace(entity, before, after, run)


def changed(entity: Entity, before: Row, after: Row, values: Sequence[Assignment], run: Execution) -> Row:
    """The row after: with what the step sets (about the stored row), the next version, and the new slug."""
    for each in values:
        after[each.field] = stored(given_value(each.value, run, before), entity.field(each.field).type)
    if entity.version is not None:
        after[entity.version] = before[entity.version] + 1
    for field in entity.fields:
        if not field.follows_source or after[field.source or ""] == before[field.source or ""]:
            continue
        longest = field.type.max if isinstance(field.type, ScalarType) and field.type.max is not None else 80
        bases = [slug(str(row[field.source or ""] or ""), longest) for row in (before, after)]
        if bases[0] != bases[1]:
            after[field.name] = slugged(field, entity, after, run)
    return after


def match_version(entity: Entity, row: Row, run: Execution) -> None:
    """Raises Failure where the stored version is not one that the request demands."""
    if run.version is not None and entity.version is not None and row[entity.version] not in run.version:
        raise Failure("precondition_failed")


def replace(entity: Entity, before: Row, after: Row, run: Execution) -> Row:
    """Put the changed row in the place of the stored one. Raises Failure: 422 by a check, 409 by a key."""
    check_shared(entity, after, run)
    check(entity, after, run)
    rows = run.rows[entity.name]
    store(entity, after, run, taken=[row for row in rows if row is not before])
    rows[position(rows, before)] = after
    run.moved(before, after)
    auditing.record(entity, "update", before, after, run)
    return after


def update_all(step: UpdateAll, run: Execution) -> None:
    """Every matching row, in the order of the key: judged and checked as things are before, held by keys when all are
    changed."""
    entity = run.entity(step.entity)
    matching = [
        row
        for row in run.rows[entity.name]
        if run.permits(step.readable, row) and run.value(step.where, row) is True
    ]
    found = selecting.in_order((), entity, matching, run)
    afters = [changed(entity, row, dict(row), step.values, run) for row in found]
    for before, after in zip(found, afters, strict=True):
        judge(step.allowed, before, run)
        judge(step.after or step.allowed, after, run)
    for after in afters:
        check_shared(entity, after, run)
        check(entity, after, run)
    rows = run.rows[entity.name]
    for before, after in zip(found, afters, strict=True):
        rows[position(rows, before)] = after
        run.moved(before, after)
    touched = {each.field for each in step.values}
    several = sum(1 for key in unique_keys(entity) if touched & set(key)) > 1
    for after in afters:
        try:
            store(entity, after, run, taken=[row for row in rows if row is not after])
        except Failure as failure:  # a database meets the keys of many rows in an order of its own
            raise Failure("conflict") if several and failure.category == "conflict" else failure from None
    for before, after in zip(found, afters, strict=True):
        auditing.record(entity, "update", before, after, run)
    run.bindings[step.bind] = len(found)


def ensure(step: Ensure, run: Execution) -> None:
    """The row of the key, or a new one. A row that the caller may not read is in the way of both (409)."""
    entity = run.entity(step.entity)
    there, row = existing(step, entity, run)
    if there is None:
        run.bindings[step.bind] = insert(entity, row, step.allowed, run)
    elif run.permits(step.readable, there):
        run.bindings[step.bind] = there
    else:
        raise Failure("conflict", [(entity.wire(name), "taken") for name in step.by])
    run.bindings[f"{step.bind}_created"] = there is None


def existing(step: Ensure | Upsert, entity: Entity, run: Execution) -> tuple[Row | None, Row]:
    """The row whose key has the values given, and the one that would be made otherwise."""
    given = {each.field: each.value for each in step.values}
    wanted = [stored(given_value(given[name], run), entity.field(name).type) for name in step.by]
    for row in run.rows[entity.name]:
        if None not in wanted and [row[name] for name in step.by] == wanted:
            return row, row
    return None, candidate(entity, step.values, run)


def upsert(step: Upsert, run: Execution) -> None:
    """A new row, or changes to the one of the key."""
    entity = run.entity(step.entity)
    there, row = existing(step, entity, run)
    run.bindings[f"{step.bind}_created"] = there is None
    if there is None:
        run.bindings[step.bind] = insert(entity, row, step.created, run)
        return
    if step.if_exists is not None and run.value(step.if_exists, there) is not True:
        raise conflict(step.otherwise)
    after = changed(entity, there, dict(there), step.changes, run)
    judge(step.updated, there, run)
    judge(step.after or step.updated, after, run)
    run.bindings[step.bind] = replace(entity, there, after, run)


SEVERAL = 2
"""So many unique keys are told apart before a row is stored; a single one, and limits, when it is."""


def store(entity: Entity, row: Row, run: Execution, *, taken: Sequence[Row]) -> None:
    """Refuses a row whose unique keys are taken: the first of them in declared order. And one beyond its limits."""
    within = all(is_within(row[field.name], field) for field in entity.fields)
    keys = list(unique_keys(entity))
    given = keys if entity.composite or entity.field(entity.key).input else keys[1:]
    if not within and len(given) < SEVERAL:
        raise Failure("invalid")
    for key in keys:
        values = [row[name] for name in key]
        if None not in values and any(
            [other[name] for name in key] == values for other in taken if other is not row
        ):
            raise Failure("conflict", [(entity.wire(name), "taken") for name in key])
    if not within:
        raise Failure("invalid")
    if any(not refers(row[field.name], field, run) for field in entity.fields):
        raise Failure("conflict")


def refers(value: Any, field: Field, run: Execution) -> bool:
    """Whether all that a field refers to is still there: a row that the operation itself deleted is not."""
    kind = field.type
    if not isinstance(kind, ReferenceType | ManyType):
        return True
    target = run.entity(kind.entity)
    wanted = value if isinstance(value, list) else [value]
    lost = [key for key in wanted if (target.name, key) in run.removed]
    return not any(all(row[target.key] != key for row in run.rows[target.name]) for key in lost)


def unique_keys(entity: Entity) -> Iterator[tuple[str, ...]]:
    """The unique keys in declared order: the key itself, fields, then indexes."""
    keys = [entity.keys]
    keys += [(field.name,) for field in entity.fields if field.unique]
    keys += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
    yield from dict.fromkeys(keys)


def given_value(formula: Formula, run: Execution, this: Row | None = None, **names: Any) -> Any:
    """What a step sets a field to: rows are the list of their keys."""
    found, kind = run.value(formula, this, **names), formula.meaning.type
    if kind.kind != "rows" or kind.entity is None:
        return found
    environment = run.environment()
    return [environment.key_of(each, kind.entity) if isinstance(each, dict) else each for each in found]


def stored(value: Any, kind: FieldType) -> Any:
    """The value as it is kept in a field: decimals with its digits, passwords marked, each key listed once."""
    if value is None:
        return [] if isinstance(kind, ManyType) else None
    match kind:
        case ScalarType(scalar="password"):
            return Password(value)
        case ScalarType(scalar="decimal", scale=scale):
            return rounded(Decimal(value), scale or 0)
        case ScalarType(scalar="double"):
            return float(value)
        case ManyType():
            return list(dict.fromkeys(value))
        case ListType(element=element):
            return [stored(each, element) for each in value]
        case _:
            return value


def position(rows: Sequence[Row], row: Row) -> int:
    """Where exactly this row is."""
    return next(place for place, other in enumerate(rows) if other is row)
