"""Migrations on both databases: up, down, killed and resumed, changed behind one's back."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec import Struct
from runtime.library.app import MIGRATIONS

from backwright_runtime import ledger, migrations, sql, tables
from backwright_runtime.database import open_database
from backwright_runtime.migrations import Migration, MigrationError, Step

FIRST = "20300101000000_create_book"


class Found(Struct):
    n: int


class Killed(BaseException):
    """The process is gone."""


async def kill(migration: Migration, step: Step) -> None:
    raise Killed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    return tmp_path / "migrations"


def add(folder: Path, name: str, up: str, down: str = "-- step 1: nothing\nSELECT 1;\n") -> None:
    (folder / name).mkdir()
    for dialect in ("sqlite", "postgresql"):
        (folder / name / f"up.{dialect}.sql").write_text(up)
        (folder / name / f"down.{dialect}.sql").write_text(down)


async def states(url: str, folder: Path) -> list[tuple[str, int]]:
    return [(each.state, each.done) for each in await migrations.status(url, folder)]


async def count(url: str, table: str) -> int:
    database = open_database(url)
    await database.connect()
    try:
        found = await database.fetch_one(Found, sql(f"SELECT count(*) AS n FROM {table}"))
    finally:
        await database.close()
    assert found is not None
    return found.n


def test_up_status_down_up(run: Any, database_url: str, folder: Path) -> None:
    async def story() -> None:
        assert await states(database_url, folder) == [("pending", 0)]
        assert await migrations.up(database_url, folder) == [FIRST]
        assert await states(database_url, folder) == [("applied", 2)]
        assert await migrations.up(database_url, folder) == []
        assert await migrations.down(database_url, folder) == [FIRST]
        assert await states(database_url, folder) == [("pending", 0)]
        assert await migrations.down(database_url, folder) == []
        assert await migrations.up(database_url, folder) == [FIRST]
        assert await count(database_url, "book") == 0

    run(story())


def test_a_killed_run_is_resumed_at_the_step_where_it_stopped(
    run: Any, database_url: str, folder: Path
) -> None:
    async def story() -> None:
        with pytest.raises(Killed):
            await migrations.up(database_url, folder, after_step=kill)
        assert await states(database_url, folder) == [("half applied", 1)]
        assert await migrations.up(database_url, folder) == [FIRST]
        with pytest.raises(Killed):
            await migrations.down(database_url, folder, after_step=kill)
        assert (await states(database_url, folder))[0][0] == "half rolled back"
        with pytest.raises(MigrationError, match="half rolled back"):
            await migrations.up(database_url, folder)
        assert await migrations.down(database_url, folder) == [FIRST]
        assert await states(database_url, folder) == [("pending", 0)]

    run(story())


def test_a_killed_run_is_taken_back_from_where_it_stopped(run: Any, database_url: str, folder: Path) -> None:
    """It is finished first, so one that stored rows stand in the way of says so, and stays where it is."""
    add(
        folder,
        "20300102000000_two",
        "-- step 1: add\nCREATE TABLE note (id INTEGER);\n\n-- step 2: refuse\nCREATE TABLE book (id INTEGER);\n",
        "-- step 1: drop\nDROP TABLE note;\n",
    )

    async def story() -> None:
        with pytest.raises(MigrationError, match="step 2"):
            await migrations.up(database_url, folder)
        with pytest.raises(
            MigrationError, match=r"two, up, step 2 \(refuse\) failed .* the steps before it stay"
        ):
            await migrations.down(database_url, folder)
        assert await states(database_url, folder) == [("applied", 2), ("half applied", 1)]
        for dialect in ("sqlite", "postgresql"):
            path = folder / "20300102000000_two" / f"up.{dialect}.sql"
            path.write_text(path.read_text().replace("TABLE book", "TABLE paper"))
        assert await migrations.down(database_url, folder) == ["20300102000000_two"]
        assert await states(database_url, folder) == [("applied", 2), ("pending", 0)]
        assert await count(database_url, "book") == 0

    run(story())


def test_a_failing_step_is_undone_and_loses_nothing(run: Any, database_url: str, folder: Path) -> None:
    add(
        folder,
        "20300102000000_fails",
        "-- step 1: add\nCREATE TABLE note (id bigint);\nINSERT INTO note VALUES (1); -- a; b\n\n"
        "-- step 2: fail\nDELETE FROM note;\nINSERT INTO nowhere VALUES (1);\n".replace("bigint", "INTEGER"),
    )

    async def story() -> None:
        with pytest.raises(
            MigrationError, match=r"step 2 \(fail\) failed .* steps before it stay: .*nowhere"
        ):
            await migrations.up(database_url, folder)
        assert await count(database_url, "note") == 1
        assert await states(database_url, folder) == [("applied", 2), ("half applied", 1)]

    run(story())


def test_who_fails_at_the_first_step_is_told_that_there_is_nothing_to_roll_back(
    run: Any, database_url: str, folder: Path
) -> None:
    """`migrate down` would take the migration before it back, which stands."""
    add(folder, "20300102000000_fails", "-- step 1: fail\nINSERT INTO nowhere VALUES (1);\n")

    async def story() -> None:
        with pytest.raises(
            MigrationError, match=r"nothing of it is applied, and nothing to roll back: .*nowhere"
        ):
            await migrations.up(database_url, folder)
        assert await states(database_url, folder) == [("applied", 2), ("pending", 0)]

    run(story())


def test_a_step_that_was_changed_after_it_was_run_is_refused(
    run: Any, database_url: str, folder: Path
) -> None:
    async def story() -> None:
        await migrations.up(database_url, folder)
        for dialect in ("sqlite", "postgresql"):
            path = folder / FIRST / f"up.{dialect}.sql"
            path.write_text(path.read_text().replace("email", "mail"))
        with pytest.raises(MigrationError, match="step 1 of up was changed"):
            await migrations.up(database_url, folder)
        with pytest.raises(MigrationError, match="was changed"):
            await migrations.down(database_url, folder)

    run(story())


def test_a_database_that_is_ahead_of_the_folder_is_left_alone(
    run: Any, database_url: str, folder: Path
) -> None:
    async def story() -> None:
        await migrations.up(database_url, folder)
        shutil.rmtree(folder / FIRST)
        assert await states(database_url, folder) == [("unknown", 2)]
        with pytest.raises(MigrationError, match="not in the folder"):
            await migrations.up(database_url, folder)

    run(story())


def test_up_to_a_migration_and_one_without_steps(run: Any, database_url: str, folder: Path) -> None:
    add(folder, "20300102000000_nothing", "-- Nothing to do.\n", "-- Nothing to do.\n")
    add(folder, "20300103000000_later", "-- step 1: one\nCREATE TABLE later (id INTEGER);\n")

    async def story() -> None:
        applied = await migrations.up(database_url, folder, "20300102")
        assert applied == [FIRST, "20300102000000_nothing"]
        assert await states(database_url, folder) == [("applied", 2), ("applied", 1), ("pending", 0)]
        assert await migrations.down(database_url, folder, 2) == ["20300102000000_nothing", FIRST]
        with pytest.raises(MigrationError, match="no migration"):
            await migrations.up(database_url, folder, "2031")

    run(story())


def test_a_step_that_leaves_a_reference_dangling_is_undone_on_sqlite(
    run: Any, sqlite_url: str, folder: Path
) -> None:
    add(
        folder,
        "20300102000000_orphans",
        "-- step 1: add\n"
        "INSERT INTO book VALUES ('b', 't', 1, 0, NULL, 'nobody', '2030-01-01T00:00:00.000000Z');\n",
    )

    async def story() -> None:
        with pytest.raises(MigrationError, match="leads nowhere"):
            await migrations.up(sqlite_url, folder)
        assert await count(sqlite_url, "book") == 0

    run(story())


def test_the_runtimes_own_tables_come_first_and_stay(run: Any, database_url: str, folder: Path) -> None:
    """Made once, whatever the folder holds; rolling back a migration leaves what they remember."""

    async def story() -> None:
        await migrations.up(database_url, folder)
        database = open_database(database_url)
        await database.connect()
        moment = datetime(2030, 1, 1, tzinfo=UTC)
        await database.execute(
            sql("INSERT INTO backwright_revoked_token (token_id, expires_at) VALUES (:id, :at)"),
            id="t",
            at=moment,
        )
        await database.close()
        await migrations.down(database_url, folder)
        assert await migrations.up(database_url, folder) == [FIRST]
        assert await count(database_url, "backwright_revoked_token") == 1
        assert await count(database_url, "backwright_idempotent_answer") == 0

    run(story())


def test_a_later_version_of_the_runtimes_tables_is_added(
    run: Any, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        await migrations.up(database_url, folder)
        later = {
            dialect: (*scripts, "CREATE TABLE backwright_more (n integer);")
            for dialect, scripts in tables.RUNTIME_TABLES.items()
        }
        monkeypatch.setattr(ledger, "RUNTIME_TABLES", later)
        await migrations.up(database_url, folder)
        await migrations.up(database_url, folder)  # run a second time it would fail
        assert await count(database_url, "backwright_more") == 0

    run(story())


CONCURRENTLY = """-- step 1: make it
CREATE TABLE shelf (n bigint NOT NULL, m bigint);
INSERT INTO shelf SELECT n, NULL FROM generate_series(1, 25) AS n;

