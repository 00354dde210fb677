"""An operation that no rule lets anyone use."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.access import never
from backwright.model.types import Find, Model, Select, SignIn, VerifyPassword
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW502",
    "An operation that nobody can use",
    "It would be part of the interface and answer everyone with a refusal.",
    "access: {read: public}\ncrud: {path: /notes}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Operations with a step whose rule is `none`. A warning: it is safe, only useless."""
    unanswered = {entity.name.value for entity in document.entities if entity.access is None}
    for operation in model.operations:
        for step in operation.steps:
            if isinstance(step, SignIn | VerifyPassword) or step.entity in unanswered:
                continue
            rule = step.readable if isinstance(step, Find | Select) else step.allowed
            if never(rule):
                verb = "read" if isinstance(step, Find | Select) else type(step).__name__.lower()
                message = f"{operation.name} can never succeed: nobody may {verb} {step.entity}"
                mend = "name the operations that are wanted with `only`, or allow them in `access`"
                yield diagnose(CODE, operation.place, message, mend, severity="warning")
                break
