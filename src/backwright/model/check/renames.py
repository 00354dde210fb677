"""A rename from a name that is still there."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import At, SpecDocument

CODE = register(
    "BW313",
    "A rename from a name that still exists",
    "`was` moves data from the old name; a name that still exists keeps its own.",
    "title: {type: string, was: name}\nname: string",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """`was` of entities and fields."""
    yield from _renames([(entity.name, entity.was) for entity in document.entities])
    for entity in document.entities:
        yield from _renames([(field.name, field.was) for field in entity.fields])


def _renames(names: list[tuple[At[str], At[str] | None]]) -> Iterator[Diagnostic]:
    existing = {name.value for name, _ in names}
    sources: set[str] = set()
    for name, was in names:
        if was is None:
            continue
        if was.value in existing:
            message = f"`{name.value}` was `{was.value}`, which still exists"
            yield diagnose(CODE, was.place, message, "remove the old one, or remove `was`")
        elif was.value in sources:
            message = f"two names were `{was.value}`"
            yield diagnose(CODE, was.place, message, "only one of them can be the renamed one")
        sources.add(was.value)
