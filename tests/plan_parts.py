"""Small models for tests of plans and migrations: entities without operations, and ways to change them."""

from __future__ import annotations

from model_parts import FLAG, KEY, compare, constant, of_this, string
from msgspec.structs import replace

from backwright.expr.typed import BOOLEAN, FALSE, TRUE, Constant, Kind, ListOf, Type
from backwright.model.types import (
    Check,
    Entity,
    Field,
    Formula,
    Index,
    ListType,
    ManyType,
    Model,
    OnDelete,
    OrderTerm,
    ReferenceType,
    Rule,
    Scalar,
    ScalarType,
    Service,
)

PUBLIC = Rule(source="public", condition=TRUE)
NOBODY = Rule(source="none", condition=FALSE)


def entity(
    name: str,
    *fields: Field,
    indexes: tuple[Index, ...] = (),
    was: str | None = None,
    key: tuple[Field, ...] = (KEY,),
    **members: object,
) -> Entity:
    """An entity (its key is `id`, unless it is said) that everybody may read and nobody may write."""
    rules = {"create": NOBODY, "read": PUBLIC, "update": NOBODY, "delete": NOBODY}
    return Entity(
        name=name,
        plural=f"{name.lower()}s",
        table=name.lower(),
        key=key[0].name,
        composite=tuple(field.name for field in key) if len(key) > 1 else (),
        fields=(*key, *fields),
        indexes=indexes,
        access=rules,
        was=was,
        **members,
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


def reference(name: str, target: str, on_delete: OnDelete = "restrict", **members: object) -> Field:
    kind = ReferenceType(entity=target, on_delete=on_delete)
    return Field(name=name, column=f"{name}_id", type=kind, **members)


def many(name: str, target: str, **members: object) -> Field:
    return Field(name=name, column=name, type=ManyType(entity=target), **members)


def several(
    name: str, element: Scalar, high: int = 100, *, scale: int | None = None, **members: object
) -> Field:
    """A list of scalars, empty unless it is said."""
    kind = ListType(element=ScalarType(scalar=element, max=None if scale else 50, scale=scale), max=high)
    return Field(name=name, column=name, type=kind, **members)


def nothing(element: Kind) -> Formula:
    """`default: []`."""
    return Formula(source="[]", meaning=ListOf(type=Type("list", element=Type(element)), items=()))


SEQUENCE = Field(
    name="number", column="number", type=ScalarType(scalar="integer"), input=False, generated="sequence"
)
DELETED = Field(
    name="deleted_at", column="deleted_at", type=ScalarType(scalar="timestamp"), nullable=True, input=False
)
VERSION = Field(
    name="version", column="version", type=ScalarType(scalar="integer"), input=False, generated="version"
)


def at_least(name: str, of: str, field: Field, least: int) -> Check:
    """`this.<field> >= <least>`."""
    condition = compare(of_this(of, field), ">=", Constant(type=Type("integer"), value=least))
    source = f"this.{field.name} >= {least}"
    return Check(name=name, condition=Formula(source=source, meaning=condition), code=name, field=field.name)


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
    "DELETED", "KEY", "NOBODY", "PUBLIC", "SEQUENCE", "VERSION", "at_least", "changed", "choice", "entity", "flag",
    "index", "many", "model", "nothing", "number", "reference", "replace", "scalar", "several", "string",
]  # fmt: skip
