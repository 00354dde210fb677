"""What a statement asks of the tables that it reads, as far as it decides whether an index has to be there.

Under a limit a table may be read in the order of an index until enough rows were found. That ends early where most
rows are wanted, and late where one value in thousands is: there an index that begins with that column is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal as OneOf

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Dialect = OneOf["sqlite", "postgres"]
Leading = Mapping[str, frozenset[str]]
"""The columns of a table with which an index begins."""


class Read(msgspec.Struct, frozen=True):
    """One place of a statement that reads a table: by which name, whether a limit ends it, and the columns of which it
    wants one value (`=` or IN in what all its rows have to fulfil)."""

    table: str
    name: str
    limited: bool
    equal: frozenset[str]


def reads(text: str, dialect: Dialect) -> list[Read]:
    """Every reading of a table in a statement; none of what cannot be parsed."""
    try:
        tree = sqlglot.parse_one(text, read=dialect)
    except (SqlglotError, RecursionError):
        return []
    return [read for table in tree.find_all(exp.Table) if (read := _read(table)) is not None]


def needs_index(read: Read, leading: Leading, coarse: frozenset[tuple[str, str]]) -> bool:
    """Whether it looks for one value among many, and no index leads to it.

    `coarse` are columns of few values: to walk along another index until some rows have one of these is no search.
    """
    narrow = _narrow(read, coarse)
    return bool(narrow) and narrow.isdisjoint(leading.get(read.table, frozenset()))


def has_index(read: Read, leading: Leading, coarse: frozenset[tuple[str, str]]) -> bool:
    """Whether an index leads to the one value that it looks for: with many rows, a database takes that way."""
    return not _narrow(read, coarse).isdisjoint(leading.get(read.table, frozenset()))


def _narrow(read: Read, coarse: frozenset[tuple[str, str]]) -> set[str]:
    return {column for column in read.equal if (read.table, column) not in coarse}


def _read(table: exp.Table) -> Read | None:
    query = table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert)
    if query is None or isinstance(query, exp.Insert):
        return None
    where = query.args.get("where")
    alone = sum(each.find_ancestor(type(query)) is query for each in query.find_all(exp.Table)) == 1
    names = {table.alias_or_name, ""} if alone else {table.alias_or_name}
    conditions = _conjuncts(where.this) if where is not None else iter(())
    equal = frozenset(column for each in conditions if (column := _compared(each, names)) is not None)
    limited = query.args.get("limit") is not None or isinstance(query.parent, exp.Exists)
    return Read(table.name, table.alias_or_name, limited, equal)


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    match node:
        case exp.Paren():
            yield from _conjuncts(node.this)
        case exp.And():
            yield from _conjuncts(node.left)
            yield from _conjuncts(node.right)
        case _:
            yield node


def _compared(condition: exp.Expr, names: set[str]) -> str | None:
    """The column of the table that has to have one value, or one of a list."""
    match condition:
        case exp.EQ() | exp.NullSafeEQ():
            sides = (condition.left, condition.right)
        case exp.In():
            sides = (condition.this, condition.args.get("query") or exp.Null())
        case exp.Is() if not isinstance(condition.right, exp.Null | exp.Boolean):
            sides = (condition.left, condition.right)
        case _:
            return None
    for column, other in (sides, sides[::-1]):
        if isinstance(column, exp.Column) and column.table in names and not _has(other, names):
            return str(column.name)
    return None


def _has(node: exp.Expr, names: set[str]) -> bool:
    """Whether the other side is of the same row: such a comparison looks nothing up."""
    return any(column.table in names for column in node.find_all(exp.Column))
