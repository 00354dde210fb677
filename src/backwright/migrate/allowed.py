"""Which rows a migration can carry over: what a proof stores, since rows in the way are refused before it begins."""

from __future__ import annotations

import msgspec

from backwright.migrate.obstacles import valueless
from backwright.model.types import Entity, Field, Model
from backwright.plan.fields import fit
from backwright.plan.meaning import Renames
from backwright.plan.renames import pairs, renames_between


def carried(before: Model, after: Model) -> Model:
    """The earlier model with what the later one demands of the same fields: not null, unique, narrower bounds."""
    renames = renames_between(before, after)
    now = {old.name: _demanding(old, new, renames) for old, new in pairs(before, after, renames)}
    entities = tuple(now.get(entity.name, entity) for entity in before.entities)
    return msgspec.structs.replace(before, entities=entities)


def emptied(before: Model, after: Model) -> frozenset[str]:
    """Earlier entities that may have no rows: a new field has no value for them."""
    renames = renames_between(before, after)
    found = set()
    for old, new in pairs(before, after, renames):
        had = {renames.field_after(old.name, field.name) for field in old.fields}
        if any(valueless(field) for field in new.fields if field.name not in had):
            found.add(old.name)
    return frozenset(found)


def _demanding(old: Entity, new: Entity, renames: Renames) -> Entity:
    later = {field.name: field for field in new.fields}
    fields = tuple(
        _both(field, later.get(renames.field_after(old.name, field.name)), renames) for field in old.fields
    )
    return msgspec.structs.replace(old, fields=fields)


def _both(field: Field, later: Field | None, renames: Renames) -> Field:
    if later is None:
        return field
    narrower = fit(field.type, later.type, renames) == "narrower"
    return msgspec.structs.replace(
        field,
        type=later.type if narrower else field.type,
        nullable=field.nullable and later.nullable,
        unique=field.unique or later.unique,
    )
