"""What scenarios are executed against: the reference in memory, or a backend over HTTP and its database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import msgspec

from backwright.model.types import Entity, Field, Model
from backwright.reference import Reference, Request
from backwright.reference.seam import now
from backwright.verify import fixtures
from backwright.verify.backends import Backend
from backwright.verify.compare import Seen, decoded
from backwright.verify.wire import Wire


class Subject(Protocol):
    """A service that can be emptied, asked, and given rows past its rules."""

    def clear(self) -> None: ...

    def send(self, wire: Wire) -> Seen: ...

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        """Put a row in; answers it. Raises fixtures.Unfit with what is wrong with the values."""
        ...


class ReferenceSubject:
    """The meaning of a model itself. `later`: so much after the time of scenarios, or before it."""

    def __init__(self, model: Model, later: timedelta = timedelta()) -> None:
        self._model = fixtures.with_fixtures(model)
        self._later = later
        self.clear()

    def clear(self) -> None:
        self.reference = Reference(self._model)

    def send(self, wire: Wire) -> Seen:
        return asked(self.reference, wire, self._later)

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        return fixtures.inserted(self.send(fixtures.request(entity, values, number)))


class HttpSubject:
    """A running backend. Its rows are computed by the reference and put into its database."""

    def __init__(self, model: Model, backend: Backend) -> None:
        self._model = model
        self._with_fixtures = fixtures.with_fixtures(model)
        self._backend = backend

    def clear(self) -> None:
        self._backend.fresh()

    def send(self, wire: Wire) -> Seen:
        query = urlencode(wire.query)
        target = quote(wire.path, safe="/") + (f"?{query}" if query else "")
        headers = {**wire.headers, "x-request-id": wire.request_id}
        return self._backend.send(wire.method, target, headers, wire.content)

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        reference = Reference(self._with_fixtures)
        for each in self._model.entities:
            for field in each.fields:
                if field.generated == "sequence":
                    reference.sequences[each.name, field.name] = self._last(each, field)
        shown = fixtures.inserted(asked(reference, fixtures.request(entity, values, number)))
        for each in self._model.entities:
            for row in reference.rows[each.name]:
                self._backend.insert(each, row)
        return shown

    def _last(self, entity: Entity, field: Field) -> int:
        """The last number of a sequence that a row has."""
        last, found = 0, self._backend.number_after(entity, field, 0)
        while found is not None:
            last, found = found, self._backend.number_after(entity, field, found)
        return last


def asked(reference: Reference, wire: Wire, later: timedelta = timedelta()) -> Seen:
    """The reference's answer in the form of a server's."""
    answer = reference.answer(
        Request(
            method=wire.method,
            path=wire.path,
            now=now(wire.request_id) + later,
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
