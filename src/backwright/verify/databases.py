"""The database of a backend under test, past every layer of the backend: to read, to empty, and to put rows in."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import asyncpg
from argon2 import PasswordHasher

from backwright.emit.sql import quoted
from backwright.model.storage import link_columns, link_table
from backwright.model.types import Entity, Field, ManyType, Model, ScalarType
from backwright.verify.rows import Key, Rows, column_type, from_column, keyed, to_column, visible
from backwright.verify.traffic import Assigned
from backwright_runtime.database import values

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OWN_TABLES = ("backwright_revoked_token", "backwright_idempotent_answer")
"""What the runtime remembers between requests."""

Encrypt = Callable[[str, Field, Any], str]
"""The ciphertext of a field's value in a table."""


class Connection(Protocol):
    """One connection. Parameters are written `{1}`, `{2}` in statements."""

    sqlite: bool

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]: ...

    def close(self) -> None: ...


class Sqlite:
    """A file."""

    sqlite = True

    def __init__(self, url: str) -> None:
        file = Path(unquote(url.removeprefix("sqlite:///")))
        self._connection = sqlite3.connect(file, timeout=10, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        text = statement.replace("{", "?").replace("}", "")
        return [dict(row) for row in self._connection.execute(text, tuple(values))]

    def close(self) -> None:
        self._connection.close()


class Postgresql:
    """A connection with an event loop of its own."""

    sqlite = False

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(url, timeout=10))
        for name, encoder, decoder in (
            ("date", values.days, values.day),
            ("timestamptz", values.microseconds, values.moment),
        ):
            # The driver takes the last moment that Python knows for infinity.
            self._loop.run_until_complete(
                self._connection.set_type_codec(
                    name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="tuple"
                )
            )

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        text = statement.replace("{", "$").replace("}", "")
        rows = self._loop.run_until_complete(self._connection.fetch(text, *values))
        return [dict(row) for row in rows]

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


def connected(url: str) -> Connection:
    """A connection to the database of that address."""
    return Sqlite(url) if url.startswith("sqlite:") else Postgresql(url)


