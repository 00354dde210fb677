"""Defaults that the field itself would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr.typed import Constant
from backwright.model.types import Field, Model, ScalarType
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW321",
    "A default outside the field's own limits",
    "Whoever leaves the field out would be given a value that nobody may send; the database would refuse it.",
    "count: {type: integer, max: 100, default: 500}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Constant defaults against `min` and `max`."""
    for entity in model.entities:
        for field in entity.fields:
            wrong = _wrong(field)
            if wrong and field.default is not None:
                message = f"the default {field.default.source} of {entity.name}.{field.name} {wrong}"
                yield diagnose(CODE, field.default.place, message, "change the default or the limits")


def _wrong(field: Field) -> str:
    """What is wrong with the default; empty when nothing is."""
    if field.default is None or not isinstance(field.type, ScalarType):
        return ""
    meaning, low, high = field.default.meaning, field.type.min, field.type.max
    value = meaning.value if isinstance(meaning, Constant) else None
    if value is None or isinstance(value, bool):
        return ""
    size, unit = (len(value), " characters") if isinstance(value, str) else (value, "")
    if field.type.scalar not in ("string", "text", "email", "integer"):
        return ""
    if low is not None and size < low:
        return f"is under the least, {low}{unit}"
    if high is not None and size > high:
        return f"is over the most, {high}{unit}"
    return ""
