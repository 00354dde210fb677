"""Runs migrations: folders of plain SQL, step by step, with a ledger of what was done.

`migrations/<time>_<name>/{up,down}.<database>.sql` is a sequence of steps, each below a line
`-- step N: title`.
A step and its line in the ledger are one transaction, so a run that was killed goes on where it stopped.
Rolling back writes negative numbers while it is under way and clears the migration's lines at its end.

Two kinds of step are not one transaction, so that a service can go on answering meanwhile (PostgreSQL):
`-- step N, outside a transaction: title` (indexes that are made concurrently) begins with a statement that undoes
the others, and is run anew when it was interrupted; `-- step N, in batches: title` is one statement that is run until
it has nothing to do, each time in a transaction of its own.
"""

import hashlib
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Literal

import asyncpg
from msgspec import Struct

from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.database.statement import Dialect
from backwright_runtime.ledger import Entry, Ledger, Manner, PostgresLedger, SqliteLedger
from backwright_runtime.retained import KEPT_DAYS, Found, Kept, kept, missing, now

STEP = re.compile(r"^-- step (\d+)(?:, (outside a transaction|in batches))?:[ \t]*(.*)$", re.MULTILINE)
_MANNERS: dict[str | None, Manner] = {
    None: "in a transaction",
    "outside a transaction": "outside a transaction",
    "in batches": "in batches",
}
State = Literal["applied", "pending", "half applied", "half rolled back", "unknown"]
Direction = Literal["up", "down"]


IN_THE_WAY = re.compile(r"^INSERT INTO backwright_in_the_way\n(SELECT .*?);$", re.MULTILINE | re.DOTALL)
"""Where a migration counts the stored rows that it could not be carried out with."""


class MigrationError(Exception):
    """A migration cannot be run, or failed. The message says which, where, and what to do."""


