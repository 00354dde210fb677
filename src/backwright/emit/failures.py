"""Which failures an operation can answer, from what it does, and how each is answered."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

import msgspec

from backwright.emit.certain import holds, may_refuse
from backwright.emit.shown import shown_views
from backwright.expr import typed
from backwright.expr.walk import nodes
from backwright.model import along
from backwright.model.operations import expressions
from backwright.model.types import (
    Call,
    Create,
    Delete,
    DeleteAll,
    Ensure,
    Entity,
    ErrorAnswer,
    ErrorShape,
    Failing,
    Field,
    FieldType,
    Find,
    Group,
    ManyType,
    Model,
    Operation,
    ReferenceType,
    Require,
    ScalarType,
    Select,
    Service,
    ShowFile,
    SignIn,
    SignOut,
    Step,
    Update,
    UpdateAll,
    Upsert,
    VerifyPassword,
)

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "precondition_required": 428,
    "too_many_requests": 429,
    "internal": 500,
    "unavailable": 503,
}
"""The categories that operations answer, in the order in which they would, and the status of each."""

MEANING = {
    "malformed": "The body is not a JSON object.",
    "unauthenticated": "Nobody is signed in, or the access token is not valid (any more).",
    "invalid_credentials": "The credentials do not match.",
    "forbidden": "The caller may see this, but may not do that.",
    "not_found": "There is nothing here, or the caller may not know of it.",
    "method_not_allowed": "The address exists, with other methods; `Allow` names them.",
    "conflict": "This contradicts what is stored already; `fields` says where.",
    "gone": "This was here, and cannot be used any more.",
    "precondition_failed": "The row is not in the version that `If-Match` names.",
    "payload_too_large": "The body is larger than the service reads.",
    "unsupported_media_type": "The body is not declared as `application/json`.",
    "invalid": "Some fields are not valid; `fields` names every one of them.",
    "precondition_required": "`If-Match` has to name the version that is changed.",
    "too_many_requests": "Too many requests; `Retry-After` says when to ask again.",
    "internal": "A defect. The request id leads to it in the log.",
    "unavailable": "The service cannot answer now; trying again later may help.",
}
OF_RUNTIME = ("internal", "unavailable")
"""What every operation can answer, whatever it does."""
SAFE_METHODS = ("GET",)
SIZED_TEXT = frozenset({"string", "text", "email", "password", "slug"})
"""Types whose limits are about the length of the text."""


class Outcome(msgspec.Struct, frozen=True):
    """One category of failures of an operation, with the codes that it can carry."""

    category: str
    codes: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """How a category is answered. `body` None: the envelope, or nothing at all where it is `empty`."""

    status: int
    body: ErrorShape | None
    empty: bool


def answer_of(category: str, operation: Operation | None, service: Service) -> Answer:
    """How a category is answered: as the operation says, else the service, else in the envelope."""
    answers = [*(operation.answers if operation is not None else ()), *service.answers]
    own = _first(answers, category)
    usual = _first(answers, "*")
    status = STATUS[category] if own is None or own.status is None else own.status
    said = own if own is not None and (own.empty or own.body is not None) else usual
    return Answer(status, None if said is None else said.body, said is not None and said.empty)


def _first(answers: list[ErrorAnswer], category: str) -> ErrorAnswer | None:
    return next((each for each in answers if each.category == category), None)


def outcomes(operation: Operation, model: Model) -> tuple[Outcome, ...]:
    """Every failure that the operation can answer, in the order of the categories.

    Nothing is left out that can happen; whether data can make each of them happen is not asked.
    """
    found: dict[str, dict[str, None]] = {}
    for category, code in _failures(operation, model):
        found.setdefault(category, {})[code] = None
    return tuple(Outcome(category, tuple(found[category])) for category in STATUS if category in found)


Failed = Iterator[tuple[str, str]]
"""Categories, each with a code."""


def _failures(operation: Operation, model: Model) -> Failed:
    yield from _of_request(operation, model)
    for step in operation.steps:
        yield from _of_step(step, operation, model)
    if can_overflow(operation, model):
        yield "invalid", "invalid"
    if isinstance(operation.respond.show, ShowFile):
        yield "not_found", "not_found"
    for category in OF_RUNTIME:
        yield category, category


def _of_request(operation: Operation, model: Model) -> Failed:
    """What can be wrong with a request before any step is taken."""
    body = operation.body
    if body is not None:
        for category in ("malformed", "payload_too_large", "unsupported_media_type", "invalid"):
            yield category, category
    if operation.rates:
        yield "too_many_requests", "too_many_requests"
    auth = model.auth
    if auth is not None and operation.caller != "none":
        if operation.caller == "required" or auth.cookie is None:
            yield "unauthenticated", "unauthenticated"
        if auth.cookie is not None and operation.method not in SAFE_METHODS:
            yield "forbidden", "csrf"
    signed_in = operation.caller == "required"
    if operation.access is not None and not holds(operation.access.condition, signed_in=signed_in):
        yield "forbidden", "forbidden"
    if operation.idempotent != "no":
        yield "malformed", "idempotency_key_malformed"
        yield "invalid", "idempotency_key_reused"
    if operation.idempotent == "required":
        yield "malformed", "idempotency_key_required"
    if operation.if_match == "required":
        yield "precondition_required", "precondition_required"
    if operation.query or any(isinstance(step, Select) and _asks(step) for step in operation.steps):
        yield "invalid", "invalid"
    if operation.path_parameters:
        yield "not_found", "not_found"


def _asks(step: Select) -> bool:
    """Whether a page takes parameters."""
    return step.paging.style != "none" or bool(step.sorts)


def _of_step(step: Step, operation: Operation, model: Model) -> Failed:
    match step:
        case Find():
            if step.otherwise is not None:
                yield step.otherwise.category, step.otherwise.code
            elif not step.optional:
                yield step.error, step.error
        case Require(otherwise=otherwise):
            yield otherwise.category, otherwise.code
        case Create() | Ensure():
            yield from _of_writing(step, operation, model, set())
            signed_in = operation.caller == "required"
            rule = step.readable if isinstance(step, Ensure) else None
            if rule is not None and not holds(rule.condition, signed_in=signed_in):
                yield "conflict", "conflict"  # the row is there, and not for this caller
        case Update():
            touched = {*step.changes, *(each.field for each in step.values)}
            yield from _of_writing(step, operation, model, touched)
            if step.match:
                yield "precondition_failed", "precondition_failed"
        case UpdateAll():
            yield from _of_writing(step, operation, model, {each.field for each in step.values})
        case Upsert():
            yield from _of_writing(step, operation, model, set())
            if step.if_exists is not None:
                yield _words(step.otherwise, "conflict")
        case Delete() | DeleteAll():
            if may_refuse(step, operation):
                yield "forbidden", "forbidden"
            if stops_deletion(model.entity(step.entity), model):
                yield "conflict", "conflict"
            if isinstance(step, Delete) and step.match:
                yield "precondition_failed", "precondition_failed"
        case VerifyPassword():
            yield _words(step.otherwise, "invalid_credentials")
        case Call():
            yield "invalid", "invalid"
            yield from ((each.category, each.code) for each in model.function(step.logic).errors)
        case Select() | Group() | SignIn() | SignOut():
            return
        case _:
            assert_never(step)


def _words(failing: Failing | None, usual: str) -> tuple[str, str]:
    return (usual, usual) if failing is None else (failing.category, failing.code)


def _of_writing(
    step: Create | Ensure | Update | UpdateAll | Upsert, operation: Operation, model: Model, touched: set[str]
) -> Failed:
    """What stops a row from being stored. `touched` are the fields that change; none: all, in a new row."""
    entity = model.entity(step.entity)
    sent = {field.name for field in operation.body.fields} if operation.body is not None else set()
    guarded = any(field.write is not None and field.name in sent for field in entity.fields)
    if may_refuse(step, operation) or (guarded and step.trusted is None):
        yield "forbidden", "forbidden"
    if (
        entity.checks
        or any(field.same is not None for field in entity.fields)
        or _may_not_fit(step, entity, model)
    ):
        yield "invalid", "invalid"
    by = step.by if isinstance(step, Ensure | Upsert) else ()
    taken = any((not touched or touched & set(key)) and set(key) != set(by) for key in unique_keys(entity))
    if taken or _may_dangle(step, operation, model):
        yield "conflict", "conflict"


def _may_dangle(step: Step, operation: Operation, model: Model) -> bool:
    """Whether a written row may refer to one that the operation has deleted before."""
    before = operation.steps[: operation.steps.index(step)]
    deleted = [model.entity(each.entity) for each in before if isinstance(each, Delete | DeleteAll)]
    gone = {name for entity in deleted for name in along.closure(entity, model)}
    return any(
        isinstance(field.type, ReferenceType | ManyType) and field.type.entity in gone
        for field in model.entity(getattr(step, "entity", "")).fields
    )


def _may_not_fit(step: Create | Ensure | Update | UpdateAll | Upsert, entity: Entity, model: Model) -> bool:
    """Whether a step computes a value that may be beyond the limits of its field."""
    return any(not _fits(each.value.meaning, entity.field(each.field), model) for each in step.values)


def _fits(value: typed.Expression, field: Field, model: Model) -> bool:
    """Whether a value is within the limits of a field, or was held against them before."""
    kind = field.type
    if not isinstance(kind, ScalarType) or (kind.min is None and kind.max is None):
        return True
    match value:
        case typed.Input() | typed.Name():
            return True
        case typed.Constant(value=str(constant)) if kind.scalar in SIZED_TEXT:
            return (kind.min or 0) <= len(constant) and (kind.max is None or len(constant) <= kind.max)
        case typed.Constant(value=constant):
            return not isinstance(constant, int | float | Decimal) or (
                (kind.min is None or constant >= kind.min) and (kind.max is None or constant <= kind.max)
            )
        case typed.Member(entity=entity, field=name):
            return _is_within(model.entity(entity).field(name).type, kind)
        case _:
            return False


def _is_within(inner: FieldType, outer: ScalarType) -> bool:
    """Whether every value within the one's limits is within the other's."""
    if not isinstance(inner, ScalarType):
        return False
    low = outer.min is None or (inner.min is not None and inner.min >= outer.min)
    return low and (outer.max is None or (inner.max is not None and inner.max <= outer.max))


def unique_keys(entity: Entity) -> list[tuple[str, ...]]:
    """The unique keys that a caller's row can be in the way of, in declared order."""
    keys = [entity.keys] if not _is_made(entity.field(entity.key)) else []
    keys += [(field.name,) for field in entity.fields if field.unique and not _is_made(field)]
    keys += [tuple(term.field for term in index.terms) for index in entity.indexes if index.unique]
    return list(dict.fromkeys(keys))


