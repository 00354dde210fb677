"""Which rows a migration can carry over: what a proof stores, since rows in the way are refused before it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from backwright.migrate.converted import converted, within
from backwright.migrate.values import Value, value_of
from backwright.model.types import Entity, Field, ManyType, Model, ScalarType
from backwright.plan.fields import filled, fit, valueless
from backwright.plan.keys import former_field, is_made
from backwright.plan.parts import moved_to
from backwright.plan.renames import pairs, renames_between
from backwright.reference.evaluate import Environment, evaluate

Row = dict[str, Any]
NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Successor:
    """What the rows of an earlier model become in the later one."""

    def __init__(self, before: Model, after: Model) -> None:
        self.before, self.after = before, after
        self.renames = renames_between(before, after)
        self._entities = {old.name: new for old, new in pairs(before, after, self.renames)}

    def entity(self, former: str) -> Entity | None:
        """The later form of an entity that stays."""
        return self._entities.get(former)

    def field(self, owner: str, former: str) -> Field | None:
        """The later form of a field that stays."""
        entity, name = self.entity(owner), self.renames.field_after(owner, former)
        return next((field for field in entity.fields if field.name == name), None) if entity else None

    def demanding(self) -> Model:
        """The earlier model with what the later one demands of the same fields: not null, unique, narrower bounds."""
        entities = tuple(self._demanding(entity) for entity in self.before.entities)
        return msgspec.structs.replace(self.before, entities=entities)

    def emptied(self) -> frozenset[str]:
        """Earlier entities that may have no rows: a new field has no value for them."""
        moved = moved_to(self.before, self.after)
        return frozenset(
            old
            for old, new in self._entities.items()
            for field in self._new(old, new)
            if valueless(field) and not is_made(new, field) and (new.name, field.name) not in moved
        )

    def telling(self, entity: Entity) -> list[str]:
        """Later fields that tell the rows of an earlier entity apart; none where each gets a key of its own."""
        later = self.entity(entity.name)
        if later is None:
            return []
        had = {self.renames.field_after(entity.name, field.name) for field in entity.fields}
        former = [self.renames.field_after(entity.name, each) for each in entity.keys]
        stays = {field.name for field in later.fields} >= set(former) and not self._anew(entity, later)
        return former if stays else [each for each in later.keys if set(later.keys) <= had]

    def _anew(self, entity: Entity, later: Entity) -> bool:
        """Whether rows get another key under the same name."""
        made = is_made(later, later.field(later.key))
        return made and former_field(entity, later, later.key, self.renames) is None

    def row(self, entity: Entity, row: Row) -> Row | None:
        """The row as it is after the migration, by later names; None where it cannot be carried over."""
        later = self.entity(entity.name)
        if later is None:
            return dict(row)
        found: Row = {field.name: self._given(field) for field in self._new(entity.name, later)}
        for field in entity.fields:
            after = self.field(entity.name, field.name)
            if after is None:
                continue
            if isinstance(field.type, ManyType) or isinstance(after.type, ManyType):
                found[after.name] = None  # judged by its links
                continue
            try:
                value = self._value(row[field.name], entity.name, field, after)
            except ValueError:
                return None
            if value is None and filled(field, after):
                value = self._given(after)
            if value is None and not after.nullable:
                return None
            found[after.name] = value
        return found

    def source(self, owner: str, field: Field, given: Value, number: int, *, boundary: bool) -> Value:
        """A value of the earlier type that has a counterpart: the given one, or what would come back of a later one."""
        kind, former = self.conversion(owner, field), field.type
        if kind is None or not isinstance(former, ScalarType):
            return given
        later = [value_of(field.name, kind, number, boundary=far) for far in (boundary, False)]
        for value in (given, *(_back(each, kind, former) for each in later)):
            if value is None or not within(value, former):
                continue
            try:
                _counterpart(value, former, kind)
            except ValueError:
                continue
            return value
        return None

    def conversion(self, owner: str, field: Field) -> ScalarType | None:
        """The later type of a field whose values are converted."""
        after = self.field(owner, field.name)
        if after is None or fit(field.type, after.type, self.renames) != "converted":
            return None
        return after.type if isinstance(after.type, ScalarType) else None

    def single(self, owner: str, field: Field) -> bool:
        """Whether links become a reference, so that each row lists one."""
        after = self.field(owner, field.name)
        return after is not None and not isinstance(after.type, ManyType)

    def changes(self, owner: str, field: Field) -> bool:
        """Whether values of the field become others."""
        after = self.field(owner, field.name)
        return after is not None and (self.conversion(owner, field) is not None or filled(field, after))

    def _value(self, value: Value, owner: str, before: Field, after: Field) -> Value:
        kind = self.conversion(owner, before)
        if kind is None or not isinstance(before.type, ScalarType):
            return value
        return _counterpart(value, before.type, kind)

    def _given(self, field: Field) -> Value:
        """What rows that exist get."""
        if field.generated == "version":
            return 1
        if field.default is None:
            return None
        return evaluate(field.default.meaning, Environment(now=NOW, keys={}, rows={}, this={}))

    def _new(self, old: str, new: Entity) -> list[Field]:
        had = {self.renames.field_after(old, field.name) for field in self.before.entity(old).fields}
        return [field for field in new.fields if field.name not in had]

    def _demanding(self, entity: Entity) -> Entity:
        fields = tuple(self._both(entity.name, field) for field in entity.fields)
        return msgspec.structs.replace(entity, fields=fields)

    def _both(self, owner: str, field: Field) -> Field:
        later, after = self.field(owner, field.name), self.entity(owner)
        if later is None or after is None:
            return field
        narrower = fit(field.type, later.type, self.renames) == "narrower"
        return msgspec.structs.replace(
            field,
            type=later.type if narrower else field.type,
            nullable=field.nullable and (later.nullable or filled(field, later)),
            unique=field.unique or later.unique or after.keys == (later.name,),
        )


def _counterpart(value: Value, former: ScalarType, later: ScalarType) -> Value:
    """Raises ValueError where it has none inside of the later bounds."""
    found = converted(value, former, later)
    if not within(found, later):
        raise ValueError(found)
    return found


def _back(value: Value, later: ScalarType, former: ScalarType) -> Value:
    try:
        return converted(value, later, former)
    except ValueError:
        return None
