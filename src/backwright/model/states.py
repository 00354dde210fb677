"""Builds states and their moves, and the checks of rows: what has to hold whatever operation writes."""

from __future__ import annotations

from backwright.expr.typed import BOOLEAN
from backwright.model.formulas import Formulas, type_of
from backwright.model.types import Assignment, Check, Entity, Move, Rule, States
from backwright.spec.nodes import AssignmentNode, EntityNode, MoveNode


def build_states(node: EntityNode, entity: Entity, formulas: Formulas) -> States | None:
    """The states of an entity; those of the first field that has some (a check refuses a second)."""
    for field in node.fields:
        if field.states is not None and field.name.value in formulas.entities[entity.name]:
            moves = tuple(_move(move, entity, formulas) for move in field.states.moves)
            initial = field.states.names[0].value if field.states.names else ""
            return States(field=field.name.value, initial=initial, moves=moves)
    return None


def _move(node: MoveNode, entity: Entity, formulas: Formulas) -> Move:
    scope = formulas.scope(entity.name)
    may: Rule = entity.access["update"] if node.may is None else formulas.rule(node.may, scope)
    when = None if node.when is None else formulas.formula(node.when, scope, BOOLEAN, rule=True)
    return Move(
        name=node.name.value,
        sources=tuple(source.value for source in node.sources),
        target=node.target.value,
        may=may,
        when=when,
        values=assignments(node.set, entity.name, formulas),
        place=node.place,
    )


def assignments(
    written: tuple[AssignmentNode, ...], entity: str, formulas: Formulas
) -> tuple[Assignment, ...]:
    """What a move sets beside the state; about the stored row."""
    found = []
    for each in written:
        field = formulas.entities[entity].get(each.name.value)
        if field is None:
            continue
        scope = formulas.scope(entity, guarded=True)
        value = formulas.formula(each.value, scope, type_of(field), rule=True)
        if value is not None:
            found.append(Assignment(field=field.name, value=value))
    return tuple(found)


def build_checks(node: EntityNode, formulas: Formulas) -> tuple[Check, ...]:
    """The checks of an entity that could be understood."""
    found = []
    for check in node.checks:
        scope = formulas.scope(node.name.value)
        condition = formulas.formula(check.that, scope, BOOLEAN, rule=True)
        if condition is not None:
            found.append(
                Check(
                    name=check.name.value,
                    condition=condition,
                    code=(check.code or check.name).value,
                    field=None if check.field is None else check.field.value,
                    place=check.place,
                )
            )
    return tuple(found)
