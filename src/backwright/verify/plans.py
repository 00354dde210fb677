"""How a database would carry out statements: which of the tables that are declared large it reads from end to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from backwright.emit.sql import quoted
from backwright.verify import plans_postgresql, plans_sqlite
from backwright.verify.databases import Connection, connected
from backwright.verify.narrowing import Leading
from backwright.verify.observed import Observed

KINDS = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")
POSTGRESQL_LEADING = (
    "SELECT c.relname::text AS name, a.attname::text AS column FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indrelid"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
    " WHERE c.relnamespace = current_schema()::regnamespace"
)


def about_rows(statements: Sequence[str]) -> list[str]:
    """The statements that a database explains: those that read or write rows."""
    return [text for text in statements if text.lstrip().upper().startswith(KINDS)]


def scans(seen: Observed, statements: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each large table and the statement for which no index helps; nothing is carried out.

    What is told follows from the indexes that there are, and not from how many rows there are now.
    """
    if not seen.large or seen.database_url is None:
        return
    texts = about_rows(statements)
    with closing(connected(seen.database_url)) as connection:
        leading = leading_columns(connection, seen.large)
    if seen.database_url.startswith("sqlite:"):
        found = plans_sqlite.scans(seen, texts, leading)
    else:
        found = plans_postgresql.scans(seen, texts, leading)
    for table, text in found:
        yield table, f"no index helps, and the table is declared large: {text[:300]}"


def leading_columns(connection: Connection, tables: Sequence[str]) -> Leading:
    """With which columns the indexes of these tables begin."""
    found: dict[str, set[str]] = {table: set() for table in tables}
    if not connection.sqlite:
        for row in connection.query(POSTGRESQL_LEADING):
            found.get(row["name"], set()).add(row["column"])
    for table in tables if connection.sqlite else ():
        for index in connection.query(f"PRAGMA index_list({quoted(table)})"):
            columns = connection.query(f"PRAGMA index_info({quoted(index['name'])})")
            found[table].update(row["name"] for row in columns if row["seqno"] == 0 and row["name"])
        columns = connection.query(f"PRAGMA table_info({quoted(table)})")
        found[table].update(row["name"] for row in columns if row["pk"] == 1)
    return {table: frozenset(columns) for table, columns in found.items()}
