"""Defaults that the field itself would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from backwright.expr.typed import Constant, ListOf
from backwright.model.types import Field, Formula, ListType, Model, ScalarType
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
            for given, word in ((field.default, "default"), (field.set, "value"), (field.on_update, "value")):
                wrong = _wrong(field, given)
                if wrong and given is not None:
                    message = f"the {word} {given.source} of {entity.name}.{field.name} {wrong}"
                    yield diagnose(CODE, given.place, message, f"change the {word} or the limits")


def _wrong(field: Field, given: Formula | None) -> str:
    """What is wrong with a constant; empty when nothing is."""
    if given is None:
        return ""
    if isinstance(field.type, ListType) and isinstance(given.meaning, ListOf):
        number = len(given.meaning.items)
        if number < (field.type.min or 0):
            return f"is under the least, {field.type.min} elements"
        return f"is over the most, {field.type.max} elements" if number > field.type.max else ""
    if not isinstance(field.type, ScalarType):
        return ""
    meaning, low, high = given.meaning, field.type.min, field.type.max
    value: Any = meaning.value if isinstance(meaning, Constant) else None
    if value is None or isinstance(value, bool):
        return ""
    if field.type.scalar == "decimal":
        value = Decimal(value).quantize(Decimal(1).scaleb(-(field.type.scale or 0)), ROUND_HALF_UP)
    measured: Any = len(value) if isinstance(value, str) else value
    unit = " characters" if isinstance(value, str) else ""
    if field.type.scalar not in ("string", "text", "email", "integer", "decimal", "double"):
        return ""
    if low is not None and measured < low:
        return f"is under the least, {low}{unit}"
    if high is not None and measured > high:
        return f"is over the most, {high}{unit}"
    return ""
