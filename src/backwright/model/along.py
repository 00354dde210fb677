"""What the going of a row does to others: which rows go along, and which stop it.

A row that goes along stops nothing: `restrict` is about the rows that would be left. Databases do not agree about
that where both rows go at once (PostgreSQL looks in the order of its constraints, SQLite at each row), so rows that
hold others go before them, one kind after the other; what no order can do is refused by a check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backwright.model.types import Entity, Field, Model, ReferenceType

Holder = tuple[Entity, Field]


def holders(entity: Entity, model: Model) -> Iterator[Holder]:
    """The references that lead to an entity's rows."""
    if entity.composite:
        return
    for holder in model.entities:
        for field in holder.fields:
            if isinstance(field.type, ReferenceType) and field.type.entity == entity.name:
                yield holder, field


def on_delete(field: Field) -> str:
    """What happens to the rows that refer by this field."""
    assert isinstance(field.type, ReferenceType)
    return field.type.on_delete


def closure(entity: Entity, model: Model) -> dict[str, Entity]:
    """The entities whose rows may go with one of this entity; itself first."""
    found = {entity.name: entity}
    waiting = [entity]
    while waiting:
        for holder, field in holders(waiting.pop(), model):
            if on_delete(field) == "cascade" and holder.name not in found:
                found[holder.name] = holder
                waiting.append(holder)
    return found


def held(entity: Entity, model: Model) -> Iterator[tuple[Holder, Entity]]:
    """References by which a row that goes along would stop another one of them, and whose rows these are."""
    along = closure(entity, model)
    for other in along.values():
        for holder, field in holders(other, model):
            if on_delete(field) == "restrict" and holder.name in along and holder is not other:
                yield (holder, field), other


def in_order(entity: Entity, model: Model) -> list[Holder]:
    """The references to an entity's rows in the order in which they are dealt with: what holds others goes first."""
    if not any(held(entity, model)):
        return list(holders(entity, model))
    found = [each for each in holders(entity, model) if on_delete(each[1]) == "set_null"]
    going = [each for each in holders(entity, model) if on_delete(each[1]) == "cascade"]
    while going:
        first = next((each for each in going if not _is_held(each, going, model)), going[0])
        going.remove(first)
        found.append(first)
    return found + [each for each in holders(entity, model) if on_delete(each[1]) == "restrict"]


def has_order(entity: Entity, model: Model) -> bool:
    """Whether the rows that go with one of this entity can go in some order without one holding another."""
    for along in closure(entity, model).values():
        left = [each for each in in_order(along, model) if on_delete(each[1]) == "cascade"]
        while left:
            if _is_held(left[0], left, model):
                return False
            left.pop(0)
    return True


def _is_held(one: Holder, going: Sequence[Holder], model: Model) -> bool:
    """Whether rows that go by another reference hold rows that go by this one."""
    within = closure(one[0], model)
    return any(
        holder.name in closure(other[0], model)
        for other in going
        if other is not one
        for target in within.values()
        for holder, field in holders(target, model)
        if on_delete(field) == "restrict"
    )
