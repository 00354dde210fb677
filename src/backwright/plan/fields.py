"""How a type or a field differs from its former self, in words and in what stored rows can follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf

from backwright.expr.typed import Constant, Convert, Expression, ListOf, Name
from backwright.model.types import (
    Field,
    FieldType,
    Formula,
    ListType,
    ManyType,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.plan.access import rule_effect
from backwright.plan.changes import Hazard
from backwright.plan.conversions import ALIKE, Loss, loss
from backwright.plan.meaning import NO_RENAMES, Renames, carried_over, plain

Fit = OneOf["same", "wider", "narrower", "converted", "different"]


def fit(before: FieldType, after: FieldType, renames: Renames = NO_RENAMES) -> Fit:
    """Whether values of the earlier type are values of the later one, or become such."""
    found = _fit(before, after, renames)
    return "converted" if found == "different" and loss(before, after, renames) else found


def _fit(before: FieldType, after: FieldType, renames: Renames) -> Fit:
    match before, after:
        case ReferenceType(entity=old), ReferenceType(entity=new):
            return "same" if renames.entity_after(old) == new else "different"
        case ScalarType(), ScalarType():
            return _scalar_fit(before, after)
        case ManyType(entity=old), ManyType(entity=new) if renames.entity_after(old) == new:
            return _bounds(None, before.max, None, after.max)
        case ListType(), ListType():
            inside, outside = (
                _fit(before.element, after.element, renames),
                _bounds(before.min, before.max, after.min, after.max),
            )
            return (
                inside
                if inside == "different" or outside == "same"
                else ("narrower" if "narrower" in (inside, outside) else outside)
            )
        case _:
            return "same" if carried_over(before, renames) == plain(after) else "different"


def _scalar_fit(before: ScalarType, after: ScalarType) -> Fit:
    if ALIKE.get(before.scalar, before.scalar) != ALIKE.get(after.scalar, after.scalar):
        return "different"
    if before.scalar == "enum":
        old, new = set(before.values), set(after.values)
        if old == new:
            return "same"
        return "wider" if old < new else "narrower"
    if before.scale != after.scale or before.media != after.media:
        return "different"
    return _bounds(before.min, before.max, after.min, after.max)


def _bounds(low: int | None, high: int | None, new_low: int | None, new_high: int | None) -> Fit:
    if (low, high) == (new_low, new_high):
        return "same"
    lower = new_low is None or (low is not None and new_low <= low)
    upper = new_high is None or (high is not None and new_high >= high)
    return "wider" if lower and upper else "narrower"


_BOUNDED = frozenset({"string", "text", "email", "slug", "bytes", "integer", "double", "decimal", "enum"})


def constrained(before: Field, after: Field) -> bool:
    """Whether the later bounds of a field are a constraint of the database, so that it finds rows outside."""
    if after.encrypted:
        return False
    match before.type, after.type:
        case ScalarType(), ScalarType(scalar="slug"):
            return after.generated is None
        case ScalarType(), ScalarType(scalar=scalar):
            return scalar in _BOUNDED
        case ListType(element=old), ListType(element=new):
            return fit(old, new) in ("same", "wider")
        case _:
            return False


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
            return f"{scalar}{_digits(type)}"
        case ScalarType(scalar=scalar, min=low, max=high):
            return f"{scalar}{_digits(type)} {'' if low is None else low}..{'' if high is None else high}"


def _digits(type: ScalarType) -> str:
    """Behind the point of a decimal."""
    return "" if type.scale is None else f" ({type.scale} digits)"


def aspects(
    before: Field, after: Field, entity_before: str, renames: Renames
) -> tuple[tuple[str, Hazard], ...]:
    """The differences of two fields in words, each with its hazard; none when they mean the same."""
    return (
        *_type(before, after, entity_before, renames),
        *_values(before, after, entity_before, renames),
        *_flags(before, after),
        *_rules(before, after, entity_before, renames),
    )


def _type(before: Field, after: Field, entity: str, renames: Renames) -> Iterator[tuple[str, Hazard]]:
    fits = fit(before.type, after.type, renames)
    if fits != "same" or _scalar(before) != _scalar(after):
        words = f"type {described(before.type)} becomes {described(after.type)}"
        yield words, "breaking" if fits in ("narrower", "converted", "different") else "safe"
    if fits == "narrower":
        yield "values outside of it stand in the way", "limit"
    if fits == "converted" and (found := _LOST[loss(before.type, after.type, renames) or "nothing"]):
        yield found
    links = isinstance(before.type, ManyType), isinstance(after.type, ManyType)
    if links == (True, False) and not after.nullable:
        yield "rows that list nothing stand in the way", "limit"
    if before.nullable != after.nullable and not any(links):  # answers that never held null may hold it now
        yield ("may be null now", "breaking") if after.nullable else _required(before, after)
    if before.unique != after.unique:
        yield ("unique now", "limit") if after.unique else ("no longer unique", "safe")
    old, new = (
        each.type.on_delete if isinstance(each.type, ReferenceType) else "" for each in (before, after)
    )
    if old and new and old != new:
        yield f"when what it refers to is deleted: {old} becomes {new}", _ON_DELETE[new]
    former = before.same and renames.field_after(entity, before.same)
    if after.same and former != after.same:
        yield f"shares {after.same} with what it refers to", "limit"
    elif former and not after.same:
        yield f"need not share {former} with what it refers to any more", "safe"


_LOST: dict[Loss, tuple[str, Hazard] | None] = {
    "nothing": None,
    "unfit": ("values without a counterpart stand in the way", "limit"),
    "digits": ("what the later type has no room for is lost, and kept for the way back", "destructive"),
}


def _required(before: Field, after: Field) -> tuple[str, Hazard]:
    """What rows without a value get."""
    if filled(before, after) and after.default is not None:
        return f"must not be null any more: rows without a value get {after.default.source}", "needs_backfill"
    return "must not be null any more", "limit"


def valueless(field: Field) -> bool:
    """Whether rows that exist would have no value in a field that is new."""
    given = field.default is not None or field.generated == "version"
    return not (given or field.nullable or isinstance(field.type, ManyType))


def filled(before: Field, after: Field) -> bool:
    """Whether rows that have no value in a field get its default when it becomes required.

    Not where it is unique: all of them would get the same.
    """
    requires = before.nullable and not after.nullable
    return (
        requires and not after.unique and after.default is not None and fillable(after, after.default.meaning)
    )


def fillable(field: Field, meaning: Expression) -> bool:
    """Whether the database can give rows that exist this value; it has no key to encrypt it with."""
    match meaning:
        case _ if field.encrypted:
            return isinstance(meaning, Constant) and meaning.value is None
        case Constant():
            return True
        case ListOf(items=items):
            return all(isinstance(item, Constant) for item in items)
        case Name(root="now"):
            return isinstance(field.type, ScalarType) and field.type.scalar == "timestamp"
        case Convert(to="date", of=Name(root="now")):
            return True
        case _:
            return False


_ON_DELETE: dict[str, Hazard] = {"restrict": "breaking", "cascade": "destructive", "set_null": "safe"}


def _values(before: Field, after: Field, entity: str, renames: Renames) -> Iterator[tuple[str, Hazard]]:
    for word in ("default", "set", "on_update"):
        old, new = getattr(before, word), getattr(after, word)
        if not same_value(old, new, renames, entity):
            said = word.replace("_", " ")
            yield f"{said} {old.source if old else 'none'} becomes {new.source if new else 'none'}", "safe"
    if before.generated != after.generated:
        made = f"made as {after.generated}" if after.generated else f"no longer made as {before.generated}"
        yield f"{made} from now on", "breaking"
    former_source = before.source and renames.field_after(entity, before.source)
    if former_source != after.source:
        yield f"made of {after.source or 'nothing'} instead of {former_source or 'nothing'}", "safe"


def same_value(before: Formula | None, after: Formula | None, renames: Renames, entity: str = "") -> bool:
    """Whether two defaults say the same. Of a constant only its value counts: its type is told by itself."""
    former = carried_over(before.meaning, renames, entity) if before else None
    later = plain(after.meaning) if after else None
    match former, later:
        case {"node": "Constant", "value": old}, {"node": "Constant", "value": new}:
            return type(old) is type(new) and bool(old == new)
        case _:
            return bool(former == later)


_FLAGS: dict[str, tuple[str, str, Hazard, Hazard]] = {
    "input": ("may be given by clients now", "may not be given by clients any more", "safe", "safe"),
    "immutable": ("never changes any more", "may change now", "breaking", "safe"),
    "folded": ("is kept in lower case now", "keeps its case now", "limit", "safe"),
    "personal": ("is never logged any more", "may be logged now", "safe", "safe"),
    "encrypted": ("is stored encrypted now", "is no longer stored encrypted", "breaking", "breaking"),
}


def _flags(before: Field, after: Field) -> Iterator[tuple[str, Hazard]]:
    for name, (on, off, hazard_on, hazard_off) in _FLAGS.items():
        if getattr(before, name) != getattr(after, name):
            yield (on, hazard_on) if getattr(after, name) else (off, hazard_off)


def _rules(before: Field, after: Field, entity: str, renames: Renames) -> Iterator[tuple[str, Hazard]]:
    """Who may see the value, and who may send it."""
    for word, old, new in (("read", before.read, after.read), ("write", before.write, after.write)):
        found = rule_effect(old, new, renames, entity)
        if found != "same":
            said = f"{word} `{old.source if old else 'everybody'}` becomes `{new.source if new else 'everybody'}`"
            yield said, "safe" if found == "narrows" else "widens_access"


def _scalar(field: Field) -> str:
    return field.type.scalar if isinstance(field.type, ScalarType) else ""


def look_alike(one: Field, other: Field) -> bool:
    """Whether a dropped and an added field could be one field under two names."""
    return (
        plain(one.type) == plain(other.type) and one.nullable == other.nullable and one.unique == other.unique
    )
