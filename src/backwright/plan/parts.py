"""Fields that move to another entity: `was: Order.street` in one that refers to an order, or the other way round.

A row and its part belong together because the part refers to it. New parts may be several to a row from then on; parts
that join their row have to be the only one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.model import storage
from backwright.model.types import Entity, Field, Model, ReferenceType
from backwright.plan import codes
from backwright.plan.fields import fit, valueless
from backwright.plan.keys import is_made, rekeyed
from backwright.plan.meaning import Renames
from backwright.plan.renames import renames_between
from backwright.spec.diagnostics import Diagnostic, diagnose


class Parting(msgspec.Struct, frozen=True, kw_only=True):
    """A `part` takes fields of the entity `owner`, to which `reference` leads; or it `joins` it and gives them.

    `fields` says which later field was which earlier one. `several`: a row may have more than one part afterwards.
    """

    owner: str
    part: str
    reference: str
    fields: dict[str, str]
    joins: bool
    several: bool = False


def partings(before: Model, after: Model) -> list[Parting]:
    """What moves from one entity to another. Raises nothing: what cannot be is left out, and `unmoved` says why."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for owner, field, source, name in _said(before, after):
        if not _hindrance(before, after, owner, field, source, name):
            found.setdefault((owner.name, source.name), {})[field.name] = name
    return [_parting(before, after, owner, source, names) for (owner, source), names in found.items()]


def unmoved(before: Model, after: Model, renames: Renames) -> Iterator[Diagnostic]:
    """Fields that cannot move to where the specification says."""
    said = list(_said(before, after))
    for owner, field, source, name in said:
        why = _hindrance(before, after, owner, field, source, name)
        if not why and rekeyed(before, after, renames):
            why = "keys change in the same plan"
        if why:
            yield diagnose(
                codes.UNMOVED,
                field.place,
                f"{owner.name}.{field.name} cannot have the values of {source.name}.{name}: {why}.",
                f"Remove `was: {source.name}.{name}`, or make it a change of its own.",
            )


def moved_from(before: Model, after: Model) -> dict[tuple[str, str], str]:
    """Earlier entity and field to where its values are afterwards: `Address.street`."""
    return {
        (each.part if each.joins else each.owner, old): f"{each.owner if each.joins else each.part}.{new}"
        for each in partings(before, after)
        for new, old in each.fields.items()
    }


def moved_to(before: Model, after: Model) -> dict[tuple[str, str], str]:
    """Later entity and field to where its values were before."""
    return {
        (each.owner if each.joins else each.part, new): f"{each.part if each.joins else each.owner}.{old}"
        for each in partings(before, after)
        for new, old in each.fields.items()
    }


def _said(before: Model, after: Model) -> Iterator[tuple[Entity, Field, Entity, str]]:
    """`was: Order.street`, where it still says something: the earlier field is there, and this one is new."""
    former = {entity.name: entity for entity in before.entities}
    for owner in after.entities:
        had = {field.name for field in former[owner.name].fields} if owner.name in former else set()
        for field in owner.fields:
            name, _, of = (field.was or "").partition(".")
            source = former.get(name)
            if of and source and field.name not in had and of in {each.name for each in source.fields}:
                yield owner, field, source, of


def _hindrance(before: Model, after: Model, owner: Entity, field: Field, source: Entity, name: str) -> str:
    """Why the values cannot move; "" where they can."""
    was, had = source.field(name), {entity.name for entity in before.entities}
    now = {entity.name: entity for entity in after.entities}
    stays = now.get(source.name)
    if stays is not None and name in {each.name for each in stays.fields}:
        return f"{source.name}.{name} is still there"
    if any(model.security is not None and model.security.row_level for model in (before, after)):
        return "row-level security is on"
    if not (storage.is_column(was) and storage.is_column(field)):
        return "links do not move"
    if fit(was.type, field.type, renames_between(before, after)) not in ("same", "wider"):
        return "the types differ"
    if was.encrypted != field.encrypted or name in source.keys or field.name in owner.keys:
        return "it is a key, or encrypted in one of them"
    if owner.name in had:
        return _joining(before, owner, source)
    if stays is None:
        return f"{source.name} is no longer in the specification"
    return _splitting(owner, source, had)


def _splitting(part: Entity, owner: Entity, had: set[str]) -> str:
    if _only(part, owner.name, shared=True) is None:
        return f"{part.name} needs one reference to {owner.name}, and only one, that is never null"
    for field in part.fields:
        kind = field.type
        if isinstance(kind, ReferenceType) and kind.entity not in had:
            return f"{part.name}.{field.name} refers to what is new"
        moved = (field.was or "").startswith(f"{owner.name}.")
        mine = isinstance(kind, ReferenceType) and kind.entity == owner.name
        if valueless(field) and not (moved or mine or is_made(part, field)):
            return f"rows of {part.name} would have no value in {field.name}"
    return ""


def _joining(before: Model, owner: Entity, part: Entity) -> str:
    if _only(part, owner.name) is None or owner.name not in {each.name for each in before.entities}:
        return (
            f"{part.name} has no reference to {owner.name} that is unique; make it so first: rows that share one are "
            "named then"
        )
    return "deleted parts are kept" if part.soft_delete is not None else ""


def _only(part: Entity, owner: str, *, shared: bool = False) -> str | None:
    """The one reference of a part to the entity that it belongs to, which no two parts share unless they may."""
    found = [
        field
        for field in part.fields
        if isinstance(field.type, ReferenceType) and field.type.entity == owner and not field.nullable
    ]
    usable = [field.name for field in found if shared or field.unique or part.keys == (field.name,)]
    return usable[0] if len(found) == 1 and usable else None


def _parting(before: Model, after: Model, owner: str, source: str, names: dict[str, str]) -> Parting:
    joins = owner in {entity.name for entity in before.entities}
    part = before.entity(source) if joins else after.entity(owner)
    whole = owner if joins else source
    alone = _only(part, whole)
    return Parting(
        owner=whole,
        part=part.name,
        reference=alone or _only(part, whole, shared=True) or "",
        fields=names,
        joins=joins,
        several=alone is None,
    )
