"""The caller's row is remembered from one request to the next, and confirmed by the statement that answers.

A request that reads needs two rows: the caller's and what it is about. On PostgreSQL the version of the first one
(`xmin` and `ctid`, which every change makes anew) is read along with the second: where it is still the remembered one,
both are of one state of the data, and one statement was enough. Where it is not, what was found is dropped and the
request begins again with the caller's row as it is. No answer leaves before somebody has looked: a row that is gone or
changed counts at once.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from msgspec import Struct

from backwright_runtime.database.interface import Data, Queries, Value
from backwright_runtime.database.statement import TOKEN, Statement
from backwright_runtime.database.values import behind

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


class Introduced:
    """The database of a request whose caller may have to be confirmed: its first SELECT does, or what comes before."""

    def __init__(self, data: Data, introduction: Introduction) -> None:
        self._data = data
        self._introduction = introduction

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row."""
        asked = self._along(statement)
        if asked is None:
            await self._introduction.settle()
            return await self._data.fetch_one(row, statement, **params)
        both, subject = asked
        found = await self._data.fetch_one(behind(str, row), both, **params, **{SUBJECT: subject})
        if found is None:
            await self._introduction.settle()
            return None
        self._introduction.confirm(found.value)
        found_row: Row = found.row
        return found_row

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        asked = self._along(statement)
        if asked is None:
            await self._introduction.settle()
            return await self._data.fetch_all(row, statement, **params)
        both, subject = asked
        found = await self._data.fetch_all(behind(str, row), both, **params, **{SUBJECT: subject})
        if not found:
            await self._introduction.settle()
            return []
        self._introduction.confirm(found[0].value)
        return [each.row for each in found]

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row."""
        await self._introduction.settle()
        return await self._data.fetch_value(kind, statement, **params)

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        await self._introduction.settle()
        return await self._data.execute(statement, **params)

    @asynccontextmanager
    async def transaction(self, *, serializable: bool = False) -> AsyncIterator[Queries]:
        """All or nothing."""
        await self._introduction.settle()
        async with self._data.transaction(serializable=serializable) as tx:
            yield tx

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Queries]:
        """Several reads of one state of the data."""
        await self._introduction.settle()
        async with self._data.snapshot() as db:
            yield db

    def _along(self, statement: Statement) -> tuple[Statement, Any] | None:
        asked = self._introduction.asks()
        if asked is None or not statement.takes_value:
            return None
        version, subject = asked
        return statement.behind(version), subject
