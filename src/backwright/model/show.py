"""A model as stable text: what `--show` prints, and the expansion that `backwright explain` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from backwright.model.access import VERBS
from backwright.model.rules import needs_caller
from backwright.model.types import (
    Create,
    Delete,
    Entity,
    Field,
    Filter,
    Find,
    InputField,
    Model,
    Operation,
    OrderTerm,
    ReferenceType,
    Rule,
    ScalarType,
    Select,
    Show,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    SignIn,
    Step,
    Update,
    VerifyPassword,
)


def show(model: Model) -> str:
    """The whole model: entities, operations, assumptions."""
    return "\n".join(_model(model)) + "\n"


def operation_text(model: Model, name: str) -> str:
    """One operation with all sugar expanded. Raises KeyError when there is none of that name."""
    return "\n".join(_operation(model.operation(name))) + "\n"


def _model(model: Model) -> Iterator[str]:
    yield f"service {model.service.name} {model.service.version}"
    if model.auth is not None:
        auth = model.auth
        yield f"auth {auth.identity} by {auth.by}, tokens valid for {auth.token_seconds} s"
    for entity in model.entities:
        yield ""
        yield from _entity(entity)
    for operation in model.operations:
        yield ""
        yield from _operation(operation)
    if model.assumptions:
        yield ""
        yield "assumptions"
        yield from (f"  {a.subject}: {a.text} ({a.role})" for a in model.assumptions)


def _entity(entity: Entity) -> Iterator[str]:
    renamed = f", was {entity.was}" if entity.was else ""
    yield f"entity {entity.name} (table {entity.table}, key {entity.key}{renamed})"
    yield from (f"  {_field(field)}" for field in entity.fields)
    yield from (f"  computed {each.name}: {each.value.source}" for each in entity.computed)
    for index in entity.indexes:
        unique = "unique index" if index.unique else "index"
        yield f"  {unique} {index.name}: {_order(index.terms)}"
    for verb in VERBS:
        if verb in entity.access:
            yield f"  may {verb}: {_rule(entity.access[verb])}"


def _field(field: Field) -> str:
    said = [f"{field.name}: {type_text(field.type, nullable=field.nullable)}"]
    said += ["unique"] if field.unique else []
    said += [f"default {field.default.source}"] if field.default is not None else []
    said += [f"set {field.set.source}"] if field.set is not None else []
    said += ["not input"] if not field.input else []
    said += [f"was {field.was}"] if field.was else []
    return ", ".join(said)


def type_text(kind: ScalarType | ReferenceType, *, nullable: bool) -> str:
    """A type in words: `string 1..200?`."""
    mark = "?" if nullable else ""
    if isinstance(kind, ReferenceType):
        inverse = f" (inverse {kind.inverse})" if kind.inverse else ""
        return f"ref {kind.entity}{mark}{inverse}"
    if kind.scalar == "enum":
        return f"enum {'|'.join(kind.values)}{mark}"
    if kind.min is None and kind.max is None:
        return f"{kind.scalar}{mark}"
    low = "" if kind.min is None else kind.min
    high = "" if kind.max is None else kind.max
    return f"{kind.scalar} {low}..{high}{mark}"


def _operation(operation: Operation) -> Iterator[str]:
    yield f"operation {operation.name} (from {operation.origin})"
    yield f"  {operation.summary}"
    yield f"  route: {operation.method} {operation.path}"
    yield f"  caller: {operation.caller}"
    for parameter in operation.path_parameters:
        yield f"  path {parameter.name}: {type_text(parameter.type, nullable=False)}"
    yield from (f"  query {_input(member)}" for member in operation.query)
    if operation.body is not None:
        yield "  body: changes, absent means unchanged" if operation.body.partial else "  body:"
        yield from (f"    {_input(member)}" for member in operation.body.fields)
    yield "  steps:"
    for step in operation.steps:
        yield from (f"    {line}" for line in _step(step))
    yield f"  respond: {operation.respond.status} {_shown(operation.respond.show)}".rstrip()
    yield f"  errors: {', '.join(operation.errors)}" if operation.errors else "  errors: none"


def _input(member: InputField) -> str:
    said = [f"{member.wire}: {type_text(member.type, nullable=member.nullable)}"]
    said += ["required"] if member.required else []
    said += [f"default {member.default.source}"] if member.default is not None else []
    return ", ".join(said)


def _step(step: Step) -> Iterator[str]:
    match step:
        case Find():
            yield f"- find: {step.entity} as {step.bind}{', locked' if step.lock else ''}"
            yield f"  where: {step.where.source}"
            yield _passes("readable", step.readable, step.trusted)
            yield f"  else: {step.error}"
        case Select():
            yield f"- select: {step.entity} as {step.bind}"
            yield _passes("readable", step.readable, step.trusted)
            yield from (_filter(found) for found in step.filters)
            yield f"  order: {_order(step.order) or 'the key'}"
            yield f"  page: {step.paging.default} rows, at most {step.paging.max}"
        case Create():
            yield f"- create: {step.entity} as {step.bind}"
            yield from (f"  set {value.field}: {value.value.source}" for value in step.values)
            yield _passes("allowed", step.allowed, step.trusted)
        case Update():
            yield f"- update: {step.bind}"
            yield f"  changes: {', '.join(step.changes)}"
            yield from (f"  set {value.field}: {value.value.source}" for value in step.values)
            yield _passes("allowed before and after", step.allowed, step.trusted)
        case Delete():
            yield f"- delete: {step.bind}"
            yield _passes("allowed", step.allowed, step.trusted)
        case VerifyPassword():
            yield f"- verify_password: {step.bind}.{step.field} with {step.given.source}"
            yield "  else: invalid_credentials"
        case SignIn():
            yield f"- sign_in: {step.row} as {step.bind}"
        case _:
            assert_never(step)


def _passes(word: str, rule: Rule | None, trusted: str | None) -> str:
    return f"  trusted: {trusted}" if rule is None else f"  {word}: {_rule(rule)}"


def _rule(rule: Rule) -> str:
    """The rule's own words, and what it implies."""
    implied = needs_caller(rule.condition) and "caller != null" not in rule.source
    return f"{rule.source}  (implies caller != null)" if implied else rule.source


def _filter(found: Filter) -> str:
    return f"  filter {found.name}: {found.condition.source}"


def _order(terms: tuple[OrderTerm, ...]) -> str:
    return ", ".join(f"{term.field} desc" if term.direction == "desc" else term.field for term in terms)


def _shown(shown: Show) -> str:
    match shown:
        case ShowRow():
            located = f", Location {shown.location}" if shown.location else ""
            return f"{shown.view}({shown.bind}){located}"
        case ShowPage():
            return f"page of {shown.view}({shown.bind})"
        case ShowSession():
            return f"{shown.view}({shown.row}) with {shown.token}"
        case ShowNothing():
            return ""
        case _:
            assert_never(shown)
