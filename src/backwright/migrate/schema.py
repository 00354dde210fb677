"""The schema of a database as a value: what a model needs, and what a live database is found to have."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.emit.emitted import NotEmitted, column_type
from backwright.emit.sql import quoted
from backwright.expr.typed import Constant
from backwright.model.types import Entity, Field, Index, Model, ReferenceType, ScalarType
from backwright_runtime.database.names import (
    check_name,
    foreign_key_name,
    index_name,
    primary_key_name,
    unique_name,
)

Dialect = OneOf["postgresql", "sqlite"]
DIALECTS: tuple[Dialect, ...] = ("postgresql", "sqlite")


class Column(msgspec.Struct, frozen=True):
    """`type` and `default` are SQL of the dialect."""

    name: str
    type: str
    nullable: bool = False
    default: str | None = None


class Check(msgspec.Struct, frozen=True):
    """A condition on one column; `rule` has `{}` where the column's name stands."""

    name: str
    column: str
    rule: str

    @property
    def sql(self) -> str:
        return self.rule.replace("{}", quoted(self.column))


class ForeignKey(msgspec.Struct, frozen=True):
    """Deleting a row that is referred to is refused (ON DELETE RESTRICT)."""

    name: str
    column: str
    table: str
    key: str


class Term(msgspec.Struct, frozen=True):
    """A column of an index. `order` is ASC or DESC, with NULLS FIRST or LAST where PostgreSQL needs it."""

    column: str
    order: str = "ASC"


class TableIndex(msgspec.Struct, frozen=True):
    name: str
    terms: tuple[Term, ...]
    unique: bool = False


class Table(msgspec.Struct, frozen=True):
    name: str
    columns: tuple[Column, ...]
    key: str
    key_name: str
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[TableIndex, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")


class Schema(msgspec.Struct, frozen=True):
    """Tables by name, referenced tables first as far as that is possible."""

    dialect: Dialect
    tables: dict[str, Table]


def expected(model: Model | None, dialect: Dialect) -> Schema:
    """The schema that a model needs."""
    if model is None:
        return Schema(dialect, {})
    tables = [_table(model, entity, dialect) for entity in model.entities]
    return Schema(dialect, {table.name: table for table in tables})


def _table(model: Model, entity: Entity, dialect: Dialect) -> Table:
    checks = [_check(entity, field, dialect) for field in entity.fields]
    keys = [
        ForeignKey(
            foreign_key_name(entity.table, field.column),
            field.column,
            model.entity(field.type.entity).table,
            key_column(model.entity(field.type.entity)),
        )
        for field in entity.fields
        if isinstance(field.type, ReferenceType)
    ]
    return Table(
        name=entity.table,
        columns=tuple(_column(field, dialect) for field in entity.fields),
        key=key_column(entity),
        key_name=primary_key_name(entity.table),
        checks=tuple(check for check in checks if check is not None),
        foreign_keys=tuple(keys),
        indexes=_indexes(entity, dialect),
    )


def key_column(entity: Entity) -> str:
    """The column of the key."""
    return entity.field(entity.key).column


_TYPES: dict[Dialect, dict[str, str]] = {
    "postgresql": {
        "integer": "bigint",
        "boolean": "boolean",
        "date": "date",
        "timestamp": "timestamp with time zone",
        "uuid": "uuid",
    },
    "sqlite": {"integer": "INTEGER", "boolean": "INTEGER"},
}
# The order of text is by code point; PostgreSQL would otherwise sort by the server's language.
_TEXT: dict[Dialect, str] = {"postgresql": 'text COLLATE "C"', "sqlite": "TEXT"}


def _column(field: Field, dialect: Dialect) -> Column:
    kind = column_type(field.type)
    scalar = kind.scalar if isinstance(kind, ScalarType) else "uuid"
    return Column(
        name=field.column,
        type=_TYPES[dialect].get(scalar, _TEXT[dialect]),
        nullable=field.nullable,
        default=constant_default(field, dialect),
    )


def constant_default(field: Field, dialect: Dialect) -> str | None:
    """The default as SQL, where it is a constant other than null."""
    if field.default is None or not isinstance(field.default.meaning, Constant):
        return None
    value = field.default.meaning.value
    return None if value is None else literal(value, dialect)


def literal(value: bool | int | float | str, dialect: Dialect) -> str:
    """A constant as SQL."""
    match value:
        case bool():
            return str(value).lower() if dialect == "postgresql" else str(int(value))
        case int():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise NotEmitted(value)


def _check(entity: Entity, field: Field, dialect: Dialect) -> Check | None:
    if not isinstance(field.type, ScalarType):
        return None
    rule = _rule(field.type, dialect)
    return Check(check_name(entity.table, field.column), field.column, rule) if rule else None


def _rule(type: ScalarType, dialect: Dialect) -> str | None:
    match type.scalar:
        case "string" | "text" | "email":
            length = "char_length({})" if dialect == "postgresql" else "length({})"
            return _between(length, type.min or None, type.max)
        case "integer":
            return _between("{}", type.min, type.max)
        case "enum":
            values = [literal(value, dialect) for value in type.values]
            return f"{{}} = {values[0]}" if len(values) == 1 else f"{{}} IN ({', '.join(values)})"
        case "boolean" if dialect == "sqlite":
            return "{} IN (0, 1)"
        case _:  # a password is stored as its hash, whose length the input's bounds say nothing about
            return None


def _between(value: str, low: int | None, high: int | None) -> str | None:
    parts = [f"{value} >= {low}"] if low is not None else []
    parts += [f"{value} <= {high}"] if high is not None else []
    return " AND ".join(parts) or None


def _indexes(entity: Entity, dialect: Dialect) -> tuple[TableIndex, ...]:
    """Unique fields, declared indexes, and one for each reference that no index leads with."""
    found = [
        TableIndex(unique_name(entity.table, [field.column]), (_term(field, "asc", dialect),), unique=True)
        for field in entity.fields
        if field.unique
    ]
    found += [_declared(entity, index, dialect) for index in entity.indexes]
    for field in entity.fields:
        if isinstance(field.type, ReferenceType):
            name = index_name(entity.table, [field.column])
            found.append(TableIndex(name, (_term(field, "asc", dialect),)))
    kept: list[TableIndex] = []
    for index in found:
        leading = index.terms[0].column
        implied = len(index.terms) == 1 and any(other.terms[0].column == leading for other in kept)
        if not implied and all(other.terms != index.terms for other in kept):
            kept.append(index)
    return tuple(kept)


def _declared(entity: Entity, index: Index, dialect: Dialect) -> TableIndex:
    terms = tuple(_term(entity.field(term.field), term.direction, dialect) for term in index.terms)
    columns = [term.column for term in terms]
    name = unique_name(entity.table, columns) if index.unique else index_name(entity.table, columns)
    return TableIndex(index.name or name, terms, index.unique)


def _term(field: Field, direction: str, dialect: Dialect) -> Term:
    order = direction.upper()
    if field.nullable and dialect == "postgresql":  # null sorts least; PostgreSQL sorts it greatest unasked
        order += " NULLS FIRST" if order == "ASC" else " NULLS LAST"
    return Term(field.column, order)
