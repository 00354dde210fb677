"""Rows behind references, read in the statement of the row that refers to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backwright.emit.judge import is_row
from backwright.emit.names import snake
from backwright.emit.repositories.projections import Joined, Projection
from backwright.emit.views.batch import Batch
from backwright.emit.views.shapes import safe
from backwright.expr.typed import Conditional, Constant, Expression
from backwright.expr.typed import Member as MemberOf
from backwright.model.readable import holds_of
from backwright.model.types import Entity, Field, ReferenceType, Rule

if TYPE_CHECKING:
    from backwright.emit.views.writer import BatchWriter

MOST_JOINS = 6
"""Rows behind references in one statement; the tables that a database orders well are not without end."""


def joined(writer: BatchWriter, row: Expression, batch: Batch, given: Sequence[str]) -> Joined | None:
    """The row behind a reference of the row at hand, read with it, where its view shows nothing but itself."""
    target = batch.projection.entity
    row, rule = _guarded(row, target)
    if not isinstance(row, MemberOf) or not is_row(row.of) or not batch.plain or writer.recursive:
        return None
    field = writer.entity.field(row.field)
    if not isinstance(field.type, ReferenceType) or target.composite:
        return None
    if given and batch.projection.extras:
        return None  # what the database computes of it may depend on what it is given
    tables = {
        name for each in writer.model.entities for name in (each.table, writer.names.plurals[each.name])
    }
    name = safe(snake(field.name))
    found = Joined(
        name=name,
        called=f"its_{name}" if name in tables else name,
        field=field,
        projection=batch.beside,
        nullable=row.type.nullable or target.soft_delete is not None or rule is not None,
        readable=rule,
    )
    there = [each for each in writer.joins.values() if each.field == field]
    if there:
        return there[0] if there[0] == found else None
    joins = {**writer.joins, found.name: found}
    aliases = Projection(entity=writer.entity, fields=(), joins=tuple(joins.values())).aliases()
    if len(aliases) > MOST_JOINS or len({*aliases, *tables}) < len(aliases) + len(tables):
        return None
    if name in writer.extras or any(each.column == name for each in writer.entity.fields):
        return None
    writer.joins = joins
    if batch.beside != batch.projection:
        writer.views.beside.add(batch.name)
    return found


def beside(writer: BatchWriter, projection: Projection) -> Projection:
    """What is read of a row that stands beside another: nothing that is not shown."""
    if projection.name is not None or writer.entity.composite:
        return projection
    shown_here = {*writer.fields, writer.entity.key}
    fields = key_first(writer.entity, [each for each in projection.fields if each.name in shown_here])
    if fields == projection.fields:
        return projection
    return Projection(entity=writer.entity, fields=fields, name=writer.row_name())


def key_first(entity: Entity, fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields with the key ahead: by its first value a row that is read beside another is there or is not."""
    return tuple(sorted(fields, key=lambda field: field.name not in entity.keys))


def _guarded(row: Expression, target: Entity) -> tuple[Expression, Rule | None]:
    """A row that is shown, and the rule of its entity, where that is all that decides whether it is."""
    rule = target.access["read"]
    match row:
        case Conditional(when=when, then=then, otherwise=Constant(value=None)) if rule is not None:
            return (then, rule) if when == holds_of(rule, then, set()) else (row, None)
        case _:
            return row, None
