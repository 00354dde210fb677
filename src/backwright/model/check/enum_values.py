"""Enum values that cannot be told apart or written down."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import FieldNode, SpecDocument, below

_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")

CODE = register(
    "BW308",
    "Enum values that cannot be used",
    "Values are written in expressions, in SQL and on the wire, and must be distinct.",
    "enum: [low, low]",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Empty enums, repeated values, and values that are not words; of states, parameters and bodies as well."""
    del model
    for field in below(document):
        if not isinstance(field, FieldNode):
            continue
        if field.enum is not None and not field.enum:
            yield diagnose(
                CODE, field.place, f"`{field.name.value}` has no values", "list at least one value"
            )
        values = field.states.names if field.states is not None else field.enum or ()
        seen: set[str] = set()
        for value in values:
            if value.value in seen:
                yield diagnose(CODE, value.place, f"`{value.value}` is listed twice", "list each value once")
            elif not _VALUE.fullmatch(value.value):
                mend = "use letters, digits, _ and -, beginning with a letter"
                yield diagnose(CODE, value.place, f"`{value.value}` cannot be an enum value", mend)
            seen.add(value.value)
