"""SQLite, through the standard library, called in the event loop: nothing is faster for short statements.

One connection writes, under a lock; another reads what is committed. A read that takes long is interrupted
and run again in a thread, so that no query holds up the loop; nor does waiting for another process's write.

Write-ahead log with synchronous=NORMAL: a crash of the process loses nothing; a power failure may lose the
last transactions, never the integrity of the file.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from msgspec import Struct

from backwright_runtime.database.functions import register
from backwright_runtime.database.interface import (
    DatabaseUnavailable,
    ForeignKeyViolation,
    Queries,
    UniqueViolation,
    Value,
)
from backwright_runtime.database.names import primary_key_name, unique_name
from backwright_runtime.database.statement import Statement
from backwright_runtime.errors import IntegerOverflow

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")
PATIENCE = 5.0
"""Seconds to wait for another process's write."""
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

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        return max(_run(self._connection, statement, params).rowcount, 0)


class SqliteDatabase:
    """A database file."""

    def __init__(self, url: str) -> None:
        self._path = file_of(url)
        self._writing = asyncio.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    async def connect(self) -> None:
        """Open the file, which is made if it does not exist."""
        with translated():
            self._writer = self._writer or opened(self._path)
            self._reader = self._reader or opened(self._path)
        self._file = identity(self._path)

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        rows = await self.fetch_all(row, statement, **params)
        return rows[0] if rows else None

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        if statement.is_read:
            return await self._read(row, statement, params)
        async with self._writing:
            return await _patient(lambda: _fetch(self._opened(self._writer), row, statement, params))

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

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the file cannot be read."""
        with translated():
            self._opened(self._reader).execute("SELECT 1 FROM sqlite_schema").fetchone()

    async def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _opened(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is None:
            raise DatabaseUnavailable("not connected")
        if identity(self._path) != self._file:
            # The connection would go on writing to a file that nobody can find any more.
            raise DatabaseUnavailable("the file was removed or replaced")
        return connection

    async def _read(self, row: type[Row], statement: Statement, params: Mapping[str, Value]) -> list[Row]:
        reader = self._opened(self._reader)
        deadline = time.monotonic() + LONG
        reader.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
        try:
            return _fetch(reader, row, statement, params)
        except DatabaseUnavailable as error:
            if not (
                isinstance(error.__cause__, sqlite3.OperationalError) and _is(error.__cause__, "INTERRUPT")
            ):
                raise
        finally:
            reader.set_progress_handler(None, 0)
        return await asyncio.to_thread(self._read_apart, row, statement, params)

    def _read_apart(self, row: type[Row], statement: Statement, params: Mapping[str, Value]) -> list[Row]:
        connection = opened(self._path)
        try:
            return _fetch(connection, row, statement, params)
        finally:
            connection.close()


def file_of(url: str) -> Path:
    """The file that a `sqlite:///relative` or `sqlite:////absolute` address names."""
    name = url.removeprefix("sqlite:///")
    if not name or name == ":memory:":
        raise ValueError("a SQLite address names a file: sqlite:///service.db")
    return Path(name)


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from another of the same name; None when there is none."""
    try:
        status = path.stat()
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
            with translated():
                return work()
        except DatabaseUnavailable as error:
            if not _is(error.__cause__, "BUSY") or time.monotonic() > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.05)


@contextmanager
def translated() -> Iterator[None]:
    """What sqlite3 raises, as what repositories know."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise _violation(error) from error
    except sqlite3.DataError as error:
        if _is(error, "TOOBIG"):  # what becomes of an OverflowError in a function
            raise IntegerOverflow from error
        raise
    except sqlite3.OperationalError as error:
        if any(
            _is(error, name)
            for name in ("BUSY", "LOCKED", "INTERRUPT", "CANTOPEN", "IOERR", "FULL", "READONLY")
        ):
            raise DatabaseUnavailable(error.sqlite_errorname) from error
        if str(error) == "integer overflow":  # it has no code of its own
            raise IntegerOverflow from error
        raise


def _is(error: BaseException | None, name: str) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(f"SQLITE_{name}")


def _violation(error: sqlite3.IntegrityError) -> Exception:
    kind = error.sqlite_errorname
    if kind in ("SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_TRIGGER"):
        return ForeignKeyViolation()
    columns = str(error).rpartition("failed: ")[2]
    if kind == "SQLITE_CONSTRAINT_UNIQUE" and columns.startswith("index "):
        return UniqueViolation(columns.removeprefix("index ").strip("'"))
    if kind not in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return error
    table = columns.partition(".")[0]
    names = [column.rpartition(".")[2] for column in columns.split(", ")]
    is_key = kind == "SQLITE_CONSTRAINT_PRIMARYKEY"
    return UniqueViolation(primary_key_name(table) if is_key else unique_name(table, names))


def _run(on: sqlite3.Connection, statement: Statement, params: Mapping[str, Value]) -> sqlite3.Cursor:
    rendered = statement.render("sqlite", params)
    with translated():
        return on.execute(rendered.text, {name: _stored(params[name]) for name in rendered.names})


def _fetch(
    on: sqlite3.Connection, row: type[Row], statement: Statement, params: Mapping[str, Value]
) -> list[Row]:
    rendered = statement.render("sqlite", params)
    with translated():
        found = on.execute(rendered.text, {name: _stored(params[name]) for name in rendered.names}).fetchall()
    readers = _readers(row)
    return [
        row(
            **{
                name: value if read is None or value is None else read(value)
                for (name, read), value in zip(readers, values, strict=True)
            }
        )
        for values in found
    ]


def _stored(value: Value) -> object:
    match value:
        case bool():
            return int(value)
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        case date():
            return value.isoformat()
        case _:
            return value


_READERS: dict[Any, Callable[[Any], object]] = {
    bool: bool,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


@cache
def _readers(row: type[Struct]) -> tuple[tuple[str, Callable[[Any], object] | None], ...]:
    """For each field of a row, how its stored value is read; None: as it is."""
    return tuple((name, _READERS.get(_plain(kind))) for name, kind in get_type_hints(row).items())


def _plain(kind: Any) -> Any:
    options = [option for option in get_args(kind) if option is not NoneType]
    return options[0] if len(options) == 1 else kind
