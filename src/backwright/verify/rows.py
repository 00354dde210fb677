"""The rows of a database as they lie there, read past every layer of the backend, to compare with the reference."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import asyncpg
from argon2 import PasswordHasher

from backwright.emit.sql import quoted
from backwright.model.types import Entity, Field, Model, ScalarType
from backwright.verify.traffic import Assigned

Rows = dict[str, list[dict[str, Any]]]


def stored(url: str, model: Model) -> Rows:
    """Every row of every entity by field name, sorted by key, in plain JSON values and without passwords."""
    tables = [(entity, f"SELECT * FROM {quoted(entity.table)}") for entity in model.entities]  # noqa: S608
    raw = _query(url, [statement for _, statement in tables])
    return {entity.name: _sorted(entity, rows) for (entity, _), rows in zip(tables, raw, strict=True)}


def remembered(rows: Mapping[str, Sequence[Mapping[str, Any]]], model: Model) -> Rows:
    """The reference's rows in the same form."""
    named = {entity.name: {field.name: field.column for field in entity.fields} for entity in model.entities}
    return {
        entity.name: _sorted(
            entity,
            [{named[entity.name][name]: value for name, value in row.items()} for row in rows[entity.name]],
        )
        for entity in model.entities
    }


def differences(expected: Rows, found: Rows) -> list[str]:
    """What lies in the database and should not, or the other way round; the first few of it."""
    told: list[str] = []
    for entity, rows in expected.items():
        left, right = ({str(row): row for row in side} for side in (rows, found[entity]))
        told += [f"row of {entity} expected, not stored: {text}" for text in left if text not in right]
        told += [f"row of {entity} stored, not expected: {text}" for text in right if text not in left]
    return told[:6]


def clear(url: str, model: Model) -> None:
    """Remove every row, so that a sequence can be sent again."""
    tables = [quoted(entity.table) for entity in model.entities]
    if url.startswith("sqlite:"):
        _sqlite(url, ["PRAGMA foreign_keys = OFF", *(f"DELETE FROM {table}" for table in tables)])  # noqa: S608
    elif tables:
        asyncio.run(_postgresql(url, [f"TRUNCATE {', '.join(tables)} CASCADE"]))


def assign(url: str, entity: Entity, assigned: Assigned) -> None:
    """Set one field of one row, if it is there."""
    column, key = quoted(entity.field(assigned.field).column), quoted(entity.field(entity.key).column)
    first, second = ("?1", "?2") if url.startswith("sqlite:") else ("$1", "$2")
    statement = f"UPDATE {quoted(entity.table)} SET {column} = {first} WHERE CAST({key} AS text) = {second}"  # noqa: S608
    _query(url, [statement], (assigned.value, assigned.key))


def insert(url: str, entity: Entity, row: Mapping[str, Any]) -> None:
    """Put one row in, as the reference holds it. Passwords are hashed as the backend does it."""
    fields = [field for field in entity.fields if field.name in row]
    names = ", ".join(quoted(field.column) for field in fields)
    values = [_kept(field, row[field.name], sqlite=url.startswith("sqlite:")) for field in fields]
    marks = ", ".join(f"?{n}" if url.startswith("sqlite:") else f"${n}" for n in range(1, len(fields) + 1))
    _query(url, [f"INSERT INTO {quoted(entity.table)} ({names}) VALUES ({marks})"], values)  # noqa: S608


def _kept(field: Field, value: Any, *, sqlite: bool) -> Any:
    """A value as the driver takes it."""
    if value is None:
        return None
    if isinstance(field.type, ScalarType) and field.type.scalar == "password":
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(str(value))
    return _plain(field, value) if sqlite else value


def _sorted(entity: Entity, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    plain = [{field.name: _plain(field, row[field.column]) for field in _visible(entity)} for row in rows]
    return sorted(plain, key=lambda row: str(row[entity.key]))


def _visible(entity: Entity) -> list[Field]:
    return [f for f in entity.fields if not (isinstance(f.type, ScalarType) and f.type.scalar == "password")]


def _plain(field: Field, value: Any) -> Any:
    """One spelling per value, whichever way the driver or the reference holds it."""
    if isinstance(field.type, ScalarType) and field.type.scalar == "boolean" and isinstance(value, int):
        return bool(value)
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date() | UUID():
            return str(value)
        case _:
            return value


def _query(url: str, statements: list[str], values: Sequence[Any] = ()) -> list[list[dict[str, Any]]]:
    if url.startswith("sqlite:"):
        return _sqlite(url, statements, values)
    return asyncio.run(_postgresql(url, statements, values))


def _sqlite(url: str, statements: list[str], values: Sequence[Any] = ()) -> list[list[dict[str, Any]]]:
    connection = sqlite3.connect(
        Path(unquote(url.removeprefix("sqlite:///"))), timeout=10, isolation_level=None
    )
    connection.row_factory = sqlite3.Row
    try:
        return [[dict(row) for row in connection.execute(statement, values)] for statement in statements]
    finally:
        connection.close()


async def _postgresql(
    url: str, statements: list[str], values: Sequence[Any] = ()
) -> list[list[dict[str, Any]]]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [[dict(row) for row in await connection.fetch(statement, *values)] for statement in statements]
    finally:
        await connection.close()