-- step 2, outside a transaction: an index without keeping writers out
DROP INDEX CONCURRENTLY IF EXISTS shelf_n_idx;
CREATE UNIQUE INDEX CONCURRENTLY shelf_n_idx ON shelf (n);

-- step 3, in batches: a value for all
UPDATE shelf SET m = n WHERE n IN (SELECT n FROM shelf WHERE m IS NULL LIMIT 10);
"""


def concurrent(folder: Path, up: str = CONCURRENTLY) -> None:
    add(folder, "20300202000000_shelf", "-- step 1: nothing\nSELECT 1;\n")
    (folder / "20300202000000_shelf" / "up.postgresql.sql").write_text(up)


def test_steps_without_a_transaction_and_in_batches(
    run: Any, postgres_url: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed after the index, they go on; the batches stop when nothing is left to do, and are told."""
    caplog.set_level("INFO")
    concurrent(folder)

    async def killed_after_two(migration: Migration, step: Step) -> None:
        if migration.name.endswith("shelf") and step.number == 2:
            raise Killed

    with pytest.raises(Killed):
        run(migrations.up(postgres_url, folder, after_step=killed_after_two))
    assert run(states(postgres_url, folder))[-1] == ("half applied", 2)
    run(migrations.up(postgres_url, folder))
    assert run(count(postgres_url, "shelf WHERE m = n")) == 25
    told = [record.getMessage() for record in caplog.records if record.name == "backwright.migrations"]
    assert told == [f"20300202000000_shelf, step 3: {rows} rows" for rows in (10, 10, 5)]
    assert run(count(postgres_url, "pg_index WHERE indexrelid = 'shelf_n_idx'::regclass AND indisvalid")) == 1


