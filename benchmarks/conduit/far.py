"""A database that is a network away: a process in front of PostgreSQL's socket that passes everything on later.

The kernel's netem would be the better means, but many machines do not have it. What a round trip takes through this
process is measured and told, since timers are not exact.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import asyncpg

SECONDS = 0.001


class Later(asyncio.Protocol):
    """One end of a connection. What it receives goes to the other end a little later, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.transport: asyncio.WriteTransport | None = None
        self.other: Later | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        for data in self._early:
            transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(SECONDS, self._pass_on, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self._loop.call_later(SECONDS, self.other.transport.close)

    def _pass_on(self, data: bytes) -> None:
        assert self.other is not None
        if self.other.transport is None:
            self.other._early.append(data)
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)


async def serve(source: Path, target: Path) -> None:
    loop = asyncio.get_running_loop()

    def accepted() -> Later:
        here, there = Later(loop), Later(loop)
        here.other, there.other = there, here
        connecting.add(task := loop.create_task(loop.create_unix_connection(lambda: there, str(source))))
        task.add_done_callback(connecting.discard)
        return here

    connecting: set[asyncio.Task[object]] = set()
    server = await loop.create_unix_server(accepted, str(target))
    await server.serve_forever()


@contextmanager
def delayed(socket_folder: Path, folder: Path) -> Iterator[None]:
    """A socket in the folder that leads to PostgreSQL's in the other one, with a delay in each direction."""
    name = next(each.name for each in socket_folder.iterdir() if each.is_socket())
    process = subprocess.Popen([sys.executable, __file__, str(socket_folder / name), str(folder / name)])
    try:
        while not (folder / name).exists():
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def round_trip(url: str) -> float:
    """Milliseconds of the least statement there is."""

    async def measured() -> float:
        connection = await asyncpg.connect(url)
        times = []
        for _ in range(200):
            started = time.perf_counter()
            await connection.execute("SELECT 1")
            times.append(time.perf_counter() - started)
        await connection.close()
        return median(times) * 1000

    return asyncio.run(measured())


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
