"""Removing rows, and what becomes of the rows that refer to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.model.types import Delete, DeleteAll, Entity, Field, ManyType, ReferenceType
from backwright.reference import auditing, selecting, writing
from backwright.reference.evaluate import Row
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure
from backwright.reference.falling import in_turn, referring


def delete(step: Delete, run: Execution) -> None:
    """The bound row."""
    entity = run.entity(step.entity)
    row: Row = run.bindings[step.bind]
    writing.judge(step.allowed, row, run)
    if step.match:
        writing.match_version(entity, row, run)
    remove(entity, [row], run)


def delete_all(step: DeleteAll, run: Execution) -> None:
    """Every matching row, in the order of the key; all are judged before one is removed."""
    entity = run.entity(step.entity)
    matching = [
        row
        for row in run.rows[entity.name]
        if run.permits(step.readable, row) and run.value(step.where, row) is True
    ]
    found = selecting.in_order((), entity, matching, run)
    for row in found:
        writing.judge(step.allowed, row, run)
    remove(entity, found, run)
    run.bindings[step.bind] = len(found)


def remove(entity: Entity, rows: Sequence[Row], run: Execution) -> None:
    """Take rows out with all that go along. Rows that would be left stop them (409), or lose the reference."""
    going: dict[int, tuple[Entity, Row]] = {}
    for row in rows:
        _collect(entity, row, going, run)
    for each, row in going.values():
        if any(id(other) not in going for _, other in _referring(each, row, "restrict", run)):
            raise Failure("conflict")
        if each.soft_delete is None and _is_kept(each, row, run):
            raise Failure("conflict")
    for row in rows:
        _take_out(entity, row, run)


def _is_kept(entity: Entity, row: Row, run: Execution) -> bool:
    """Whether rows that were deleted softly keep one from being removed for good."""
    return any(
        each[field.name] == row[entity.key]
        for holder, field in referring(entity.name, run.model, "restrict")
        for each in run.gone[holder.name]
    )


def _collect(entity: Entity, row: Row, going: dict[int, tuple[Entity, Row]], run: Execution) -> None:
    if id(row) in going:
        return
    going[id(row)] = entity, row
    for holder, other in list(_referring(entity, row, "cascade", run)):
        _collect(holder, other, going, run)


def _referring(entity: Entity, row: Row, how: str, run: Execution) -> Iterator[tuple[Entity, Row]]:
    """The rows that refer to one by references with this `on_delete`."""
    for holder, field in referring(entity.name, run.model, how):
        yield from ((holder, other) for other in _holding(holder, field, entity, row, run))


def _holding(holder: Entity, field: Field, entity: Entity, row: Row, run: Execution) -> list[Row]:
    """The rows that refer to one by one reference, in the order of their keys."""
    found = [each for each in run.rows[holder.name] if each[field.name] == row[entity.key]]
    return selecting.in_order((), holder, found, run)


def _take_out(entity: Entity, row: Row, run: Execution) -> None:
    rows = run.rows[entity.name]
    if not any(each is row for each in rows):
        return  # it has gone with an earlier one
    del rows[writing.position(rows, row)]
    if entity.soft_delete is None:
        run.removed.add((entity.name, row[entity.key]))
    else:
        run.gone[entity.name].append({**row, entity.soft_delete: run.now})
    auditing.record(entity, "delete", row, None, run)
    _unlink(entity, row, run)
    for holder, field in in_turn(entity, run.model):
        for other in _holding(holder, field, entity, row, run):
            match field.type:
                case ReferenceType(on_delete="cascade"):
                    _take_out(holder, other, run)
                case ReferenceType(on_delete="set_null"):
                    other[field.name] = None
                case _:
                    pass  # it goes, too


def _unlink(entity: Entity, row: Row, run: Execution) -> None:
    """No row lists it any more."""
    for holder in run.model.entities:
        for field in holder.fields:
            if isinstance(field.type, ManyType) and field.type.entity == entity.name:
                for other in run.rows[holder.name]:
                    other[field.name] = [key for key in other[field.name] if key != row[entity.key]]
