"""Registration that needs an account."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.access import written_rules
from backwright.model.rules import needs_caller, never
from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW503",
    "Registration that anonymous callers cannot use",
    "Someone who has no account yet is anonymous; nobody could ever register.",
    "access: {create: this == caller}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """A `register` flow whose create rule turns anonymous callers away."""
    if model.auth is None or "register" not in model.auth.flows:
        return
    entity = document.entity(model.auth.identity)
    if entity is None or entity.access is None:
        return
    rule = model.entity(model.auth.identity).access["create"]
    wrong = never(rule) or needs_caller(rule.condition)
    if wrong and rule.place.line:
        message = f"`register` creates {entity.name.value}, which anonymous callers may not create"
        yield diagnose(
            CODE, rule.place, message, "write `create: public`, or leave `register` out of `flows`"
        )
    elif wrong and "create" not in written_rules(entity):
        message = f"`register` creates {entity.name.value}, which nobody may create"
        yield diagnose(CODE, entity.access.place, message, "add `create: public` to its `access`")
