"""The caller's row is remembered from one request to the next, and confirmed by the statement that answers.

A request needs the caller's row beside those that it is about. On PostgreSQL the version of the first one (`xmin` and
`ctid`, which every change makes anew) is read along with one of the others: where it is still the remembered one, both
are of one state of the data, and one statement was enough. Where it is not, what was done is undone and the request
begins again with the caller's row as it is. No answer leaves, nothing is committed and no custom logic runs before
somebody has looked: a row that is gone or changed counts at once.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from msgspec import Struct

from backwright_runtime.database.interface import Data, Queries, Value
from backwright_runtime.database.statement import TOKEN, Statement
from backwright_runtime.database.values import behind
from backwright_runtime.logic import I, Logic, O, Runner

REMEMBERED = 10_000
VERSION = "xmin::text || ' ' || ctid::text"
SUBJECT = "introduced"
"""The parameter that says whose version it is: no statement of a service has one of that name in it."""

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")


class CallerChanged(Exception):
    """The caller's row is not what was remembered."""


class Seen(Struct, frozen=True):
    """A row, and its version."""

    row: Any
    version: str


class Memory:
    """The callers' rows that were seen last."""

    def __init__(self) -> None:
        self.seen: dict[tuple[Statement, object], Seen] = {}
        self._versions: dict[Statement, Statement | None] = {}

    def remember(self, key: tuple[Statement, object], seen: Seen | None) -> None:
        """This is the row now; None: it is gone."""
        if seen is None:
            self.seen.pop(key, None)
            return
        if len(self.seen) >= REMEMBERED:
            self.seen.clear()
        self.seen[key] = seen

    def version(self, statement: Statement) -> Statement | None:
        """What reads the version of a statement's row."""
        if statement not in self._versions:
            self._versions[statement] = version_of(statement)
        return self._versions[statement]


def version_of(statement: Statement) -> Statement | None:
    """What reads the version of the row that a statement finds in one table by one value; None of any other."""
    tokens = [each for each in TOKEN.finditer(statement.text) if each.lastgroup not in ("space", "comment")]
    words = [each.group().upper() if each.lastgroup == "word" else "" for each in tokens]
    names = {each.group() for each in tokens if each.lastgroup == "name"}
    if words[:1] != ["SELECT"] or "FROM" not in words or len(names) != 1:
        return None
    at = words.index("FROM")
    if words[at + 2 : at + 3] != ["WHERE"] or "SELECT" in words[1:]:
        return None
    rest = [f":{SUBJECT}" if each.lastgroup == "name" else each.group() for each in tokens[at:]]
    return Statement(f"SELECT {VERSION} {' '.join(rest)}")


class Introduction:
    """Finds the caller of one request: as remembered, which has to be confirmed, or by reading it."""

    def __init__(self, database: Queries, memory: Memory) -> None:
        self._database = database
        self._memory = memory
        self._open: tuple[type[Struct], Statement, object, str] | None = None

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The caller's row."""
        if len(params) != 1 or self._memory.version(statement) is None:
            return await self._database.fetch_one(row, statement, **params)
        (subject,) = params.values()
        known = self._memory.seen.get((statement, subject))
        if known is None:
            found = await self._read(row, statement, params)
            return None if found is None else found.row
        self._open = row, statement, subject, known.version
        found_row: Row = known.row
        return found_row

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        return await self._database.fetch_all(row, statement, **params)

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        return await self._database.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        return await self._database.execute(statement, **params)

    async def _read(self, row: type[Struct], statement: Statement, params: Mapping[str, Any]) -> Seen | None:
        version = self._memory.version(statement)
        assert version is not None
        (subject,) = params.values()
        wanted = behind(str, row)
        found = await self._database.fetch_one(
            wanted, statement.behind(version), **params, **{SUBJECT: subject}
        )
        seen = None if found is None else Seen(found.row, found.value)
        self._memory.remember((statement, subject), seen)
        return seen

    def asks(self) -> tuple[Statement, object] | None:
        """What a statement should read along, and whose; None where nothing is left to confirm."""
        if self._open is None:
            return None
        _, statement, subject, _ = self._open
        version = self._memory.version(statement)
        assert version is not None
        return version, subject

    def confirm(self, version: str | None) -> None:
        """This is the version now. Raises CallerChanged where it is another one."""
        if self._open is None:
            return
        _, statement, subject, remembered = self._open
        self._open = None
        if version != remembered:
            self._memory.remember((statement, subject), None)
            raise CallerChanged

    async def settle(self) -> None:
        """Look, where no statement did. Raises CallerChanged."""
        if self._open is None:
            return
        row, statement, subject, _ = self._open
        (name,) = statement.names
        seen = await self._read(row, statement, {name: subject})
        self.confirm(None if seen is None else seen.version)

    @contextmanager
    def within(self, tx: Queries) -> Iterator[None]:
        """Meanwhile it is the transaction that is asked: no request waits for a second connection."""
        before, self._database = self._database, tx
        try:
            yield
        finally:
            self._database = before


