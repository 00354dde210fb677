"""A path that cannot be a route."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.expand.routes import is_path
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW305",
    "A path that cannot be used",
    "Paths become routes and names of modules, so they keep to plain segments.",
    "crud: {path: notes}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Paths of `crud` that are not `/word/word`, with or without parameters."""
    for entity in document.entities:
        path = entity.crud.path if entity.crud is not None else None
        if path is not None and not is_path(path.value.rstrip("/")):
            message = f"`{path.value}` is not a path"
            yield diagnose(
                CODE, path.place, message, "write small letters, digits and - after a /, such as /notes"
            )
