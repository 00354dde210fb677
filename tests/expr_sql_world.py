"""The random world of `expr_world` in a database: its tables, its rows, and statements that ask for a value."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from expr_world import ENTITIES, FIELDS, Row

from backwright.expr import sql
from backwright.expr.typed import Type
from backwright_runtime.database.functions import register


class WorldStorage:
    """How the entities of the world are stored."""

    def table(self, entity: str) -> str:
        return {"User": '"user"'}.get(entity, entity.lower())

    def column(self, entity: str, field: str) -> str:
        return f"{field}_id" if FIELDS[entity, field].kind == "entity" else field

    def keys(self, entity: str) -> tuple[str, ...]:
        return ("id",)

    def kind(self, entity: str, field: str) -> Type:
        return FIELDS[entity, field]

    def deleted(self, entity: str) -> str | None:
        return None

    def link(self, entity: str, field: str) -> sql.Link | None:
        kind = FIELDS[entity, field]
        if kind.kind != "rows":
            return None
        return sql.Link(
            f"{entity.lower()}_{field}", f"{entity.lower()}_id", f"{(kind.entity or '').lower()}_id"
        )

    def encrypted(self, entity: str, field: str) -> bool:
        return False


STORAGE = WorldStorage()


def fields(entity: str) -> dict[str, Type]:
    """The fields of an entity that are columns."""
    return {name: kind for (of, name), kind in FIELDS.items() if of == entity and kind.kind != "rows"}


def column_type(kind: Type, dialect: str) -> str:
    if dialect == "sqlite":
        kinds = {"integer": "INTEGER", "decimal": "INTEGER", "boolean": "INTEGER", "double": "REAL"}
        return kinds.get(kind.kind, "TEXT")
    if kind.kind == "decimal":
        return f"numeric(18, {kind.scale})"
    if kind.kind == "list":
        name, _, collation = column_type(kind.element or Type("null"), dialect).partition(" COLLATE")
        return f"{name}[]{' COLLATE' if collation else ''}{collation}"
    name = sql.type_name(kind, STORAGE)
    return f'{name} COLLATE "C"' if name == "text" else name


def tables(dialect: str) -> list[str]:
    """CREATE TABLE for every entity and every table of links."""
    made = []
    for entity in ENTITIES:
        columns = ", ".join(
            f"{STORAGE.column(entity, name)} {column_type(kind, dialect)}"
            for name, kind in fields(entity).items()
        )
        made.append(f"CREATE TABLE {STORAGE.table(entity)} ({columns})")
        for (of, name), _ in FIELDS.items():
            link = STORAGE.link(entity, name) if of == entity else None
            if link is not None:
                key = "TEXT" if dialect == "sqlite" else "uuid"
                made.append(f"CREATE TABLE {link.table} ({link.holder} {key}, {link.target} {key})")
    return made


def inserts(rows: Mapping[str, list[Row]]) -> list[tuple[str, list[Any]]]:
    """Every row of the world: a table, and its values in the order of the columns."""
    found = []
    for entity, each in rows.items():
        for row in each:
            found.append((STORAGE.table(entity), [row[name] for name in fields(entity)]))
            for (of, name), _ in FIELDS.items():
                link = STORAGE.link(entity, name) if of == entity else None
                if link is not None:
                    found += [(link.table, [row["id"], target]) for target in row[name]]
    return found


def names() -> list[str]:
    found = [STORAGE.table(entity) for entity in ENTITIES]
    return found + [link.table for of, name in FIELDS if (link := STORAGE.link(of, name)) is not None]


def as_sqlite(value: Any) -> Any:
    """A value as SQLite stores it."""
    match value:
        case bool():
            return int(value)
        case UUID():
            return str(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
        case date():
            return value.isoformat()
        case Decimal():
            return int(value.scaleb(-int(value.as_tuple().exponent)))
        case list():
            return json.dumps([each if isinstance(each, bool) else as_sqlite(each) for each in value])
        case _:
            return value


def from_sqlite(value: Any, kind: Type) -> Any:
    """A stored value as its type has it."""
    match value, kind.kind:
        case None, _:
            return None
        case _, "boolean":
            return bool(value)
        case _, "uuid" | "entity":
            return UUID(value)
        case _, "timestamp":
            return datetime.fromisoformat(value)
        case _, "date":
            return date.fromisoformat(value)
        case str(), "decimal":
            return Decimal(value)
        case _, "decimal":
            return Decimal(value).scaleb(-(kind.scale or 0))
        case str(), "list" | "rows":
            element = kind.element or Type("uuid")
            return [from_sqlite(each, element) for each in json.loads(value)]
        case list(), "list":
            return [from_sqlite(each, kind.element or Type("uuid")) for each in value]
        case _:
            return value


class Sqlite:
    """An in-memory database with the world's tables."""

    dialect = "sqlite"

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.create_collation("C", lambda a, b: (a > b) - (a < b))
        register(self.connection)
        for statement in tables("sqlite"):
            self.connection.execute(f"{statement} STRICT")

    def fill(self, rows: Mapping[str, list[Row]]) -> None:
        for name in names():
            self.connection.execute(f"DELETE FROM {name}")
        for table, values in inserts(rows):
            marks = ", ".join("?" * len(values))
            self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", [*map(as_sqlite, values)])

    def ask(self, text: str, given: Mapping[str, Any], kind: Type) -> Any:
        found = self.connection.execute(
            text, {name: as_sqlite(each) for name, each in given.items()}
        ).fetchone()
        return from_sqlite(found[0], kind)

    def overflowed(self, error: Exception) -> bool:
        return getattr(error, "sqlite_errorname", "") == "SQLITE_TOOBIG" or str(error) == "integer overflow"

    def close(self) -> None:
        self.connection.close()


class Postgres:
    """A connection to PostgreSQL, driven from ordinary code, with the world's tables."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.run: Callable[[Any], Any] = self.runner.run
        self.connection = self.run(asyncpg.connect(url))
        for statement in tables("postgresql"):
            self.run(self.connection.execute(statement.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")))

    def fill(self, rows: Mapping[str, list[Row]]) -> None:
        self.run(self._fill(rows))

    async def _fill(self, rows: Mapping[str, list[Row]]) -> None:
        await self.connection.execute("; ".join(f"DELETE FROM {name}" for name in names()))
        for table, values in inserts(rows):
            marks = ", ".join(f"${n + 1}" for n in range(len(values)))
            await self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", *values)

    def ask(self, text: str, given: Mapping[str, Any], kind: Type) -> Any:
        numbered, order = positional(text)
        found = self.run(self.connection.fetchval(numbered, *(given[name] for name in order)))
        return plain(found)

    def overflowed(self, error: Exception) -> bool:
        return isinstance(error, asyncpg.NumericValueOutOfRangeError | asyncpg.DatetimeFieldOverflowError)

    def close(self) -> None:
        self.run(self.connection.close())
        self.runner.close()


def plain(value: Any) -> Any:
    """Lists in lists come as records of one member."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return plain(value[0]) if isinstance(value, asyncpg.Record) else value


def positional(text: str) -> tuple[str, list[str]]:
    """`:name` as `$1`, outside of strings."""
    order: list[str] = []

    def mark(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match.group()
        if match["name"] not in order:
            order.append(match["name"])
        return f"${order.index(match['name']) + 1}"

    pattern = r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"[^\"]*\"|::|:(?P<name>[a-z_]\w*)"
    return re.sub(pattern, mark, text), order
