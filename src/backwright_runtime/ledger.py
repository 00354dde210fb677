"""The ledger of migrations: one line per step that was run, written in the step's own transaction."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol, Self, TypeVar

import asyncpg
from msgspec import Struct

from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.database.postgresql_statements import Translated
from backwright_runtime.database.sqlite import PATIENCE, file_of, opened
from backwright_runtime.database.statement import Dialect
from backwright_runtime.retained import Found
from backwright_runtime.tables import RUNTIME_TABLES

LOCK = 0x6261636B77726974
"""The number of the advisory lock that all runners of migrations take."""


Manner = Literal["in a transaction", "outside a transaction", "in batches"]
"""How a step is run. SQLite, where nobody else writes meanwhile, runs every one in a transaction."""

LOCK_SECONDS = 2
"""How long a step waits for a lock. Requests that come after it wait as long, and no longer."""
LOCK_PATIENCE = 300.0
"""For so many seconds a step is tried again that found what it needs locked."""
_PAUSE = 1.0
_LOG = logging.getLogger("backwright.migrations")
T = TypeVar("T")
_MOMENTS = "SELECT migration, max(applied_at) FROM backwright_migration WHERE step > 0 GROUP BY migration"
_RETAINED = r"""
    SELECT relname::text, CASE relkind WHEN 'i' THEN 'index' ELSE 'table' END, relname::text
    FROM pg_class
    WHERE relname LIKE 'backwright\_retained\_%' AND relkind IN ('r', 'i') AND pg_table_is_visible(oid)
    UNION ALL
    SELECT attname::text, 'column', relname::text
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE attname LIKE 'backwright\_retained\_%' AND relkind = 'r' AND NOT attisdropped
        AND pg_table_is_visible(attrelid)
"""


class Entry(Struct, frozen=True):
    """A step that was run: positive on the way up, negative while the migration is being rolled back."""

    migration: str
    step: int
    checksum: str


class Ledger(Protocol):
    """A database's ledger."""

    dialect: Dialect

    async def entries(self) -> list[Entry]:
        """All lines; none when there is no ledger yet."""
        ...

    async def moments(self) -> dict[str, datetime]:
        """When each migration was applied: the time of its last step."""
        ...

    async def retained(self) -> list[Found]:
        """All that is kept of what migrations took away."""
        ...

    async def remove(self, statements: list[str]) -> None:
        """Remove what was kept long enough: all of it, or nothing."""
        ...

    async def lock(self) -> None:
        """Make the ledger if there is none, and keep other runners out."""
        ...

    async def prepare(self) -> None:
        """Make the runtime's own tables, as far as they are not there yet."""
        ...

    async def counted(self, query: str) -> tuple[str, int]:
        """What a query of a migration counts, and how many of it there are."""
        ...

    async def run(self, sql: str, entry: Entry, manner: Manner, *, clear: bool) -> None:
        """Run a step and write its line (with `clear`, remove the migration's lines): both or neither.

        What is not in one transaction is written when all of it is done, and can be run once more until then.
        """
        ...