class Step(Struct, frozen=True):
    """One transaction's worth of a migration, or what is said to be run otherwise."""

    number: int
    title: str
    sql: str
    manner: Manner = "in a transaction"

    @property
    def checksum(self) -> str:
        """What the ledger remembers, to notice a step that is changed after it was run."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class Migration(Struct, frozen=True):
    """A folder with the way up and the way down."""

    name: str
    folder: Path

    def steps(self, direction: Direction, dialect: Dialect) -> list[Step]:
        """The steps in order; a file without any is one step. Raises MigrationError."""
        path = self.folder / f"{direction}.{dialect}.sql"
        if not path.is_file():
            raise MigrationError(f"{self.name}: {path.name} is missing")
        text = path.read_text(encoding="utf-8")
        found = list(STEP.finditer(text))
        if not found:
            return [Step(1, "", text.strip())]
        ends = [match.start() for match in found[1:]] + [len(text)]
        steps = [
            Step(int(match[1]), match[3].strip(), text[match.end() : end].strip(), _MANNERS[match[2]])
            for match, end in zip(found, ends, strict=True)
        ]
        if [step.number for step in steps] != list(range(1, len(steps) + 1)):
            raise MigrationError(f"{self.name}: the steps of {path.name} are not numbered 1, 2, 3 …")
        return steps


class Status(Struct, frozen=True):
    """Where one migration stands: how many of its steps are in the database."""

    name: str
    state: State
    done: int
    steps: int


AfterStep = Callable[[Migration, Step], Awaitable[None]]


def narrate() -> None:
    """From now on, say on stderr what takes time: rows that were filled, and locks that are waited for."""
    log = logging.getLogger("backwright.migrations")
    log.setLevel(logging.INFO)
    if not log.handlers:
        log.addHandler(logging.StreamHandler())


def uncontracted(folder: Path) -> str | None:
    """The expansion whose contraction was not written yet: the newest migration, if it keeps the earlier model."""
    found = discover(folder)
    return found[-1].name if found and (found[-1].folder / "earlier.json").is_file() else None


def discover(folder: Path) -> list[Migration]:
    """The migrations in a folder, oldest first."""
    if not folder.is_dir():
        return []
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[:1].isdigit())
    return [Migration(name, folder / name) for name in names]


async def status(url: str, folder: Path) -> list[Status]:
    """Where each migration stands, oldest first. Changes nothing."""
    async with _ledger(url) as ledger:
        return _status(discover(folder), await ledger.entries(), ledger.dialect)


async def pending(url: str, folder: Path) -> list[str]:
    """The names of the migrations that are not (wholly) applied."""
    return [each.name for each in await status(url, folder) if each.state not in ("applied", "unknown")]


async def up(
    url: str, folder: Path, to: str | None = None, *, after_step: AfterStep | None = None
) -> list[str]:
    """Apply what is pending, up to the migration whose name begins with `to`. Returns what was applied.

    The runtime's own tables come first. `after_step` is awaited after each step is committed. Raises
    MigrationError.
    """
    async with _locked(url) as ledger:
        await ledger.prepare()
        found = discover(folder)
        states = _checked(found, await ledger.entries(), ledger.dialect)
        applied = []
        for migration in _until(found, to):
            if states[migration.name].state == "half rolled back":
                raise MigrationError(f"{migration.name} is half rolled back; finish with: migrate down")
            if states[migration.name].state != "applied":
                for step in migration.steps("up", ledger.dialect)[states[migration.name].done :]:
                    await _run(ledger, migration, step, "up", after_step)
                applied.append(migration.name)
        return applied


async def down(url: str, folder: Path, steps: int = 1, *, after_step: AfterStep | None = None) -> list[str]:
    """Roll back the last `steps` migrations. Returns them, newest first. Raises MigrationError.

    One that was interrupted on its way up is finished first: the way back begins where the way up ends.
    """
    async with _locked(url) as ledger:
        found = discover(folder)
        states = _checked(found, await ledger.entries(), ledger.dialect)
        reverted: list[str] = []
        for migration in reversed(found):
            state = states[migration.name]
            if len(reverted) == steps or state.state == "pending":
                continue
            if state.state == "half applied":
                for step in migration.steps("up", ledger.dialect)[state.done :]:
                    await _run(ledger, migration, step, "up", after_step)
            todo = migration.steps("down", ledger.dialect)
            if state.state in ("applied", "half applied"):
                _restorable(migration, todo, await ledger.retained())
            for step in todo[_reverted(await ledger.entries(), migration) :]:
                await _run(ledger, migration, step, "down", after_step, is_last=step is todo[-1])
            reverted.append(migration.name)
        return reverted


async def retained(url: str, days: int = KEPT_DAYS) -> list[Kept]:
    """What migrations took away and can still be restored, oldest first; it is kept for so many days."""
    async with _ledger(url) as ledger:
        return kept(await ledger.retained(), await ledger.moments(), days)


async def purge(url: str, days: int = KEPT_DAYS) -> list[Kept]:
    """Remove for good what was kept for as many days. Returns it."""
    async with _locked(url) as ledger:
        found = kept(await ledger.retained(), await ledger.moments(), days)
        gone = [each for each in found if each.may_go(now())]
        await ledger.remove([each.removal for each in gone])
        return gone


def _restorable(migration: Migration, steps: list[Step], found: list[Found]) -> None:
    """Raises MigrationError where what the migration took away is not kept any more; nothing is begun then."""
    if gone := missing((step.sql for step in steps), found):
        raise MigrationError(
            f"{migration.name} cannot be rolled back: what it took away was kept for its time, and "
            f"`migrate purge` has removed it since ({', '.join(gone)}); restore a backup instead"
        )


async def _run(
    ledger: Ledger,
    migration: Migration,
    step: Step,
    direction: Direction,
    after_step: AfterStep | None,
    *,
    is_last: bool = False,
) -> None:
    number = step.number if direction == "up" else -step.number
    entry = Entry(migration.name, number, step.checksum)
    try:
        await ledger.run(step.sql, entry, step.manner, clear=is_last)
    except DatabaseUnavailable:
        raise
    except Exception as error:
        where = f"{migration.name}, {direction}, step {step.number}" + (
            f" ({step.title})" if step.title else ""
        )
        why = await _in_the_way(ledger, step) or str(error)
        begins = direction == "up" and step.number == 1
        left = "nothing of it is applied, and nothing to roll back" if begins else "the steps before it stay"
        raise MigrationError(f"{where} failed and was undone; {left}: {why}") from error
    if after_step is not None:
        await after_step(migration, step)


async def _in_the_way(ledger: Ledger, step: Step) -> str:
    """Which stored rows a first step found, all of them: its constraint says of one, and on SQLite of none."""
    found = []
    for asked in IN_THE_WAY.finditer(step.sql):
        try:
            what, count = await ledger.counted(asked[1])
        except (asyncpg.PostgresError, sqlite3.Error):
            return ""
        found += [f"{what} ({count})"] if count else []
    return f"stored rows stand in the way: {'; '.join(found)}" if found else ""


def _status(found: list[Migration], entries: list[Entry], dialect: Dialect) -> list[Status]:
    names = {migration.name for migration in found}
    unknown = sorted({entry.migration for entry in entries} - names)
    states = [Status(name, "unknown", _applied(entries, name), 0) for name in unknown]
    for migration in found:
        steps = len(migration.steps("up", dialect))
        done = _applied(entries, migration.name)
        state: State = "pending" if done == 0 else "half applied" if done < steps else "applied"
        if _reverted(entries, migration):
            state = "half rolled back"
        states.append(Status(migration.name, state, done, steps))
    return sorted(states, key=lambda each: each.name)


def _checked(found: list[Migration], entries: list[Entry], dialect: Dialect) -> dict[str, Status]:
    """The states by name. Raises MigrationError when the folder contradicts what was run."""
    states = {each.name: each for each in _status(found, entries, dialect)}
    unknown = [name for name, each in states.items() if each.state == "unknown"]
    if unknown:
        raise MigrationError(f"the database has migrations that are not in the folder: {', '.join(unknown)}")
    for migration in found:
        known = {entry.step: entry.checksum for entry in entries if entry.migration == migration.name}
        ways: tuple[tuple[Direction, int], ...] = (("up", 1), ("down", -1))
        for direction, sign in ways:
            if not any(number * sign > 0 for number in known):
                continue
            present = {step.number * sign: step.checksum for step in migration.steps(direction, dialect)}
            changed = [abs(n) for n, checksum in known.items() if n * sign > 0 and present.get(n) != checksum]
            if changed:
                raise MigrationError(
                    f"{migration.name}: step {changed[0]} of {direction} was changed after it was run; "
                    "restore it and write a new migration instead"
                )
    return states


def _applied(entries: list[Entry], name: str) -> int:
    return sum(1 for entry in entries if entry.migration == name and entry.step > 0)


def _reverted(entries: list[Entry], migration: Migration) -> int:
    return sum(1 for entry in entries if entry.migration == migration.name and entry.step < 0)


def _until(found: list[Migration], to: str | None) -> list[Migration]:
    if to is None:
        return found
    last = [position for position, migration in enumerate(found) if migration.name.startswith(to)]
    if not last:
        raise MigrationError(f"there is no migration whose name begins with {to}")
    return found[: last[0] + 1]


@asynccontextmanager
async def _ledger(url: str) -> AsyncIterator[Ledger]:
    opening: AbstractAsyncContextManager[Ledger]
    opening = SqliteLedger.opened(url) if url.startswith("sqlite:///") else PostgresLedger.opened(url)
    async with opening as ledger:
        yield ledger


@asynccontextmanager
async def _locked(url: str) -> AsyncIterator[Ledger]:
    async with _ledger(url) as ledger:
        try:
            await ledger.lock()
        except sqlite3.Error as error:
            raise DatabaseUnavailable(str(error)) from error
        yield ledger
