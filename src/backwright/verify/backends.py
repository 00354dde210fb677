"""A backend under test: what answers requests, and whose rows can be read, emptied and put in."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import urlsplit

from backwright.model.types import Entity, Field, Model
from backwright.verify.compare import Seen, decoded
from backwright.verify.databases import Tables
from backwright.verify.rows import Rows
from backwright.verify.server import ENCRYPTION_KEYS, FRESH, Server
from backwright.verify.traffic import Assigned
from backwright_runtime import Cipher, EncryptionKey

REQUEST_SECONDS = 10.0
ASKED_AGAIN = (ConnectionError, http.client.BadStatusLine, http.client.CannotSendRequest)


class NoAnswer(Exception):
    """The backend did not answer."""


OverHttp = tuple[str, str, Mapping[str, str], bytes | None]
"""A request: method, target, headers, content."""


class Wired:
    """One HTTP/1.1 connection that is kept alive. Nothing is normalised on the way."""

    def __init__(self, url: str, seconds: float = REQUEST_SECONDS) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._seconds = parts.hostname or "", parts.port, seconds
        self._connection: http.client.HTTPConnection | None = None

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> Seen:
        """The answer to one request. Raises NoAnswer."""
        fresh = self._connection is None
        try:
            return self._sent(method, target, headers, content)
        except ASKED_AGAIN as error:
            self.close()
            if fresh:
                raise NoAnswer(repr(error)) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(repr(error)) from error
        return self.send(method, target, headers, content)  # the server had closed a connection that idled

    def _sent(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> Seen:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        self._connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            self._connection.putheader(name, value)
        if content is not None or method in ("POST", "PUT", "PATCH"):
            self._connection.putheader("content-length", str(len(content or b"")))
        self._connection.endheaders(content)
        answer = self._connection.getresponse()
        cookies = answer.headers.get_all("set-cookie") or ()
        return decoded(answer.status, dict(answer.headers), answer.read(), cookies)

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Backend(Protocol):
    """What the comparison needs."""

    def fresh(self) -> None:
        """Begin again: no rows, nothing remembered in memory."""
        ...

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> Seen:
        """The answer to one request. Raises NoAnswer."""
        ...

    def send_together(self, requests: Sequence[OverHttp]) -> list[Seen]:
        """The answers to requests that are sent at the same time. Raises NoAnswer."""
        ...

    def assign(self, assigned: Assigned) -> None:
        """Set one field of a row past every rule."""
        ...

    def insert(self, entity: Entity, row: Mapping[str, Any]) -> None:
        """Put a row in past every rule, as the reference holds it."""
        ...

    def statements(self, entity: Entity, row: Mapping[str, Any]) -> list[str]:
        """What `insert` does, as SQL for people to run again; none where there is no database."""
        ...

    def setting(self, assigned: Assigned) -> str:
        """What `assign` does, as SQL for people to run again; empty where there is no database."""
        ...

    def number_after(self, entity: Entity, field: Field, last: int) -> int | None:
        """The first number of a sequence behind the last one that is known; None when there is none."""
        ...

    def rows(self) -> Rows:
        """Every row."""
        ...

    def log_tail(self) -> str:
        """The last lines that it wrote about itself."""
        ...


class RunningBackend:
    """A server process and its database."""

    def __init__(self, model: Model, server: Server) -> None:
        self._server = server
        self._wired = Wired(server.url)
        self._others: list[Wired] = []
        self._tables = Tables(server.database_url, model, encrypted)
        self.send = self._wired.send
        self.assign = self._tables.assign
        self.insert = self._tables.insert
        self.statements = self._tables.statements
        self.setting = self._tables.setting
        self.number_after = self._tables.number_after
        self.rows = self._tables.rows

    def send_together(self, requests: Sequence[OverHttp]) -> list[Seen]:
        """Each on a connection of its own."""
        while len(self._others) < len(requests):
            self._others.append(Wired(self._server.url))
        lines = self._others[: len(requests)]
        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(lambda pair: pair[0].send(*pair[1]), zip(lines, requests, strict=True)))

    def fresh(self) -> None:
        """Empty the tables, and let the process begin again."""
        self._tables.clear()
        self._wired.send("POST", FRESH, {}, None)

    def log_tail(self) -> str:
        """The end of the server's log."""
        return self._server.log_tail()

    def close(self) -> None:
        """End the connections."""
        for wired in (self._wired, *self._others):
            wired.close()
        self._tables.close()


CIPHER = Cipher([EncryptionKey(*ENCRYPTION_KEYS.split(":", 1))])
"""The service's own: the same key."""


def encrypted(table: str, field: Field, value: str) -> str:
    """What the service under test would store: with the key that it was given, alike for equal values."""
    return CIPHER.encrypt_same(value, f"{table}.{field.column}")
