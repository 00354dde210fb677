"""The schema of a database as a value: what a model needs, and what a live database is found to have."""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.emit.sql import quoted
from backwright.model.storage import Dialect

DIALECTS: tuple[Dialect, ...] = ("postgresql", "sqlite")
OnDelete = OneOf["restrict", "cascade", "set_null", "no_action"]

__all__ = [
    "DIALECTS",
    "Check",
    "Column",
    "Dialect",
    "ForeignKey",
    "OnDelete",
    "Schema",
    "Table",
    "TableIndex",
    "Term",
]


class Column(msgspec.Struct, frozen=True):
    """`type` and `default` are SQL of the dialect. The database numbers the rows of a `numbered` column."""

    name: str
    type: str
    nullable: bool = False
    default: str | None = None
    numbered: bool = False


class Check(msgspec.Struct, frozen=True):
    """A condition that every row satisfies.

    The bounds of one column have it in `column`, and `{}` in their `rule` where its name stands; they follow the
    column when it is renamed. A condition of the specification has no `column`: its rule is SQL as it is.
    """

    name: str
    rule: str
    column: str = ""

    @property
    def sql(self) -> str:
        return self.rule.replace("{}", quoted(self.column)) if self.column else self.rule


class ForeignKey(msgspec.Struct, frozen=True):
    """`columns` refer to `keys` of `table`. With `set_null`, only the columns in `cleared` lose their value."""

    name: str
    columns: tuple[str, ...]
    table: str
    keys: tuple[str, ...]
    on_delete: OnDelete = "restrict"
    cleared: tuple[str, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether it says that both rows agree in something: it then leads to a unique index, not to the key."""
        return len(self.columns) > 1


class Term(msgspec.Struct, frozen=True):
    """A column of an index. `order` is ASC or DESC, with NULLS FIRST or LAST where PostgreSQL needs it."""

    column: str
    order: str = "ASC"


class TableIndex(msgspec.Struct, frozen=True):
    """`live` names the column that is null in the rows that the index is about; "": all rows."""

    name: str
    terms: tuple[Term, ...]
    unique: bool = False
    live: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows a caller may read or write (PostgreSQL). `words` are the rule's own, and the policy's comment."""

    name: str
    command: str
    words: str
    using: str = ""
    check: str = ""


class Table(msgspec.Struct, frozen=True):
    """`key` are the columns of the primary key.

    A table has none where the key of a deleted row may be given again; `apart` are then the columns that
    tell its rows from each other.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    key_name: str
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[TableIndex, ...] = ()
    apart: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def row(self) -> tuple[str, ...]:
        """The columns that find one row."""
        return self.key or self.apart

    @property
    def numbered(self) -> str | None:
        """The column whose values the database counts up."""
        return next((column.name for column in self.columns if column.numbered), None)


class Schema(msgspec.Struct, frozen=True):
    """Tables by name, referenced tables first as far as that is possible.

    `guarded_by` is what the roles of row-level security are named after; "" where it is off.
    """

    dialect: Dialect
    tables: dict[str, Table]
    guarded_by: str = ""
