"""Tells which references of a new row stay within a tenant whatever they are: both come from the same row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backwright.expr.shape import Shape, shape
from backwright.expr.typed import Expression, Name
from backwright.expr.typed import Member as MemberOf
from backwright.model.types import Assignment, Create, Entity, Field, Model, ReferenceType, Step

Given = Mapping[tuple[str, str], Shape]


def certain(
    entity: Entity, given: Sequence[Assignment], before: Iterable[Step], model: Model
) -> frozenset[str]:
    """The references of a new row that are to rows of the tenant which `given` says, after the steps `before`."""
    made = _made(before, model)
    values = {each.field: each.value.meaning for each in given}
    found = set()
    for field in entity.fields:
        if field.same is None or not {field.name, field.same} <= values.keys():
            continue
        there = _tenant_of(values[field.name], field, made, model)
        if there is not None and there == _known(values[field.same], made):
            found.add(field.name)
    return frozenset(found)


def stays(target: Entity, name: str) -> bool:
    """Whether a row always has a value of this field, and keeps it."""
    field = target.field(name)
    return not field.nullable and (field.immutable or name in (target.tenancy, *target.keys))


def _tenant_of(value: Expression, field: Field, made: Given, model: Model) -> Shape | None:
    """The tenant of the row that a reference is to; None where that is not known, or may change."""
    if not isinstance(field.type, ReferenceType) or field.same is None:
        return None
    target = model.entity(field.type.entity)
    if not stays(target, field.same):
        return None
    match value:
        case Name(root="binding" | "caller", binding=binding):
            return made.get((binding or "", field.same), ("member", shape(value), field.same))
        case MemberOf(of=Name(root="binding" | "caller", binding=binding) as of, entity=name, field=reached):
            shared = model.entity(name).field(reached).same
            if shared is None:
                return None
            return made.get((binding or "", shared), ("member", shape(of), shared))
        case _:
            return None


def _known(value: Expression, made: Given) -> Shape:
    match value:
        case MemberOf(of=Name(root="binding", binding=str(binding)), field=field):
            return made.get((binding, field), shape(value))
        case _:
            return shape(value)


def _made(steps: Iterable[Step], model: Model) -> Given:
    """What steps gave to the rows that they made, of fields that keep it: by binding and field."""
    made: dict[tuple[str, str], Shape] = {}
    for step in steps:
        if isinstance(step, Create) and step.each is None:
            entity = model.entity(step.entity)
            made |= {
                (step.bind, each.field): _known(each.value.meaning, made)
                for each in step.values
                if stays(entity, each.field)
            }
    return made
