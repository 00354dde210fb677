"""The forms of entities, views and operations that are emitted: those of `crud`, `register` and `login`.

The emitters read each operation as one of seven forms. An operation whose parts are all known, but which puts
them together in another way, is refused by what is unlike its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.emit.failures import STATUS
from backwright.emit.judge import inputs_of, is_row
from backwright.expr.typed import Compare, Constant, Expression, Input, Member
from backwright.model.types import (
    Body,
    Create,
    Delete,
    Entity,
    Field,
    Find,
    Formula,
    InputField,
    Model,
    Operation,
    ScalarType,
    Select,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    SignIn,
    Update,
    Verb,
    VerifyPassword,
    View,
)

_PAGING = frozenset({"limit", "after"})


def entity_forms(entity: Entity) -> Iterator[str]:
    """What is unlike an entity whose key is a uuid that the service makes."""
    key = entity.field(entity.key)
    if key.type != ScalarType(scalar="uuid") or key.input or key.set is not None or key.nullable:
        yield "a key of its own"


def view_forms(view: View, model: Model) -> Iterator[str]:
    """What is unlike the view of every field but passwords, under their own names."""
    entity = model.entity(view.entity)
    fields = [field.name for field in entity.fields if not _is_password(field)]
    if [member.field for member in view.fields] != fields:
        yield "a choice of fields"
    elif any(member.wire != member.field for member in view.fields):
        yield "other names for its fields"


def operation_forms(operation: Operation, model: Model) -> Iterator[str]:
    """What is unlike the form that the operation's steps are of."""
    if not STATUS.keys() >= set(operation.errors):
        yield "other errors"
    match operation.steps, operation.respond.show:
        case (Select() as select,), ShowPage() as show:
            yield from _called(operation, "GET", 200, [select.bind, show.bind])
            yield from _listing(operation, select, model)
        case (Find() as find,), ShowRow() as show:
            yield from _called(operation, "GET", 200, [find.bind, show.bind])
            yield from _found(operation, find, model)
            yield from _without_body(operation)
        case (Create() as create,), ShowRow() as show:
            yield from _called(operation, "POST", 201, [create.bind, show.bind])
            yield from _created(operation, create, model)
            yield from _located(show, model.entity(create.entity))
        case (Find() as find, Update() as update), ShowRow() as show:
            yield from _called(operation, "PATCH", 200, [find.bind, update.bind, show.bind])
            yield from _found(operation, find, model)
            yield from _updated(operation, update, model)
        case (Find() as find, Delete() as delete), ShowNothing():
            yield from _called(operation, "DELETE", 204, [find.bind, delete.bind])
            yield from _found(operation, find, model)
            yield from _judged(delete, "delete", model)
            yield from _without_body(operation)
        case (Create() as create, SignIn() as signing), ShowSession() as show:
            yield from _called(operation, "POST", 201, [create.bind, signing.row, show.row])
            yield from _created(operation, create, model)
        case (Find() as find, VerifyPassword() as verify, SignIn() as signing), ShowSession() as show:
            yield from _called(operation, "POST", 200, [find.bind, verify.bind, signing.row, show.row])
            yield from _signed_in(operation, find, verify, model)
        case _:
            yield "other steps than those of `crud`, `register` and `login`"


def _called(operation: Operation, method: str, status: int, binds: list[str]) -> Iterator[str]:
    """What is unlike a form in method, status and bindings."""
    if operation.method != method:
        yield f"the method {operation.method}"
    if operation.respond.status != status:
        yield f"the status {operation.respond.status}"
    if len(set(binds)) > 1:
        yield "steps about different rows"


def _listing(operation: Operation, select: Select, model: Model) -> Iterator[str]:
    """What is unlike a list: a page of readable rows, each query parameter of which belongs to a filter."""
    yield from _judged(select, "read", model)
    yield from _without_body(operation)
    if operation.path_parameters:
        yield "a list with path parameters"
    mentioned = {
        (given.source, given.name)
        for each in select.filters
        for given in inputs_of(each.condition.meaning)
    }  # fmt: skip
    if mentioned != {("params", each.name) for each in operation.query}:
        yield "query parameters beside its filters"
    for each in operation.query:
        unlike = each.required or each.nullable or each.default is not None or each.wire != each.name
        if unlike or each.wire in _PAGING:
            yield f"the query parameter `{each.wire}` of another form"


def _found(operation: Operation, find: Find, model: Model) -> Iterator[str]:
    """What is unlike the row that the key in the path names."""
    yield from _judged(find, "read", model)
    entity = model.entity(find.entity)
    if [each.type for each in operation.path_parameters] != [ScalarType(scalar="uuid")] or not _compares(
        find.where.meaning, entity.key, "params", operation.path_parameters[0].name, is_key=True
    ):
        yield "a row that is found by something else than its key"
    if operation.query:
        yield "query parameters"
    if find.error != "not_found":
        yield "another error for a missing row"