class Inside:
    """Statements of a transaction. What confirms the caller comes with one of them, or before the commit."""

    def __init__(self, on: Queries, introduction: Introduction) -> None:
        self._on = on
        self._introduction = introduction

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        asked = self._along(statement)
        if asked is None:
            await self._unsaid()
            return await self._on.fetch_one(row, statement, **params)
        both, subject = asked
        found = await self._on.fetch_one(behind(str, row), both, **params, **{SUBJECT: subject})
        if found is None:
            await self._unsaid()
            return None
        self._introduction.confirm(found.value)
        found_row: Row = found.row
        return found_row

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        asked = self._along(statement)
        if asked is None:
            await self._unsaid()
            return await self._on.fetch_all(row, statement, **params)
        both, subject = asked
        found = await self._on.fetch_all(behind(str, row), both, **params, **{SUBJECT: subject})
        if not found:
            await self._unsaid()
            return []
        self._introduction.confirm(found[0].value)
        return [each.row for each in found]

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        await self._unsaid()
        return await self._on.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        await self._unsaid()
        return await self._on.execute(statement, **params)

    def _along(self, statement: Statement) -> tuple[Statement, Any] | None:
        asked = self._introduction.asks()
        if asked is None or not statement.takes_value:
            return None
        version, subject = asked
        return statement.behind(version), subject

    async def _unsaid(self) -> None:
        """A statement does not say whether the caller is as remembered: another one will, before the commit."""


class Introduced(Inside):
    """The database of a request whose caller may have to be confirmed: each statement is a transaction of its own."""

    def __init__(self, data: Data, introduction: Introduction) -> None:
        super().__init__(data, introduction)
        self._data = data

    @asynccontextmanager
    async def transaction(self, *, serializable: bool = False) -> AsyncIterator[Queries]:
        """All or nothing; nothing where the caller is another one by now."""
        async with self._data.transaction(serializable=serializable) as tx:
            with self._introduction.within(tx):
                yield Inside(tx, self._introduction)
                await self._introduction.settle()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """Several reads of one state of the data."""
        async with self._data.snapshot() as db:
            with self._introduction.within(db):
                yield Inside(db, self._introduction)
                await self._introduction.settle()

    async def _unsaid(self) -> None:
        await self._introduction.settle()


class Confirmed:
    """Runs custom logic for callers that are confirmed: what it does outside of the database cannot be undone."""

    def __init__(self, runner: Runner, introduction: Introduction) -> None:
        self._runner = runner
        self._introduction = introduction

    async def run(self, logic: Logic[I, O], given: I, function: Callable[[], Awaitable[O]]) -> O:
        """What comes out. Raises CallerChanged before it begins."""
        await self._introduction.settle()
        return await self._runner.run(logic, given, function)
