"""A field whose type is not one type."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW307",
    "A field without one clear type",
    "A column has one type.",
    "owner: {ref: User, type: string}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Fields that give no type, or several that do not go together."""
    for entity in document.entities:
        for field in entity.fields:
            said = f"{entity.name.value}.{field.name.value}"
            word = field.type.name if field.type is not None else None
            if field.ref is not None and field.enum is not None:
                yield diagnose(CODE, field.place, f"{said} has both `ref` and `enum`", "keep one")
            elif field.ref is not None and word not in {None, "ref"}:
                yield diagnose(
                    CODE, field.place, f"{said} has both `ref` and type {word}", "keep one of them"
                )
            elif field.enum is not None and word not in {None, "enum"}:
                yield diagnose(
                    CODE, field.place, f"{said} has both `enum` and type {word}", "keep one of them"
                )
            elif field.ref is None and field.enum is None and word in {None, "ref", "enum"}:
                mend = "give it a `type`, a `ref` or an `enum`"
                yield diagnose(CODE, field.place, f"{said} has no type", mend)
