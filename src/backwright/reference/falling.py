"""In which order rows go with another one: what holds others goes before them. Of one kind, in the order of keys."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Entity, Field, Model

Holder = tuple[Entity, Field]


def referring(entity: str, model: Model, *how: str) -> Iterator[Holder]:
    """The references that lead to an entity, by what becomes of them."""
    for holder, field, kind in model.references.get(entity, ()):
        if kind.on_delete in how or not how:
            yield holder, field


def falling(entity: str, model: Model) -> set[str]:
    """Whose rows may go with one of this entity."""
    found: set[str] = set()
    new = {entity}
    while new:
        found |= new
        new = {holder.name for name in new for holder, _ in referring(name, model, "cascade")} - found
    return found


def in_turn(entity: Entity, model: Model) -> list[Holder]:
    """The references to an entity in the order in which their rows go or let go."""
    every = list(referring(entity.name, model))
    along = falling(entity.name, model)
    held = {
        (holder.name, name)
        for name in along
        for holder, _ in referring(name, model, "restrict")
        if holder.name in along
    }
    if all(holder == name for holder, name in held):
        return every
    going = list(referring(entity.name, model, "cascade"))
    order: list[Holder] = []
    while going:
        free = [one for one in going if not _waits(one, going, held, model)]
        order.append((free or going)[0])
        going.remove(order[-1])
    return [*referring(entity.name, model, "set_null"), *order, *referring(entity.name, model, "restrict")]


def _waits(one: Holder, going: list[Holder], held: set[tuple[str, str]], model: Model) -> bool:
    """Whether rows of another reference hold rows of this one."""
    own = falling(one[0].name, model)
    others = (falling(holder.name, model) for holder, field in going if field is not one[1])
    return any(holder in other and name in own for other in others for holder, name in held)
