"""How a type or a field differs from its former self, in words and in what stored rows can follow."""

from __future__ import annotations

from typing import Literal as OneOf

from backwright.model.types import Field, FieldType, ListType, ManyType, RecordType, ReferenceType, ScalarType
from backwright.plan.meaning import NO_RENAMES, Renames, carried_over, plain

Fit = OneOf["same", "wider", "narrower", "different"]
_ALIKE = {"text": "string"}


def fit(before: FieldType, after: FieldType, renames: Renames = NO_RENAMES) -> Fit:
    """Whether values of the earlier type are values of the later one."""
    match before, after:
        case ReferenceType(entity=old), ReferenceType(entity=new):
            return "same" if renames.entity_after(old) == new else "different"
        case ScalarType(), ScalarType():
            return _scalar_fit(before, after)
        case _:
            return "same" if carried_over(before, renames) == plain(after) else "different"


def _scalar_fit(before: ScalarType, after: ScalarType) -> Fit:
    if _ALIKE.get(before.scalar, before.scalar) != _ALIKE.get(after.scalar, after.scalar):
        return "different"
    if before.scalar == "enum":
        old, new = set(before.values), set(after.values)
        if old == new:
            return "same"
        return "wider" if old < new else "narrower"
    if before.scale != after.scale or before.media != after.media:
        return "different"
    if (before.min, before.max) == (after.min, after.max):
        return "same"
    lower = after.min is None or (before.min is not None and after.min <= before.min)
    upper = after.max is None or (before.max is not None and after.max >= before.max)
    return "wider" if lower and upper else "narrower"


def described(type: FieldType) -> str:
    """The type as the specification would say it: `string 1..200`."""
    match type:
        case ReferenceType(entity=entity):
            return f"ref {entity}"
        case ManyType(entity=entity, max=high):
            return f"refs {entity} ..{high}"
        case ListType(element=element, max=high):
            return f"list of {described(element)} ..{high}"
        case RecordType(members=members):
            return f"object of {', '.join(member.wire for member in members)}"
        case ScalarType(scalar="enum", values=values):
            return f"enum [{', '.join(values)}]"
        case ScalarType(scalar=scalar, min=None, max=None):
            return scalar
        case ScalarType(scalar=scalar, min=low, max=high):
            return f"{scalar} {'' if low is None else low}..{'' if high is None else high}"


def aspects(before: Field, after: Field, entity_before: str, renames: Renames) -> tuple[str, ...]:
    """The differences of two fields in words; none when they mean the same."""
    found = []
    if fit(before.type, after.type, renames) != "same" or _scalar(before) != _scalar(after):
        found.append(f"type {described(before.type)} becomes {described(after.type)}")
    if before.nullable != after.nullable:
        found.append("may be null now" if after.nullable else "must not be null any more")
    if before.unique != after.unique:
        found.append("unique now" if after.unique else "no longer unique")
    for word in ("default", "set"):
        old, new = getattr(before, word), getattr(after, word)
        former = carried_over(old.meaning, renames, entity_before) if old else None
        later = plain(new.meaning) if new else None
        if former != later:
            found.append(f"{word} {old.source if old else 'none'} becomes {new.source if new else 'none'}")
    if before.input != after.input:
        found.append("may be given by clients now" if after.input else "may not be given by clients any more")
    return tuple(found)


def _scalar(field: Field) -> str:
    return field.type.scalar if isinstance(field.type, ScalarType) else ""


def look_alike(one: Field, other: Field) -> bool:
    """Whether a dropped and an added field could be one field under two names."""
    return (
        plain(one.type) == plain(other.type) and one.nullable == other.nullable and one.unique == other.unique
    )
