"""How operations reach rows: the functions of each repository, decided once for its writer and its callers."""

from __future__ import annotations

import msgspec

from backwright.emit.emitted import column_type
from backwright.emit.judge import inputs_of, is_row
from backwright.emit.judgements import judgements
from backwright.emit.names import snake
from backwright.expr.typed import Compare, Expression, Input, Member
from backwright.model.types import (
    Create,
    Delete,
    Entity,
    Find,
    InputField,
    Model,
    Operation,
    PathParameter,
    ReferenceType,
    Rule,
    ScalarType,
    Select,
    Update,
)


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One function that finds a row: `find`, `find_for_update`, `find_by_email`."""

    function: str
    where: Expression
    readable: Rule | None
    trusted: str | None
    lock: bool
    optional: bool
    inputs: tuple[tuple[str, str, ScalarType | ReferenceType], ...]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One function that reads a page."""

    operation: Operation
    step: Select


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """One function that judges a rule over relations on a row at hand, stored or not: `may_update`."""

    function: str
    verb: str
    rule: Rule


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the operations do with one entity's rows.

    `known` names the functions (and `readable`) that only signed-in callers reach.
    """

    entity: Entity
    listings: tuple[Listing, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    judges: tuple[Judge, ...] = ()
    checks: bool = False
    creates: bool = False
    changes: tuple[str, ...] = ()
    deletes: bool = False
    known: frozenset[str] = frozenset()


def uses(model: Model) -> list[Use]:
    """The entities that operations touch, in the order of the model."""
    found = (use_of(entity, model) for entity in model.entities)
    return [each for each in found if touched(each)]


def touched(use: Use) -> bool:
    """Whether any function is needed."""
    return bool(use.listings or use.lookups or use.checks or use.creates or use.changes or use.deletes)


def use_of(entity: Entity, model: Model) -> Use:
    """What the operations do with the rows of one entity."""
    listings: list[Listing] = []
    lookups: dict[str, Lookup] = {}
    judges: dict[str, Judge] = {}
    callers: dict[str, bool] = {}
    changes: set[str] = set()
    creates = deletes = False
    for operation in model.operations:
        signed_in = operation.caller == "required"
        writes = not refused(operation, model)
        for step in operation.steps:
            match step:
                case Select(entity=entity.name):
                    listings.append(Listing(operation=operation, step=step))
                    callers[operation.name] = signed_in
                case Find(entity=entity.name):
                    lookup = lookup_of(step, operation, model)
                    lookups.setdefault(lookup.function, lookup)
                    callers[lookup.function] = callers.get(lookup.function, True) and signed_in
                case Create(entity=entity.name) if writes:
                    creates = True
                case Update(entity=entity.name) if writes:
                    changes |= {*step.changes, *(assignment.field for assignment in step.values)}
                case Delete(entity=entity.name) if writes:
                    deletes = True
                case _:
                    pass
        for each in judgements(operation, model):
            if each.entity == entity.name and each.outcome == "judged" and each.by_statement and writes:
                judges[each.function] = Judge(function=each.function, verb=each.verb, rule=each.rule)
                callers[each.function] = callers.get(each.function, True) and signed_in
        if entity.name in referenced(operation):
            callers["readable"] = callers.get("readable", True) and signed_in
    return Use(
        entity=entity,
        listings=tuple(listings),
        lookups=tuple(lookups.values()),
        judges=tuple(judges.values()),
        checks="readable" in callers,
        creates=creates,
        changes=tuple(field.name for field in entity.fields if field.name in changes),
        deletes=deletes,
        known=frozenset(name for name, signed_in in callers.items() if signed_in),
    )


def references(operation: Operation) -> list[InputField]:
    """The members of the body that refer to rows: each has to be readable by the caller."""
    fields = operation.body.fields if operation.body else ()
    return [field for field in fields if isinstance(field.type, ReferenceType)]


def referenced(operation: Operation) -> set[str]:
    """The entities whose rows the body refers to."""
    return {field.type.entity for field in references(operation) if isinstance(field.type, ReferenceType)}


def refused(operation: Operation, model: Model) -> bool:
    """Whether some step's rule lets nobody pass: then the operation only tells 403 from 404."""
    return any(each.outcome == "never" for each in judgements(operation, model))


def lookup_of(step: Find, operation: Operation, model: Model) -> Lookup:
    """The function that does a `find` step."""
    entity = model.entity(step.entity)
    lock = step.lock and not refused(operation, model)
    inputs = tuple(
        (each.source, each.name, input_type(each, operation)) for each in inputs_of(step.where.meaning)
    )
    name = _lookup_name(step, operation, entity)
    return Lookup(
        function=f"{name}_for_update" if lock else name,
        where=step.where.meaning,
        readable=step.readable,
        trusted=step.trusted,
        lock=lock,
        optional=step.error != "not_found",
        inputs=inputs,
    )


def _lookup_name(step: Find, operation: Operation, entity: Entity) -> str:
    field = equal_field(step.where.meaning, entity)
    if field == entity.key:
        return "find" if step.readable is not None else "find_any"
    return f"find_by_{snake(field)}" if field else f"find_for_{snake(operation.name)}"


def equal_field(where: Expression, entity: Entity) -> str | None:
    """The field that a lookup compares with a request value, when that is all it does."""
    match where:
        case Compare(op="==", left=Member(of=of, field=field), right=Input()) if is_row(of):
            return field
        case Compare(op="==", left=Input(), right=Member(of=of, field=field)) if is_row(of):
            return field
        case Compare(op="==", left=left, right=Input()) if is_row(left):
            return entity.key
        case _:
            return None


def input_type(value: Input, operation: Operation) -> ScalarType | ReferenceType:
    """The type of a request value. Raises KeyError when the operation has no such input."""
    declared: list[PathParameter | InputField] = []
    if value.source == "params":
        declared += [*operation.path_parameters, *operation.query]
    elif operation.body is not None:
        declared += operation.body.fields
    for each in declared:
        if each.name == value.name:
            return column_type(each.type)
    raise KeyError(f"{operation.name}: {value.source}.{value.name}")
