"""PostgreSQL, through asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import TypeVar

import asyncpg
import msgspec
from msgspec import Struct

from backwright_runtime.database import values
from backwright_runtime.database.connections import PATIENCE, Connection, Connections
from backwright_runtime.database.interface import Data, Pool, Queries, Value
from backwright_runtime.database.postgresql_statements import (
    PostgresSnapshot,
    PostgresTransaction,
    Translated,
    execute,
    fetch_all,
    fetch_one,
    fetch_value,
    known,
)
from backwright_runtime.database.row_level import GuardedDatabase
from backwright_runtime.database.statement import Statement

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")

READ_COMMITTED = "BEGIN ISOLATION LEVEL READ COMMITTED"


class PostgresDatabase:
    """A pool of connections. Statements outside a transaction each take one for themselves."""

    has_versions = True

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._url = url
        self._pool_size = pool_size
        self._connections = Connections(self._opened, limit=pool_size)

    async def connect(self) -> None:
        """Open a connection, to see that the server answers."""
        async with self._connection():
            pass

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        async with self._connection() as connection:
            return await fetch_one(connection, row, statement, params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        async with self._connection() as connection:
            return await fetch_all(connection, row, statement, params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        async with self._connection() as connection:
            found: T | None = await fetch_value(connection, statement, params)
            return found

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        async with self._connection() as connection:
            return await execute(connection, statement, params)

    @asynccontextmanager
    async def transaction(self, *, serializable: bool = False) -> AsyncIterator[Queries]:
        """A transaction at READ COMMITTED, where statements that read in order to write lock their rows.

        `serializable` is for what depends on rows that it does not write.
        """
        async with self._connection() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE" if serializable else READ_COMMITTED)
            try:
                yield PostgresTransaction(connection)
            except Exception:
                if not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """A read-only transaction at REPEATABLE READ: all of it sees what the first statement saw."""
        async with self._connection() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield PostgresSnapshot(connection)
            except Exception:
                if not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    def for_caller(self, role: str, subject: str | None, now: datetime) -> Data:
        """The database under row-level security."""
        return GuardedDatabase(self, role, subject, now)

    @asynccontextmanager
    async def begun(self, beginning: str) -> AsyncIterator[Connection]:
        """A connection within a transaction that these statements begin, in one message to the server."""
        async with self._connection() as connection:
            await connection.execute(beginning)
            try:
                yield connection
            except Exception:
                if not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    def pool(self) -> Pool:
        """How busy the connections are."""
        pool = self._connections
        return Pool(busy=pool.busy, idle=pool.idle, limit=pool.limit, awaited=pool.awaited)

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the server does not answer."""
        async with self._connection() as connection:
            await connection.execute("SELECT 1", timeout=5)

    async def close(self) -> None:
        """Close the connections, after the statements that are running."""
        await self._connections.close(PATIENCE)

    def _connection(self) -> Use:
        return Use(self._connections)

    async def _opened(self) -> Connection:
        connection: Connection = await asyncpg.connect(self._url, timeout=5, command_timeout=30)
        try:
            await prepared(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


class Use:
    """One use of a connection. What asyncpg raises within it becomes what repositories know."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def __aenter__(self) -> Connection:
        with Translated():
            self._connection = await self._connections.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if error is None:
            self._connections.give_back(self._connection)
            return
        cut_off = isinstance(error, asyncio.CancelledError | GeneratorExit | TimeoutError)
        self._connections.give_back(self._connection, is_cut_off=cut_off)
        translation = known(error)
        if translation is not None:
            raise translation from error


async def prepared(connection: Connection) -> None:
    """Teach a new connection the values that the driver has another idea of: JSON, and the ends of time."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=values.json_text, decoder=msgspec.json.decode
    )
    await connection.set_type_codec(
        "date", schema="pg_catalog", encoder=values.days, decoder=values.day, format="tuple"
    )
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=values.microseconds,
        decoder=values.moment,
        format="tuple",
    )
