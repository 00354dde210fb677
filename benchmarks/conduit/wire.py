"""How many statements a request costs: a proxy in front of PostgreSQL that reads what a service sends to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

QUERY, EXECUTE, SYNC = b"Q"[0], b"E"[0], b"S"[0]


class Counts:
    """Statements that were executed, and how often the service waited for the database."""

    def __init__(self) -> None:
        self.statements = 0
        self.round_trips = 0

    def reader(self) -> Callable[[bytes], None]:
        """What looks at the bytes of one connection (the frontend's messages, after the first)."""
        buffer = bytearray()
        started = False

        def read(data: bytes) -> None:
            nonlocal started
            buffer.extend(data)
            while True:
                head = 1 if started else 0
                if len(buffer) < head + 4:
                    return
                length = head + int.from_bytes(buffer[head : head + 4])
                if len(buffer) < length:
                    return
                kind = buffer[0] if started else 0
                self.statements += kind in (QUERY, EXECUTE)
                self.round_trips += kind in (QUERY, SYNC)
                started = True
                del buffer[:length]

        return read


@contextmanager
def counted(socket_folder: Path, folder: Path) -> Iterator[Counts]:
    """A socket in the folder that leads to PostgreSQL's in the other one, and what goes through it."""
    counts = Counts()
    name = next(each.name for each in socket_folder.iterdir() if each.is_socket())
    loop = asyncio.new_event_loop()

    async def serve(from_service: asyncio.StreamReader, to_service: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(str(socket_folder / name))
        await asyncio.gather(
            _pass_on(from_service, to_server, counts.reader()),
            _pass_on(from_server, to_service, lambda _: None),
        )

    loop.run_until_complete(asyncio.start_unix_server(serve, str(folder / name)))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, look: Callable[[bytes], None]
) -> None:
    try:
        while data := await source.read(65536):
            look(data)
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()
