"""One operation: from its node to the core."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.expr.typed import Expression, Input
from backwright.expr.walk import nodes
from backwright.model.expand import policies
from backwright.model.expand.answers import build_answers
from backwright.model.expand.bodies import fill
from backwright.model.expand.building import Building
from backwright.model.expand.codes import ROUTE, WIRE
from backwright.model.expand.draft import Draft
from backwright.model.expand.forms import check_operation
from backwright.model.expand.orders import check_paging
from backwright.model.expand.planning import binding_of, is_list, plan
from backwright.model.expand.referring import find_referred
from backwright.model.expand.respond import respond
from backwright.model.expand.routes import read_route
from backwright.model.expand.steps import StepWriter
from backwright.model.expand.sugar import steps_of, sugar_entity, write_parents, write_sugar
from backwright.model.expand.summaries import summary
from backwright.model.operations import expressions, finished
from backwright.model.rules import needs_caller
from backwright.model.types import Entity, Group, InputField, Operation, Respond, Select, Show
from backwright.spec.nodes import OperationNode, StepNode


def build_operation(
    node: OperationNode,
    building: Building,
    *,
    origin: str = "operations",
    location: str | None = None,
    show: Show | None = None,
) -> Operation | None:
    """The operation that a node means; None where there is no telling. What is wrong is recorded.

    `location` is the path template of the rows that it creates; `show` what it answers instead of its usual.
    """
    if node.route is None:
        message = f"`{node.name.value}` has no route"
        building.refuse(ROUTE, node.place, message, "add `route: GET /…`")
        return None
    route = read_route(node.route, building, own=origin != "crud")
    if route is None:
        return None
    check_operation(node, building)
    draft = Draft(node, route, building, origin)
    draft.entity = sugar_entity(node, draft)
    if draft.entity is None and node.verb is not None:
        return None
    _access(draft)
    sugar = [] if draft.entity is None else steps_of(node, draft.entity)
    plan(draft, [*sugar, *node.steps])
    _body(draft)
    write_parents(draft)
    above = len(draft.steps)
    write_sugar(draft, sugar)
    writer = StepWriter(draft)
    for step in node.steps:
        writer.write(step)
    _paging(draft, [*sugar, *node.steps])
    return _assembled(draft, location, show, above)


def _access(draft: Draft) -> None:
    if draft.node.access is None:
        return
    formulas = draft.building.formulas
    draft.access = formulas.rule(draft.node.access, formulas.scope())
    draft.guarded = draft.access is not None and needs_caller(draft.access.condition)


def _body(draft: Draft) -> None:
    """The body is about what the operation writes: by its verb, else by the first step that takes from it."""
    verb = None if draft.node.verb is None else draft.node.verb.value
    replaces = draft.node.replace is not None and draft.node.replace.value
    if verb in ("create", "update"):
        partial = verb == "update" and not replaces
        fill(draft, draft.entity, partial=partial, creates=verb == "create")
    else:
        taking = next((s for s in draft.node.steps if s.source is not None and not is_list(s.source)), None)
        entity = None if taking is None else _written(taking, draft)
        creates = taking is not None and taking.verb.value == "create"
        partial = taking is not None and not creates and not replaces
        fill(draft, entity, partial=partial, creates=creates)
    if draft.body is not None and draft.route.method == "GET":
        message = "a GET request has no body"
        draft.refuse(ROUTE, draft.place, message, "use POST, or declare `params`")


def _written(step: StepNode, draft: Draft) -> Entity | None:
    """The entity that a step writes: the one it names, or that of the binding it names."""
    entities = draft.building.entities
    if step.target.value in entities:
        return entities[step.target.value]
    for parent in draft.parents:
        if parent.bind == step.target.value:
            return parent.entity
    for earlier in draft.node.steps:
        entity = entities.get(earlier.target.value)
        if entity is not None and binding_of(earlier, entity) == step.target.value:
            return entity
    return None


def _paging(draft: Draft, steps: list[StepNode]) -> None:
    """What callers send for a page must not be taken by another parameter, or by another page."""
    taken: set[str] = set()
    for member in draft.query.values():
        if member.wire in taken:
            message = f"there are two parameters `{member.wire}`"
            draft.refuse(WIRE, member.place, message, "give one of them another name")
        taken.add(member.wire)
    for step in steps:
        if step.verb.value == "select" and not step.group:
            taken |= {"sort"} if step.sort else set()
            sizes = draft.origin != "crud"  # else BW306 says so
            check_paging(step.paging, step.place, taken, draft.building, sizes=sizes)


def _assembled(draft: Draft, location: str | None, show: Show | None, above: int) -> Operation:
    """The operation. `above` is how many steps find the rows that its path goes through."""
    node, building = draft.node, draft.building
    answer = respond(draft, location=location)
    switches, demanded = _uses(draft, answer)
    find_referred(draft, above, demanded)
    if show is not None:
        answer = msgspec.structs.replace(answer, show=show, status=201 if _creates(draft) else 200)
    if_match = policies.if_match(draft)
    body = policies.max_body(node.limits)
    return finished(
        Operation(
            name=node.name.value,
            tag="",
            summary=summary(draft),
            method=draft.route.method,
            path=draft.route.path,
            caller="none",
            path_parameters=tuple(draft.paths.values()),
            query=tuple(_query(draft, switches - demanded)),
            body=draft.body,
            access=draft.access,
            steps=policies.locked(draft.steps),
            respond=answer,
            answers=build_answers(node.errors, building.formulas.found),
            rates=policies.rates(node.limits, building.document.limits, building),
            max_body=body,
            idempotent=policies.idempotent(draft),
            if_match=if_match,
            cache=policies.cache(node.cache, draft),
            deprecated=policies.deprecation(node.deprecated, building),
            p95_ms=policies.p95(node.performance),
            origin=draft.origin,
            place=node.place,
        ),
        building.entities,
        building.views,
        building.logic,
        building.auth,
    )


def _creates(draft: Draft) -> bool:
    return draft.node.verb is not None and draft.node.verb.value == "create"


def _uses(draft: Draft, answer: Respond) -> tuple[set[str], set[str]]:
    """The parameters that switch filters on, and those that anything else is about."""
    switches: set[str] = set()
    if not draft.params:
        return switches, switches
    demanded = set(_named(expressions((answer, draft.access))))
    for step in draft.steps:
        filters = step.filters if isinstance(step, Select | Group) else ()
        switches.update(_named(expressions(filters)))
        rest = msgspec.structs.replace(step, filters=()) if filters else step
        demanded.update(_named(expressions(rest)))
    return switches, demanded


def _query(draft: Draft, switches: set[str]) -> Iterator[InputField]:
    """The query parameters. One that only switches filters on may be left out, however it is declared."""
    for name, member in draft.query.items():
        optional = member.required and name in switches
        yield msgspec.structs.replace(member, required=False) if optional else member


def _named(found: Iterator[Expression]) -> Iterator[str]:
    for expression in found:
        for node in nodes(expression):
            if isinstance(node, Input) and node.source == "params":
                yield node.name
