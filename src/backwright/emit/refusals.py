"""Which operations cannot be emitted: asked before anything is planned or written.

The reference knows the whole language. Where a statement cannot hold an expression on both databases, its
operation is refused here, with its place, and nothing is built by halves.
"""

from __future__ import annotations

from backwright.emit.names import names
from backwright.emit.package import Package
from backwright.emit.services.function import service
from backwright.emit.views.batches import Views
from backwright.expr.python import NotLocal
from backwright.expr.sql import NotCompiled
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register

NOT_EMITTED = register(
    "BW803",
    "A part of the language that is not emitted",
    "The mock serves it as it is meant; a backend without it would quietly do something else.",
    "none is known: everything that `check` accepts should be emitted, and this says so where that is not yet true",
)
MEND = "say it another way, or serve it with `backwright mock`"


def not_emitted(model: Model) -> list[Diagnostic]:
    """Every operation that no emitter can write; none when the model can be built."""
    package = Package(model, names(model))
    views = Views(package)
    found: list[Diagnostic] = []
    for operation in model.operations:
        try:
            service(operation, package, views)
        except (NotCompiled, NotLocal) as refused:
            message = f"`{operation.name}` has what is not emitted: {refused}"
            found.append(diagnose(NOT_EMITTED, operation.place, message, MEND))
    return found
