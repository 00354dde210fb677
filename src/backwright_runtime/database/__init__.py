"""The way to the data: statements written in SQL, structs as rows, two databases behind one interface."""

from backwright_runtime.database.interface import Database
from backwright_runtime.database.postgresql import PostgresDatabase
from backwright_runtime.database.sqlite import SqliteDatabase

__all__ = ["Database", "open_database"]


def open_database(url: str, *, pool_size: int = 10) -> Database:
    """The database at this address; it is reached at the first `connect`."""
    if url.startswith("sqlite:///"):
        return SqliteDatabase(url)
    return PostgresDatabase(url, pool_size=pool_size)