def _created(operation: Operation, create: Create, model: Model) -> Iterator[str]:
    """What is unlike a new row from the inputs of its entity, with the entity's own values."""
    yield from _judged(create, "create", model)
    if operation.path_parameters or operation.query:
        yield "parameters beside its body"
    entity = model.entity(create.entity)
    inputs = _inputs(entity)
    body = operation.body
    if body is None or body.partial or not _same_fields(body, inputs):
        yield "a body that is not just the inputs of its entity"
    elif any(_differs(given, field) for given, field in zip(body.fields, inputs, strict=True)):
        yield "body members unlike the fields of its entity"
    expected = {field.name: field for field in entity.fields if field.name != entity.key}
    if [each.field for each in create.values] != list(expected):
        yield "values for other fields than its entity's"
    elif not all(_own_value(each.value, expected[each.field]) for each in create.values):
        yield "values that are not the fields' own"


def _updated(operation: Operation, update: Update, model: Model) -> Iterator[str]:
    """What is unlike a change of those inputs that the body has."""
    yield from _judged(update, "update", model)
    entity = model.entity(update.entity)
    inputs = _inputs(entity)
    body = operation.body
    if body is None or not body.partial or not _same_fields(body, inputs):
        yield "a body that is not just the inputs of its entity"
    elif any(
        given.required or given.default or (given.type, given.nullable) != (field.type, field.nullable)
        for given, field in zip(body.fields, inputs, strict=True)
    ):
        yield "body members unlike the fields of its entity"
    if list(update.changes) != [field.name for field in inputs]:
        yield "changes of other fields than its body's"


def _signed_in(operation: Operation, find: Find, verify: VerifyPassword, model: Model) -> Iterator[str]:
    """What is unlike signing in with the identity's own field and password."""
    auth = model.auth
    if auth is None or find.entity != auth.identity or find.readable is not None:
        yield "a sign-in of another entity"
        return
    given = verify.given.meaning
    if not _compares(find.where.meaning, auth.by, "body", auth.by) or find.error != "invalid_credentials":
        yield "a sign-in by another field"
    if not isinstance(given, Input) or (given.source, given.name) != ("body", auth.password):
        yield "a sign-in by another password"
    body = operation.body
    names = [each.name for each in body.fields] if body else []
    wires = [each.wire for each in body.fields] if body else []
    if names != [auth.by, auth.password] or wires != names or operation.path_parameters or operation.query:
        yield "other inputs than those of `login`"


def _judged(step: Find | Select | Create | Update | Delete, verb: Verb, model: Model) -> Iterator[str]:
    """What is unlike a step that the entity's own rule judges."""
    rule = step.readable if isinstance(step, Find | Select) else step.allowed
    if rule != model.entity(step.entity).access[verb] or step.trusted is not None:
        yield "a step that goes past the rules"


def _without_body(operation: Operation) -> Iterator[str]:
    if operation.body is not None:
        yield "a body"


def _located(show: ShowRow, entity: Entity) -> Iterator[str]:
    """What is unlike the address of the new row by its key."""
    if show.location is not None and re.findall(r"\{(\w+)\}", show.location) != [entity.key]:
        yield "an address of the new row by something else than its key"


def _inputs(entity: Entity) -> list[Field]:
    """The fields that clients may send."""
    return [field for field in entity.fields if field.input and field.set is None]


def _same_fields(body: Body, inputs: list[Field]) -> bool:
    """Whether a body has exactly these fields, under their own names."""
    return [(each.wire, each.name) for each in body.fields] == [(field.name, field.name) for field in inputs]


def _differs(given: InputField, field: Field) -> bool:
    """Whether a member of a body is unlike the field that it is for."""
    required = not field.nullable and field.default is None
    return (given.type, given.nullable, given.required, given.default) != (
        field.type,
        field.nullable,
        required,
        field.default,
    )


def _own_value(value: Formula, field: Field) -> bool:
    """Whether a new row gets what its field itself says: what is set, sent, the default, or nothing."""
    meaning = value.meaning
    if field.set is not None:
        return meaning == field.set.meaning
    if field.input:
        return isinstance(meaning, Input) and (meaning.source, meaning.name) == ("body", field.name)
    if field.default is not None:
        return meaning == field.default.meaning
    return isinstance(meaning, Constant) and meaning.value is None


def _compares(where: Expression, field: str, source: str, name: str, *, is_key: bool = False) -> bool:
    """Whether a condition is that a field of the row equals one value of the request."""
    match where:
        case Compare(op="==", left=left, right=Input(source=given, name=called)):
            of_field = isinstance(left, Member) and is_row(left.of) and left.field == field
            return (given, called) == (source, name) and (of_field or (is_key and is_row(left)))
        case _:
            return False


def _is_password(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar == "password"
