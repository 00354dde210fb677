"""Runs of migrations that die at a boundary of one's choice: at any statement, half way through one, at any commit.

A connection that dies is cut, so that the database undoes what was not committed, as when the process is gone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any

import asyncpg
import pytest

from backwright_runtime import ledger
from backwright_runtime.database.sqlite import file_of, opened


class Killed(BaseException):
    """The process is gone."""


class Boundaries:
    """Counts what a run comes past, and ends it at the one that is `due` (None: never)."""

    def __init__(self, due: int | None) -> None:
        self.due, self.passed = due, 0
        self.last = ""

    def reached(self, what: str, gone: Callable[[], None]) -> None:
        self.passed += 1
        self.last = what
        if self.passed == self.due:
            gone()
            raise Killed(what)


class _Sqlite:
    """A connection that closes before or after any statement of the ledger's; what is not committed is lost."""

    def __init__(self, real: sqlite3.Connection, boundaries: Boundaries) -> None:
        self._real, self._boundaries = real, boundaries

    @property
    def in_transaction(self) -> bool:
        return self._boundaries.passed != self._boundaries.due and self._real.in_transaction

    def execute(self, statement: str, *values: Any) -> Any:
        if self._boundaries.passed == self._boundaries.due:  # what a dying process would still like to do
            return None
        self._boundaries.reached(f"before {statement}", self._real.close)
        found = self._real.execute(statement, *values)
        if not statement.lstrip().startswith(("SELECT", "PRAGMA")):
            self._boundaries.reached(f"after {statement}", self._real.close)
        return found


class _Postgres:
    """A connection that is cut before, within or after any statement, and before or after any commit."""

    def __init__(self, real: Any, boundaries: Boundaries) -> None:
        self._real, self._boundaries = real, boundaries

    async def fetch(self, *asked: Any) -> Any:
        return await self._real.fetch(*asked)

    async def fetchval(self, *asked: Any) -> Any:
        return await self._real.fetchval(*asked)

    async def execute(self, script: str, *values: Any) -> Any:
        if script.startswith("SET LOCAL"):  # it ends with its transaction
            return await self._real.execute(script)
        self._boundaries.reached(f"before {script}", self._real.terminate)
        if half := _half(script):
            if self._boundaries.passed + 1 == self._boundaries.due:
                await self._real.execute(half)
            self._boundaries.reached(f"within {script}", self._real.terminate)
        done = await self._real.execute(script, *values)
        if script.strip().startswith(("CREATE INDEX CONC", "CREATE UNIQUE INDEX CONC")):
            await self._interrupted(script)
        self._boundaries.reached(f"after {script}", self._real.terminate)
        return done

    async def _interrupted(self, script: str) -> None:
        """An index that was being made when the connection was cut is there, and holds nothing."""
        if self._boundaries.passed + 1 == self._boundaries.due:
            name = script.split("CONCURRENTLY ", 1)[1].split(" ON ", 1)[0].strip('"')
            asked = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"{name}\"'::regclass"
            await self._real.execute(asked)
        self._boundaries.reached(f"within {script}", self._real.terminate)

    def transaction(self) -> _Transaction:
        return _Transaction(self._real, self._boundaries)


class _Transaction:
    def __init__(self, real: Any, boundaries: Boundaries) -> None:
        self._real, self._boundaries = real, boundaries

    async def __aenter__(self) -> None:
        self._within = self._real.transaction()
        await self._within.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Killed):
            return
        if error is not None:
            await self._within.rollback()
            return
        self._boundaries.reached("before the commit", self._real.terminate)
        await self._within.commit()
        self._boundaries.reached("after the commit", self._real.terminate)


def _half(script: str) -> str:
    """The first statements of a script of several; of one with the body of a function, none."""
    ends = [place for place in range(len(script)) if script.startswith(";\n", place)]
    return script[: ends[(len(ends) - 1) // 2] + 1] if len(ends) > 1 and "$" not in script else ""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, due: int | None) -> Iterator[Boundaries]:
    """Every run of migrations meanwhile dies at its boundary number `due`."""
    boundaries = Boundaries(due)

    @asynccontextmanager
    async def on_sqlite(url: str) -> AsyncIterator[ledger.SqliteLedger]:
        real = opened(file_of(url))
        try:
            yield ledger.SqliteLedger(_Sqlite(real, boundaries))  # type: ignore[arg-type]
        finally:
            real.close()

    @asynccontextmanager
    async def on_postgresql(url: str) -> AsyncIterator[ledger.PostgresLedger]:
        real = await asyncpg.connect(url)
        try:
            yield ledger.PostgresLedger(_Postgres(real, boundaries))  # type: ignore[arg-type]
        finally:
            if not real.is_closed():
                await real.close()

    with monkeypatch.context() as patch:
        patch.setattr(ledger.SqliteLedger, "opened", on_sqlite)
        patch.setattr(ledger.PostgresLedger, "opened", on_postgresql)
        patch.setattr(ledger, "_PAUSE", 0.04)
        yield boundaries
