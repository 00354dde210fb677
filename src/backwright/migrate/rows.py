"""Rows to prove a migration on: made from the model alone, the same every time.

Every column gets ordinary and boundary values, and every nullable one also null. Unique columns never repeat
a value; where a type has too few of them, or rows would collide in a unique index, there are fewer rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from backwright.migrate.conditions import check_sql
from backwright.migrate.values import Value, ciphertext, key, value_of
from backwright.model import storage
from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType
from backwright.plan.tables import dependency_order
from backwright.reference.evaluate import Environment, Overflow, evaluate

Row = dict[str, Any]
_SHIFTS = (0, 1, -1, 10, -10, 100, -100, 1000)
"""How much further each column's ordinary value is than that of the column before, in one variant after the other."""

_NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Rows(msgspec.Struct, frozen=True):
    """The rows of one table: column names, and a value for each column."""

    table: str
    columns: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]


def rows(model: Model, per_table: int, empty: Collection[str] = ()) -> list[Rows]:
    """Rows for every table of the model, referenced tables first, links last; none for entities in `empty`."""
    making = _Making(model, per_table, empty)
    order = dependency_order(model.entities)
    tables = [making.table(entity) for entity in order]
    links = [
        making.links(entity, field)
        for entity in order
        for field in entity.fields
        if isinstance(field.type, ManyType)
    ]
    return [*tables, *links]


class _Making:
    """The rows so far: `made` are those of each entity, by field name."""

    def __init__(self, model: Model, count: int, empty: Collection[str]) -> None:
        self.model = model
        self.count = count
        self.empty = empty
        self.made: dict[str, list[Row]] = {}

    def table(self, entity: Entity) -> Rows:
        fields = storage.columns(entity)
        self.made[entity.name] = []
        for row in self.distinct(entity):
            self.made[entity.name].append(row)
        values = tuple(tuple(row[field.name] for field in fields) for row in self.made[entity.name])
        return Rows(entity.table, tuple(field.column for field in fields), values)

    def distinct(self, entity: Entity) -> Iterator[Row]:
        """Up to `count` rows; candidates that collide with an earlier row in a unique index are left out."""
        groups = [entity.keys, *((field.name,) for field in entity.fields if field.unique)]
        groups += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
        conditions = [
            each.condition.meaning for each in entity.checks if self.is_constraint(entity, each.condition)
        ]
        seen: set[tuple[int, tuple[Value, ...]]] = set()
        found = 0
        for number in range(0 if entity.name in self.empty else self.count * 4):
            if found == self.count:
                return
            row = self.satisfying(entity, number, conditions)
            if row is None:
                continue
            marks = {(n, tuple(row[name] for name in group)) for n, group in enumerate(groups)}
            marks = {(n, values) for n, values in marks if None not in values}
            if marks & seen:
                continue
            seen |= marks
            found += 1
            yield row

    def is_constraint(self, entity: Entity, condition: Any) -> bool:
        return any(check_sql(self.model, entity, condition, dialect) for dialect in ("postgresql", "sqlite"))

    def satisfying(self, entity: Entity, number: int, conditions: Sequence[Any]) -> Row | None:
        """A row that the database's checks let through: the first of a few variants."""
        keys = {each.name: each.keys for each in self.model.entities}
        for variant in range(len(_SHIFTS) if conditions else 1):
            row = self.row(entity, number, variant)
            if row is None:
                return None
            around = Environment(now=_NOW, keys=keys, rows={}, this=row)
            try:
                if all(evaluate(condition, around) is True for condition in conditions):
                    return row
            except Overflow:
                continue
        return None

    def row(self, entity: Entity, number: int, variant: int) -> Row | None:
        """One row, or None when a reference that must not be null has nothing to refer to."""
        fields = storage.columns(entity)
        found: Row = {}
        stride = 1
        for position, field in sorted(enumerate(fields), key=lambda each: each[1].same is not None):
            if field.name not in entity.keys and field.nullable and (number + position) % 3 == 0:
                found[field.name] = None
            elif isinstance(field.type, ReferenceType):
                targets = self.targets(entity, field, field.type, found)
                found[field.name] = targets[number // stride % len(targets)] if targets else None
                stride *= max(1, len(targets))
                if not targets and not field.nullable:
                    return None
            else:
                found[field.name] = self.value(entity, field, number, position, variant)
        return found

    def targets(self, entity: Entity, field: Field, kind: ReferenceType, row: Row) -> list[Value]:
        """Keys that the reference can hold: of rows that agree in what both share; of its own table the first."""
        target = self.model.entity(kind.entity)
        there = self.made.get(target.name, [])
        if field.same is not None:
            there = [each for each in there if each[field.same] == row[field.same]]
        if target.name == entity.name:
            return [each[target.key] for each in there[:1]] or [row[target.key]]
        return [each[target.key] for each in there]

    def value(self, entity: Entity, field: Field, number: int, position: int, variant: int) -> Value:
        if field.encrypted:
            return ciphertext(field.name, number)
        if field.generated == "sequence":
            return number + 1
        if field.name == entity.key and not field.input and field.generated is None:
            return key(entity.name, number)
        boundary = variant == 0 and (number + position) % 3 == 1
        kind = storage.stored_type(self.model, field.type)
        return value_of(field.name, kind, number + position * _SHIFTS[variant], boundary=boundary)

    def links(self, entity: Entity, field: Field) -> Rows:
        """Each row lists two of those that it may list."""
        target = self.model.entity(field.type.entity if isinstance(field.type, ManyType) else "")
        pairs: dict[tuple[Value, Value], None] = {}
        for number, row in enumerate(self.made[entity.name]):
            there = self.made[target.name]
            if field.same is not None:
                there = [each for each in there if each[field.same] == row[field.same]]
            for step in (0, 1):
                if there:
                    pairs[row[entity.key], there[(number + step) % len(there)][target.key]] = None
        table = storage.link_table(entity, field.name)
        return Rows(table, storage.link_columns(entity, field.name, target), tuple(pairs)[: self.count])
