"""What the SQL compiler asks about tables, and how values are called there."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal as OneOf
from typing import Protocol

import msgspec

from backwright.expr.once import Named
from backwright.expr.typed import Expression, Type

Dialect = OneOf["postgresql", "sqlite"]


class Link(msgspec.Struct, frozen=True):
    """The table behind a many-to-many field: `holder` is the column of the row that has the field."""

    table: str
    holder: str
    target: str
    source: str = ""

    @property
    def read_from(self) -> str:
        """What a subquery reads the links from: the table, or a view of it."""
        return self.source or self.table


class Storage(Protocol):
    """How a model is stored. Names of tables and columns come back as they stand in a statement (quoted)."""

    def table(self, entity: str) -> str:
        """The table of an entity."""
        ...

    def source(self, entity: str) -> str:
        """What a subquery reads the rows from: the table, or a view of it that no rule filters."""
        ...

    def column(self, entity: str, field: str) -> str:
        """The column of a field."""
        ...

    def keys(self, entity: str) -> tuple[str, ...]:
        """The names of the fields that are an entity's key, in order."""
        ...

    def kind(self, entity: str, field: str) -> Type:
        """The type of a stored field."""
        ...

    def deleted(self, entity: str) -> str | None:
        """The column that says when a row was deleted; None where rows are really gone."""
        ...

    def link(self, entity: str, field: str) -> Link | None:
        """The link table of a many-to-many field; None for every other field."""
        ...

    def encrypted(self, entity: str, field: str) -> bool:
        """Whether the column holds what the service has encrypted."""
        ...

    def named(self, entity: str) -> Sequence[Named]:
        """The values that the rows have names for besides their columns, as expressions of statements say them."""
        ...


class SqlText(msgspec.Struct, frozen=True):
    """SQL, and what supplies each `:parameter` in it, in the order of their first use.

    A supplier that is a set of rows (a binding) is given as the list of their keys. `sealed` are the parameters
    that have to be encrypted as the named field's values are (entity, field).
    """

    text: str
    parameters: dict[str, Expression]
    sealed: dict[str, tuple[str, str]] = {}
    opens: tuple[str, str] | None = None


class NotCompiled(TypeError):
    """What no statement can hold; the message says what to do about it."""


PLAIN = {
    "boolean": "boolean",
    "integer": "bigint",
    "decimal": "numeric",
    "double": "float8",
    "string": "text",
    "enum": "text",
    "bytes": "bytea",
    "json": "jsonb",
    "date": "date",
    "timestamp": "timestamptz",
    "uuid": "uuid",
    "record": "jsonb",
    "null": "text",
}
"""PostgreSQL's types for values, each in one word, so that a cast is easily seen for what it is."""


def key_type(storage: Storage, entity: str) -> Type:
    """The type of the value that a row of an entity stands for."""
    kind = storage.kind(entity, storage.keys(entity)[0])
    return key_type(storage, kind.entity or "") if kind.kind == "entity" else kind


def type_name(kind: Type, storage: Storage) -> str:
    """PostgreSQL's name of a type."""
    match kind:
        case Type(kind="entity", entity=entity):
            return PLAIN[key_type(storage, entity or "").kind]
        case Type(kind="rows", entity=entity) if len(storage.keys(entity or "")) > 1:
            return "jsonb"
        case Type(kind="rows", entity=entity):
            return f"{PLAIN[key_type(storage, entity or '').kind]}[]"
        case Type(kind="list", element=Type(kind="record")):
            return "jsonb"
        case Type(kind="list", element=Type(kind="list")):
            return "record[]"
        case Type(kind="list", element=element):
            return f"{type_name(element or Type('null'), storage)}[]"
        case _:
            return PLAIN[kind.kind]


def literal(value: bool | int | float | str | None) -> str:
    """A constant as SQL. Strings are quoted; backslashes have no meaning (standard_conforming_strings)."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            # The digits alone would be numeric in PostgreSQL: there 2^63 is read before its sign.
            return f"CAST({value} AS bigint)" if value == -(2**63) else str(value)
        case float():
            return double(value)
        case str():
            return quoted(value)


UNSEEN = re.compile(r"[\x01-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What ends a line, or changes how others are shown: it never stands in source as it is."""


def quoted(text: str) -> str:
    """A text as SQL."""
    if "\0" in text:
        raise ValueError("text cannot hold NUL")
    return "'" + text.replace("'", "''") + "'"


def double(value: float) -> str:
    """A double as SQL: its shortest digits, which every database reads as this double."""
    if not math.isfinite(value):
        raise ValueError("doubles are finite")
    return repr(value)


def scaled(value: str, scale: int) -> int | None:
    """A decimal's digits as a whole number of units of that scale; None where it has more digits."""
    whole = Decimal(value).scaleb(scale)
    return int(whole) if whole == whole.to_integral_value() else None
