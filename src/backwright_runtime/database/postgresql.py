"""PostgreSQL, through asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import asyncpg
import msgspec
from msgspec import Struct

from backwright_runtime.database import values
from backwright_runtime.database.connections import PATIENCE, Connection, Connections
from backwright_runtime.database.interface import (
    CheckViolation,
    Contention,
    Data,
    DatabaseUnavailable,
    ForeignKeyViolation,
    Pool,
    Queries,
    UniqueViolation,
    Value,
)
from backwright_runtime.database.statement import Statement
from backwright_runtime.errors import IntegerOverflow

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")

READ_COMMITTED = "BEGIN ISOLATION LEVEL READ COMMITTED"

_UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that the server ends just now
)


def known(error: BaseException, *, in_transaction: bool = False) -> Exception | None:
    """What asyncpg raised, as what repositories know; None: it is a defect, or not asyncpg's.

    A transaction may have looked before the row was there that it runs into.
    """
    match error:
        case asyncpg.UniqueViolationError():
            return UniqueViolation(error.constraint_name or "", unseen=_row(error, in_transaction))
        case asyncpg.ForeignKeyViolationError() | asyncpg.RestrictViolationError():
            return ForeignKeyViolation(error.constraint_name, unseen=_row(error, in_transaction))
        case asyncpg.CheckViolationError():
            return CheckViolation(error.constraint_name or "")
        case asyncpg.NumericValueOutOfRangeError() | asyncpg.DatetimeFieldOverflowError():
            return IntegerOverflow()
        case asyncpg.InterfaceError():
            is_a_wrong_parameter = isinstance(error, ValueError | TypeError)
            return (
                DatabaseUnavailable(type(error).__name__)
                if _is_lost(error) and not is_a_wrong_parameter
                else None
            )
        case asyncpg.DeadlockDetectedError() | asyncpg.SerializationError():
            return Contention(type(error).__name__)
        case _ if isinstance(error, _UNAVAILABLE):
            return DatabaseUnavailable(type(error).__name__)
        case _:
            return None


class Translated:
    """What asyncpg raises within it, as what repositories know."""

    __slots__ = ("_in_transaction",)

    def __init__(self, *, in_transaction: bool = False) -> None:
        self._in_transaction = in_transaction

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if error is not None:
            translation = known(error, in_transaction=self._in_transaction)
            if translation is not None:
                raise translation from error


def _row(error: asyncpg.IntegrityConstraintViolationError, in_transaction: bool) -> str | None:
    return f"{error.constraint_name}: {error.detail}" if in_transaction else None


def _is_lost(error: asyncpg.InterfaceError) -> bool:
    return any(word in str(error) for word in ("closed", "closing", "released", "not initialized"))


async def fetch_one(
    on: Connection, row: type[Row], statement: Statement, params: dict[str, Value]
) -> Row | None:
    """The first row on this connection."""
    rendered = statement.render("postgresql", params)
    record = await on.fetchrow(rendered.text, *rendered.arguments(params))
    return None if record is None else values.maker(row, stored=False)(record)


async def fetch_all(
    on: Connection, row: type[Row], statement: Statement, params: dict[str, Value]
) -> list[Row]:
    """All rows on this connection."""
    rendered = statement.render("postgresql", params)
    records = await on.fetch(rendered.text, *rendered.arguments(params))
    make = values.maker(row, stored=False)
    return [make(record) for record in records]


async def fetch_value(on: Connection, statement: Statement, params: dict[str, Value]) -> Any:
    """The first value of the first row on this connection."""
    rendered = statement.render("postgresql", params)
    return await on.fetchval(rendered.text, *rendered.arguments(params))


async def execute(on: Connection, statement: Statement, params: dict[str, Value]) -> int:
    """Run the statement on this connection."""
    rendered = statement.render("postgresql", params)
    status = await on.execute(rendered.text, *rendered.arguments(params))
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


class PostgresTransaction:
    """Statements within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._translated = Translated(in_transaction=True)

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        with self._translated:
            return await fetch_one(self._connection, row, statement, params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        with self._translated:
            return await fetch_all(self._connection, row, statement, params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        with self._translated:
            found: T | None = await fetch_value(self._connection, statement, params)
            return found

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        with self._translated:
            return await execute(self._connection, statement, params)


class PostgresSnapshot(PostgresTransaction):
    """Reads within one transaction."""

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Refused: a snapshot is read."""
        raise TypeError("a snapshot is only read")


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
        from backwright_runtime.database.row_level import GuardedDatabase  # noqa: PLC0415 (it builds on this)

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
