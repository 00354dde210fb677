"""Rows that scenarios find already there: put in past every rule, with the values that the service would make.

The reference itself makes them: a copy of the model gets one more operation per entity, which takes every field.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backwright.expr.typed import (
    BOOLEAN,
    Compare,
    Conditional,
    Constant,
    Expression,
    Input,
    Member,
    Name,
    Type,
)
from backwright.expr.walk import mentions_caller
from backwright.model.formulas import type_of
from backwright.model.types import (
    Assignment,
    Body,
    Create,
    Entity,
    Field,
    FieldType,
    Formula,
    InputField,
    ListType,
    ManyType,
    Members,
    Model,
    Operation,
    ReferenceType,
    Respond,
    ScalarType,
    ShapeMember,
    ShowShape,
    Value,
)
from backwright.verify.compare import Seen
from backwright.verify.wire import Wire

PATH = "/-/rows/"
NULL = Constant(type=Type("null", nullable=True), value=None)


class Unfit(Exception):
    """Values that no row of the entity can have."""


def with_fixtures(model: Model) -> Model:
    """The model with `POST /-/rows/<Entity>` for every entity. Nothing but scenarios ever sees it."""
    made = tuple(_operation(entity, model) for entity in model.entities)
    return msgspec.structs.replace(model, operations=(*model.operations, *made))


def request(entity: str, values: dict[str, Any], number: int) -> Wire:
    """The request that puts a row in."""
    headers = {"content-type": "application/json"}
    return Wire(
        number=number,
        method="POST",
        path=f"{PATH}{entity}",
        headers=headers,
        content=msgspec.json.encode(values),
    )


def inserted(answer: Seen) -> dict[str, Any]:
    """The row that was put in. Raises Unfit."""
    if answer.status != 201:
        raise Unfit(f"the row cannot be: {msgspec.json.encode(answer.body).decode()}")
    row: dict[str, Any] = answer.body
    return row


def takes(entity: Entity) -> list[Field]:
    """The fields that a scenario may give a row."""
    made = entity.key if not entity.composite and _is_made(entity.field(entity.key)) else None
    made_here = (made, entity.soft_delete)  # a row that was deleted softly is no row
    return [field for field in entity.fields if field.generated is None and field.name not in made_here]


def _is_made(key: Field) -> bool:
    """Whether the service makes the key. One that clients give is an input."""
    return not key.input


def _operation(entity: Entity, model: Model) -> Operation:
    given = takes(entity)
    shown = [f for f in entity.fields if getattr(f.type, "scalar", None) not in ("password", "bytes")]
    return Operation(
        name=f"insert {entity.name}",
        tag="",
        summary="",
        method="POST",
        path=f"{PATH}{entity.name}",
        caller="none",
        body=Body(fields=tuple(member(field, entity, model) for field in given)),
        steps=(
            Create(
                entity=entity.name,
                bind="row",
                values=tuple(Assignment(field=f.name, value=_value(f, entity)) for f in given),
                allowed=None,
                trusted="a scenario finds it there",
            ),
        ),
        respond=Respond(
            status=201,
            show=ShowShape(shape=Members(members=tuple(_shown(field, entity) for field in shown))),
            envelope=False,
        ),
    )


def member(field: Field, entity: Entity, model: Model) -> InputField:
    """How a row takes a field."""
    initial = entity.states is not None and entity.states.field == field.name
    many = isinstance(field.type, ManyType)
    made = field.set or field.on_update
    given = made is None or mentions_caller(made.meaning)
    return InputField(
        wire=field.name,
        name=field.name,
        type=_written(field.type, model),
        nullable=field.nullable,
        required=given and not field.nullable and field.default is None and not initial and not many,
        default=field.default,
        folded=field.folded,
    )


def _written(type: FieldType, model: Model) -> FieldType:
    """References as keys: the row that they name may be one that nobody could read."""
    match type:
        case ReferenceType():
            return _key(type.entity, model)
        case ManyType():
            return ListType(element=_key(type.entity, model), max=type.max)
        case _:
            return type


def _key(entity: str, model: Model) -> ScalarType:
    target = model.entity(entity)
    kind = target.field(target.key).type
    return kind if isinstance(kind, ScalarType) else ScalarType(scalar="uuid")


def _value(field: Field, entity: Entity) -> Formula:
    given = type_of(field)
    sent = Input(type=msgspec.structs.replace(given, nullable=True), source="body", name=field.name)
    otherwise: Expression | None = None
    made = field.set or field.on_update
    if made is not None:
        otherwise = made.meaning
    elif entity.states is not None and entity.states.field == field.name:
        otherwise = Constant(type=given, value=entity.states.initial)
    if otherwise is None:
        return Formula(source=f"body.{field.name}", meaning=sent)
    there = Compare(type=BOOLEAN, op="!=", left=sent, right=NULL)
    value = Conditional(type=given, when=there, then=sent, otherwise=otherwise)
    return Formula(source=f"body.{field.name}", meaning=value)


def _shown(field: Field, entity: Entity) -> ShapeMember:
    row = Name(type=Type("entity", entity=entity.name), root="binding", binding="row")
    value = Member(type=type_of(field), of=row, entity=entity.name, field=field.name)
    return ShapeMember(wire=field.name, shape=Value(value=Formula(source=field.name, meaning=value)))
