"""Rows to prove a migration on: made from the model alone, the same every time.

Every column gets ordinary and boundary values, and every nullable one also null. Unique columns never repeat
a value; where a type has too few of them, or rows would collide in a unique index, there are fewer rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from backwright.expr.typed import Expression
from backwright.migrate.allowed import NOW, Successor
from backwright.migrate.conditions import check_sql
from backwright.migrate.values import Value, ciphertext, key, value_of
from backwright.model import storage
from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType
from backwright.plan.tables import dependency_order
from backwright.reference.evaluate import Environment, Overflow, evaluate

Row = dict[str, Any]
_SHIFTS = (0, 1, -1, 10, -10, 100, -100, 1000)
"""How much further each column's ordinary value is than that of the column before, in one variant after the other."""


class Rows(msgspec.Struct, frozen=True):
    """The rows of one table: column names, and a value for each column."""

    table: str
    columns: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]


def rows(model: Model, per_table: int, successor: Successor | None = None) -> list[Rows]:
    """Rows for every table of the model, referenced tables first, links last.

    With a `successor`, only rows that a migration to the later model can carry over.
    """
    making = _Making(successor.demanding() if successor else model, per_table, successor)
    order = dependency_order(making.model.entities)
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

    def __init__(self, model: Model, count: int, successor: Successor | None) -> None:
        self.model = model
        self.count = count
        self.successor = successor
        self.empty = successor.emptied() if successor else frozenset()
        self.keys = {each.name: each.keys for each in model.entities}
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
        seen: set[tuple[int, bool, tuple[Value, ...]]] = set()
        found = 0
        for number in range(0 if entity.name in self.empty else self.count * 4):
            if found == self.count:
                return
            made = self.satisfying(entity, number)
            if made is None:
                continue
            marks = {
                (place, row is made[1], values)
                for owner, row in zip((entity, self.later(entity)), made, strict=True)
                for place, values in enumerate(_unique(owner, row))
                if None not in values
            }
            if marks & seen:
                continue
            seen |= marks
            found += 1
            yield made[0]

    def later(self, entity: Entity) -> Entity:
        """What the entity becomes; itself where nothing is said of it."""
        return (self.successor and self.successor.entity(entity.name)) or entity

    def satisfying(self, entity: Entity, number: int) -> tuple[Row, Row] | None:
        """A row that the database's checks let through, and what it becomes: the first of a few variants."""
        now = self.conditions(self.model, entity)
        stays = self.successor and self.successor.entity(entity.name)
        then = self.conditions(self.successor.after, stays) if self.successor and stays else []
        for variant in range(len(_SHIFTS) if now or then else 1):
            row = self.row(entity, number, variant)
            if row is None:
                return None
            becomes = self.successor.row(entity, row) if self.successor else dict(row)
            if becomes is not None and self.hold(now, row) and self.hold(then, becomes):
                return row, becomes
        return None

    def conditions(self, model: Model, entity: Entity) -> list[Expression]:
        """The checks that a database holds its rows to."""
        return [
            check.condition.meaning
            for check in entity.checks
            if any(check_sql(model, entity, check.condition, dialect) for dialect in ("postgresql", "sqlite"))
        ]

    def hold(self, conditions: Sequence[Expression], row: Row) -> bool:
        """Whether all of this is true of the row."""
        around = Environment(now=NOW, keys=self.keys, rows={}, this=row)
        try:
            return all(evaluate(each, around) is True for each in conditions)
        except Overflow:
            return False

    def row(self, entity: Entity, number: int, variant: int) -> Row | None:
        """One row; None when there is no value for what must not be null."""
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
                if found[field.name] is None and not field.nullable:
                    return None
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
        shifted = number + position * _SHIFTS[variant]
        value = value_of(field.name, kind, shifted, boundary=boundary)
        if self.successor is None:
            return value
        return self.successor.source(entity.name, field, value, shifted, boundary=boundary)

    def links(self, entity: Entity, field: Field) -> Rows:
        """Each row lists two of those that it may list."""
        target = self.model.entity(field.type.entity if isinstance(field.type, ManyType) else "")
        pairs: dict[tuple[Value, Value], None] = {}
        for number, row in enumerate(self.made[entity.name]):
            there = self.made[target.name]
            if field.same is not None:
                there = [each for each in there if each[field.same] == row[field.same]]
            single = self.successor and self.successor.single(entity.name, field)
            for step in (0,) if single else (0, 1):
                if there:
                    pairs[row[entity.key], there[(number + step) % len(there)][target.key]] = None
        table = storage.link_table(entity, field.name)
        return Rows(table, storage.link_columns(entity, field.name, target), tuple(pairs)[: self.count])


def _unique(entity: Entity, row: Row) -> list[tuple[Value, ...]]:
    """The values that no other row may have all of: of each key in turn."""
    groups = [entity.keys, *((field.name,) for field in entity.fields if field.unique)]
    groups += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
    return [tuple(row[name] for name in group) for group in groups]
