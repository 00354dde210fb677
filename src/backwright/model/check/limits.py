"""Limits that exclude each other or do not apply."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.expand.orders import paging_of
from backwright.model.fields import TEXT_LIMITS
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import FieldNode, SpecDocument

CODE = register(
    "BW306",
    "A limit that does not fit the field",
    "A limit that nothing can meet, or that is not applied, is a mistake in the making.",
    "age: {type: integer, min: 10, max: 1}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """`min` and `max` of fields and of paging."""
    for entity in document.entities:
        for field in entity.fields:
            yield from _field(field)
        if entity.crud is not None:
            page = paging_of(entity.crud.paging)
            at = entity.crud.paging.max if entity.crud.paging is not None else None
            if at is not None and page.default > at.value:
                message = f"a page has {page.default} rows by default, but at most {at.value}"
                yield diagnose(CODE, at.place, message, "make `default` no greater than `max`")


NUMBERS = ("integer", "decimal", "double")
SEVERAL = ("list", "refs")


def _kind(field: FieldNode) -> str:
    if field.type is not None:
        return field.type.name
    if field.list is not None:
        return "list"
    return "refs" if field.refs is not None else "enum" if field.ref is None else "ref"


def _field(field: FieldNode) -> Iterator[Diagnostic]:
    kind = _kind(field)
    for limit in (field.min, field.max):
        if limit is None:
            continue
        if kind not in TEXT_LIMITS and kind not in NUMBERS and kind not in SEVERAL:
            yield diagnose(CODE, limit.place, f"a {kind} has no min or max", "remove it")
            return
        if (kind in TEXT_LIMITS or kind in SEVERAL) and limit.value < 0:
            yield diagnose(CODE, limit.place, f"a length of {limit.value}", "give a length of 0 or more")
    least, most = TEXT_LIMITS.get(kind) or (-(2**63), 2**63 - 1)
    low = field.min.value if field.min is not None else least or 0
    high = field.max.value if field.max is not None else most
    place = field.max or field.min
    if low > high and place is not None:
        yield diagnose(CODE, place.place, f"min {low} is greater than max {high}", "swap or correct them")
