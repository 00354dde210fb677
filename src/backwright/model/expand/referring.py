"""Parameters that refer to rows: each row is found before the steps, so that nothing goes on with a key of nothing."""

from __future__ import annotations

from collections.abc import Collection

from backwright.expr.typed import BOOLEAN, Expression, Input
from backwright.expr.walk import nodes
from backwright.model.expand.draft import Draft
from backwright.model.types import Entity, Failing, Find, Formula, ReferenceType
from backwright.spec.nodes import FieldNode


def find_referred(draft: Draft, at: int, demanded: Collection[str]) -> None:
    """Puts in front of step `at` a find for each row that a declared parameter names: 404 by the path, else 422.

    A parameter of the query that no step demands only filters: of a row that is not there, nothing is listed.
    """
    for node in draft.node.params:
        name = node.name.value
        entity = _named(node, draft)
        if entity is None or (name not in draft.paths and name not in demanded) or _found(name, draft):
            continue
        step = _find(node, entity, draft)
        draft.steps.insert(at, step)
        at += 1


def _named(node: FieldNode, draft: Draft) -> Entity | None:
    """The entity that a declared parameter refers to."""
    kind = draft.params.get(node.name.value)
    if kind is None or kind.kind != "entity":
        return None
    member = draft.query.get(node.name.value)
    if member is not None and not isinstance(member.type, ReferenceType):
        return None
    return draft.building.entities.get(kind.entity or "")


def _found(name: str, draft: Draft) -> bool:
    """Whether a step of the author finds a row by that parameter: then it says what happens without one."""
    return any(
        isinstance(step, Find) and step.when is None and _names(step.where.meaning, name)
        for step in draft.steps
    )


def _names(condition: Expression, name: str) -> bool:
    return any(
        isinstance(node, Input) and node.source == "params" and node.name == name for node in nodes(condition)
    )


def _find(node: FieldNode, entity: Entity, draft: Draft) -> Find:
    name = node.name.value
    formulas, scope = draft.building.formulas, draft.scope(entity.name, certain=True)
    member = draft.query.get(name)
    when: Formula | None = None
    if member is not None and not member.required:
        when = formulas.made(f"params.{name} != null", node.place, draft.scope(), BOOLEAN)
    wrong = None if member is None else Failing(category="invalid", code="reference", field=member.wire)
    return Find(
        entity=entity.name,
        bind=_free(name, draft),
        where=formulas.made(f"this == params.{name}", node.place, scope, BOOLEAN),
        readable=entity.access["read"],
        otherwise=wrong,
        when=when,
    )


def _free(name: str, draft: Draft) -> str:
    """A name that nothing is bound to."""
    taken = {*draft.bindings, *draft.building.entities}
    while name in taken:
        name += "_named"
    return name
