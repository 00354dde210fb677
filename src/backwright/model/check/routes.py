"""Two operations with the same route or name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

_PARAMETER = re.compile(r"\{[^}]*\}")
BUILT_IN = ("/health", "/ready", "/metrics", "/openapi.json", "/docs")

CODE = register(
    "BW304",
    "A route or an operation name that is taken",
    "A request must lead to one operation, and each operation has one name.",
    "crud: {path: /notes}  # twice",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Operations that share a route or a name with an earlier one, or with what every service answers."""
    routes: dict[tuple[str, str], str] = {("GET", path): "every service" for path in BUILT_IN}
    names: set[str] = set()
    for operation in model.operations:
        route = (operation.method, _PARAMETER.sub("{}", operation.path))
        if route in routes:
            message = f"{operation.method} {operation.path} of {operation.name} belongs to {routes[route]}"
            mend = "give one of them another `path`"
            yield diagnose(CODE, operation.place, message, mend)
        elif operation.name in names:
            message = f"two operations are called {operation.name}"
            mend = "give one of them another name"
            if operation.origin == "crud":
                mend = "give one of the entities another `plural` or name"
            yield diagnose(CODE, operation.place, message, mend)
        routes.setdefault(route, operation.name)
        names.add(operation.name)
