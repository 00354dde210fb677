"""The reference behind HTTP as a stand-in for an emitted backend, and ways to break it on purpose."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn

from backwright.mock import Mock
from backwright.model.types import Entity, Field, Model
from backwright.reference import Reference, Request, Response
from backwright.verify.backends import OverHttp, Wired
from backwright.verify.compare import Seen
from backwright.verify.oracle import key_of
from backwright.verify.rows import Rows, remembered
from backwright.verify.traffic import Assigned

Answer = Callable[[Reference, Request], Response]


class MockBackend:
    """A mock that is emptied, read and written as a database would be. `wrong` answers in the reference's place.

    `burned` numbers of each sequence are skipped at every use, as a database may do.
    """

    def __init__(
        self, model: Model, url: str, mock: Mock, wrong: Answer | None = None, burned: int = 0
    ) -> None:
        self.model = model
        self.lost = False
        self.send = Wired(url).send
        self._mock = mock
        self._wrong = wrong
        self._burned = burned

    def fresh(self) -> None:
        made = Reference(self.model)
        plain = made.answer
        wrong = self._wrong

        def answer(request: Request) -> Response:
            for sequence in made.sequences:
                made.sequences[sequence] += self._burned
            before = made.answer
            made.answer = plain  # type: ignore[method-assign]
            try:
                return plain(request) if wrong is None else wrong(made, request)
            finally:
                made.answer = before  # type: ignore[method-assign]

        made.answer = answer  # type: ignore[method-assign]
        self._mock.reference = made

    def send_together(self, requests: Sequence[OverHttp]) -> list[Seen]:
        """One after the other, the last first; where updates are `lost`, each as if it were the only one."""
        answers = []
        for each in reversed(requests):
            state = self._mock.reference.state()
            answers.append(self.send(*each))
            if self.lost and each is not requests[0]:
                self._mock.reference.go_back(state)
        return answers[::-1]

    def assign(self, assigned: Assigned) -> None:
        entity = self.model.entity(assigned.entity)
        for row in self._mock.reference.rows[entity.name]:
            if key_of(entity, row) == assigned.keys:
                row[assigned.field] = assigned.value

    def insert(self, entity: Entity, row: Mapping[str, Any]) -> None:
        reference = self._mock.reference
        reference.rows[entity.name] = [*reference.rows[entity.name], dict(row)]
        for field in entity.fields:
            if field.generated == "sequence":
                key = (entity.name, field.name)
                reference.sequences[key] = max(reference.sequences.get(key, 0), row[field.name])

    def statements(self, entity: Entity, row: Mapping[str, Any]) -> list[str]:
        return [f"-- {entity.name} {sorted(row)}"]

    def setting(self, assigned: Assigned) -> str:
        return f"-- {assigned.entity} {assigned.field}"

    def number_after(self, entity: Entity, field: Field, last: int) -> int | None:
        numbers = [row[field.name] for row in self._mock.reference.rows[entity.name]]
        return min((number for number in numbers if number > last), default=None)

    def rows(self) -> Rows:
        found = remembered(self._mock.reference.rows, self.model)
        gone = remembered(self._mock.reference.gone, self.model)
        return {name: {**rows, **gone[name]} for name, rows in found.items()}

    def log_tail(self) -> str:
        return "(no log)"


@contextmanager
def mocked(model: Model, *, wrong: Answer | None = None, burned: int = 0) -> Iterator[MockBackend]:
    """A mock of the model on a loopback port."""
    mock = Mock(model, scripted=True)
    config = uvicorn.Config(mock.application, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        backend = MockBackend(model, f"http://127.0.0.1:{port}", mock, wrong, burned)
        backend.fresh()
        try:
            yield backend
        finally:
            server.should_exit = True
            thread.join(10)


def with_operation(model: Model, name: str, **changes: Any) -> Model:
    """The model with one operation changed."""
    changed = [msgspec.structs.replace(o, **changes) if o.name == name else o for o in model.operations]
    return msgspec.structs.replace(model, operations=tuple(changed))
