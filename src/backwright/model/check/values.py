"""Fields that never get a value, or get it twice."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW312",
    "A field whose value is unclear",
    "A row cannot be created when nobody gives a required value, and a value has one source.",
    "code: {type: string, input: false}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """`default` beside `set`, passwords with a value or unique."""
    for entity in document.entities:
        for field in entity.fields:
            said = f"{entity.name.value}.{field.name.value}"
            secret = field.type is not None and field.type.name == "password"
            if field.default is not None and field.set is not None:
                yield diagnose(
                    CODE, field.set.place, f"{said} has both `default` and `set`", "keep one of them"
                )
            if field.set is not None and field.input is not None and field.input.value:
                yield diagnose(
                    CODE, field.input.place, f"{said} is set by the system", "remove `input: true`"
                )
            given = field.default or field.set
            if secret and given is not None:
                message = f"{said} would be the same password for everyone"
                yield diagnose(CODE, given.place, message, "remove it: a password comes from its owner")
            if secret and field.unique is not None and field.unique.value:
                message = f"{said} cannot be unique: it would tell that someone else has that password"
                yield diagnose(CODE, field.unique.place, message, "remove `unique`")
