"""A model as stable text: what `--show` prints, and the expansion that `backwright explain` prints."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.access import VERBS
from backwright.model.show_operations import operation_lines
from backwright.model.show_types import order_text as _order
from backwright.model.show_types import rule_text as _rule
from backwright.model.show_types import type_text
from backwright.model.types import (
    Entity,
    Field,
    Model,
)


def show(model: Model) -> str:
    """The whole model: entities, operations, assumptions."""
    return "\n".join(_model(model)) + "\n"


def _model(model: Model) -> Iterator[str]:
    yield f"service {model.service.name} {model.service.version}"
    if model.auth is not None:
        auth = model.auth
        yield f"auth {auth.identity} by {auth.by}, tokens valid for {auth.token_seconds} s"
    if model.performance is not None:
        wanted = model.performance
        yield f"performance: p95 within {wanted.p95_ms} ms, at {wanted.count} requests in {wanted.seconds} s"
    for entity in model.entities:
        yield ""
        yield from _entity(entity)
    for operation in model.operations:
        yield ""
        yield from operation_lines(operation)
    if model.assumptions:
        yield ""
        yield "assumptions"
        yield from (f"  {a.subject}: {a.text} ({a.role})" for a in model.assumptions)


def _entity(entity: Entity) -> Iterator[str]:
    renamed = f", was {entity.was}" if entity.was else ""
    yield f"entity {entity.name} (table {entity.table}, key {entity.key}{renamed})"
    if entity.expected_rows is not None:
        yield f"  expected rows: {entity.expected_rows}"
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
