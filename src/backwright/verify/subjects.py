"""What scenarios are executed against: the reference in memory, or a backend over HTTP and its database."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import msgspec

from backwright.model.types import Model
from backwright.reference import Reference, Request
from backwright.reference.seam import now
from backwright.verify import fixtures, rows
from backwright.verify.compare import Seen, decoded
from backwright.verify.server import Server
from backwright.verify.wire import Wire


class Subject(Protocol):
    """A service that can be emptied, asked, and given rows past its rules."""

    def clear(self) -> None: ...

    def send(self, wire: Wire) -> Seen: ...

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        """Put a row in; answers it. Raises fixtures.Unfit with what is wrong with the values."""
        ...


class ReferenceSubject:
    """The meaning of a model itself."""

    def __init__(self, model: Model) -> None:
        self._model = fixtures.with_fixtures(model)
        self.clear()

    def clear(self) -> None:
        self._reference = Reference(self._model)

    def send(self, wire: Wire) -> Seen:
        return asked(self._reference, wire)

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        return fixtures.inserted(self.send(fixtures.request(entity, values, number)))


class HttpSubject:
    """A running backend. Its rows are computed by the reference and put into its database."""

    def __init__(self, model: Model, server: Server, client: httpx.Client) -> None:
        self._model = model
        self._server = server
        self._client = client

    def clear(self) -> None:
        rows.clear(self._server.database_url, self._model)

    def send(self, wire: Wire) -> Seen:
        answer = self._client.request(
            wire.method,
            self._client.base_url.copy_with(path=wire.path),
            params=list(wire.query),
            headers={**wire.headers, "x-request-id": wire.request_id},
            content=wire.content,
        )
        cookies = answer.headers.get_list("set-cookie")
        return decoded(answer.status_code, answer.headers, answer.content, cookies)

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        model = fixtures.with_fixtures(self._model)
        reference = Reference(model)
        shown = fixtures.inserted(asked(reference, fixtures.request(entity, values, number)))
        (row,) = reference.rows[entity]
        rows.insert(self._server.database_url, self._model.entity(entity), row)
        return shown


def asked(reference: Reference, wire: Wire) -> Seen:
    """The reference's answer in the form of a server's."""
    answer = reference.answer(
        Request(
            method=wire.method,
            path=wire.path,
            now=now(wire.request_id),
            request_id=wire.request_id,
            query=wire.query,
            authorization=wire.headers.get("authorization"),
            content_type=wire.headers.get("content-type"),
            headers=dict(wire.headers),
            body=wire.content,
        )
    )
    content = answer.content or b""
    if answer.body is not None:
        content = msgspec.json.encode(answer.body, enc_hook=str)
    return decoded(answer.status, answer.headers, content, answer.cookies)
