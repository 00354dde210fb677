"""Which statements read a large table from end to end: what both databases say, by the indexes that there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backwright.migrate import disposable
from backwright.verify.databases import connected
from backwright.verify.narrowing import reads
from backwright.verify.observed import Observed
from backwright.verify.plans import scans

TABLES = (
    "CREATE TABLE shelf (id integer PRIMARY KEY, name text)",
    "CREATE TABLE book (id integer PRIMARY KEY, shelf_id integer REFERENCES shelf (id) ON DELETE CASCADE,"
    " title text, state text, lent boolean, added integer)",
    "CREATE INDEX book_added ON book (added)",
)
INDEX = "CREATE INDEX book_shelf ON book (shelf_id)"
FEW_ROWS = (
    "INSERT INTO shelf VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO book VALUES (1, 1, 'x', 'new', true, 1), (2, 2, 'y', 'new', false, 2)",
)
COARSE = frozenset({("book", "state"), ("book", "lent")})
PAGE = " ORDER BY added DESC LIMIT 20"

# Each statement, and whether it reads the large table whole without and with the index on `shelf_id`.
STATEMENTS = [
    ("SELECT * FROM book WHERE id = 1", False, False),
    ("SELECT * FROM book WHERE shelf_id = 1", True, False),
    ("SELECT * FROM book AS b WHERE b.shelf_id = 1", True, False),
    ("SELECT count(*) FROM book WHERE shelf_id IN (1, 2)", True, False),
    ("SELECT * FROM book WHERE title = 'x'", True, True),
    (f"SELECT * FROM book{PAGE}", False, False),
    (f"SELECT * FROM book WHERE shelf_id = 1{PAGE}", True, False),
    (f"SELECT * FROM book WHERE title = 'x'{PAGE}", True, True),
    (f"SELECT * FROM book WHERE title = 'x' AND shelf_id = 1{PAGE}", True, False),
    (f"SELECT * FROM book WHERE title IN ('x', 'y'){PAGE}", True, True),
    (f"SELECT * FROM book WHERE state = 'new'{PAGE}", False, False),  # one value of few
    (f"SELECT * FROM book WHERE lent = true{PAGE}", False, False),
    (f"SELECT * FROM book WHERE title = 'x' OR state = 'new'{PAGE}", False, False),
    (
        f"SELECT * FROM book WHERE added < 7 AND title = 'x'{PAGE}",
        False,
        False,
    ),  # a part by the index: not judged
    ("SELECT * FROM book ORDER BY title LIMIT 20", True, True),  # all are sorted before the first is known
    ("SELECT * FROM shelf", False, False),  # not declared large
    ("SELECT s.id, (SELECT count(*) FROM book b WHERE b.shelf_id = s.id) FROM shelf s LIMIT 20", True, False),
    ("SELECT b.title FROM shelf s JOIN book b ON b.shelf_id = s.id WHERE s.name = 'a'", True, False),
    ("SELECT * FROM book WHERE shelf_id IN (SELECT id FROM shelf WHERE name = 'a')", True, False),
    (
        "SELECT * FROM book WHERE shelf_id = 1 ORDER BY id",
        True,
        False,
    ),  # in the order of the key: no walk along it
    ("UPDATE book SET title = 'z' WHERE id = 1", False, False),
    ("UPDATE book SET title = 'z' WHERE shelf_id = 1", True, False),
    ("DELETE FROM book WHERE id = 1", False, False),
    ("DELETE FROM book WHERE shelf_id = 1", True, False),
    ("DELETE FROM shelf WHERE id = 1", True, False),  # the foreign key looks for books
    ("INSERT INTO shelf SELECT id, title FROM book WHERE shelf_id = 1", True, False),
    ("BEGIN", False, False),
]


@contextmanager
def address(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'books.db'}"
        return
    with disposable.postgres_url() as (url, reason):
        assert url is not None, reason
        yield url


def observed(url: str) -> Observed:
    known = {"name": "books", "url": "", "contract": {}, "callers": (), "exchanges": ()}
    return Observed(**known, database_url=url, large=("book",), coarse=COARSE)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_what_reads_a_large_table_whole_is_found_by_the_indexes_that_there_are(
    kind: str, tmp_path: Path
) -> None:
    with address(kind, tmp_path) as url:
        seen = observed(url)
        found = {}
        with closing(connected(url)) as connection:
            for statement in (*TABLES, *FEW_ROWS):
                connection.query(statement)
            for number, more in enumerate(((), (INDEX,))):
                for statement in more:
                    connection.query(statement)
                found[number] = {text: [where for where, _ in scans(seen, [text])] for text, *_ in STATEMENTS}
    for text, without, with_index in STATEMENTS:
        assert found[0][text] == (["book"] if without else []), (text, "without the index")
        assert found[1][text] == (["book"] if with_index else []), (text, "with the index")


def test_nothing_is_carried_out(tmp_path: Path) -> None:
    file = tmp_path / "books.db"
    with closing(sqlite3.connect(file)) as connection:
        for statement in (*TABLES, *FEW_ROWS):
            connection.execute(statement)
        connection.commit()
        seen = observed(f"sqlite:///{file}")
        assert list(scans(seen, ["DELETE FROM book", "UPDATE book SET title = 'z'"]))
        assert connection.execute("SELECT title FROM book ORDER BY id").fetchall() == [("x",), ("y",)]


def test_what_a_statement_wants_one_value_of() -> None:
    text = (
        "SELECT * FROM book b JOIN shelf s ON s.id = b.shelf_id"
        " WHERE b.title = $1 AND (b.state = ANY($2) AND b.id = b.added) AND s.name IN ($3) LIMIT $4"
    )
    found = {read.name: read for read in reads(text, "postgres")}
    assert found["b"].equal == {"title", "state"}  # of the same row: looks nothing up
    assert found["s"].equal == {"name"}
    assert found["b"].limited
    [inner] = reads("SELECT EXISTS (SELECT 1 FROM book WHERE title = 'x')", "sqlite")
    assert inner.limited
    assert reads("this is no SQL (", "sqlite") == []
