"""Many clients of one backend at the same time: a built example that is served, and what it answered them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from backwright.verify.server import Server

EXAMPLES = Path(__file__).parents[1] / "examples"
CLIENTS = 50
MINUTES = float(os.environ.get("BACKWRIGHT_MINUTES", "0"))
"""How long all stories on one database go on together; by default each is told once."""


def example(name: str, root: Path) -> Path:
    """The example, built from nothing in a folder of its own."""
    subprocess.run(["cp", "-r", str(EXAMPLES / name), str(root)], check=True)
    command = [sys.executable, "-m", "backwright", "build"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def rounds(stories: int) -> Iterator[int]:
    """Numbers the repetitions of one of several stories: one, or as many as its share of the minutes allows."""
    deadline = time.monotonic() + MINUTES * 60 / stories
    number = 0
    while number == 0 or time.monotonic() < deadline:
        yield number
        number += 1


class Crowd:
    """The clients of one backend. `statuses` counts every answer there was."""

    def __init__(self, servers: Sequence[Server], http: httpx.AsyncClient, scheme: str) -> None:
        self.statuses: Counter[int] = Counter()
        self._servers = servers
        self._urls = cycle(server.url for server in servers)
        self._http = http
        self._scheme = scheme

    def log_tail(self) -> str:
        """What the processes complained of last."""
        return "\n".join(server.log_tail(40) for server in self._servers)

    async def ask(
        self, method: str, path: str, token: str | None = None, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request. Keywords are headers, with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["authorization"] = f"{self._scheme} {token}"
        try:
            answer = await self._http.request(method, next(self._urls) + path, json=body, headers=given)
        except httpx.TransportError as error:
            raise AssertionError(f"{method} {path}: {error!r}\n{self.log_tail()}") from error
        self.statuses[answer.status_code] += 1
        assert answer.status_code != 500, f"{method} {path}: {answer.text}\n{self.log_tail()}"
        return answer

    async def told(self, method: str, path: str, token: str | None = None, body: object = None) -> Any:
        """The content of the answer to a request that must succeed."""
        answer = await self.ask(method, path, token, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """A statement of the test's own, past the service."""
        url = self._servers[0].database_url
        if url.startswith("sqlite"):
            with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10) as opened:
                found = opened.execute(statement).fetchall()
            opened.close()
            return found
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()


@asynccontextmanager
async def crowd(servers: Sequence[Server], scheme: str = "Bearer") -> AsyncIterator[Crowd]:
    """Clients that do not wait for each other and ask one process after the other; at the end none may have met a
    failure of the service.

    A client has a patience of a minute, so what the service does not answer in that time fails the test.
    """
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(limits=limits, timeout=60) as http:
        there = Crowd(servers, http, scheme)
        yield there
        print(f"statuses: {dict(sorted(there.statuses.items()))}")
        assert there.statuses[503] == 0, f"{there.statuses}\n{there.log_tail()}"


async def together(*asked: Coroutine[Any, Any, httpx.Response]) -> list[httpx.Response]:
    """All at once; the answers in the order in which they were asked for."""
    return list(await asyncio.gather(*asked))


def counted(answers: list[httpx.Response]) -> Counter[int]:
    """How often each status was answered."""
    return Counter(answer.status_code for answer in answers)
