"""Row-level security of PostgreSQL: who asks is a setting of the transaction, and guarded statements run in a role
whose rows the policies filter.

Everything lasts until the end of the transaction (SET LOCAL), so no connection goes back to the pool with a caller.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct

from backwright_runtime.database.connections import Connection
from backwright_runtime.database.interface import Queries, Value
from backwright_runtime.database.postgresql_statements import (
    Translated,
    execute,
    fetch_all,
    fetch_one,
    fetch_value,
)
from backwright_runtime.database.statement import Statement

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")


class Unguarded(Queries, Protocol):
    """The database as the role that logs in sees it."""

    def begun(self, beginning: str) -> AbstractAsyncContextManager[Connection]:
        """A connection within a transaction that these statements begin."""
        ...


class GuardedDatabase:
    """The database as one request sees it. `subject` is the caller's key, None for anonymous callers."""

    def __init__(self, database: Unguarded, role: str, subject: str | None, now: datetime) -> None:
        self._database = database
        self._role = f"SET LOCAL ROLE {_identifier(role)}"
        self._who = (
            f"SET LOCAL backwright.caller = {_literal(subject or '')}; "
            f"SET LOCAL backwright.now = {_literal(now.isoformat())}"
        )

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        if not statement.guarded:
            return await self._database.fetch_one(row, statement, **params)
        async with self.transaction() as tx:
            return await tx.fetch_one(row, statement, **params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        if not statement.guarded:
            return await self._database.fetch_all(row, statement, **params)
        async with self.transaction() as tx:
            return await tx.fetch_all(row, statement, **params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        if not statement.guarded:
            return await self._database.fetch_value(kind, statement, **params)
        async with self.transaction() as tx:
            return await tx.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        return await self._database.execute(statement, **params)

    @asynccontextmanager
    async def transaction(self, *, serializable: bool = False) -> AsyncIterator[Queries]:
        """A transaction at READ COMMITTED, or at SERIALIZABLE."""
        level = "SERIALIZABLE" if serializable else "READ COMMITTED"
        async with self._database.begun(f"BEGIN ISOLATION LEVEL {level}; {self._who}") as connection:
            yield GuardedTransaction(connection, self._role)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """A read-only transaction at REPEATABLE READ."""
        beginning = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {self._who}"
        async with self._database.begun(beginning) as connection:
            yield GuardedSnapshot(connection, self._role)


class GuardedTransaction:
    """Statements within one transaction, each in the role that it is for."""

    def __init__(self, connection: Connection, role: str) -> None:
        self._connection = connection
        self._caller = role
        self._now_in: str | None = NOBODY
        self._translated = Translated(in_transaction=True)

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        with self._translated:
            seen = await self._entered(statement, params)
            return await fetch_one(self._connection, row, seen, params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        with self._translated:
            seen = await self._entered(statement, params)
            return await fetch_all(self._connection, row, seen, params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        with self._translated:
            seen = await self._entered(statement, params)
            found: T | None = await fetch_value(self._connection, seen, params)
            return found

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        with self._translated:
            seen = await self._entered(statement, params)
            return await execute(self._connection, seen, params)

    async def _entered(self, statement: Statement, params: dict[str, Value]) -> Statement:
        """Be in the role of the statement; rows that it wants locked are locked already where it comes back without."""
        if statement.is_control:
            self._now_in = None  # a savepoint that is undone undoes its role as well
            return statement
        if not statement.guarded:
            await self._be(NOBODY)
            return statement
        if statement.unlocked is not None:
            await self._be(NOBODY)
            await execute(self._connection, statement, params)
            await self._be(self._caller)
            return statement.unlocked
        await self._be(self._caller)
        return statement

    async def _be(self, role: str) -> None:
        if self._now_in != role:
            await self._connection.execute(role)
            self._now_in = role


class GuardedSnapshot(GuardedTransaction):
    """Reads within one transaction."""

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Refused: a snapshot is read."""
        raise TypeError("a snapshot is only read")


NOBODY = "SET LOCAL ROLE NONE"
"""Trusted work is that of the role that logs in, which belongs to the trusted one."""


def _literal(text: str) -> str:
    """A string of SQL, whatever is in it. Raises ValueError for NUL, which no database takes."""
    if "\0" in text:
        raise ValueError("NUL in a setting")
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
