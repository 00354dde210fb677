"""The schema of a SQLite file, from its pragmas; names of constraints from the statements it keeps."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from backwright.migrate.schema import Check, Column, ForeignKey, Schema, Table, TableIndex, Term

_NAME = r'("(?:[^"]|"")+"|\w+)'
_CONSTRAINT = re.compile(rf"\bCONSTRAINT\s+{_NAME}\s+(PRIMARY\s+KEY|FOREIGN\s+KEY|CHECK)\s*\(", re.I)
_STRING = re.compile(r"'(?:[^']|'')*'")


def inspect(url: str) -> Schema:
    """The tables of the file, apart from Backwright's own and SQLite's."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
        ).fetchall()
        mine = [(name, sql) for name, sql in found if not name.startswith(("backwright_", "sqlite_"))]
        return Schema("sqlite", {name: _table(connection, name, sql) for name, sql in mine})


def _table(connection: sqlite3.Connection, name: str, sql: str) -> Table:
    rows = connection.execute("SELECT * FROM pragma_table_info(?)", (name,)).fetchall()
    strict = connection.execute("SELECT strict FROM pragma_table_list(?)", (name,)).fetchone()[0]
    columns = [
        Column(column, type if strict else f"{type} (not strict)", not required, default)
        for _, column, type, required, default, _ in rows
    ]
    constraints = list(_constraints(sql))
    keys = [column for _, column, _, _, _, position in rows if position]
    names = {kind: label for kind, label, _ in constraints}
    return Table(
        name=name,
        columns=tuple(columns),
        key=", ".join(keys),
        key_name=names.get("PRIMARY KEY", ""),
        checks=tuple(_check(label, body) for kind, label, body in constraints if kind == "CHECK"),
        foreign_keys=tuple(_references(connection, name, constraints)),
        indexes=tuple(_indexes(connection, name)),
    )


def _constraints(sql: str) -> Iterator[tuple[str, str, str]]:
    """Kind, name and parenthesised body of each named constraint."""
    for match in _CONSTRAINT.finditer(sql):
        kind = " ".join(match[2].upper().split())
        yield kind, match[1].strip('"'), _inside(sql, match.end())


def _inside(sql: str, start: int) -> str:
    """The text from `start` to the parenthesis that closes; parentheses in strings do not count."""
    depth, position = 1, start
    while depth:
        if string := _STRING.match(sql, position):
            position = string.end()
            continue
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        position += 1
    return sql[start : position - 1]


def _check(name: str, body: str) -> Check:
    return Check(name, "", body)


def _references(
    connection: sqlite3.Connection, table: str, constraints: list[tuple[str, str, str]]
) -> Iterator[ForeignKey]:
    names = {body.strip().strip('"'): label for kind, label, body in constraints if kind == "FOREIGN KEY"}
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)).fetchall()
    for _, _, target, column, key, _, on_delete, _ in rows:
        suffix = "" if on_delete == "RESTRICT" else f" on delete {on_delete.lower()}"
        yield ForeignKey(names.get(column, ""), column, target, f"{key}{suffix}")


def _indexes(connection: sqlite3.Connection, table: str) -> Iterator[TableIndex]:
    rows = connection.execute("SELECT * FROM pragma_index_list(?)", (table,)).fetchall()
    for _, name, unique, origin, _ in rows:
        if origin != "c":
            continue
        parts = connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)).fetchall()
        terms = (Term(column, "DESC" if desc else "ASC") for _, _, column, desc, _, key in parts if key)
        yield TableIndex(name, tuple(terms), bool(unique))
