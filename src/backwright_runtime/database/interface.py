"""What repositories see of a database."""

from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from msgspec import Struct, UnsetType

from backwright_runtime.database.statement import Statement

Value = UUID | datetime | date | bool | int | str | None | UnsetType
"""What a parameter can be. UNSET leaves out the `{clauses}` that mention it."""

Row = TypeVar("Row", bound=Struct)


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or gave up on this piece of work; answered with 503."""


class Contention(DatabaseUnavailable):
    """Transactions were in each other's way and this one was undone as a whole: it may be tried again."""


class UniqueViolation(Exception):
    """A unique key is taken. `constraint` is the name of its index on every database."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class ForeignKeyViolation(Exception):
    """A reference points nowhere, or a row that is referred to was to be deleted.

    `constraint` is its name where the database tells it (SQLite does not).
    """

    def __init__(self, constraint: str | None = None) -> None:
        super().__init__(constraint or "")
        self.constraint = constraint


class Queries(Protocol):
    """Runs statements: on its own, or within a transaction."""

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row, with the columns in the order of the struct's fields; None when there is none."""
        ...

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        ...

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        ...


class Database(Queries, Protocol):
    """A database with its connections."""

    async def connect(self) -> None:
        """Reach the database. Raises DatabaseUnavailable."""
        ...

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing: commits at the end of the block, rolls back when it raises.

        `serializable`: as if it ran alone, whatever it read. Raises Contention where that cannot be.
        """
        ...

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
