"""What a model's values are called and typed in the database: the one place that decides it.

Migrations write these names and types, the compilers of statements read them. SQL types are spelled the way
PostgreSQL's catalogue prints them, so that a live schema can be compared with an expected one.
"""

from __future__ import annotations

from typing import Literal as OneOf
from typing import assert_never

from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    ListType,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright_runtime.database.names import shortened

Dialect = OneOf["postgresql", "sqlite"]
DIGITS = 18
"""All digits of a decimal, those behind the point included."""

CIPHERTEXT = ScalarType(scalar="text")
"""What an encrypted field's column holds, whatever its own type is."""


class NotStored(TypeError):
    """A type that no column has."""

    def __init__(self, kind: object) -> None:
        super().__init__(f"no column holds this: {kind!r}")


# Links -----------------------------------------------------------------------------------------------


def link_table(entity: Entity, field: str) -> str:
    """The table behind a many-to-many field: `task_labels`."""
    return shortened(f"{entity.table}_{field}")


def link_columns(entity: Entity, field: str, target: Entity) -> tuple[str, str]:
    """The columns of a table of links: the row that lists, and the row that is listed."""
    if entity.table == target.table:
        return "source_id", "target_id"
    return f"{entity.table}_id", f"{target.table}_id"


# Columns ---------------------------------------------------------------------------------------------


def is_column(field: Field) -> bool:
    """Whether the field is a column of its entity's table; many-to-many fields are tables of links."""
    return not isinstance(field.type, ManyType)


def columns(entity: Entity) -> tuple[Field, ...]:
    """The fields that are columns, in order."""
    return tuple(field for field in entity.fields if is_column(field))


def key_columns(entity: Entity) -> tuple[str, ...]:
    """The columns of the primary key, in order."""
    return tuple(entity.field(name).column for name in entity.keys)


def key_type(model: Model, entity: Entity) -> ScalarType:
    """The type of the column that refers to a row of this entity. A composite key is never referred to."""
    found = stored_type(model, entity.field(entity.key).type)
    if isinstance(found, ListType):
        raise NotStored(found)
    return found


def stored_type(model: Model, kind: FieldType) -> ScalarType | ListType:
    """The type as a column has it: in place of a reference, the key of the row that it refers to.

    Raises NotStored for many-to-many fields and for objects, which are no columns.
    """
    match kind:
        case ScalarType():
            return kind
        case ReferenceType(entity=name):
            return key_type(model, model.entity(name))
        case ListType(element=element, min=low, max=high):
            item = stored_type(model, element)
            if isinstance(item, ListType):
                raise NotStored(kind)
            return ListType(element=item, min=low, max=high)
        case ManyType() | RecordType():
            raise NotStored(kind)
        case _:
            assert_never(kind)


def column_type(model: Model, field: Field) -> ScalarType | ListType:
    """The type of a field's column: ciphertext where it is encrypted."""
    return CIPHERTEXT if field.encrypted else stored_type(model, field.type)


def sql_type(kind: ScalarType | ListType, dialect: Dialect) -> str:
    """The column type in SQL: `text COLLATE "C"`, `numeric(18,2)`, `uuid[]`; on SQLite `TEXT`, `INTEGER`."""
    if dialect == "sqlite":
        return "TEXT" if isinstance(kind, ListType) else _ON_SQLITE.get(kind.scalar, "TEXT")
    bare = bare_type(kind)
    return f'{bare} COLLATE "C"' if bare in ("text", "text[]") else bare


def bare_type(kind: ScalarType | ListType) -> str:
    """PostgreSQL's type without a collation, as a cast names it: `:ids::uuid[]`."""
    if isinstance(kind, ListType):
        if not isinstance(kind.element, ScalarType):
            raise NotStored(kind)
        return f"{bare_type(kind.element)}[]"
    if kind.scalar == "decimal":
        return f"numeric({DIGITS},{kind.scale or 0})"
    return _ON_POSTGRESQL.get(kind.scalar, "text")  # text sorts by code point only where a column says so


_ON_POSTGRESQL = {
    "integer": "bigint",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp with time zone",
    "uuid": "uuid",
    "json": "jsonb",
    "bytes": "bytea",
}
_ON_SQLITE = {
    "integer": "INTEGER",
    "decimal": "INTEGER",
    "boolean": "INTEGER",
    "double": "REAL",
    "bytes": "BLOB",
}
