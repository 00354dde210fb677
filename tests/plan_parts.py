"""Small models for tests of plans and migrations: entities without operations, and ways to change them."""

from __future__ import annotations

from model_parts import FLAG, KEY, constant, string
from msgspec.structs import replace

from backwright.expr.typed import BOOLEAN, FALSE, TRUE, Type
from backwright.model.types import (
    Entity,
    Field,
    Index,
    Model,
    OrderTerm,
    ReferenceType,
    Rule,
    Scalar,
    ScalarType,
    Service,
)

PUBLIC = Rule(source="public", condition=TRUE)
NOBODY = Rule(source="none", condition=FALSE)


def entity(name: str, *fields: Field, indexes: tuple[Index, ...] = (), was: str | None = None) -> Entity:
    """An entity with the key `id` that everybody may read and nobody may write."""
    rules = {"create": NOBODY, "read": PUBLIC, "update": NOBODY, "delete": NOBODY}
    return Entity(
        name=name,
        plural=f"{name.lower()}s",
        table=name.lower(),
        key="id",
        fields=(KEY, *fields),
        indexes=indexes,
        access=rules,
        was=was,
    )


def model(*entities: Entity) -> Model:
    return Model(service=Service(name="shop", version="1.0.0", package="shop"), entities=entities)


def changed(before: Model, name: str, *fields: Field, **members: object) -> Model:
    """The model with other fields (behind the key) or other members of one entity."""
    old = before.entity(name)
    new = replace(old, fields=(KEY, *fields) if fields else old.fields, **members)
    return replace(before, entities=tuple(new if each.name == name else each for each in before.entities))


def scalar(name: str, kind: Scalar, **members: object) -> Field:
    return Field(name=name, column=name, type=ScalarType(scalar=kind), **members)


def reference(name: str, target: str, **members: object) -> Field:
    return Field(name=name, column=f"{name}_id", type=ReferenceType(entity=target), **members)


def flag(name: str, value: bool | None = None) -> Field:
    return Field(
        name=name, column=name, type=FLAG, default=None if value is None else constant(value, BOOLEAN)
    )


def number(name: str, low: int | None = None, high: int | None = None, default: int | None = None) -> Field:
    kind = ScalarType(scalar="integer", min=low, max=high)
    formula = None if default is None else constant(default, Type("integer"))
    return Field(name=name, column=name, type=kind, default=formula)


def choice(name: str, *values: str, default: str | None = None) -> Field:
    kind = ScalarType(scalar="enum", values=values)
    formula = None if default is None else constant(default, Type("enum", values=values))
    return Field(name=name, column=name, type=kind, default=formula)


def index(table: str, *fields: Field, unique: bool = False, descending: bool = False) -> Index:
    columns = [field.column for field in fields]
    terms = tuple(OrderTerm(field=field.name, direction="desc" if descending else "asc") for field in fields)
    return Index(name="_".join([table, *columns, "key" if unique else "idx"]), terms=terms, unique=unique)


__all__ = [
    "KEY", "NOBODY", "PUBLIC", "changed", "choice", "entity", "flag", "index", "model", "number",
    "reference", "replace", "scalar", "string",
]  # fmt: skip
