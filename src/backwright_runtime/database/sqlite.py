"""SQLite, through the standard library, called in the event loop: nothing is faster for short statements.

One connection writes, under a lock; another reads what is committed. A read that takes long is interrupted
and run again in a thread, so that no query holds up the loop; nor does waiting for another process's write.

Write-ahead log with synchronous=NORMAL: a crash of the process loses nothing; a power failure may lose the
last transactions, never the integrity of the file.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, TypeVar

from msgspec import Struct

from backwright_runtime.database.functions import register
from backwright_runtime.database.interface import (
    CheckViolation,
    Data,
    DatabaseUnavailable,
    ForeignKeyViolation,
    Queries,
    UniqueViolation,
    Value,
)
from backwright_runtime.database.names import primary_key_name, unique_name
from backwright_runtime.database.statement import Statement
from backwright_runtime.database.values import bound, maker, reader
from backwright_runtime.errors import IntegerOverflow

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")
PATIENCE = 5.0
"""Seconds to wait for another process's write."""
UNAVAILABLE = ("BUSY", "LOCKED", "INTERRUPT", "CANTOPEN", "IOERR", "FULL", "READONLY")
LONG = 0.02
"""Seconds that a read may hold up the event loop."""


class SqliteTransaction:
    """Statements on the writing connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        rows = _fetch(self._connection, row, statement, params)
        return rows[0] if rows else None

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        return _fetch(self._connection, row, statement, params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        return _value(kind, _run(self._connection, statement, params).fetchone())

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        return max(_run(self._connection, statement, params).rowcount, 0)


class SqliteSnapshot:
    """Reads on a connection of their own, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        rows = await self.fetch_all(row, statement, **params)
        return rows[0] if rows else None

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        return await self._read(lambda connection: _fetch(connection, row, statement, params))

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        return await self._read(
            lambda connection: _value(kind, _run(connection, statement, params).fetchone())
        )

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Refused: a snapshot is read."""
        raise TypeError("a snapshot is only read")

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        found = _soon(self._connection, work)
        return await asyncio.to_thread(work, self._connection) if found is TOO_LONG else found


class SqliteDatabase:
    """A database file."""

    has_versions = False

    def __init__(self, url: str) -> None:
        self._path = file_of(url)
        self._name = os.fspath(self._path)
        self._writing = asyncio.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, int] | None = None

    async def connect(self) -> None:
        """Open the file, which is made if it does not exist."""
        with TRANSLATED:
            self._writer = self._writer or opened(self._path)
            self._reader = self._reader or opened(self._path)
        self._file = identity(self._name)

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        rows = await self.fetch_all(row, statement, **params)
        return rows[0] if rows else None

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        if statement.is_read:
            return await self._read(lambda connection: _fetch(connection, row, statement, params))
        async with self._writing:
            return await _patient(lambda: _fetch(self._opened(self._writer), row, statement, params))

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        if statement.is_read:
            return await self._read(
                lambda connection: _value(kind, _run(connection, statement, params).fetchone())
            )
        async with self._writing:
            return await _patient(
                lambda: _value(kind, _run(self._opened(self._writer), statement, params).fetchone())
            )

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        async with self._writing:
            cursor = await _patient(lambda: _run(self._opened(self._writer), statement, params))
        return max(cursor.rowcount, 0)

    @asynccontextmanager
    async def transaction(self, *, serializable: bool = False) -> AsyncIterator[Queries]:
        """A transaction that excludes other writers from its beginning: each one is serializable."""
        async with self._writing:
            writer = self._opened(self._writer)
            await _patient(lambda: writer.execute("BEGIN IMMEDIATE"))
            try:
                yield SqliteTransaction(writer)
                await _patient(lambda: writer.execute("COMMIT"))
            finally:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """A reading transaction on a connection of its own; writers go on meanwhile."""
        connection = self._free()
        try:
            connection.execute("BEGIN")
            yield SqliteSnapshot(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle.append(connection)

    def for_caller(self, role: str, subject: str | None, now: datetime) -> Data:
        """The database itself: SQLite knows no roles, and the rules inside the queries are all there is."""
        del role, subject, now
        return self

    def pool(self) -> None:
        """There is none: one connection writes, and reads wait for nobody."""

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the file cannot be read."""
        with TRANSLATED:
            self._opened(self._reader).execute("SELECT 1 FROM sqlite_schema").fetchone()

    async def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer, *self._idle):
            if connection is not None:
                connection.close()
        self._idle.clear()
        self._reader = self._writer = None

    def _opened(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is None:
            raise DatabaseUnavailable("not connected")
        if identity(self._name) != self._file:
            # The connection would go on writing to a file that nobody can find any more.
            raise DatabaseUnavailable("the file was removed or replaced")
        return connection

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        reading = self._opened(self._reader)
        found = _soon(reading, work)
        return await asyncio.to_thread(self._apart, work) if found is TOO_LONG else found

    def _apart(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = opened(self._path)
        try:
            return work(connection)
        finally:
            connection.close()

    def _free(self) -> sqlite3.Connection:
        """A connection for a snapshot, which no other one uses."""
        self._opened(self._reader)
        with TRANSLATED:
            return self._idle.pop() if self._idle else opened(self._path)


class TooLong(Enum):
    """The answer to a read that was interrupted."""

    TOO_LONG = 1


TOO_LONG: Final = TooLong.TOO_LONG


def _soon(
    connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]
) -> T | Literal[TooLong.TOO_LONG]:
    """The result of a read that holds up the event loop no longer than it may."""
    deadline = time.monotonic() + LONG
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    try:
        return work(connection)
    except DatabaseUnavailable as error:
        if not _is(error.__cause__, "INTERRUPT"):
            raise
        return TOO_LONG
    finally:
        connection.set_progress_handler(None, 0)


def file_of(url: str) -> Path:
    """The file that a `sqlite:///relative` or `sqlite:////absolute` address names."""
    name = url.removeprefix("sqlite:///")
    if not name or name == ":memory:":
        raise ValueError("a SQLite address names a file: sqlite:///service.db")
    return Path(name)


def identity(name: str) -> tuple[int, int] | None:
    """What tells this file from another of the same name; None when there is none."""
    try:
        status = os.stat(name)  # noqa: PTH116 (once per statement, and a Path takes as long as the rest of it)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def opened(path: Path) -> sqlite3.Connection:
    """A connection with the settings that every part of a service shares."""
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=0, cached_statements=256, check_same_thread=False
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if not _is(error, "BUSY") or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # PostgreSQL's name for the order by code point, which is SQLite's own order of text.
        connection.create_collation("C", _by_code_point)
        register(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _by_code_point(left: str, right: str) -> int:
    return (left > right) - (left < right)


async def _patient(work: Callable[[], T]) -> T:
    """Do the work; while another process writes, try again without holding up the loop."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.001
    while True:
        try:
            with TRANSLATED:
                return work()
        except DatabaseUnavailable as error:
            if not _is(error.__cause__, "BUSY") or time.monotonic() > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.05)


class Translated:
    """What sqlite3 raises within it, as what repositories know."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        translation = known(error)
        if translation is not None:
            raise translation from error


TRANSLATED = Translated()


def known(error: BaseException | None) -> Exception | None:
    """What sqlite3 raised, as what repositories know; None: it is a defect, or not sqlite3's."""
    match error:
        case None:
            return None
        case sqlite3.IntegrityError():
            return _violation(error)
        case sqlite3.DataError() if _is(error, "TOOBIG"):  # what becomes of an OverflowError in a function
            return IntegerOverflow()
        case sqlite3.OperationalError() if any(_is(error, name) for name in UNAVAILABLE):
            return DatabaseUnavailable(error.sqlite_errorname)
        case sqlite3.OperationalError() if str(error) == "integer overflow":  # it has no code of its own
            return IntegerOverflow()
        case _:
            return None


def _is(error: BaseException | None, name: str) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(f"SQLITE_{name}")


def _violation(error: sqlite3.IntegrityError) -> Exception | None:
    kind = error.sqlite_errorname
    said = str(error).rpartition("failed: ")[2]
    match kind:
        case "SQLITE_CONSTRAINT_FOREIGNKEY" | "SQLITE_CONSTRAINT_TRIGGER":
            return ForeignKeyViolation()
        case "SQLITE_CONSTRAINT_CHECK":
            return CheckViolation(said)
        case _ if str(error).startswith("cannot store REAL value in INTEGER column"):
            return IntegerOverflow()  # a sum that left 64 bits became a double
        case "SQLITE_CONSTRAINT_UNIQUE" if said.startswith("index "):
            return UniqueViolation(said.removeprefix("index ").strip("'"))
        case "SQLITE_CONSTRAINT_UNIQUE":
            names = [column.rpartition(".")[2] for column in said.split(", ")]
            return UniqueViolation(unique_name(said.partition(".")[0], names))
        case "SQLITE_CONSTRAINT_PRIMARYKEY" | "SQLITE_CONSTRAINT_ROWID":
            return UniqueViolation(primary_key_name(said.partition(".")[0]))
        case _:
            return None


def _run(on: sqlite3.Connection, statement: Statement, params: Mapping[str, Value]) -> sqlite3.Cursor:
    rendered = statement.render("sqlite", params)
    with TRANSLATED:
        return on.execute(rendered.text, {name: bound(params[name]) for name in rendered.names})


def _fetch(
    on: sqlite3.Connection, row: type[Row], statement: Statement, params: Mapping[str, Value]
) -> list[Row]:
    rendered = statement.render("sqlite", params)
    with TRANSLATED:
        found = on.execute(rendered.text, {name: bound(params[name]) for name in rendered.names}).fetchall()
    make = maker(row, stored=True)
    return [make(values) for values in found]


def _value(kind: type[T], found: tuple[object, ...] | None) -> T | None:
    if found is None or found[0] is None:
        return None
    read = reader(kind)
    value: T = found[0] if read is None else read(found[0])  # type: ignore[assignment]
    return value
