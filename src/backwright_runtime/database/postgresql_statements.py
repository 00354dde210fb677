"""Statements on one connection of PostgreSQL, and what asyncpg raises meanwhile as what repositories know."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

import asyncpg
from msgspec import Struct

from backwright_runtime.database import values
from backwright_runtime.database.connections import Connection
from backwright_runtime.database.interface import (
    CheckViolation,
    Contention,
    DatabaseUnavailable,
    ForeignKeyViolation,
    UniqueViolation,
    Value,
)
from backwright_runtime.database.statement import Statement
from backwright_runtime.errors import IntegerOverflow

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")

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