class PostgresLedger:
    """Runners exclude each other by an advisory lock, held until the connection ends."""

    dialect: Dialect = "postgresql"

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[Self]:
        """The ledger in this database."""
        with Translated():
            connection = await asyncpg.connect(url, timeout=10)
        try:
            yield cls(connection)
        finally:
            await connection.close()

    async def entries(self) -> list[Entry]:
        """All lines."""
        if not await self._connection.fetchval("SELECT to_regclass('backwright_migration') IS NOT NULL"):
            return []
        rows = await self._connection.fetch(
            "SELECT migration, step, checksum FROM backwright_migration ORDER BY migration, step"
        )
        return [Entry(*row) for row in rows]

    async def moments(self) -> dict[str, datetime]:
        """By migration."""
        if not await self.entries():
            return {}
        rows = await self._connection.fetch(_MOMENTS)
        return {row[0]: row[1] for row in rows}

    async def retained(self) -> list[Found]:
        """Tables and indexes, and columns of other tables, that this connection finds first."""
        rows = await self._connection.fetch(_RETAINED)
        return [Found(*row) for row in rows]

    async def remove(self, statements: list[str]) -> None:
        """In one transaction, which waits briefly for locks."""

        async def whole() -> None:
            for statement in statements:
                await self._connection.execute(statement)

        await self._patiently(whole)

    async def lock(self) -> None:
        """Wait for other runners.

        By asking again and again: a session that waits for the lock itself has a snapshot, and an index that is made
        concurrently waits for every older snapshot. Both would wait for each other.
        """
        asked = "SELECT pg_try_advisory_lock($1)"
        while not await self._connection.fetchval(asked, LOCK):  # noqa: ASYNC110 (the lock is the database's)
            await asyncio.sleep(_PAUSE / 4)
        if await self._connection.fetchval("SELECT to_regclass('backwright_migration') IS NOT NULL"):
            return
        await self._connection.execute(
            """
            CREATE TABLE backwright_migration (
                migration text NOT NULL,
                step integer NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (migration, step)
            )
            """
        )

    async def prepare(self) -> None:
        """One transaction for all versions that are missing; the lock keeps other runners out."""
        async with self._connection.transaction():
            await self._connection.execute(
                "CREATE TABLE IF NOT EXISTS backwright_runtime_version (version integer PRIMARY KEY)"
            )
            known = await self._connection.fetchval("SELECT count(*) FROM backwright_runtime_version")
            for version, script in _missing(self.dialect, known):
                await self._connection.execute(script)
                await self._connection.execute("INSERT INTO backwright_runtime_version VALUES ($1)", version)

    async def counted(self, query: str) -> tuple[str, int]:
        """By a statement of its own."""
        (row,) = await self._connection.fetch(query)
        return row[0], row[1]

    async def run(self, sql: str, entry: Entry, manner: Manner, *, clear: bool) -> None:
        """The text runs as a script: it comes from the project, never from a request.

        A lock is waited for briefly, and the step tried again: whoever comes after it in the queue waits as well.
        """
        if manner == "outside a transaction":
            await self._outside(sql)
        while manner == "in batches" and (rows := await self._patiently(lambda: self._batch(sql))):
            _LOG.info("%s, step %s: %s rows", entry.migration, abs(entry.step), rows)

        async def whole() -> None:
            if manner == "in a transaction":
                # The last statement is for asyncpg, which cannot run a script of comments alone.
                await self._connection.execute(f"{sql}\n;SELECT 1")
            await self._write(entry, clear=clear)

        await self._patiently(whole)

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """The work in a transaction of its own, tried again while somebody holds what it needs."""
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                async with self._connection.transaction():
                    await self._connection.execute(f"SET LOCAL lock_timeout = '{int(LOCK_SECONDS * 1000)}ms'")
                    return await work()
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                if time.monotonic() > deadline:
                    raise
            _LOG.info("what a step needs is locked; it is tried again")
            await asyncio.sleep(_PAUSE)

    async def _batch(self, sql: str) -> int:
        """One batch: how many rows it was about."""
        tag = await self._connection.execute(sql)
        return int(tag.rpartition(" ")[2])

    async def _outside(self, sql: str) -> None:
        """One statement after the other, each by itself; when one fails, what the first undoes is undone."""
        undo, *work = [each for each in _statements(sql) if each.strip()]
        try:
            for statement in (undo, *work):
                await self._connection.execute(statement)
        except Exception:
            await self._connection.execute(undo)
            raise

    async def _write(self, entry: Entry, *, clear: bool) -> None:
        if clear:
            statement = "DELETE FROM backwright_migration WHERE migration = $1"
            await self._connection.execute(statement, entry.migration)
            return
        await self._connection.execute(
            "INSERT INTO backwright_migration (migration, step, checksum) VALUES ($1, $2, $3)",
            entry.migration,
            entry.step,
            entry.checksum,
        )


