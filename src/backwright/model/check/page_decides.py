"""A page that decides what an operation does."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.expr.typed import Expression, Name
from backwright.expr.walk import nodes
from backwright.model.check.portable import said
from backwright.model.types import Model, Operation, Select
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW329",
    "A page that decides what is done",
    "Whoever calls chooses where a page begins and how long it is, and so what the steps behind it see.",
    "steps:\n  - select: Booking\n  - require: size(bookings) < 3",
)
MEND = "add `paging: {style: none}` to the select, or ask the database: `size(Booking.filter(b, …)) < 3`"


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Steps that look at the rows of a page. A warning: it may be meant, as where what is shown is marked."""
    for operation in model.operations:
        yield from _decided(operation)


def _decided(operation: Operation) -> Iterator[Diagnostic]:
    for at, step in enumerate(operation.steps):
        if not isinstance(step, Select) or step.paging.style == "none":
            continue
        for meaning, place in said(operation.steps[at + 1 :]):
            if any(_names(node, step.bind) for node in nodes(meaning)):
                message = f"{operation.name} decides by `{step.bind}`, which is one page of rows"
                yield diagnose(CODE, place, message, MEND, severity="warning")
                break


def _names(node: Expression, bind: str) -> bool:
    return isinstance(node, Name) and node.root == "binding" and node.binding == bind
