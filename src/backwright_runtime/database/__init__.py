"""The way to the data: statements written in SQL, structs as rows, two databases behind one interface."""

from backwright_runtime.database.interface import Database

__all__ = ["Database", "open_database"]


def open_database(url: str, *, pool_size: int = 10) -> Database:
    """The database at this address; it is reached at the first `connect`."""
    # Only the driver that is needed is loaded.
    if url.startswith("sqlite:///"):
        from backwright_runtime.database.sqlite import SqliteDatabase  # noqa: PLC0415

        return SqliteDatabase(url)
    from backwright_runtime.database.postgresql import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(url, pool_size=pool_size)
