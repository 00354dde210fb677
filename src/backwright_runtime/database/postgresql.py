"""PostgreSQL, through asyncpg."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from backwright_runtime.database import values
from backwright_runtime.database.interface import (
    CheckViolation,
    Contention,
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
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
PATIENCE = 10.0
"""Seconds to wait for a free connection."""

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


@contextmanager
def translated(*, serializable: bool = False) -> Iterator[None]:
    """What asyncpg raises, as what repositories know. A serializable transaction cannot see what is new."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise UniqueViolation(error.constraint_name or "", unseen=_row(error, serializable)) from error
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError) as error:
        raise ForeignKeyViolation(error.constraint_name, unseen=_row(error, serializable)) from error
    except asyncpg.CheckViolationError as error:
        raise CheckViolation(error.constraint_name or "") from error
    except (asyncpg.NumericValueOutOfRangeError, asyncpg.DatetimeFieldOverflowError) as error:
        raise IntegerOverflow from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError | TypeError) or not _is_lost(error):
            raise  # a wrong parameter: a defect
        raise DatabaseUnavailable(type(error).__name__) from error
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
        raise Contention(type(error).__name__) from error
    except _UNAVAILABLE as error:
        raise DatabaseUnavailable(type(error).__name__) from error


def _row(error: asyncpg.IntegrityConstraintViolationError, serializable: bool) -> str | None:
    return f"{error.constraint_name}: {error.detail}" if serializable else None


def _is_lost(error: asyncpg.InterfaceError) -> bool:
    return any(word in str(error) for word in ("closed", "closing", "released", "not initialized"))


async def fetch_one(
    on: Connection, row: type[Row], statement: Statement, params: dict[str, Value]
) -> Row | None:
    """The first row on this connection."""
    rendered = statement.render("postgresql", params)
    record = await on.fetchrow(rendered.text, *[params[name] for name in rendered.names])
    return None if record is None else row(**dict(zip(row.__struct_fields__, record, strict=True)))


async def fetch_all(
    on: Connection, row: type[Row], statement: Statement, params: dict[str, Value]
) -> list[Row]:
    """All rows on this connection."""
    rendered = statement.render("postgresql", params)
    records = await on.fetch(rendered.text, *[params[name] for name in rendered.names])
    names = row.__struct_fields__
    return [row(**dict(zip(names, record, strict=True))) for record in records]


async def fetch_value(on: Connection, statement: Statement, params: dict[str, Value]) -> Any:
    """The first value of the first row on this connection."""
    rendered = statement.render("postgresql", params)
    return await on.fetchval(rendered.text, *[params[name] for name in rendered.names])


async def execute(on: Connection, statement: Statement, params: dict[str, Value]) -> int:
    """Run the statement on this connection."""
    rendered = statement.render("postgresql", params)
    status = await on.execute(rendered.text, *[params[name] for name in rendered.names])
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


class PostgresTransaction:
    """Statements within one transaction."""

    def __init__(self, connection: Connection, *, serializable: bool = False) -> None:
        self._connection = connection
        self._serializable = serializable

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        with translated(serializable=self._serializable):
            return await fetch_one(self._connection, row, statement, params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        with translated(serializable=self._serializable):
            return await fetch_all(self._connection, row, statement, params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        with translated(serializable=self._serializable):
            found: T | None = await fetch_value(self._connection, statement, params)
            return found

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        with translated(serializable=self._serializable):
            return await execute(self._connection, statement, params)


class PostgresSnapshot(PostgresTransaction):
    """Reads within one transaction."""

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Refused: a snapshot is read."""
        raise TypeError("a snapshot is only read")


class PostgresDatabase:
    """A pool of connections. Statements outside a transaction each take one for themselves."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._connecting = asyncio.Lock()
        self._awaited = 0

    async def connect(self) -> None:
        """Open the pool."""
        await self._opened()

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
            whole = connection.transaction(isolation="serializable" if serializable else None)
            async with whole:
                yield PostgresTransaction(connection, serializable=serializable)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """A read-only transaction at REPEATABLE READ: all of it sees what the first statement saw."""
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield PostgresSnapshot(connection)

    def pool(self) -> Pool | None:
        """How busy the connections are."""
        if self._pool is None:
            return None
        open_, idle = self._pool.get_size(), self._pool.get_idle_size()
        return Pool(busy=open_ - idle, idle=idle, limit=self._pool_size, awaited=self._awaited)

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the server does not answer."""
        async with self._connection() as connection:
            await connection.execute("SELECT 1", timeout=5)

    async def close(self) -> None:
        """Close the pool, after the statements that are running."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), timeout=PATIENCE)
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with translated():
            pool = self._pool or await self._opened()
            self._awaited += 1
            try:
                connection = await pool.acquire(timeout=PATIENCE)
            finally:
                self._awaited -= 1
            try:
                yield connection
            finally:
                await pool.release(connection)

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._connecting:
            if self._pool is None:
                with translated():
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        min_size=1,
                        max_size=self._pool_size,
                        init=prepared,
                        reset=_keep,
                        timeout=5,
                        command_timeout=30,
                    )
            return self._pool


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


async def _keep(connection: Connection) -> None:
    """Instead of RESET ALL and five more statements after each use: nothing here changes a session.

    asyncpg still rolls back a connection that comes back within a transaction, and discards a broken one.
    """
