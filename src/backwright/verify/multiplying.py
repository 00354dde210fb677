"""More rows like those that there are, put into a database of any make: what grows with its size shows then.

A copy refers to the same rows as what it is a copy of, so a parent gets more children. What unique keys forbid
to be the same is made anew from the old value and the number of the copy: a reference that has to be new refers to the
copy of that number.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from typing import Any, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from backwright.emit.sql import quoted
from backwright.verify.backends import CIPHER
from backwright.verify.databases import Connection, Postgresql, Sqlite

STEP = 1_000_000
"""How far the numbers of copies lie apart."""
SOURCES = 20
"""At most so many rows of a table are copied."""
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Table(msgspec.Struct, frozen=True):
    """What has to be known of a table: the columns that can be written, its unique keys, where columns refer to."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    references: Mapping[str, str]


class Refused(Exception):
    """A value of which no other one can be made."""


class Multiplier:
    """Copies of the rows that a database holds when it is opened. Close it.

    `encrypted` are columns, with the table before, that hold what the backend under test encrypted: a new value is one
    that it can read.
    """

    def __init__(self, url: str, encrypted: Collection[tuple[str, str]] = ()) -> None:
        self._encrypted = encrypted
        self._connection = connected(url)
        if self._connection.sqlite:
            self._connection.query("PRAGMA foreign_keys = ON")
        else:
            self._connection.query("SET synchronous_commit = off")
        self._tables = ordered(tables(self._connection))
        self._sources = {table.name: self._first(table) for table in self._tables}
        self._made = 0
        self.close = self._connection.close

    def _first(self, table: Table) -> list[dict[str, Any]]:
        return self._connection.query(f"SELECT * FROM {quoted(table.name)} LIMIT {SOURCES}")  # noqa: S608

    def up_to(self, copies: int, wanted: Mapping[str, int] | None = None) -> int:
        """So many copies of each row in all; answers how many rows were added now, without those that are refused.

        Tables that are `wanted` with a number of rows get copies until they have so many, whatever `copies` is.
        """
        if self._connection.sqlite:
            self._connection.query("BEGIN IMMEDIATE")
        added = sum(
            self._filled(table, wanted[table.name])
            if wanted and table.name in wanted
            else self._copied(table, range(self._made + 1, copies + 1))
            for table in self._tables
        )
        if self._connection.sqlite:
            self._connection.query("COMMIT")
        else:
            self._connection.query("ANALYZE")
        self._made = max(self._made, copies)
        return added

    def _copied(self, table: Table, numbers: Iterable[int]) -> int:
        return sum(self._copy(table, row, number) for number in numbers for row in self._sources[table.name])

    def _filled(self, table: Table, rows: int) -> int:
        """Copies of each row in turn, until there are so many rows or one more copy of all is refused."""
        missing, added = rows - self.count(table.name), 0
        for number in itertools.count(self._made + 1):
            made = sum(
                self._copy(table, row, number) for row in self._sources[table.name][: max(0, missing - added)]
            )
            added += made
            if not made:
                break
        return added

    def count(self, table: str) -> int:
        """How many rows there are."""
        found = self._connection.query(f"SELECT count(*) AS number FROM {quoted(table)}")  # noqa: S608
        return cast("int", found[0]["number"])

    def _copy(self, table: Table, row: Mapping[str, Any], number: int) -> int:
        fresh = anew(table, row)
        try:
            values = [
                self._another(table, c, row[c], number) if c in fresh else row[c] for c in table.columns
            ]
        except Refused:
            return 0
        names = ", ".join(map(quoted, table.columns))
        marks = ", ".join(f"{{{n}}}" for n in range(1, len(values) + 1))
        whole = "" if self._connection.sqlite else " OVERRIDING SYSTEM VALUE"
        statement = f"INSERT INTO {quoted(table.name)} ({names}){whole} VALUES ({marks})"  # noqa: S608
        try:
            self._connection.query(statement, values)
        except Exception:  # a constraint of whatever kind: this row has no copy
            return 0
        return 1

    def _another(self, table: Table, column: str, value: Any, number: int) -> Any:
        if value is None or (table.name, column) not in self._encrypted:
            return another(value, number)
        purpose = f"{table.name}.{column}"
        return CIPHER.encrypt_same(str(another(CIPHER.decrypt(value, purpose), number)), purpose)


def connected(url: str) -> Connection:
    """A connection to the database of that address."""
    return Sqlite(url) if url.startswith("sqlite:") else Postgresql(url)


