"""An operation that no rule lets anyone use."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.rules import never
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Find,
    Group,
    Model,
    Rule,
    Select,
    Step,
    Update,
    UpdateAll,
    Upsert,
)
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
            entity = getattr(step, "entity", None)
            if entity is None or entity in unanswered:
                continue
            verb = _closed(step)
            if verb is not None:
                message = f"{operation.name} can never succeed: nobody may {verb} {entity}"
                mend = "name the operations that are wanted with `only`, or allow them in `access`"
                yield diagnose(CODE, operation.place, message, mend, severity="warning")
                break


def _closed(step: Step) -> str | None:
    """The verb that nobody has and that the step needs. A step that is not always taken may still succeed."""
    needs: tuple[tuple[str, Rule | None], ...]
    match step:
        case Find(optional=False, when=None) | Select(when=None) | Group(when=None):
            needs = (("read", step.readable),)
        case Create(when=None):
            needs = (("create", step.allowed),)
        case Ensure(when=None):
            needs = (("read", step.readable), ("create", step.allowed))
        case Update(when=None):
            needs = (("update", step.allowed),)
        case UpdateAll(when=None):
            needs = (("read", step.readable), ("update", step.allowed))
        case Delete(when=None):
            needs = (("delete", step.allowed),)
        case DeleteAll(when=None):
            needs = (("read", step.readable), ("delete", step.allowed))
        case Upsert(when=None):
            needs = (("create", step.created), ("update", step.updated))
        case _:
            needs = ()
    return next((verb for verb, rule in needs if rule is not None and never(rule)), None)
