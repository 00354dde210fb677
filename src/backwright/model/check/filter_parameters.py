"""A filter that no parameter switches on."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr.typed import Input
from backwright.expr.walk import nodes
from backwright.model.types import Group, Model, Select
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW314",
    "A filter whose parameters are unclear",
    "A filter applies when its parameters are present, and each parameter has the type of a field.",
    "filters: {open: this.done == false}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Filters that mention no parameter."""
    for operation in model.operations:
        for step in operation.steps:
            for found in step.filters if isinstance(step, Select | Group) else ():
                if not any(isinstance(node, Input) for node in nodes(found.condition.meaning)):
                    message = f"the filter `{found.name}` mentions no parameter, so it is always on"
                    mend = f"compare with params.{found.name}, or put the condition into the read rule"
                    yield diagnose(CODE, found.condition.place, message, mend)
