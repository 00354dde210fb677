"""Sugar to core: `list`, `read`, `create`, `update`, `delete` and `move` become steps."""

from __future__ import annotations

import re

import msgspec

from backwright.expr.inline import inlined
from backwright.expr.typed import BOOLEAN, TRUE, Constant, Expression, In, Member, Name, Type
from backwright.model.expand.codes import MOVE, ROUTE
from backwright.model.expand.draft import Draft, Parent
from backwright.model.expand.planning import references
from backwright.model.expand.selecting import belongs, conjunction, matched
from backwright.model.expand.steps import StepWriter
from backwright.model.expand.values import on_update
from backwright.model.formulas import type_of
from backwright.model.naming import snake
from backwright.model.types import (
    Assignment,
    Entity,
    Failing,
    Find,
    Formula,
    Move,
    Require,
    Rule,
    Update,
)
from backwright.spec.nodes import At, OperationNode, StepNode

VERBS = ("list", "read", "create", "update", "delete", "move")
EVERYONE = Rule(source="public", condition=TRUE)


def steps_of(node: OperationNode, entity: Entity) -> list[StepNode]:
    """What the operation's verb stands for, as an author would write it (a move begins with a find, too)."""
    verb = node.verb
    if verb is None:
        return []
    target = At(entity.name, verb.place)

    def step(name: str, at: At[str], **more: object) -> StepNode:
        written = StepNode(place=verb.place, verb=At(name, verb.place), target=at, trusted=node.trusted)
        return msgspec.structs.replace(written, **more)

    row = At(snake(entity.name), verb.place)
    body = At("body", verb.place)
    find = step("find", target, where=node.where)
    match verb.value:
        case "list":
            lists = step(
                "select", target, where=node.where, filters=node.filters, order=node.order, sort=node.sort,
                paging=node.paging,
            )  # fmt: skip
            return [lists]
        case "create":
            return [step("create", target, source=body, set=node.set)]
        case "update":
            return [find, step("update", row, source=body, set=node.set)]
        case "delete":
            return [find, step("delete", row)]
        case _:
            return [find]


def write_parents(draft: Draft) -> None:
    """Finds the rows that the path goes through, each below the one before."""
    above: list[Parent] = []
    for parent in draft.parents:
        if parent.match is None:
            continue
        given = {
            field: before.bind
            for before in above
            if len(fields := references(parent.entity, before.entity.name)) == 1
            for field in fields
        }
        where = conjunction(
            [
                *matched(parent.entity, parent.match, draft, parent.place),
                *belongs(parent.entity, given, draft, parent.place),
            ]
        )
        if where is None:
            continue
        draft.steps.append(
            Find(
                entity=parent.entity.name,
                bind=parent.bind,
                where=where,
                readable=parent.entity.access["read"],
            )
        )
        draft.bind(parent.bind, Type("entity", entity=parent.entity.name))
        above.append(parent)


def write_sugar(draft: Draft, steps: list[StepNode]) -> None:
    """Adds what the operation's verb stands for."""
    writer = StepWriter(draft)
    view = draft.node.view
    for step in steps:
        writer.write(
            step,
            given=draft.bound() if step.verb.value in ("find", "select", "create") else None,
            view=None if view is None else view.value,
        )
    if draft.entity is not None and draft.node.verb is not None and draft.node.verb.value == "move":
        _write_move(draft, draft.entity)


def _write_move(draft: Draft, entity: Entity) -> None:
    """404 was answered; then who may (403), the state (409), the condition (409), and the change."""
    target = draft.node.target
    states = entity.states
    if target is None:
        return
    name = target.value.partition(".")[2]
    move = next((move for move in states.moves if move.name == name), None) if states is not None else None
    if states is None or move is None:
        known = [f"{entity.name}.{each.name}" for each in states.moves] if states is not None else []
        draft.building.unknown(MOVE, target, "move", known)
        return
    bind = snake(entity.name)
    if bind not in draft.bindings:
        return
    row = Name(type=Type("entity", entity=entity.name), root="binding", binding=bind)
    field = entity.field(states.field)
    if draft.node.trusted is None:
        draft.steps.append(
            Require(
                condition=_about(move.may.source, move.may.condition, row, bind, move),
                otherwise=Failing(category="forbidden", code="forbidden"),
            )
        )
    kind = type_of(field)
    state = Member(type=kind, of=row, entity=entity.name, field=field.name)
    sources = tuple(Constant(type=kind, value=source) for source in move.sources)
    words = ", ".join(f"'{source}'" for source in move.sources)
    draft.steps.append(
        Require(
            condition=Formula(
                source=f"{bind}.{field.name} in [{words}]",
                meaning=In(type=BOOLEAN, item=state, options=sources),
                place=move.place,
            ),
            otherwise=Failing(category="conflict", code="invalid_state"),
        )
    )
    if move.when is not None:
        draft.steps.append(
            Require(
                condition=_about(move.when.source, move.when.meaning, row, bind, move),
                otherwise=Failing(category="conflict", code="not_ready"),
            )
        )
    reached = Formula(source=move.target, meaning=Constant(type=kind, value=move.target), place=move.place)
    taken = {field.name, *(value.field for value in move.values)}
    trusted = draft.node.trusted
    draft.steps.append(
        Update(
            entity=entity.name,
            bind=bind,
            values=(
                Assignment(field=field.name, value=reached),
                *move.values,
                *on_update(entity, taken),
            ),
            allowed=None if trusted is not None else move.may,
            after=None if trusted is not None else EVERYONE,
            trusted=None if trusted is None else trusted.value,
        )
    )


def _about(source: str, meaning: Expression, row: Name, bind: str, move: Move) -> Formula:
    """A condition about `this` as one about a binding."""
    words = re.sub(r"\bthis\b", bind, source)
    return Formula(source=words, meaning=inlined(meaning, row, ()), place=move.place)


def sugar_entity(node: OperationNode, draft: Draft) -> Entity | None:
    """The entity that the operation's verb is about."""
    if node.verb is None or node.target is None:
        return None
    if node.verb.value not in VERBS:
        message = f"`{node.verb.value}` is not what an operation does"
        draft.refuse(ROUTE, node.verb.place, message, f"write one of {', '.join(VERBS)}")
        return None
    name = node.target.value
    if node.verb.value == "move":
        name = name.partition(".")[0]
    return draft.building.entity(msgspec.structs.replace(node.target, value=name))
