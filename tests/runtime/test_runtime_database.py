"""The two databases behave alike: values, violations, transactions."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from msgspec import UNSET, Struct
from runtime.library import app as library

from backwright_runtime import Database, ForeignKeyViolation, UniqueViolation, counted, migrations, sql
from backwright_runtime.database import open_database
from backwright_runtime.database.interface import Contention, DatabaseUnavailable
from backwright_runtime.database.names import shortened, unique_name
from backwright_runtime.errors import IntegerOverflow
from backwright_runtime.testing import Watched

KEY, OTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
VALUES: dict[str, Any] = {"id": KEY, "title": "t", "pages": 2**62, "lent": True, "due": date(2030, 5, 6)}
BOOK = sql(f"SELECT {library.COLUMNS} FROM book WHERE id = :id")
COUNT = sql("SELECT count(*) AS n FROM member")


class Count(Struct):
    n: int


async def opened(url: str) -> Database:
    await migrations.up(url, library.MIGRATIONS)
    database = open_database(url)
    await database.connect()
    await database.execute(library.JOIN, id=OTHER, email="a@b.example", password="x")
    return database


def test_values_come_back_as_they_went(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)
        assert await database.execute(library.INSERT, **VALUES, keeper_id=OTHER, created_at=NOW) == 1
        book = await database.fetch_one(library.Book, BOOK, id=KEY)
        assert book == library.Book(**VALUES, keeper_id=OTHER, created_at=NOW)
        assert await database.fetch_one(library.Book, BOOK, id=OTHER) is None
        assert await database.execute(library.DELETE, id=OTHER) == 0
        await database.close()

    run(story())


MEMBERS = sql("""
    SELECT id, email
    FROM member
    WHERE TRUE
      {AND email <> :but}
    ORDER BY email
    LIMIT :limit
    OFFSET :offset
""")
MEMBERS_TOTAL = sql("""
    SELECT count(*)
    FROM member
    WHERE TRUE
      {AND email <> :but}
