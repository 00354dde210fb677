# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""Writes rows into a live database and reads them back as digests."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from backwright.emit.sql import quoted
from backwright.migrate.rows import Rows
from backwright.migrate.values import Value


async def insert(url: str, tables: Sequence[Rows]) -> None:
    """Insert the rows, with values as parameters."""
    if url.startswith("sqlite:"):
        with closing(_sqlite(url)) as database, database:
            for table in tables:
                values = [[_stored(value) for value in row] for row in table.values]
                database.executemany(_insert(table, ["?"] * len(table.columns)), values)
        return
    connection = await asyncpg.connect(url)
    try:
        for table in tables:
            marks = [f"${number}" for number in range(1, len(table.columns) + 1)]
            await connection.executemany(_insert(table, marks), table.values)
    finally:
        await connection.close()


def _insert(table: Rows, marks: list[str]) -> str:
    columns = ", ".join(quoted(column) for column in table.columns)
    return f"INSERT INTO {quoted(table.table)} ({columns}) VALUES ({', '.join(marks)})"


def _sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _stored(value: Value) -> object:
    match value:
        case bool():
            return int(value)
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
        case date():
            return value.isoformat()
        case Decimal():
            return int(value.scaleb(-int(value.as_tuple().exponent)))
        case tuple():
            return json.dumps([each if isinstance(each, bool) else _stored(each) for each in value])
        case _:
            return value


def as_fetched(url: str, values: Sequence[Value]) -> tuple[Any, ...]:
    """The values as `fetch` would give them."""
    return tuple(_stored(value) if url.startswith("sqlite:") else value for value in values)


async def digests(
    url: str, tables: Mapping[str, Sequence[str]], order: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """A digest of every row of the tables, in the given columns; `order` names those that tell rows apart."""
    found = {}
    for table, columns in tables.items():
        names, by = (", ".join(quoted(each) for each in part) for part in (columns, order[table]))
        rows = await fetch(url, f"SELECT {names} FROM {quoted(table)} ORDER BY {by}")
        found[table] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


async def fetch(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query, as the driver gives them."""
    if url.startswith("sqlite:"):
        with closing(_sqlite(url)) as database:
            return [tuple(row) for row in database.execute(statement)]
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()
