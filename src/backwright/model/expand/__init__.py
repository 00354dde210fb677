"""Sugar to core: everything that callers can do, as operations of steps.

`crud`, `auth.flows` and `like` become operations as an author would write them; those become steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from backwright.model.expand.answers import build_answers
from backwright.model.expand.building import Building
from backwright.model.expand.crud import CrudOperation, crud_assumptions, crud_operations
from backwright.model.expand.environment import check_uses, environment_of
from backwright.model.expand.flows import build_flows
from backwright.model.expand.liking import resolved
from backwright.model.expand.logic import logic_of
from backwright.model.expand.operation import build_operation
from backwright.model.formulas import Formulas, Unresolved
from backwright.model.types import Auth, Entity, Integration, Logic, Operation, Setting, View
from backwright.model.views import view_heads
from backwright.spec.diagnostics import SpecificationError
from backwright.spec.nodes import OperationNode, SpecDocument

__all__ = ["build_answers", "build_environment", "build_logic", "build_operations", "crud_assumptions"]


def build_logic(
    document: SpecDocument, entities: Iterable[Entity], auth: Auth | None, formulas: Formulas
) -> tuple[Logic, ...]:
    """The custom logic that is declared. What is wrong is added to the diagnostics of `formulas`."""
    building = Building(document, entities, {}, auth, formulas)
    for node in document.logic:
        check_uses(node, document, building)
    return tuple(logic_of(node, building) for node in document.logic)


def build_environment(
    document: SpecDocument, formulas: Formulas
) -> tuple[tuple[Setting, ...], tuple[Integration, ...]]:
    """Settings and partners. What is wrong is added to the diagnostics of `formulas`."""
    return environment_of(document, Building(document, (), {}, None, formulas))


def build_operations(
    document: SpecDocument,
    entities: Iterable[Entity],
    views: Iterable[View],
    logic: Iterable[Logic],
    auth: Auth | None,
    formulas: Formulas,
) -> tuple[Operation, ...]:
    """All operations: those of `auth.flows`, of each `crud`, and those that are written out.

    What is wrong is added to the diagnostics of `formulas`; such an operation is left out.
    """
    building = Building(document, entities, {}, auth, formulas)
    building.heads.update(view_heads(building))
    building.views.update((view.name, view) for view in views)
    building.logic.update((each.name, each) for each in logic)
    found = build_flows(building, auth) if auth is not None else []
    sugar = [
        each
        for node in document.entities
        if node.crud is not None and node.name.value in building.entities
        for each in crud_operations(node, node.crud, building.entities[node.name.value])
    ]
    written = [CrudOperation(node=node) for node in document.operations]
    nodes = {each.node.name.value: each.node for each in (*sugar, *written)}
    for origin, group in (("crud", sugar), ("operations", written)):
        for each in group:
            operation = _built(each, origin, nodes, building)
            found += [operation] if operation is not None else []
    return tuple(found)


def _built(
    each: CrudOperation, origin: str, nodes: dict[str, OperationNode], building: Building
) -> Operation | None:
    """One operation, or None where something that it is about is wrong itself; that is recorded there."""
    node = resolved(each.node, nodes, building)
    if node is None:
        return None
    try:
        return build_operation(node, building, origin=origin, location=each.location)
    except Unresolved:
        return None
    except SpecificationError as error:
        building.formulas.found.extend(error.diagnostics)
        return None