""")


class Member(Struct, frozen=True):
    id: UUID
    email: str


def test_a_page_comes_with_the_number_of_all_rows(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)
        await database.execute(library.JOIN, id=KEY, email="c@d.example", password="x")

        async def page(limit: int, offset: int, **but: str) -> tuple[list[str], int]:
            rows, total = await counted(
                database, Member, MEMBERS, MEMBERS_TOTAL, limit=limit, offset=offset, **{"but": UNSET, **but}
            )
            return [row.email for row in rows], total

        assert await page(1, 0) == (["a@b.example"], 2)
        assert await page(5, 1) == (["c@d.example"], 2)
        assert await page(5, 7) == ([], 2), "beyond the last row"
        assert await page(0, 0) == ([], 2)
        assert await page(5, 0, but="a@b.example") == (["c@d.example"], 1)
        async with database.snapshot() as db:
            rows, total = await counted(
                db, Member, MEMBERS, MEMBERS_TOTAL, limit=1, offset=1, but="c@d.example"
            )
            assert (rows, total) == ([], 1)
        await database.execute(sql("DELETE FROM member"))
        assert await page(5, 0) == await page(5, 5) == ([], 0)
        await database.close()

    run(story())


def test_rows_that_come_while_a_page_beyond_them_is_counted_are_on_it(run: Any, database_url: str) -> None:
    class Meanwhile:
        """Somebody joins between the page, which is empty, and its number."""

        def __init__(self, database: Database) -> None:
            self.database = database

        async def fetch_all(self, *given: Any, **params: Any) -> Any:
            return await self.database.fetch_all(*given, **params)

        async def fetch_value(self, *given: Any, **params: Any) -> Any:
            await self.database.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
            return await self.database.fetch_value(*given, **params)

    async def story() -> None:
        database = await opened(database_url)
        db: Any = Meanwhile(database)
        rows, total = await counted(db, Member, MEMBERS, MEMBERS_TOTAL, limit=1, offset=1, but=UNSET)
        assert (rows, total) == ([Member(KEY, "c@d.example")], 2)
        await database.close()

    run(story())


def test_what_is_no_select_is_no_page() -> None:
    with pytest.raises(ValueError, match="only what a SELECT finds"):
        library.JOIN.behind(COUNT)


def test_violations_have_the_same_names(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)
        with pytest.raises(UniqueViolation) as taken:
            await database.execute(library.JOIN, id=KEY, email="a@b.example", password="x")
        assert taken.value.constraint == "member_email_key"
        with pytest.raises(UniqueViolation) as taken:
            await database.execute(library.JOIN, id=OTHER, email="c@d.example", password="x")
        assert taken.value.constraint == "member_pkey"
        with pytest.raises(ForeignKeyViolation):
            await database.execute(library.INSERT, **VALUES, keeper_id=KEY, created_at=NOW)
        await database.execute(library.INSERT, **VALUES, keeper_id=OTHER, created_at=NOW)
        with pytest.raises(ForeignKeyViolation):
            await database.execute(sql("DELETE FROM member WHERE id = :id"), id=OTHER)
        await database.close()

    run(story())


def test_a_transaction_is_all_or_nothing(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)
        with pytest.raises(ZeroDivisionError):
            async with database.transaction() as tx:
                await tx.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
                counted = await tx.fetch_one(Count, COUNT)
                seen = await database.fetch_one(Count, COUNT)
                assert counted and seen
                assert (counted.n, seen.n) == (2, 1)
                raise ZeroDivisionError
        seen = await database.fetch_one(Count, COUNT)
        assert seen and seen.n == 1
        async with database.transaction() as tx:
            await tx.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
        seen = await database.fetch_one(Count, COUNT)
        assert seen and seen.n == 2
        await database.close()

    run(story())


def test_a_watched_database_notes_what_is_written_beside_transactions(run: Any, sqlite_url: str) -> None:
    async def story() -> None:
        database = Watched(await opened(sqlite_url))
        async with database.transaction() as tx:
            await tx.execute(library.INSERT, **VALUES, keeper_id=OTHER, created_at=NOW)
        assert await database.fetch_one(library.Book, BOOK, id=KEY) is not None
        await database.fetch_one(library.Book, sql(f"{BOOK.text} FOR UPDATE"), id=KEY)
        assert database.beside == [] and database.for_caller("role", None, NOW) is database
        await database.execute(library.DELETE, id=KEY)
        assert [text.split()[0] for text in database.beside] == ["DELETE"]
        await database.close()

    run(story())


def test_concurrent_writers_all_succeed(run: Any, database_url: str) -> None:
    async def write(database: Database, number: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(library.JOIN, id=UUID(int=number), email=f"{number}@b.example", password="x")

    async def story() -> None:
        database = await opened(database_url)
        await asyncio.gather(*(write(database, number) for number in range(10, 40)))
        seen = await database.fetch_one(Count, COUNT)
        assert seen and seen.n == 31
        await database.close()

    run(story())


def test_a_cancelled_transaction_leaves_nothing(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)

        async def hang() -> None:
            async with database.transaction() as tx:
                await tx.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
        await database.close()

    run(story())


def test_a_long_read_does_not_hold_up_the_loop_on_sqlite(run: Any, sqlite_url: str) -> None:
    long = sql(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000000)"
        " SELECT max(n) FROM c"
    )

    async def story() -> None:
        database = await opened(sqlite_url)
        task = asyncio.create_task(database.fetch_one(Count, long))
        await asyncio.sleep(0)
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.005)
            ticks += 1
        assert (await task) == Count(2000000)
        assert ticks > 5
        await database.close()

    run(story())


def test_another_process_that_writes_is_waited_for_on_sqlite(run: Any, sqlite_url: str) -> None:
    async def story() -> None:
        database = await opened(sqlite_url)
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(database.execute(library.JOIN, id=KEY, email="c@d.example", password="x"))
        await asyncio.sleep(0.05)
        assert not task.done()
        other.execute("COMMIT")
        other.close()
        assert await task == 1
        await database.close()

    run(story())


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.db"])
def test_a_database_that_cannot_be_reached_is_unavailable(run: Any, url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        run(open_database(url).connect())


def test_long_names_end_with_a_hash() -> None:
    assert unique_name("a", ["b", "c"]) == "a_b_c_key"
    long = unique_name("table" * 10, ["column" * 3])
    assert len(long) == 60
    assert long != unique_name("table" * 10, ["column" * 3 + "s"])
    assert shortened("x" * 60) == "x" * 60


@pytest.mark.parametrize(("least", "most"), [("Z", "a"), ("a", "ä"), ("\uffff", "\U00010000")])
def test_text_is_ordered_by_code_point(run: Any, database_url: str, least: str, most: str) -> None:
    ordered = sql(
        'SELECT count(*) AS n FROM book WHERE title < :most COLLATE "C" AND title > :other COLLATE "C"'
    )

    async def story() -> None:
        database = await opened(database_url)
        await database.execute(library.INSERT, **VALUES | {"title": least}, keeper_id=OTHER, created_at=NOW)
        found = await database.fetch_one(Count, ordered, most=most, other=least[:-1])
        assert found == Count(1)
        found = await database.fetch_one(Count, ordered, most=least, other="")
        assert found == Count(0)
        await database.close()

    run(story())


def test_an_overflow_in_a_statement_is_the_callers_mistake(run: Any, database_url: str) -> None:
    async def story() -> None:
        database = await opened(database_url)
        overflowing = sql("SELECT abs(CAST(-abs(v) AS bigint)) AS n FROM (SELECT :n * 2 AS v) AS computed")
        if database_url.startswith("postgresql"):
            overflowing = sql("SELECT CAST(:n AS bigint) * 2 AS n")
        for queries in (database.fetch_one, database.fetch_all):
            with pytest.raises(IntegerOverflow):
                await queries(Count, overflowing, n=2**62)
        async with database.transaction() as tx:
            with pytest.raises(IntegerOverflow):
                await tx.fetch_one(Count, overflowing, n=2**62)
        await database.close()

    run(story())


def test_a_file_that_is_gone_is_unavailable_and_nothing_is_written_to_it(run: Any, tmp_path: Any) -> None:
    async def story() -> None:
        database = await opened(f"sqlite:///{tmp_path}/service.db")
        (tmp_path / "service.db").unlink()
        with pytest.raises(DatabaseUnavailable):
            await database.execute(library.JOIN, id=KEY, email="c@d.example", password="x")
        with pytest.raises(DatabaseUnavailable):
            await database.fetch_all(Count, COUNT)
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction():
                pytest.fail("a transaction on a file that is gone")
        with pytest.raises(DatabaseUnavailable):
            await database.check()
        await database.close()

    run(story())


def test_a_database_that_accepts_no_connections_is_unavailable(
    run: Any, postgres_url: str, postgres_server: str
) -> None:
    async def story() -> None:
        database = await opened(postgres_url)
        name = postgres_url.partition("?")[0].rpartition("/")[2]
        operator = await asyncpg.connect(postgres_server)
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch_all(Count, COUNT)
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await operator.close()
        assert len(await database.fetch_all(Count, COUNT)) == 1
        await database.close()

    run(story())


def test_serializable_transactions_never_act_on_what_another_one_changes(run: Any, database_url: str) -> None:
    """Each joins only where fewer than three are members: at READ COMMITTED all of them would."""

    async def join(database: Database, number: int) -> None:
        while True:
            try:
                async with database.transaction(serializable=True) as tx:
                    counted = await tx.fetch_one(Count, COUNT)
                    await asyncio.sleep(0.01)
                    if counted and counted.n < 3:
                        email = f"{number}@b.example"
                        await tx.execute(library.JOIN, id=UUID(int=number), email=email, password="x")
                return
            except Contention:
                await asyncio.sleep(0.001 * number)

    async def story() -> None:
        database = await opened(database_url)
        await asyncio.gather(*(join(database, number) for number in range(10, 18)))
        seen = await database.fetch_one(Count, COUNT)
        assert seen and seen.n == 3
        await database.close()

    run(story())
