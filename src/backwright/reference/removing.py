"""Removing rows, and what becomes of the rows that refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backwright.model.types import Delete, DeleteAll, Entity, ManyType, ReferenceType
from backwright.reference import auditing, selecting, writing
from backwright.reference.evaluate import Row
from backwright.reference.failures import Failure

if TYPE_CHECKING:
    from backwright.reference.steps import Execution


def delete(step: Delete, run: Execution) -> None:
    """The bound row."""
    entity = run.entity(step.entity)
    row: Row = run.bindings[step.bind]
    writing.judge(step.allowed, row, run)
    if step.match:
        writing.match_version(entity, row, run)
    remove(entity, row, run)


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
    for row in found:
        if any(other is row for other in run.rows[entity.name]):  # it may have gone with an earlier one
            remove(entity, row, run)
    run.bindings[step.bind] = len(found)


def remove(entity: Entity, row: Row, run: Execution) -> None:
    """Take a row out. Rows that refer to it stop this (409), go too, or lose the reference."""
    rows = run.rows[entity.name]
    del rows[writing.position(rows, row)]
    after = None
    if entity.soft_delete is not None:
        after = {**row, entity.soft_delete: run.now}
        run.gone[entity.name].append(after)
    auditing.record(entity, "delete", row, None, run)
    if not entity.composite:
        for holder in run.model.entities:
            _release(holder, entity, row, run)


def _release(holder: Entity, entity: Entity, row: Row, run: Execution) -> None:
    key = row[entity.key]
    for field in holder.fields:
        kind = field.type
        if isinstance(kind, ManyType) and kind.entity == entity.name:
            for other in run.rows[holder.name]:
                other[field.name] = [each for each in other[field.name] if each != key]
        if not isinstance(kind, ReferenceType) or kind.entity != entity.name:
            continue
        for other in [each for each in run.rows[holder.name] if each[field.name] == key]:
            if not any(each is other for each in run.rows[holder.name]):
                continue
            if kind.on_delete == "restrict":
                raise Failure("conflict")
            if kind.on_delete == "cascade":
                remove(holder, other, run)
            else:
                other[field.name] = None