class Tables:
    """The tables of a model in a database."""

    def __init__(self, url: str, model: Model, encrypt: Encrypt | None = None) -> None:
        self._model = model
        self._connection = connected(url)
        self._sqlite = self._connection.sqlite
        self._encrypt = encrypt

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def rows(self) -> Rows:
        """Every row of every entity."""
        return {entity.name: self._rows(entity) for entity in self._model.entities}

    def _rows(self, entity: Entity) -> dict[Key, dict[str, Any]]:
        stored = self._connection.query(f"SELECT * FROM {quoted(entity.table)}")  # noqa: S608
        links = {f.name: self._links(entity, f) for f in visible(entity) if isinstance(f.type, ManyType)}

        def value(field: Field, row: Mapping[str, Any]) -> Any:
            if field.name in links:
                key = str(row[entity.field(entity.key).column])
                return sorted(links[field.name].get(key, ()))
            return from_column(field, self._model, row[field.column], sqlite=self._sqlite)

        return keyed(entity, ([(f, value(f, row)) for f in visible(entity)] for row in stored))

    def _links(self, entity: Entity, field: Field) -> dict[str, list[str]]:
        """What a many-to-many field lists, by the row that lists it."""
        table, (source, target) = self._link(entity, field)
        found: dict[str, list[str]] = {}
        assert isinstance(field.type, ManyType)
        to = self._model.entity(field.type.entity)
        kept = ""
        if to.soft_delete is not None:
            key, deleted = (quoted(to.field(name).column) for name in (to.key, to.soft_delete))
            kept = f" WHERE {target} IN (SELECT {key} FROM {quoted(to.table)} WHERE {deleted} IS NULL)"  # noqa: S608
        for row in self._connection.query(f"SELECT {source}, {target} FROM {table}{kept}"):  # noqa: S608
            found.setdefault(str(row[source]), []).append(str(row[target]))
        return found

    def _link(self, entity: Entity, field: Field) -> tuple[str, tuple[str, str]]:
        assert isinstance(field.type, ManyType)
        source, target = link_columns(entity, field.name, self._model.entity(field.type.entity))
        return quoted(link_table(entity, field.name)), (quoted(source), quoted(target))

    def clear(self) -> None:
        """Remove every row, and what the runtime remembers; sequences begin again."""
        tables = [quoted(table) for table in [*self._tables(), *self._own()]]
        if not tables:
            return
        if not self._sqlite:
            self._connection.query(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
            return
        self._connection.query("PRAGMA foreign_keys = OFF")
        for table in tables:
            self._connection.query(f"DELETE FROM {table}")  # noqa: S608
        if self._connection.query("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            self._connection.query("DELETE FROM sqlite_sequence")

    def _tables(self) -> Iterable[str]:
        for entity in self._model.entities:
            yield entity.table
            yield from (link_table(entity, f.name) for f in entity.fields if isinstance(f.type, ManyType))

    def _own(self) -> list[str]:
        """The runtime's tables that there are."""
        catalogue = "sqlite_master WHERE name" if self._sqlite else "pg_tables WHERE tablename"
        return [t for t in OWN_TABLES if self._connection.query(f"SELECT 1 FROM {catalogue} = '{t}'")]  # noqa: S608

    def assign(self, assigned: Assigned) -> None:
        """Set one field of one row, if it is there."""
        entity = self._model.entity(assigned.entity)
        field = entity.field(assigned.field)
        value = to_column(column_type(self._model, field.type), assigned.value, sqlite=self._sqlite)
        where = " AND ".join(
            f"CAST({quoted(entity.field(key).column)} AS text) = {{{n}}}"
            for n, key in enumerate(entity.keys, start=2)
        )
        statement = f"UPDATE {quoted(entity.table)} SET {quoted(field.column)} = {{1}} WHERE {where}"  # noqa: S608
        self._connection.query(statement, (value, *assigned.keys))

    def insert(self, entity: Entity, row: Mapping[str, Any]) -> None:
        """Put one row in, as the reference holds it. Passwords are hashed as the backend does it."""
        fields = [f for f in entity.fields if f.name in row and not isinstance(f.type, ManyType)]
        names = ", ".join(quoted(field.column) for field in fields)
        values = [self._kept(entity, field, row[field.name]) for field in fields]
        marks = ", ".join(f"{{{n}}}" for n in range(1, len(fields) + 1))
        self._connection.query(f"INSERT INTO {quoted(entity.table)} ({names}) VALUES ({marks})", values)  # noqa: S608
        for field in entity.fields:
            if isinstance(field.type, ManyType) and field.name in row:
                self._link_rows(entity, field, row)
            elif field.generated == "sequence":
                self._advance(entity, field)

    def statements(self, entity: Entity, row: Mapping[str, Any]) -> list[str]:
        """What `insert` does, as SQL for people to run again: values are written out."""
        fields = [f for f in entity.fields if f.name in row and not isinstance(f.type, ManyType)]
        names = ", ".join(quoted(field.column) for field in fields)
        values = ", ".join(self._literal(self._kept(entity, f, row[f.name])) for f in fields)
        found = [f"INSERT INTO {quoted(entity.table)} ({names}) VALUES ({values});"]  # noqa: S608
        for field in entity.fields:
            if isinstance(field.type, ManyType) and field.name in row:
                table, (source, target) = self._link(entity, field)
                pairs = [
                    (self._literal(str(row[entity.key])), self._literal(str(key))) for key in row[field.name]
                ]
                found += [f"INSERT INTO {table} ({source}, {target}) VALUES ({a}, {b});" for a, b in pairs]  # noqa: S608
        return found

    def setting(self, assigned: Assigned) -> str:
        """What `assign` does, as SQL for people to run again."""
        entity = self._model.entity(assigned.entity)
        field = entity.field(assigned.field)
        value = to_column(column_type(self._model, field.type), assigned.value, sqlite=self._sqlite)
        where = " AND ".join(
            f"CAST({quoted(entity.field(name).column)} AS text) = {self._literal(key)}"
            for name, key in zip(entity.keys, assigned.keys, strict=True)
        )
        return f"UPDATE {quoted(entity.table)} SET {quoted(field.column)} = {self._literal(value)} WHERE {where};"  # noqa: S608

    def _literal(self, value: Any) -> str:
        """A value as SQL; PostgreSQL reads a quoted text as whatever type the column has."""
        match value:
            case None:
                return "NULL"
            case bool():
                return str(int(value)) if self._sqlite else str(value).lower()
            case int() | float() if self._sqlite:
                return repr(value)
            case bytes():
                return f"X'{value.hex()}'" if self._sqlite else f"'\\x{value.hex()}'"
            case list():
                inner = ", ".join(
                    '"' + str(each).replace("\\", "\\\\").replace('"', '\\"') + '"' for each in value
                )
                return self._literal(f"{{{inner}}}")
            case _:
                return "'" + str(value).replace("'", "''") + "'"

    def _link_rows(self, entity: Entity, field: Field, row: Mapping[str, Any]) -> None:
        assert isinstance(field.type, ManyType)
        table, (source, target) = self._link(entity, field)
        other = self._model.entity(field.type.entity)
        kinds = [column_type(self._model, each.field(each.key).type) for each in (entity, other)]
        for key in row[field.name]:
            pair = [
                to_column(kind, value, sqlite=self._sqlite)
                for kind, value in zip(kinds, (row[entity.key], key), strict=True)
            ]
            self._connection.query(f"INSERT INTO {table} ({source}, {target}) VALUES ({{1}}, {{2}})", pair)  # noqa: S608

    def _kept(self, entity: Entity, field: Field, value: Any) -> Any:
        if value is None:
            return None
        if field.encrypted and self._encrypt is not None:
            return self._encrypt(entity.table, field, value)
        if isinstance(field.type, ScalarType) and field.type.scalar == "password":
            return CHEAP.hash(str(value))
        return to_column(column_type(self._model, field.type), value, sqlite=self._sqlite)

    def _advance(self, entity: Entity, field: Field) -> None:
        """Let the database go on behind the number that was put in; SQLite does so by itself."""
        if not self._sqlite:
            table, column = quoted(entity.table), quoted(field.column)
            self._connection.query(
                "SELECT setval(pg_get_serial_sequence({1}, {2}), (SELECT max("  # noqa: S608
                f"{column}) FROM {table}))",
                (table, field.column),
            )

    def number_after(self, entity: Entity, field: Field, last: int) -> int | None:
        """The first number of a sequence behind the last one that is known; None when there is none."""
        column = quoted(field.column)
        statement = f"SELECT min({column}) AS number FROM {quoted(entity.table)} WHERE {column} > {{1}}"  # noqa: S608
        found: int | None = self._connection.query(statement, (last,))[0]["number"]
        return found
