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
from expr_world import DELETED_SOFTLY, FIELDS, KEY, NOW, World

from backwright.expr import sql
from backwright.expr.typed import Type
from backwright_runtime.database.functions import register
from backwright_runtime.database.postgresql import prepared
from backwright_runtime.database.values import bound


class WorldStorage:
    """How the entities of the world are stored."""

    def source(self, entity: str) -> str:
        return self.table(entity)

    def table(self, entity: str) -> str:
        return {"User": '"user"'}.get(entity, entity.lower())

    def column(self, entity: str, field: str) -> str:
        return f"{field}_id" if FIELDS[entity, field].kind == "entity" else field

    def keys(self, entity: str) -> tuple[str, ...]:
        return KEY[entity]

    def kind(self, entity: str, field: str) -> Type:
        return FIELDS[entity, field]

    def deleted(self, entity: str) -> str | None:
        return "gone_at" if entity in DELETED_SOFTLY else None

    def link(self, entity: str, field: str) -> sql.Link | None:
        kind = FIELDS[entity, field]
        if kind.kind != "rows":
            return None
        return sql.Link(
            f"{entity.lower()}_{field}", f"{entity.lower()}_id", f"{(kind.entity or '').lower()}_id"
        )

    def encrypted(self, entity: str, field: str) -> bool:
        return False

    def named(self, entity: str) -> tuple[()]:
        return ()


STORAGE = WorldStorage()


def fields(entity: str) -> dict[str, Type]:
    """The fields of an entity that are columns."""
    return {name: kind for (of, name), kind in FIELDS.items() if of == entity and kind.kind != "rows"}


def column_type(kind: Type, dialect: str) -> str:
    if dialect == "sqlite":
        kinds = {"integer": "INTEGER", "decimal": "INTEGER", "boolean": "INTEGER", "double": "REAL"}
        stored = sql.key_type(STORAGE, kind.entity or "") if kind.kind == "entity" else kind
        return kinds.get(stored.kind, "TEXT")
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
    for entity in KEY:
        columns = ", ".join(
            f"{STORAGE.column(entity, name)} {column_type(kind, dialect)}"
            for name, kind in fields(entity).items()
        )
        if entity in DELETED_SOFTLY:
            columns += f", gone_at {column_type(Type('timestamp'), dialect)}"
        made.append(f"CREATE TABLE {STORAGE.table(entity)} ({columns})")
        for (of, name), _ in FIELDS.items():
            link = STORAGE.link(entity, name) if of == entity else None
            if link is not None:
                target = Type("entity", entity=FIELDS[entity, name].entity)
                keys = [column_type(of, dialect) for of in (Type("entity", entity=entity), target)]
                made.append(f"CREATE TABLE {link.table} ({link.holder} {keys[0]}, {link.target} {keys[1]})")
    return made


def inserts(world: World) -> list[tuple[str, list[Any]]]:
    """Every row of the world: a table, and its values in the order of the columns."""
    found = []
    stored = [(entity, row, None) for entity, each in world.rows.items() for row in each]
    stored += [(entity, row, NOW) for entity, each in world.gone.items() for row in each]  # type: ignore[misc]
    for entity, row, gone_at in stored:
        more = [gone_at] if entity in DELETED_SOFTLY else []
        found.append((STORAGE.table(entity), [*(row[name] for name in fields(entity)), *more]))
        for of, name in FIELDS:
            link = STORAGE.link(entity, name) if of == entity else None
            if link is not None:
                found += [(link.table, [row[KEY[entity][0]], target]) for target in row[name]]
    return found


def names() -> list[str]:
    found = [STORAGE.table(entity) for entity in KEY]
    return found + [link.table for of, name in FIELDS if (link := STORAGE.link(of, name)) is not None]


def from_sqlite(value: Any, kind: Type) -> Any:
    """A stored value as its type has it."""
    match value, kind.kind:
        case None, _:
            return None
        case _, "boolean":
            return bool(value)
        case _, "entity":
            return from_sqlite(value, sql.key_type(STORAGE, kind.entity or ""))
        case str(), "rows":
            return [from_sqlite(each, Type("entity", entity=kind.entity)) for each in json.loads(value)]
        case _, "uuid":
            return UUID(value)
        case _, "timestamp":
            return datetime.fromisoformat(value)
        case _, "date":
            return date.fromisoformat(value)
        case str(), "decimal":
            return Decimal(value)
        case _, "decimal":
            return Decimal(value).scaleb(-(kind.scale or 0))
        case str(), "list":
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

    def fill(self, world: World) -> None:
        for name in names():
            self.connection.execute(f"DELETE FROM {name}")
        for table, values in inserts(world):
            marks = ", ".join("?" * len(values))
            self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", [*map(bound, values)])

    def ask(self, text: str, given: Mapping[str, Any], kind: Type) -> Any:
        found = self.connection.execute(text, {name: bound(each) for name, each in given.items()}).fetchone()
        return from_sqlite(found[0], kind)

    def ask_all(self, text: str, given: Mapping[str, Any], kind: Type) -> list[Any]:
        found = self.connection.execute(text, {name: bound(each) for name, each in given.items()}).fetchall()
        return [from_sqlite(row[0], kind) for row in found]

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
        self.run(prepared(self.connection))
        for statement in tables("postgresql"):
            self.run(self.connection.execute(statement.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")))

    def fill(self, world: World) -> None:
        self.run(self._fill(world))

    async def _fill(self, world: World) -> None:
        await self.connection.execute("; ".join(f"DELETE FROM {name}" for name in names()))
        for table, values in inserts(world):
            marks = ", ".join(f"${n + 1}" for n in range(len(values)))
            await self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", *values)

    def ask(self, text: str, given: Mapping[str, Any], kind: Type) -> Any:
        numbered, order = positional(text)
        found = self.run(self.connection.fetchval(numbered, *(given[name] for name in order)))
        return plain(found)

    def ask_all(self, text: str, given: Mapping[str, Any], kind: Type) -> list[Any]:
        numbered, order = positional(text)
        found = self.run(self.connection.fetch(numbered, *(given[name] for name in order)))
        return [row[0] for row in found]

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
