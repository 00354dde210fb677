"""What a service asks its database: every statement that it executes, noted from outside.

PostgreSQL is asked through a proxy that reads the frontend's side of its protocol (version 3, PostgreSQL manual,
"Frontend/Backend Protocol"). It refuses encryption, so that it can read; it is for loopback only. Our own backends
note what SQLite executes themselves (`serve_under_test`), in the same form: one JSON string a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit, urlunsplit

import msgspec

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
DEFAULT_PORT = 5432
CHUNK = 65536
Note = Callable[[str], None]


class Frontend:
    """Reads what one connection sends: statements, at the moment at which they are executed."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._buffer = bytearray()
        self._started = False
        self._statements: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}

    def read(self, data: bytes) -> tuple[bytes, bytes]:
        """What goes on to the server, and what the client is answered at once."""
        self._buffer.extend(data)
        onward, refused = bytearray(), bytearray()
        while (length := self._length()) is not None and len(self._buffer) >= length:
            message = bytes(self._buffer[:length])
            del self._buffer[:length]
            if self._started:
                self._look(message[:1], message[5:])
            elif int.from_bytes(message[4:8]) in (SSL_REQUEST, GSS_REQUEST):
                refused += b"N"
                continue
            self._started = True
            onward += message
        return bytes(onward), bytes(refused)

    def _length(self) -> int | None:
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return None
        return head + int.from_bytes(self._buffer[head : head + 4])

    def _look(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"Q":
                self._note(_text(content))
            case b"P":
                name, rest = content.split(b"\0", 1)
                self._statements[name] = _text(rest)
            case b"B":
                portal, name, *_ = content.split(b"\0", 2)
                self._portals[portal] = self._statements.get(name, "")
            case b"E":
                self._note(self._portals.get(content.split(b"\0", 1)[0], ""))
            case _:
                pass


def _text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode("utf-8", "replace")


@contextmanager
def counted(database_url: str, noted: Path) -> Iterator[str]:
    """An address on loopback that leads to the same PostgreSQL database; `noted` has what was executed there."""
    encode = msgspec.json.encode
    with noted.open("ab", buffering=0) as file:
        loop = asyncio.new_event_loop()

        async def serve(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
            server, requests = await _connected(database_url)
            frontend = Frontend(lambda text: _append(file.write, encode(text)))
            await asyncio.gather(_asked(client, requests, answers, frontend), _answered(server, answers))

        listening = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
        port = listening.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield _through(database_url, port)
        finally:
            asyncio.run_coroutine_threadsafe(_ended(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            listening.close()
            loop.close()


def _append(write: Callable[[bytes], object], line: bytes) -> None:
    write(line + b"\n")


async def _ended() -> None:
    """Every connection is gone."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    host = parts.hostname or unquote(parse_qs(parts.query).get("host", ["127.0.0.1"])[0])
    port = parts.port or DEFAULT_PORT
    if not host.startswith("/"):
        return await asyncio.open_connection(host, port)
    return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")


def _through(url: str, port: int) -> str:
    """The address with the proxy's place in it."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    kept = {name: values for name, values in parse_qs(parts.query).items() if name not in ("host", "port")}
    place = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
    return urlunsplit(parts._replace(netloc=place, query=urlencode(kept, doseq=True)))


async def _asked(
    client: asyncio.StreamReader,
    server: asyncio.StreamWriter,
    answers: asyncio.StreamWriter,
    frontend: Frontend,
) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await client.read(CHUNK):
            onward, refused = frontend.read(data)
            answers.write(refused)
            server.write(onward)
            await server.drain()
    server.close()


async def _answered(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await server.read(CHUNK):
            client.write(data)
            await client.drain()
    client.close()


class Noted:
    """Reads what was noted, each statement once: from now on, or from the `beginning`."""

    def __init__(self, path: Path, *, beginning: bool = False) -> None:
        self._path = path
        self._at = path.stat().st_size if path.exists() and not beginning else 0

    def news(self) -> list[str]:
        """The statements that were executed since this was asked last."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            whole, _, _ = file.read().rpartition(b"\n")
        if not whole:
            return []
        self._at += len(whole) + 1
        return [msgspec.json.decode(line, type=str) for line in whole.split(b"\n")]