class SqliteLedger:
    """Each step is BEGIN EXCLUSIVE; a step that another runner did in the meantime is not done again.

    Foreign keys are off within a step, as SQLite's procedure for rebuilding a table wants it, and all of them
    are checked before the step is committed.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[Self]:
        """The ledger in this file."""
        try:
            connection = opened(file_of(url))
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
        try:
            yield cls(connection)
        finally:
            connection.close()

    async def entries(self) -> list[Entry]:
        """All lines. A schema that another run changes while it is read is read again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._entries()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_SCHEMA or time.monotonic() > deadline:
                    raise

    def _entries(self) -> list[Entry]:
        if not self._connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE name = 'backwright_migration'"
        ).fetchone():
            return []
        rows = self._connection.execute(
            "SELECT migration, step, checksum FROM backwright_migration ORDER BY migration, step"
        )
        return [Entry(*row) for row in rows]

    async def moments(self) -> dict[str, datetime]:
        """By migration."""
        if not await self.entries():
            return {}
        rows = self._connection.execute(_MOMENTS)
        return {name: datetime.fromisoformat(moment) for name, moment in rows}

    async def retained(self) -> list[Found]:
        """Tables: SQLite keeps columns in tables of their own."""
        rows = self._connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'backwright_retained_*'"
        )
        return [Found(name, "table", name) for (name,) in rows]

    async def remove(self, statements: list[str]) -> None:
        """In one transaction."""
        on = self._connection
        with _unavailable():
            on.execute("BEGIN EXCLUSIVE")
        try:
            for statement in statements:
                on.execute(statement)
            on.execute("COMMIT")
        finally:
            if on.in_transaction:
                on.execute("ROLLBACK")

    async def lock(self) -> None:
        """Make the ledger; the lock itself is taken step by step."""
        with _unavailable():
            self._connection.execute(
                """
                CREATE TABLE IF NOT EXISTS backwright_migration (
                    migration TEXT NOT NULL,
                    step INTEGER NOT NULL,
                    checksum TEXT NOT NULL,
                    applied_at TEXT NOT NULL,
                    PRIMARY KEY (migration, step)
                ) STRICT
                """
            )

    async def prepare(self) -> None:
        """One transaction for all versions that are missing. Where none is, nobody who writes is waited for."""
        on = self._connection
        with _unavailable():
            on.execute(
                "CREATE TABLE IF NOT EXISTS backwright_runtime_version (version INTEGER PRIMARY KEY) STRICT"
            )
            count = "SELECT count(*) FROM backwright_runtime_version"
            if not _missing(self.dialect, on.execute(count).fetchone()[0]):
                return
            on.execute("BEGIN EXCLUSIVE")
            try:
                known = on.execute(count).fetchone()[0]
                for version, script in _missing(self.dialect, known):
                    for statement in _statements(script):
                        on.execute(statement)
                    on.execute("INSERT INTO backwright_runtime_version VALUES (?)", (version,))
                on.execute("COMMIT")
            finally:
                if on.in_transaction:
                    on.execute("ROLLBACK")

    async def counted(self, query: str) -> tuple[str, int]:
        """By a statement of its own."""
        what, count = self._connection.execute(query).fetchone()
        return what, count

    async def run(self, sql: str, entry: Entry, manner: Manner, *, clear: bool) -> None:
        """One transaction, whatever the manner."""
        on = self._connection
        on.execute("PRAGMA foreign_keys = OFF")
        on.execute("BEGIN EXCLUSIVE")
        try:
            if not self._is_done(entry, clear=clear):
                for statement in _statements(sql):
                    on.execute(statement)
                broken = on.execute("PRAGMA foreign_key_check").fetchone()
                if broken is not None:
                    raise sqlite3.IntegrityError(f"a reference from {broken[0]} to {broken[2]} leads nowhere")
                self._write(entry, clear=clear)
            on.execute("COMMIT")
        finally:
            if on.in_transaction:
                on.execute("ROLLBACK")
            on.execute("PRAGMA foreign_keys = ON")

    def _is_done(self, entry: Entry, *, clear: bool) -> bool:
        if clear:
            sql = "SELECT count(*) = 0 FROM backwright_migration WHERE migration = ? AND ? IS NOT NULL"
        else:
            sql = "SELECT count(*) > 0 FROM backwright_migration WHERE migration = ? AND step = ?"
        return bool(self._connection.execute(sql, (entry.migration, entry.step)).fetchone()[0])

    def _write(self, entry: Entry, *, clear: bool) -> None:
        if clear:
            self._connection.execute(
                "DELETE FROM backwright_migration WHERE migration = ?", (entry.migration,)
            )
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        self._connection.execute(
            "INSERT INTO backwright_migration (migration, step, checksum, applied_at) VALUES (?, ?, ?, ?)",
            (entry.migration, entry.step, entry.checksum, now),
        )


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailable(str(error)) from error


def _missing(dialect: Dialect, known: int) -> list[tuple[int, str]]:
    """The versions of the runtime's own tables that come after the first `known`, with their numbers."""
    return list(enumerate(RUNTIME_TABLES[dialect], start=1))[known:]


def _statements(script: str) -> Iterator[str]:
    """The statements of a script. (`executescript` would commit the transaction first.)"""
    statement = ""
    for piece in script.split(";"):
        statement += piece
        if sqlite3.complete_statement(statement + ";"):
            yield statement
            statement = ""
        else:
            statement += ";"
    if statement.strip(" \t\r\n;"):
        yield statement
