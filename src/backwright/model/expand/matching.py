"""Which path parameters find which row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from backwright.model.expand.building import Building
from backwright.model.expand.routes import Segment
from backwright.model.naming import snake
from backwright.model.types import Entity, Field, PathParameter, ReferenceType, ScalarType

ANY_TEXT = ScalarType(scalar="string", max=255)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an entity that path parameters give: parameter name → field name."""

    fields: Mapping[str, str]
    rank: int = 0


def match(
    entity: Entity,
    path: Sequence[Segment],
    used: set[str],
    building: Building,
    *,
    given: frozenset[str] = frozenset(),
    first: bool = False,
) -> Match | None:
    """The parameters that identify a row; None where none do.

    `given` are fields that the row's parent fills; parameters in `used` found another row, and are only used
    again where there is no other. `first`: the row stands before others in the path (a parent), so that the
    place in the path counts more than the kind of key. A parameter behind the entity's own plural is always
    preferred: `/articles/{slug}/comments/{id}`.
    """
    free = [segment for segment in path if segment.name not in used]
    found = _best(entity, free, building, given, first=first)
    if found is None and len(path) == 1:
        found = _best(entity, path, building, given, first=first)
    return found


def _best(
    entity: Entity, path: Sequence[Segment], building: Building, given: frozenset[str], *, first: bool
) -> Match | None:
    order = {segment.name: number for number, segment in enumerate(path)}
    near = {segment.name for segment in path if _is_own(segment.after, entity)}

    def preference(found: Match) -> tuple[bool, int, int]:
        at = min((order[name] for name in found.fields), default=len(order))
        own = bool(near & set(found.fields))
        return (not own, at, found.rank) if first else (not own, found.rank, at)

    return min(_ways(entity, order, building, given), key=preference, default=None)


def _ways(
    entity: Entity, names: Mapping[str, int], building: Building, given: frozenset[str]
) -> Iterator[Match]:
    fields = building.fields[entity.name]
    if entity.composite:
        whole = _several(entity.composite, names, fields, given)
        if whole is not None:
            yield Match(fields=whole, rank=0)
    elif entity.key in names:
        yield Match(fields={entity.key: entity.key}, rank=0)
    for field in entity.fields:
        if field.unique and field.name in names and field.name != entity.key:
            yield Match(fields={field.name: field.name}, rank=1)
    for index in entity.indexes:
        keys = tuple(term.field for term in index.terms)
        if index.unique and (len(keys) > 1 or keys[0] in names):
            found = _several(keys, names, fields, given)
            if found:
                yield Match(fields=found, rank=2)
    if not entity.composite:
        for name in (snake(entity.name), f"{snake(entity.name)}_{entity.key}"):
            if name in names:
                yield Match(fields={name: entity.key}, rank=3)


def _several(
    keys: tuple[str, ...], names: Mapping[str, int], fields: Mapping[str, Field], given: frozenset[str]
) -> dict[str, str] | None:
    """Parameters for all fields of a key that are not given; a reference may be called like its row's key."""
    found: dict[str, str] = {}
    for key in keys:
        if key in given:
            continue
        kind = fields[key].type if key in fields else None
        spoken = [key, f"{key}_id"]
        spoken += [snake(kind.entity)] if isinstance(kind, ReferenceType) else []
        name = next((name for name in spoken if name in names and name not in found), None)
        if name is None:
            return None
        found[name] = key
    return found


def _is_own(literal: str, entity: Entity) -> bool:
    return literal.replace("-", "_").lower() in (entity.plural, snake(entity.name))


def path_parameter(segment: Segment, field: Field | None, building: Building) -> PathParameter:
    """A parameter that is like a field: a reference comes as the key of its row."""
    return PathParameter(
        name=segment.name,
        type=ANY_TEXT if field is None else path_type(field, building),
        wire=segment.wire if segment.wire != segment.name else None,
        folded=field is not None and field.folded,
    )


def path_type(field: Field, building: Building) -> ScalarType:
    """The type of a path segment that holds a field's value."""
    seen: set[str] = set()
    while isinstance(field.type, ReferenceType) and field.type.entity in building.entities:
        target = building.entities[field.type.entity]
        if target.name in seen:
            return ANY_TEXT
        seen.add(target.name)
        field = building.fields[target.name][target.key]
    return field.type if isinstance(field.type, ScalarType) else ANY_TEXT
