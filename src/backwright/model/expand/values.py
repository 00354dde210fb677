"""The values that steps write: those of `set`, those of the body, those that the system gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backwright.expr.scope import Scope
from backwright.expr.typed import Constant, Type
from backwright.model.expand.bodies import is_fixed, no_rows
from backwright.model.expand.codes import NOT_GIVEN, UNCHANGEABLE, UNKNOWN
from backwright.model.expand.draft import Draft
from backwright.model.formulas import Unresolved, type_of
from backwright.model.types import Assignment, Entity, Field, Formula, ManyType
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import AssignmentNode, At

NULL = Constant(type=Type("null", nullable=True), value=None)


def created(
    entity: Entity,
    written: Iterable[AssignmentNode],
    draft: Draft,
    scope: Scope,
    place: Place,
    *,
    source: str | None = None,
    members: Iterable[str] = (),
    given: Mapping[str, str] | None = None,
    rule: bool = False,
) -> tuple[Assignment, ...]:
    """A value for every field of a new row but what the service makes.

    In this order: what `set` says, the parent that `given` names, the field's own `set`, the member of
    `source`, the default, null. A field that nothing fills is recorded.
    """
    said = _said(entity, written, draft, scope, new=True, rule=rule)
    taken = set(members)
    found: list[Assignment] = []
    missing: list[str] = []
    for field in entity.fields:
        if _is_made(field, entity):
            continue
        value = said.get(field.name)
        if value is None and field.name not in said:
            value = _usual(field, entity, draft, scope, source, taken, given or {})
            if value is None and not (draft.origin == "crud" and not field.input):  # else BW312 says so
                missing.append(field.name)
        if value is not None:
            found.append(Assignment(field=field.name, value=value))
    if missing:
        message = f"nothing gives a new {entity.name} its {' and '.join(f'`{name}`' for name in missing)}"
        draft.refuse(NOT_GIVEN, place, message, "add it to `set` or to the body, or give the field a default")
    return tuple(found)


def _is_made(field: Field, entity: Entity) -> bool:
    """Whether the service makes the value: keys that nobody gives, numbers, slugs, tokens, versions."""
    if field.generated is not None:
        return True
    return field.name == entity.key and not entity.composite and not field.input and field.set is None


def _usual(
    field: Field,
    entity: Entity,
    draft: Draft,
    scope: Scope,
    source: str | None,
    members: set[str],
    given: Mapping[str, str],
) -> Formula | None:
    """The value of a field of a new row that `set` does not name."""
    formulas = draft.building.formulas
    if field.name in given:
        return formulas.made(given[field.name], draft.place, scope, type_of(field))
    if field.set is not None:
        return field.set
    if entity.states is not None and entity.states.field == field.name:
        return _initial(field, entity.states.initial)
    if source is not None and field.name in members:
        at = At(f"{source}.{field.name}", field.place)
        return draft.needed(at, scope, type_of(field)) or _wrong(field)
    if field.on_update is not None:
        return field.on_update
    if field.default is not None:
        return field.default
    if isinstance(field.type, ManyType):
        return no_rows(field, field.place)
    if field.nullable:
        return formulas.made("null", field.place, scope)
    return None


def _initial(field: Field, state: str) -> Formula:
    return Formula(source=state, meaning=Constant(type=type_of(field), value=state), place=field.place)


def _wrong(field: Field) -> Formula:
    """Stands for a value that is wrong; its diagnostic is recorded, so the model is not used."""
    return Formula(source="null", meaning=NULL, place=field.place)


def changed(
    entity: Entity, written: Iterable[AssignmentNode], draft: Draft, scope: Scope, *, rule: bool = False
) -> tuple[Assignment, ...]:
    """The values that a change sets: those of `set`, and those that every change gives."""
    said = _said(entity, written, draft, scope, new=False, rule=rule)
    found = [Assignment(field=name, value=value) for name, value in said.items() if value is not None]
    return (*found, *on_update(entity, set(said)))


def on_update(entity: Entity, taken: set[str]) -> list[Assignment]:
    """What every change of a row sets."""
    return [
        Assignment(field=field.name, value=field.on_update)
        for field in entity.fields
        if field.on_update is not None and field.name not in taken
    ]


def _said(
    entity: Entity,
    written: Iterable[AssignmentNode],
    draft: Draft,
    scope: Scope,
    *,
    new: bool,
    rule: bool,
) -> dict[str, Formula | None]:
    """The values of `set` by field; None for one that is wrong."""
    fields = draft.building.fields[entity.name]
    found: dict[str, Formula | None] = {}
    for assignment in written:
        name = assignment.name
        field = fields.get(name.value)
        if field is None:
            if name.value not in draft.building.formulas.declared.get(entity.name, ()):
                draft.building.unknown(UNKNOWN, name, f"field of {entity.name} called", fields)
            continue
        reason = _unchangeable(field, entity, new=new)
        if reason is not None:
            message = f"`{name.value}` of {entity.name} {reason[0]}"
            draft.refuse(UNCHANGEABLE, name.place, message, reason[1])
            continue
        try:
            found[name.value] = draft.needed(assignment.value, scope, type_of(field), rule=rule)
        except Unresolved:
            found[name.value] = None
    return found


def _unchangeable(field: Field, entity: Entity, *, new: bool) -> tuple[str, str] | None:
    """Why a field cannot be set, and what to do instead."""
    if entity.states is not None and entity.states.field == field.name:
        return "is a state", "use one of its moves: `move: Entity.name`"
    if field.generated is not None or (new and _is_made(field, entity)):
        return "is made by the service", "leave it out"
    if not new and is_fixed(field, entity):
        return "keeps its first value", "leave it out, or create another row"
    return None
