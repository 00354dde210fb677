"""A path that cannot be a route."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

_PATH = re.compile(r"(/[a-z][a-z0-9_-]*)+")

CODE = register(
    "BW305",
    "A path that cannot be used",
    "Paths become routes and names of modules, so they keep to plain segments.",
    "crud: {path: notes}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Paths that are not `/word/word`; parameters in them are not built yet."""
    for entity in document.entities:
        if entity.crud is None:
            continue
        path = entity.crud.path
        if "{" in path.value:
            message = f"parameters in the path `{path.value}` are not built yet"
            yield diagnose(CODE, path.place, message, "give a path of plain words")
        elif not _PATH.fullmatch(path.value):
            message = f"`{path.value}` is not a path"
            yield diagnose(
                CODE, path.place, message, "write small letters, digits and - after a /, such as /notes"
            )
