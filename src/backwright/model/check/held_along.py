"""Rows that go with another one and hold each other."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model import along as goes
from backwright.model.types import Delete, DeleteAll, Entity, Field, Model
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW328",
    "Rows that go together and hold each other",
    "Whether one of them stops the others would depend on the order in which a database comes to them.",
    "fields: {post: {ref: Post, on_delete: cascade}, parent: {ref: Comment?, on_delete: cascade}}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Deletions for which there is no order, or which are written out row by row."""
    told: set[tuple[str, str]] = set()
    for operation in model.operations:
        for step in operation.steps:
            if not isinstance(step, Delete | DeleteAll):
                continue
            entity = model.entity(step.entity)
            for holder, field, other in _at_fault(entity, model, together=isinstance(step, DeleteAll)):
                if (holder.name, field.name) in told:
                    continue
                told.add((holder.name, field.name))
                along = f"goes with {entity.name}" if holder is not entity else "goes with others of its kind"
                message = f"{holder.name} {along}, but keeps {other.name} from it: `{field.name}` restricts"
                mend = f"write `on_delete: cascade` or `set_null` at {holder.name}.{field.name}"
                yield diagnose(CODE, field.place, message, mend)


def _at_fault(entity: Entity, model: Model, *, together: bool) -> Iterator[tuple[Entity, Field, Entity]]:
    if together:
        for (holder, field), other in goes.held(entity, model):
            yield holder, field, other
    ordered = goes.has_order(entity, model)
    for along in goes.closure(entity, model).values():
        for holder, field in goes.holders(along, model):
            if goes.on_delete(field) != "restrict":
                continue
            if holder is not along:
                stays = (
                    holder.soft_delete is not None and along.soft_delete is None
                )  # marked, with what it needs
                if holder.name in goes.closure(entity, model) and (stays or not ordered):
                    yield holder, field, along
            elif (along is not entity or together) and not (ordered and _at_once(along, model)):
                yield holder, field, along


def _at_once(entity: Entity, model: Model) -> bool:
    """Whether several rows of an entity go by one statement, so that it does not matter which is first."""
    return not any(goes.held(entity, model)) and not any(
        each.soft_delete is not None or (each.audit is not None and "delete" in each.audit.verbs)
        for each in goes.closure(entity, model).values()
    )
