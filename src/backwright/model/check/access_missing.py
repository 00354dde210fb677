"""An entity that says nothing about access."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.grammar import OPERATIONS, VERBS
from backwright.spec.nodes import EntityNode, SpecDocument

CODE = register(
    "BW501",
    "An entity without access rules",
    "Access is denied by default; who may reach the rows is a decision for role security, not a default.",
    "Note: {fields: {text: string}}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Entities without `access`; the message names the verbs that are asked for."""
    for entity in document.entities:
        if entity.access is None:
            name = entity.name.value
            message = f"entity `{name}` does not say who may {_verbs(entity)} its rows"
            mend = f"add `access` to {name} (`none` is a rule too), or answer with `backwright answer`"
            yield diagnose(CODE, entity.place, message, mend)


def _verbs(entity: EntityNode) -> str:
    """The verbs that the entity's operations need; all of them where it has no operations."""
    chosen: tuple[str, ...] = OPERATIONS
    if entity.crud is not None and entity.crud.only is not None:
        chosen = tuple(word.value for word in entity.crud.only)
    needed = {"read" if name in {"list", "get"} else name for name in chosen} | {"read"}
    verbs = [verb for verb in VERBS if verb in needed]
    return verbs[0] if len(verbs) == 1 else f"{', '.join(verbs[:-1])} and {verbs[-1]}"