def _is_made(field: Field) -> bool:
    """Whether the service makes the value, and makes it unlike all others."""
    is_key = not field.input and getattr(field.type, "scalar", None) == "uuid" and field.set is None
    return field.generated is not None or is_key


def stops_deletion(entity: Entity, model: Model, seen: frozenset[str] = frozenset()) -> bool:
    """Whether rows that refer to one can stop it from being removed, or from going with another."""
    for holder in model.entities:
        for field in holder.fields:
            kind = field.type
            if not isinstance(kind, ReferenceType) or kind.entity != entity.name:
                continue
            if kind.on_delete == "restrict":
                return True
            goes_too = kind.on_delete == "cascade" and holder.name not in seen
            if goes_too and stops_deletion(holder, model, seen | {entity.name}):
                return True
    return False


def field_codes(model: Model) -> tuple[str, ...]:
    """The codes that fields of errors can have which are this service's own."""
    found: dict[str, None] = {}
    for entity in model.entities:
        found |= dict.fromkeys(check.code for check in entity.checks)
    for operation in model.operations:
        for step in operation.steps:
            otherwise = getattr(step, "otherwise", None)
            if isinstance(otherwise, Failing) and otherwise.field is not None:
                found[otherwise.code] = None
            if isinstance(step, Call):
                errors = model.function(step.logic).errors
                found |= {each.code: None for each in errors if each.field is not None}
    return tuple(found)


# Numbers that leave their range ---------------------------------------------------------------------


def can_overflow(operation: Operation, model: Model) -> bool:
    """Whether something is computed that can leave its range, which fails the operation."""
    written = {step.entity for step in operation.steps if isinstance(step, Create | Ensure | Upsert | Update)}
    checks = [model.entity(name).checks for name in written]
    looked_at = (operation.steps, operation.respond, shown_views([operation], model), checks)
    return any(_overflows(node) for node in expression_nodes(looked_at))


def _overflows(node: typed.Expression) -> bool:
    match node:
        case typed.Arithmetic():
            return True
        case typed.Aggregate(function=function):
            return function in ("sum", "avg")
        case typed.Convert(to=to):
            return to in ("int", "double")
        case _:
            return False


def expression_nodes(value: object) -> Iterator[typed.Expression]:
    """Every node of every expression in a part of a model."""
    for expression in expressions(value):
        yield from nodes(expression)
