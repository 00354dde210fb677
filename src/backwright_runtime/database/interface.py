"""What repositories see of a database."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from msgspec import Struct, UnsetType

from backwright_runtime.database.statement import Statement

Scalar: TypeAlias = UUID | datetime | date | bool | int | Decimal | float | str | bytes | None
Value: TypeAlias = (
    Scalar
    | Sequence[Scalar]
    | Sequence[tuple[Scalar, ...]]
    | Mapping[str, Any]
    | Struct
    | Sequence[Struct]
    | UnsetType
)
"""What a parameter can be: one value, a list of them, a JSON object, or objects of a request.

A decimal has as many digits behind its point as its type says. UNSET leaves out the `{clauses}` that mention it.
"""

Row = TypeVar("Row", bound=Struct)
T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or gave up on this piece of work; answered with 503."""


class Contention(DatabaseUnavailable):
    """Transactions were in each other's way and this one was undone as a whole: it may be tried again."""


class UniqueViolation(Exception):
    """A unique key is taken. `constraint` is the name of its index on every database.

    `unseen` tells the row apart where the transaction may have begun before it was there; otherwise it is None.
    """

    def __init__(self, constraint: str, *, unseen: str | None = None) -> None:
        super().__init__(constraint)
        self.constraint = constraint
        self.unseen = unseen


class ForeignKeyViolation(Exception):
    """A reference points nowhere, or a row that is referred to was to be deleted.

    `constraint` is its name where the database tells it (SQLite does not); `unseen` is as in UniqueViolation.
    """

    def __init__(self, constraint: str | None = None, *, unseen: str | None = None) -> None:
        super().__init__(constraint or "")
        self.constraint = constraint
        self.unseen = unseen


class CheckViolation(Exception):
    """A row does not satisfy a check. `constraint` is its name on every database."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class Pool(Struct, frozen=True):
    """The connections of a database at one moment."""

    busy: int
    idle: int
    limit: int
    awaited: int


class Queries(Protocol):
    """Runs statements: on its own, or within a transaction."""

    async def fetch_one(self, row: type[Row], statement: Statement, /, **params: Value) -> Row | None:
        """The first row, with the columns in the order of the struct's fields; None when there is none."""
        ...

    async def fetch_all(self, row: type[Row], statement: Statement, /, **params: Value) -> list[Row]:
        """All rows."""
        ...

    async def fetch_value(self, kind: type[T], statement: Statement, /, **params: Value) -> T | None:
        """The first value of the first row, of this type; None when there is no row, or it is null."""
        ...

    async def execute(self, statement: Statement, /, **params: Value) -> int:
        """Run the statement; returns how many rows it affected."""
        ...


class Data(Queries, Protocol):
    """The database of a request: statements on their own, or several together."""

    def transaction(self, *, serializable: bool = False) -> AbstractAsyncContextManager[Queries]:
        """All or nothing: commits at the end of the block, rolls back when it raises.

        `serializable`: as if it ran alone, whatever it read. Raises Contention where that cannot be.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Queries]:
        """Several reads that see one state of the data, whatever others write meanwhile. Writes are refused."""
        ...


class Database(Data, Protocol):
    """A database with its connections.

    `has_versions`: each row has a version, `xmin` and `ctid`, which a change makes anew.
    """

    has_versions: bool

    async def connect(self) -> None:
        """Reach the database. Raises DatabaseUnavailable."""
        ...

    def for_caller(self, role: str, subject: str | None, now: datetime) -> Data:
        """The database as this caller's role sees it, under row-level security; itself where there is none.

        `subject` is the caller's key as text, None when nobody is signed in.
        """
        ...

    def pool(self) -> Pool | None:
        """How busy its connections are; None where they are not pooled, or not opened yet."""
        ...

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
