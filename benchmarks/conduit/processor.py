"""What requests cost: processor time of a server, and of the database's processes that work for it.

Throughput on a machine that others use as well says little; processor time depends less on who else is there (caches
are still shared). It is read from /proc (Linux), in nanoseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
from msgspec import Struct

Clock = Callable[[], "Used"]


class Used(Struct, frozen=True):
    """Seconds of the processor."""

    server: float
    database: float

    def since(self, before: Used) -> Used:
        """What was used from then to now."""
        return Used(self.server - before.server, self.database - before.database)

    def each(self, requests: int) -> Used:
        """Microseconds of one of so many requests."""
        return Used(self.server / requests * 1e6, self.database / requests * 1e6)


def clock(pid: int, url: str) -> Clock:
    """What the server with this process id and its children used so far, and PostgreSQL's processes."""
    postmaster = None if url.startswith("sqlite:") else asyncio.run(_postmaster(url))

    def read() -> Used:
        below = _below(pid) if postmaster is None else _below(pid, postmaster)
        database = 0.0 if postmaster is None else sum(map(_seconds, below[postmaster]))
        return Used(sum(map(_seconds, (pid, *below[pid]))), database)

    return read


async def _postmaster(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return _parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text("utf-8")
    return int(status.rpartition(")")[2].split()[1])


def _below(*pids: int) -> dict[int, list[int]]:
    """The processes that each of these started, and those that they started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is gone meanwhile
            children.setdefault(_parent(int(folder.name)), []).append(int(folder.name))

    def below(pid: int) -> list[int]:
        return [each for child in children.get(pid, ()) for each in (child, *below(child))]

    return {pid: below(pid) for pid in pids}


def _seconds(pid: int) -> float:
    """Of all its threads; none of a process that is gone."""
    total = 0
    for each in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(each.read_text("utf-8").split()[0])
        except OSError:
            continue
    return total / 1e9
