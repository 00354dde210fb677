"""Rows at hand that a step may have changed besides its own: afterwards a binding is the row as it is stored."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.repositories import lookups
from backwright.emit.repositories.projections import whole
from backwright.emit.repositories.shown import by_keys
from backwright.emit.services.holding import repository
from backwright.emit.services.mentions import formulas, names_binding, shown_places
from backwright.emit.services.scope import Scope
from backwright.emit.source import Identifier, imports, indented
from backwright.emit.storage import key_fields
from backwright.expr.typed import And, Compare, Expression, Member, Name
from backwright.expr.walk import nodes
from backwright.model.types import (
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Entity,
    Find,
    Operation,
    ReferenceType,
    Require,
    Select,
    ShowPage,
    ShowRow,
    ShowSession,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

Bound = Find | Select | Create | Ensure | Upsert | Update


def current(step: Step, scope: Scope) -> list[str]:
    """The lines behind a step that bring the rows of other bindings up to date, where somebody asks for them later."""
    match step:
        case Update() | Upsert():
            others = _bound_before(step, {step.entity}, scope.operation)
            return [
                _the_same(name, of, step, scope)
                for name, of in others.items()
                if name != step.bind and not _are_apart(step, name, of, scope.operation)
            ]
        case UpdateAll():
            return _again(step, {step.entity}, scope)
        case Delete() | DeleteAll():
            return _again(step, _that_lose(step.entity, scope), scope)
        case _:
            return []


def _that_lose(gone: str, scope: Scope) -> set[str]:
    """The entities whose rows change where a row goes to which they refer."""
    return {
        entity.name
        for entity in scope.model.entities
        for field in entity.fields
        if isinstance(field.type, ReferenceType)
        and field.type.entity == gone
        and field.type.on_delete == "set_null"
    }


def _bound_before(step: Step, entities: set[str], operation: Operation) -> dict[str, Bound]:
    """The bindings of these entities that were made before a step and are asked for behind it, by name."""
    found: dict[str, Bound] = {}
    for each in operation.steps:
        if each is step:
            break
        if isinstance(each, Bound) and not (isinstance(each, Update) and each.bind in found):
            found[each.bind] = each
    return {
        name: of
        for name, of in found.items()
        if of.entity in entities and _is_asked_later(name, of, step, operation)
    }


def _place(step: Step, operation: Operation) -> int:
    return next(place for place, each in enumerate(operation.steps) if each is step)


def _is_several(of: Bound) -> bool:
    return isinstance(of, Select) or (isinstance(of, Create) and of.each is not None)


def _is_asked_later(bind: str, of: Bound, step: Step, operation: Operation) -> bool:
    """Whether more than the key of a row is asked for behind a step."""
    rest = operation.steps[_place(step, operation) + 1 :]
    if any(isinstance(each, Update | Delete | VerifyPassword) and each.bind == bind for each in rest):
        return True
    match operation.respond.show:
        case ShowRow(bind=shown) | ShowPage(bind=shown) | ShowSession(row=shown) if shown == bind:
            return True
        case _:
            pass
    said = (rest, operation.respond)
    if shown_places(operation.respond, bind):
        return True
    meanings = [formula.meaning for formula in formulas(said)]
    if _is_several(of):
        return any(names_binding(each, bind) for each in meanings)
    return any(_asks_for_more(each, bind) for each in meanings)


def _asks_for_more(expression: Expression, bind: str) -> bool:
    return any(
        isinstance(node, Member) and isinstance(node.of, Name) and node.of.binding == bind
        for node in nodes(expression)
    )


def _are_apart(step: Update | Upsert, name: str, of: Bound, operation: Operation) -> bool:
    """Whether two bindings can never be the same row: one was made when the other was there, or a step requires it."""
    before = operation.steps[: _place(step, operation)]
    own = next((each for each in before if isinstance(each, Bound) and each.bind == step.bind), step)
    first, second = sorted((own, of), key=lambda each: _place(each, operation))
    if isinstance(second, Create) and first is not second:
        return True
    return any(
        _says_apart(each.condition.meaning, {step.bind, name})
        for each in before
        if isinstance(each, Require) and each.when is None
    )


def _says_apart(condition: Expression, binds: set[str]) -> bool:
    match condition:
        case And(parts=parts):
            return any(_says_apart(part, binds) for part in parts)
        case Compare(op="!=", left=Name(root="binding") as left, right=Name(root="binding") as right):
            return {left.binding, right.binding} == binds
        case _:
            return False


# Lines ------------------------------------------------------------------------------------------------


def _the_same(name: str, of: Bound, step: Update | Upsert, scope: Scope) -> str:
    """The other binding is the changed row where it is the same."""
    entity = scope.model.entity(step.entity)
    row, changed = scope.bound(name), scope.bound(step.bind)
    if _is_several(of):
        other = scope.variable("each")
        same = f"{_key(entity, other)} == {_key(entity, changed)}"
        return _replaced(name, row, f"[{changed} if {same} else {other} for {other} in {{rows}}]", scope)
    there = f"{row} and " if scope.optional(name) else ""
    there += f"{changed} and " if scope.optional(step.bind) else ""
    test = f"{there}{_key(entity, row)} == {_key(entity, changed)}"
    return f"if {test}:  # it is the same row\n    {row} = {changed}"


def _again(step: UpdateAll | Delete | DeleteAll, entities: set[str], scope: Scope) -> list[str]:
    """The rows as they are stored now."""
    return [
        line
        for name, of in _bound_before(step, entities, scope.operation).items()
        if name != step.bind
        for line in _read_again(name, of, scope)
    ]


def _read_again(name: str, of: Bound, scope: Scope) -> Iterator[str]:
    entity = scope.model.entity(of.entity)
    row = scope.bound(name)
    if not _is_several(of):
        scope.statements += 1
        again = lookups.by_fields(entity, entity.keys, scope.repositories)
        keys = ", ".join(f"{row}.{Identifier(field.column)}" for field in key_fields(entity))
        line = f"{row} = await {repository(entity, scope)}.{again}({scope.db}, {keys}) or {row}"
        yield f"if {row}:\n{indented(line)}" if scope.optional(name) else line
        return
    rows = f"{row}.rows" if name in scope.pages else f"{row}"
    read = by_keys(whole(entity, scope.model), scope.repositories, signed_in=scope.signed_in)
    stored, other = scope.variable("as_stored"), scope.variable("each")
    wanted = f"[{_key(entity, other)} for {other} in {rows}]"
    call = scope.call(read.function, wanted)
    yield f"{stored} = {{{_key(entity, other)}: {other} for {other} in {call}}}"
    line = f"[{stored}.get({_key(entity, other)}, {other}) for {other} in {{rows}}]"
    yield _replaced(name, row, line, scope)


def _replaced(name: str, row: str, rows: str, scope: Scope) -> str:
    """The assignment of other rows to a binding of several."""
    if name not in scope.pages:
        return f"{row} = {rows.replace('{rows}', row)}"
    scope.imports |= imports("msgspec.structs", "replace")
    return f"{row} = replace({row}, rows={rows.replace('{rows}', f'{row}.rows')})"


def _key(entity: Entity, row: str) -> str:
    columns = [f"{row}.{Identifier(field.column)}" for field in key_fields(entity)]
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