def multiplied(
    url: str,
    copies: int,
    wanted: Mapping[str, int] | None = None,
    encrypted: Collection[tuple[str, str]] = (),
) -> tuple[int, dict[str, int]]:
    """So many copies of each row, or so many rows of tables; how many were added, and how many those tables have."""
    with closing(Multiplier(url, encrypted)) as rows:
        added = rows.up_to(copies, wanted)
        return added, {table: rows.count(table) for table in wanted or ()}


def anew(table: Table, row: Mapping[str, Any]) -> set[str]:
    """The columns that a copy has of its own: one of each unique key at least; references only at need."""
    found: set[str] = set()
    for key in sorted(table.keys, key=len):
        if found.intersection(key) or any(row[column] is None for column in key):
            continue
        own = [c for c in key if c not in table.references and isinstance(row[c], str | int | UUID)]
        found.add(own[-1] if own else key[-1])
    return found


def another(value: Any, number: int) -> Any:
    """Another value of the same kind: always the same one for a value and a number. Raises Refused."""
    match value:
        case None:
            return None
        case bool():
            raise Refused
        case int() | Decimal():
            return value + STEP * number
        case UUID():
            return uuid5(NAMESPACE_OID, f"{value}/{number}")
        case str() if UUID_FORM.fullmatch(value):
            return str(uuid5(NAMESPACE_OID, f"{value}/{number}"))
        case str():
            return f"k{number}{value}"
        case _:
            raise Refused


def ordered(known: Sequence[Table]) -> list[Table]:
    """Each table after those that it refers to, as far as that is possible."""
    left, done = list(known), list[Table]()
    while left:
        names = {table.name for table in left}
        ready = [t for t in left if not (set(t.references.values()) - {t.name}) & names] or left[:1]
        done += ready
        left = [table for table in left if table not in ready]
    return done


# What there is ------------------------------------------------------------------------------------------


def tables(connection: Connection) -> list[Table]:
    """The tables of a database, but for those of migrations and of the runtime."""
    found = _of_sqlite(connection) if connection.sqlite else _of_postgresql(connection)
    return [table for table in found if not re.match(r"(backwright|alembic|django)_|.*migration", table.name)]


def _of_sqlite(connection: Connection) -> list[Table]:
    names = [
        row["name"]
        for row in connection.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    return [_one_of_sqlite(connection, name) for name in names]


def _one_of_sqlite(connection: Connection, name: str) -> Table:
    columns = connection.query(f"PRAGMA table_xinfo({quoted(name)})")
    primary = tuple(c["name"] for c in sorted(columns, key=lambda c: cast("int", c["pk"])) if c["pk"])
    unique = [i["name"] for i in connection.query(f"PRAGMA index_list({quoted(name)})") if i["unique"]]
    keys = [
        tuple(c["name"] for c in connection.query(f"PRAGMA index_info({quoted(i)})") if c["name"])
        for i in unique
    ]
    references = {r["from"]: r["table"] for r in connection.query(f"PRAGMA foreign_key_list({quoted(name)})")}
    written = tuple(c["name"] for c in columns if not c["hidden"])
    return Table(name, written, tuple(dict.fromkeys(k for k in (primary, *keys) if k)), references)


POSTGRESQL_COLUMNS = (
    "SELECT table_name::text AS name, column_name::text AS column FROM information_schema.columns"
    " JOIN information_schema.tables USING (table_schema, table_name)"
    " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'"
    " ORDER BY table_name, ordinal_position"
)
POSTGRESQL_KEYS = (
    "SELECT c.relname::text AS name, i.indexrelid::bigint AS key, a.attname::text AS column"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)"
    " WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace"
    " ORDER BY i.indexrelid, array_position(i.indkey::int2[], a.attnum)"
)
POSTGRESQL_REFERENCES = (
    "SELECT c.relname::text AS name, a.attname::text AS column, t.relname::text AS target"
    " FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (f.conkey)"
    " WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace"
)


def _of_postgresql(connection: Connection) -> list[Table]:
    columns: dict[str, list[str]] = {}
    for row in connection.query(POSTGRESQL_COLUMNS):
        columns.setdefault(row["name"], []).append(row["column"])
    keys: dict[str, dict[int, list[str]]] = {}
    for row in connection.query(POSTGRESQL_KEYS):
        keys.setdefault(row["name"], {}).setdefault(row["key"], []).append(row["column"])
    references: dict[str, dict[str, str]] = {}
    for row in connection.query(POSTGRESQL_REFERENCES):
        references.setdefault(row["name"], {})[row["column"]] = row["target"]
    return [
        Table(
            name, tuple(own), tuple(tuple(k) for k in keys.get(name, {}).values()), references.get(name, {})
        )
        for name, own in columns.items()
    ]
