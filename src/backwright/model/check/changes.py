"""An update that can change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW315",
    "An update without anything to change",
    "An operation that takes no input and changes nothing is a mistake.",
    "crud of an entity whose fields are all `set`",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Updates of entities that have no input."""
    for operation in model.operations:
        if operation.body is not None and operation.body.partial and not operation.body.fields:
            message = f"{operation.name} has nothing to change: no field is input"
            yield diagnose(CODE, operation.place, message, "leave `update` out with `only`")
