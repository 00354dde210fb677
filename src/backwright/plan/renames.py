"""What `was:` says: which entity and field of the later model is which of the earlier one."""

from __future__ import annotations

from backwright.model.types import Entity, Model
from backwright.plan.meaning import Renames


def renames_between(before: Model, after: Model) -> Renames:
    """What `was:` says, where it still says something: the old name is gone and the new one is new."""
    former = {entity.name: entity for entity in before.entities}
    entities: dict[str, str] = {}
    for entity in after.entities:
        if entity.was and _moved(entity.was, entity.name, set(former), {e.name for e in after.entities}):
            entities[entity.name] = entity.was
    fields: dict[tuple[str, str], str] = {}
    for entity in after.entities:
        old = former.get(entities.get(entity.name, entity.name))
        if old is None:
            continue
        had, has = {field.name for field in old.fields}, {field.name for field in entity.fields}
        for field in entity.fields:
            if field.was and _moved(field.was, field.name, had, has):
                fields[entity.name, field.name] = field.was
    return Renames(entities, fields)


def _moved(was: str, name: str, had: set[str], has: set[str]) -> bool:
    return was in had and was not in has and name not in had


def pairs(before: Model, after: Model, renames: Renames) -> list[tuple[Entity, Entity]]:
    """Entities that are in both models, earlier and later, in the later model's order."""
    former = {renames.entity_after(entity.name): entity for entity in before.entities}
    return [(former[entity.name], entity) for entity in after.entities if entity.name in former]
