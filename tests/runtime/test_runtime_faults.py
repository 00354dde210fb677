"""A database that goes away, is full or has no time: who was told that something is done finds it done."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from runtime.library import app as library
from runtime.test_runtime_database import COUNT, Count, opened

from backwright_runtime import migrations, sql
from backwright_runtime.database import connections, open_database
from backwright_runtime.database.interface import DatabaseUnavailable
from backwright_runtime.database.sqlite import SqliteDatabase
from backwright_runtime.testing import client

SLEEP = sql("SELECT 1 AS n FROM pg_sleep(1)")
STEPS = 400
ROOT = Path(__file__).parents[2]
# It goes on while it is being killed, so that it dies anywhere; before its last step it waits to be killed.
NEVER_FINISHES = """
import asyncio, sys, time
from pathlib import Path
from backwright_runtime import migrations

url, folder, after, steps = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])

async def tell(migration, step):
    if step.number == after:
        print("on its way", flush=True)
    if step.number == steps - 1:
        time.sleep(600)

asyncio.run(migrations.up(url, folder, after_step=tell))
"""


def test_whoever_finds_no_free_connection_is_told_so_and_the_next_one_is_served(
    run: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.3)

    async def story() -> None:
        await migrations.up(postgres_url, library.MIGRATIONS)
        database = open_database(postgres_url, pool_size=2)
        busy = [asyncio.create_task(database.fetch_all(Count, SLEEP)) for _ in range(2)]
        pool = database.pool()
        while pool is None or pool.busy < 2:
            await asyncio.sleep(0)
            pool = database.pool()
        waiting = asyncio.create_task(database.fetch_all(Count, COUNT))
        while pool is None or pool.awaited == 0:
            await asyncio.sleep(0)
            pool = database.pool()
        assert (pool.busy, pool.idle, pool.limit, pool.awaited) == (2, 0, 2, 1)
        with pytest.raises(DatabaseUnavailable):
            await waiting
        await asyncio.gather(*busy)
        assert await database.fetch_all(Count, COUNT) == [Count(0)]
        pool = database.pool()
        assert pool is not None
        assert (pool.busy, pool.awaited) == (0, 0)
        await database.close()

    run(story())


def test_cut_connections_lose_nothing_that_was_acknowledged(
    run: Any, postgres_url: str, postgres_server: str
) -> None:
    """While members join, every connection of the service is cut again and again."""

    async def story() -> None:
        name = postgres_url.partition("?")[0].rpartition("/")[2]
        operator = await asyncpg.connect(postgres_server)
        async with client(
            library.create_for, migrations=library.MIGRATIONS, database_url=postgres_url
        ) as http:
            statuses: dict[str, int] = {}

            async def join(worker: int) -> None:
                for number in range(25):
                    email = f"{worker}-{number}@a.example"
                    answer = await http.post("/members", json={"email": email, "password": "correct horse"})
                    statuses[email] = answer.status_code

            async def cut() -> None:
                for _ in range(8):
                    await asyncio.sleep(0.03)
                    await operator.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
                    )

            await asyncio.gather(cut(), *(join(worker) for worker in range(8)))
            assert set(statuses.values()) <= {201, 503}
            assert 201 in statuses.values()
            after = await http.post("/members", json={"email": "z@a.example", "password": "correct horse"})
            assert after.status_code == 201
        stored = {row[0] for row in await _rows(postgres_url, "SELECT email FROM member")}
        assert {email for email, status in statuses.items() if status == 201} <= stored
        await operator.close()

    run(story())


async def _rows(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def test_a_full_disk_refuses_writes_loses_nothing_and_goes_on_when_there_is_room(
    run: Any, sqlite_url: str
) -> None:
    async def story() -> None:
        database = await opened(sqlite_url)
        assert isinstance(database, SqliteDatabase)
        writer = database._writer
        assert writer is not None
        pages = writer.execute("PRAGMA page_count").fetchone()[0]
        writer.execute(f"PRAGMA max_page_count = {pages + 4}")
        joined = 0
        with pytest.raises(DatabaseUnavailable):
            for number in range(1000):
                key = UUID(int=100 + number)
                await database.execute(library.JOIN, id=key, email=f"{number}@a.example", password="x" * 500)
                joined += 1
        with pytest.raises(DatabaseUnavailable):
            async with database.transaction() as tx:
                for number in range(1000):
                    key = UUID(int=10_000 + number)
                    await tx.execute(library.JOIN, id=key, email=f"{number}@b.example", password="x" * 500)
        assert joined
        assert await database.fetch_all(Count, COUNT) == [Count(1 + joined)]
        writer.execute("PRAGMA max_page_count = 1000000")
        await database.execute(library.JOIN, id=UUID(int=99), email="room@a.example", password="x")
        assert await database.fetch_all(Count, COUNT) == [Count(2 + joined)]
        assert writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        await database.close()

    run(story())


def command(url: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runtime.patience", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
            "DATABASE_URL": url,
            "TOKEN_KEYS": f"k:{'x' * 32}",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_service_that_starts_before_its_database_waits_for_it_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    url = f"sqlite:///{folder}/service.db"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = command(url, "serve", PORT=str(port))
    try:
        time.sleep(2)
        assert process.poll() is None
        folder.mkdir()
        deadline = time.monotonic() + 10
        while True:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
                ready = httpx.get(f"http://127.0.0.1:{port}/ready")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert ready.status_code == 503  # it runs, and nothing is migrated
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=15)
    assert "cannot be reached yet" in output


def test_a_service_without_its_database_ends_and_says_why() -> None:
    process = command("postgresql://nobody:s3cr3t@127.0.0.1:1/none", "serve", PORT="0")
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "see DATABASE_URL" in output
    assert "s3cr3t" not in output


@pytest.mark.parametrize("after", [1, 40, 150])
def test_migrations_that_were_killed_are_completed_by_the_next_run(
    run: Any, database_url: str, tmp_path: Path, after: int
) -> None:
    """Killed at any moment, also between two statements of a step: nothing is half done, nothing done twice."""
    folder = tmp_path / "migrations"
    shutil.copytree(library.MIGRATIONS, folder)
    [name] = [each.name for each in folder.iterdir()]
    many = [
        f"-- step {number}: add row {number}\nCREATE TABLE t{number} (id INTEGER);\n"
        f"INSERT INTO t{number} VALUES (1);\n"
        for number in range(1, STEPS + 1)
    ]
    for database in ("sqlite", "postgresql"):
        (folder / name / f"up.{database}.sql").write_text("\n".join(many))
    process = subprocess.Popen(
        [sys.executable, "-c", NEVER_FINISHES, database_url, str(folder), str(after), str(STEPS)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None

    async def story() -> None:
        assert process.stdout.readline() == b"on its way\n"
        process.kill()
        process.communicate()
        assert (await migrations.status(database_url, folder))[0].done < STEPS  # it was killed on its way
        deadline = time.monotonic() + 10
        while True:
            try:
                await migrations.up(database_url, folder)
                break
            except DatabaseUnavailable:  # until the server has noticed that the other run is gone
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
        [state] = await migrations.status(database_url, folder)
        assert (state.state, state.done) == ("applied", STEPS)
        database = open_database(database_url)
        await database.connect()
        for number in range(1, STEPS + 1):
            assert await database.fetch_all(Count, sql(f"SELECT count(*) AS n FROM t{number}")) == [Count(1)]
        await database.close()

    run(story())


def test_a_full_disk_stops_a_migration_at_a_step_and_the_next_run_goes_on(run: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/service.db"
    folder = tmp_path / "migrations"
    shutil.copytree(library.MIGRATIONS, folder)
    [name] = [each.name for each in folder.iterdir()]
    text = "-- step 1: a\nCREATE TABLE a (id INTEGER);\n\n-- step 2: b\nCREATE TABLE b (id TEXT);\n"
    text += f"INSERT INTO b VALUES ('{'x' * 400_000}');\n"
    (folder / name / "up.sqlite.sql").write_text(text)

    async def story() -> None:
        limited = sqlite3.connect(tmp_path / "service.db")
        real = sqlite3.connect

        def full(*arguments: Any, **more: Any) -> sqlite3.Connection:
            connection = real(*arguments, **more)
            connection.execute("PRAGMA max_page_count = 40")
            return connection

        limited.close()
        with pytest.MonkeyPatch.context() as patched, pytest.raises(Exception, match=r"FULL|full|step 2"):
            patched.setattr(sqlite3, "connect", full)
            await migrations.up(url, folder)
        assert [(each.state, each.done) for each in await migrations.status(url, folder)] == [
            ("half applied", 1)
        ]
        assert await migrations.up(url, folder) == [name]

    run(story())
