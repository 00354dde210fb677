"""The schema of a SQLite file, from its pragmas; names of constraints from the statements it keeps."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

from backwright.migrate.schema import Check, Column, ForeignKey, OnDelete, Schema, Table, TableIndex, Term

_NAME = r'("(?:[^"]|"")+"|\w+)'
_CONSTRAINT = re.compile(rf"\bCONSTRAINT\s+{_NAME}\s+(PRIMARY\s+KEY|FOREIGN\s+KEY|CHECK)\s*\(", re.I)
_COUNTED = re.compile(rf"\bCONSTRAINT\s+{_NAME}\s+PRIMARY\s+KEY\s+AUTOINCREMENT\b", re.I)
_LIVE = re.compile(rf"\)\s*WHERE\s+{_NAME}\s+IS\s+NULL\s*\Z", re.I)
_WHERE = re.compile(r"\)\s*WHERE\s+(.*)\Z", re.I | re.S)
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
    counted = _COUNTED.search(_without_strings(sql))
    columns = [
        Column(
            column,
            type if strict else f"{type} (not strict)",
            not required,
            default,
            numbered=bool(counted and position),
        )
        for _, column, type, required, default, position in rows
    ]
    constraints = list(_constraints(sql))
    keys = sorted((position, column) for _, column, _, _, _, position in rows if position)
    names = {kind: label for kind, label, _ in constraints}
    return Table(
        name=name,
        columns=tuple(columns),
        key=tuple(column for _, column in keys),
        key_name=counted[1].strip('"') if counted else names.get("PRIMARY KEY", ""),
        checks=tuple(Check(label, body) for kind, label, body in constraints if kind == "CHECK"),
        foreign_keys=tuple(_references(connection, name, constraints)),
        indexes=tuple(_indexes(connection, name)),
    )


def _without_strings(sql: str) -> str:
    return _STRING.sub("''", sql)


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


def _references(
    connection: sqlite3.Connection, table: str, constraints: list[tuple[str, str, str]]
) -> Iterator[ForeignKey]:
    names = {_listed(body): label for kind, label, body in constraints if kind == "FOREIGN KEY"}
    rows = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)).fetchall()
    keys: dict[int, list[tuple[int, str, str, str, str]]] = defaultdict(list)
    for number, place, target, column, key, _, on_delete, _ in rows:
        keys[number].append((place, column, key, target, on_delete))
    for parts in keys.values():
        parts.sort()
        columns = tuple(column for _, column, _, _, _ in parts)
        _, _, _, target, on_delete = parts[0]
        yield ForeignKey(
            name=names.get(tuple(column.lower() for column in columns), ""),
            columns=columns,
            table=target,
            keys=tuple(key for _, _, key, _, _ in parts),
            on_delete=_ON_DELETE.get(on_delete, "no_action"),
        )


_ON_DELETE: dict[str, OnDelete] = {
    "RESTRICT": "restrict",
    "CASCADE": "cascade",
    "SET NULL": "set_null",
    "NO ACTION": "no_action",
}


def _listed(body: str) -> tuple[str, ...]:
    return tuple(name.strip().strip('"').lower() for name in body.split(","))


def _indexes(connection: sqlite3.Connection, table: str) -> Iterator[TableIndex]:
    rows = connection.execute("SELECT * FROM pragma_index_list(?)", (table,)).fetchall()
    for _, name, unique, origin, partial in rows:
        if origin != "c":
            continue
        parts = connection.execute("SELECT * FROM pragma_index_xinfo(?)", (name,)).fetchall()
        terms = (Term(column, "DESC" if desc else "ASC") for _, _, column, desc, _, key in parts if key)
        yield TableIndex(name, tuple(terms), bool(unique), _live(connection, name) if partial else "")


def _live(connection: sqlite3.Connection, index: str) -> str:
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).fetchone()
    if found := _LIVE.search(sql):
        return str(found[1]).strip('"')
    whole = _WHERE.search(sql)
    return whole[1] if whole else "?"
