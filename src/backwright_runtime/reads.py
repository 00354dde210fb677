"""What custom logic reads of stored rows: what its caller may read, and not more of it than it can hold."""

import asyncio
import logging
from typing import TypeVar

from msgspec import Struct

from backwright_runtime.database.interface import Queries, Value
from backwright_runtime.database.statement import Statement
from backwright_runtime.errors import Internal

MOST = 1000
"""Rows that a function gets at once."""
LOG = logging.getLogger("backwright.logic")
Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")


class Confined:
    """A database that only reads, one statement after the other, and in the caller's role.

    Under row-level security PostgreSQL filters every statement, whoever wrote it; elsewhere the rules are in the
    statements' own text. Raises TypeError for whatever is no read.
    """

    def __init__(self, db: Queries) -> None:
        self._db = db
        self._turn = asyncio.Lock()  # a connection has one statement at a time; a function may gather several

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        async with self._turn:
            return await self._db.fetch_one(row, _read(statement), **params)

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        async with self._turn:
            return await self._db.fetch_all(row, _read(statement), **params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        async with self._turn:
            return await self._db.fetch_value(kind, _read(statement), **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Refused: custom logic reads."""
        raise TypeError("custom logic that is not trusted only reads")


def bounded(rows: list[Row]) -> list[Row]:
    """The rows. Raises Internal where there are more than MOST: a part of them would be taken for the whole."""
    if len(rows) > MOST:
        LOG.error("custom logic asked for more than %s rows of %s", MOST, type(rows[0]).__name__)
        raise Internal
    return rows


def _read(statement: Statement) -> Statement:
    if not statement.is_read:
        raise TypeError("custom logic that is not trusted only reads")
    return statement.for_caller()
