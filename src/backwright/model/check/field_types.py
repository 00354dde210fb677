"""A field whose type is not one type."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import FieldNode, SpecDocument

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
            several = [
                each for each in (field.refs, field.list, field.states, field.object) if each is not None
            ]
            if several:
                others = [field.ref, field.enum, None if word is None else field.type, *several[1:]]
                if any(each is not None for each in others):
                    yield diagnose(CODE, field.place, f"{said} has more than one type", "keep one of them")
                elif field.object is not None:
                    mend = "keep it as an entity of its own, or as `json`"
                    yield diagnose(CODE, field.place, f"{said} is an object, which only bodies have", mend)
                elif field.list is not None and _no_element(field.list):
                    mend = "list scalars; use `refs: Entity` for many rows"
                    yield diagnose(CODE, field.place, f"{said} is no list of scalars", mend)
            elif field.ref is not None and field.enum is not None:
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


def _no_element(element: FieldNode) -> bool:
    scalar = element.enum is not None or (
        element.type is not None and element.type.name not in ("enum", "ref", "bytes", "json", "password")
    )
    return not scalar or element.nullable
