"""Compiles typed expressions to SQL, once for each database.

A condition in WHERE only asks for rows where it is true, so unknown may stand for false there; below NOT, in
a comparison or as a value it may not, and the two-valued null of the language is spelled out. What SQLite
cannot do exactly, functions of the runtime do there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backwright.expr.sql.printer import Printer
from backwright.expr.sql.storage import (
    Dialect,
    Link,
    NotCompiled,
    SqlText,
    Storage,
    key_type,
    literal,
    type_name,
)
from backwright.expr.typed import (
    Aggregate,
    And,
    Arithmetic,
    Constant,
    Distinct,
    Expression,
    Filtered,
    Flattened,
    Mapped,
    Name,
    Quantified,
    Sorted,
    Type,
)
from backwright.expr.walk import is_local, nodes

__all__ = [
    "Both",
    "Dialect",
    "Link",
    "NotCompiled",
    "RowsSql",
    "SqlText",
    "Storage",
    "both",
    "both_rows",
    "compile",
    "compile_rows",
    "key_type",
    "literal",
    "type_name",
]


class RowsSql(msgspec.Struct, frozen=True):
    """A set of rows as part of a statement: `alias` is that of the rows' own table `table`.

    `tables` are all that is read from, the rows' own last; `conditions` hold for each row.
    """

    table: str
    alias: str
    tables: tuple[str, ...]
    conditions: tuple[str, ...]
    parameters: dict[str, Expression]
    sealed: dict[str, tuple[str, str]] = {}

    @property
    def joined(self) -> str:
        """The rows beside those that they belong to: what follows FROM and the outer table."""
        *before, last = self.tables
        own = [each for each in self.conditions if f"{self.alias}." in each]
        between = [each for each in self.conditions if each not in own]
        joined = "".join(f"JOIN {table} ON {' AND '.join(between) or 'TRUE'}\n" for table in before)
        return f"{joined}JOIN {last} ON {' AND '.join(own if before else self.conditions) or 'TRUE'}"

    @property
    def alone(self) -> str:
        """The rows by themselves: FROM and WHERE."""
        where = f"\nWHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return f"FROM {', '.join(self.tables)}{where}"


class Both(msgspec.Struct, frozen=True):
    """An expression for both databases. `portable`: the runtime makes SQLite's text from PostgreSQL's."""

    postgresql: SqlText
    sqlite: SqlText

    @property
    def portable(self) -> bool:
        # The runtime brings its servers; whoever only checks a specification does without.
        from backwright_runtime.database.statement import for_sqlite  # noqa: PLC0415

        return for_sqlite(self.postgresql.text) == self.sqlite.text

    @property
    def parameters(self) -> dict[str, Expression]:
        return {**self.postgresql.parameters, **self.sqlite.parameters}


def compile(
    expression: Expression,
    storage: Storage,
    dialect: Dialect,
    *,
    value: bool = False,
    into: Type | None = None,
    multiline: bool = False,
    taken: Mapping[str, Expression | None] | None = None,
    this: str | None = None,
    candidate: bool = False,
    variables: Mapping[str, str] | None = None,
    group: str | None = None,
    grouped: str | None = None,
) -> SqlText:
    """SQL for an expression on one database. Raises NotCompiled for what no statement can hold.

    `value`: null and false must differ, as in SELECT and SET; otherwise it is a condition. `into` is the type
    of the column that takes the value. `multiline` puts each part of a top-level AND on its own line. `taken`
    are parameter names of the same statement with what supplies them (None: reserved).

    `this` is the alias of the row that the expression is about (None: its table's name, and no name at all where
    the columns are clear without). `candidate`: `this` is no row of the statement but parameters named after its
    fields. `variables` are aliases of rows that names of the expression stand for; a name that has none is a
    parameter. `group` is SQL for the list of the keys of a group's rows; `grouped` the alias of the rows of a statement
    that is grouped itself, where what is asked of a group becomes its aggregates.
    """
    printer = _printer(
        expression,
        storage,
        dialect,
        taken=taken,
        this=this,
        candidate=candidate,
        variables=variables,
        group=group,
        grouped=grouped,
    )
    exact = value or expression.type.kind != "boolean"
    if multiline and isinstance(expression, And):
        text = printer.conjunction(expression, frozenset(), exact, "\nAND ")
    elif into is not None:
        text = _assigned(printer, expression, into)
    elif value:
        printer.opens = printer.answers_encrypted(expression)
        text = printer.shown(expression)
    else:
        text = printer.bare(expression, frozenset(), exact)
    return SqlText(text, printer.used, printer.sealed, printer.opens)


def compile_rows(
    expression: Expression,
    storage: Storage,
    dialect: Dialect,
    alias: str,
    *,
    taken: Mapping[str, Expression | None] | None = None,
    this: str | None = None,
    candidate: bool = False,
    variables: Mapping[str, str] | None = None,
    group: str | None = None,
) -> RowsSql:
    """A set of rows under the alias that is wanted, as part of a statement of the caller's.

    The other arguments are those of `compile`. Columns of `this` always have its alias in front.
    """
    printer = _printer(
        expression, storage, dialect, taken=taken, this=this if this is not None else "", candidate=candidate,
        variables=variables, group=group, grouped=None,
    )  # fmt: skip
    found = printer.rows_as(expression, alias)
    return RowsSql(
        table=storage.table(expression.type.entity or ""),
        alias=found.alias,
        tables=tuple(found.tables),
        conditions=tuple(found.conditions),
        parameters=printer.used,
        sealed=printer.sealed,
    )


def both(expression: Expression, storage: Storage, **options: Any) -> Both:
    """`compile` for both databases."""
    one, other = (compile(expression, storage, dialect, **options) for dialect in ("postgresql", "sqlite"))
    return Both(one, other)


def both_rows(
    expression: Expression, storage: Storage, alias: str, **options: Any
) -> tuple[RowsSql, RowsSql]:
    """`compile_rows` for PostgreSQL and for SQLite."""
    one, other = (
        compile_rows(expression, storage, dialect, alias, **options) for dialect in ("postgresql", "sqlite")
    )
    return one, other


def _printer(
    expression: Expression,
    storage: Storage,
    dialect: Dialect,
    *,
    taken: Mapping[str, Expression | None] | None,
    this: str | None,
    candidate: bool,
    variables: Mapping[str, str] | None,
    group: str | None,
    grouped: str | None,
) -> Printer:
    qualifier = this if this is not None or _is_plain(expression) else ""
    this_rows = (node for node in nodes(expression) if isinstance(node, Name) and node.root == "this")
    reserved = [storage.table(row.type.entity or "") for row in this_rows] if not this else []
    return Printer(
        storage,
        dialect,
        taken=taken or {},
        qualifier=qualifier,
        candidate=candidate,
        variables=variables or {},
        group=group,
        grouped=grouped,
        reserved=[*reserved, qualifier or "", *(variables or {}).values()],
    )


def _is_plain(expression: Expression) -> bool:
    """Whether no part of it becomes a subquery, where columns without a table in front could mean another row."""
    through = Filtered | Quantified | Mapped | Flattened | Aggregate | Distinct | Sorted
    return is_local(expression) and not any(isinstance(node, through) for node in nodes(expression))


def _assigned(printer: Printer, expression: Expression, into: Type) -> str:
    """The value as a column takes it, which gives a parameter or a null its type."""
    if into.kind == "decimal" and not isinstance(expression, Constant):
        return printer.assigned(expression, into.scale or 0)
    if into.kind == "decimal" and isinstance(expression, Constant) and expression.value is not None:
        return printer.decimal_constant(expression, into.scale or 0)
    if into.kind == "integer" and isinstance(expression, Arithmetic) and printer.lite:
        return printer.counted(expression)
    return printer.bare(expression, frozenset())