def test_runners_that_come_together_make_an_index_once(run: Any, postgres_url: str, folder: Path) -> None:
    """An index that is made concurrently waits for old snapshots; those who wait for their turn have none."""
    concurrent(folder)

    async def story() -> list[list[str]]:
        return await asyncio.gather(*(migrations.up(postgres_url, folder) for _ in range(3)))

    applied = run(story())
    assert sorted(map(len, applied)) == [0, 0, 2]
    assert run(states(postgres_url, folder))[-1] == ("applied", 3)


def test_an_index_that_cannot_be_made_leaves_none_behind(run: Any, postgres_url: str, folder: Path) -> None:
    """PostgreSQL leaves an invalid one; and after the rows are mended it is made."""
    concurrent(folder, CONCURRENTLY.replace("SELECT n, NULL", "SELECT n / 2, NULL"))
    with pytest.raises(MigrationError, match="step 2"):
        run(migrations.up(postgres_url, folder))
    assert run(count(postgres_url, "pg_class WHERE relname = 'shelf_n_idx'")) == 0
    run(
        executed(
            postgres_url,
            "DELETE FROM shelf AS one USING shelf AS two WHERE one.n = two.n AND one.ctid > two.ctid",
        )
    )
    run(migrations.up(postgres_url, folder))
    assert run(count(postgres_url, "pg_class WHERE relname = 'shelf_n_idx'")) == 1


def test_a_step_waits_briefly_for_a_lock_and_tries_again(
    run: Any, postgres_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads meanwhile waits no longer than it does; and it gives up at last, with nothing done."""
    monkeypatch.setattr(ledger, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(ledger, "_PAUSE", 0.3)
    run(migrations.up(postgres_url, folder))
    add(folder, "20300202000000_wider", "-- step 1: wider\nALTER TABLE book ADD COLUMN wide text;\n")

    async def while_it_is_read(seconds: float) -> None:
        holder, reader = [await asyncpg.connect(postgres_url) for _ in range(2)]
        try:
            reading = holder.transaction()
            await reading.start()
            await holder.fetch("SELECT count(*) FROM book")
            migrating = asyncio.create_task(migrations.up(postgres_url, folder))
            await asyncio.sleep(seconds)
            await reader.fetchval("SELECT count(*) FROM book", timeout=20)
            assert not migrating.done()
            await reading.rollback()
            await migrating
        finally:
            await holder.close()
            await reader.close()

    run(while_it_is_read(0.5))
    assert run(count(postgres_url, "book WHERE wide IS NULL")) == run(count(postgres_url, "book"))
    run(migrations.down(postgres_url, folder))
    monkeypatch.setattr(ledger, "LOCK_PATIENCE", 0.0)
    (folder / "20300202000000_wider" / "up.postgresql.sql").write_text(
        "-- step 1: wider\nALTER TABLE book ADD COLUMN wider text;\n"
    )
    with pytest.raises(MigrationError, match="lock timeout"):
        run(while_it_is_held(postgres_url, folder))


async def while_it_is_held(url: str, folder: Path) -> None:
    holder = await asyncpg.connect(url)
    try:
        async with holder.transaction():
            await holder.fetch("SELECT count(*) FROM book")
            await migrations.up(url, folder)
    finally:
        await holder.close()


async def executed(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
