"""A project's own backend as gates see it that judge from outside: running, asked everything once, and its rows few."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from backwright.model.size import has_few_values, is_large
from backwright.model.types import Field, Model, Performance
from backwright.reference.calling import scripts
from backwright.verify.backends import OverHttp, RunningBackend
from backwright.verify.compare import Seen
from backwright.verify.conversation import Conversation, Outcome, requests_of
from backwright.verify.copies import copied
from backwright.verify.counting import counted
from backwright.verify.gate import GateInput, database
from backwright.verify.observed import Caller, Exchange, Observed, Target
from backwright.verify.schemas import document_path
from backwright.verify.sequences import Sequence as Requests
from backwright.verify.serve_under_test import STATEMENTS_VARIABLE, UNLIMITED_VARIABLE
from backwright.verify.server import ENCRYPTION_KEYS, running
from backwright.verify.traffic import Event

LEAST_REQUESTS, MOST_REQUESTS = 80, 450
MOST_SECONDS = 12.0
CREDENTIALS = ("authorization", "cookie")


class Recorder(RunningBackend):
    """A running backend, and what went over the wire to it, by request id."""

    recorded: dict[str, tuple[OverHttp, int]]

    def record(self) -> None:
        """Begin to record."""
        self.recorded = {}
        self._unrecorded = self.send
        self.send = self._recording

    def _recording(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> Seen:
        seen = self._unrecorded(method, target, headers, content)
        self.recorded[headers["x-request-id"]] = ((method, target, headers, content), seen.status)
        return seen

    def send_together(self, requests: Sequence[OverHttp]) -> list[Seen]:
        """Each on a connection of its own."""
        answers = super().send_together(requests)
        for request, seen in zip(requests, answers, strict=True):
            self.recorded[request[2]["x-request-id"]] = (request, seen.status)
        return answers


@contextmanager
def observed(given: GateInput, *, log_level: str = "warning", limited: bool = False) -> Iterator[Observed]:
    """The project's backend on a disposable database of its kind. Raises NotRun where there is none.

    It was asked by random callers until each operation was accepted once, or for so long; what it executes is noted.
    Limits to the number of requests are off, unless it is to be `limited`.
    """
    model = given.model
    with ExitStack() as stack:
        url = stack.enter_context(database(given.database))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="backwright-observed-")))
        noted = folder / "statements"
        extra = {} if limited else {UNLIMITED_VARIABLE: "1"}
        given_secrets = _secrets(model)
        extra |= {"LOG_LEVEL": log_level, "PYTHONUNBUFFERED": "1", **given_secrets}
        if given.database == "sqlite":
            extra[STATEMENTS_VARIABLE] = str(noted)
        else:
            extra["DATABASE_URL"] = stack.enter_context(counted(url, noted))
        stand_ins = scripts(model)  # custom logic, as the reference has it
        root = stack.enter_context(copied(given.project.root))
        service = running(root, model.service.package, url, scripts=stand_ins, extra=extra)
        server = stack.enter_context(service)
        backend = stack.enter_context(closing(Recorder(model, server)))
        exchanges, missing = _asked(model, backend, given.seed, min(given.seconds, MOST_SECONDS))
        yield Observed(
            name=model.service.name,
            url=server.url,
            contract=msgspec.json.decode(document_path(given.project, model).read_bytes()),
            callers=_callers(exchanges),
            exchanges=exchanges,
            unreached=missing,
            database_url=url,
            process_id=server.process.pid,
            log=server.log,
            statements=noted,
            large=tuple(each.table for each in model.entities if is_large(each)),
            expected={e.table: e.expected_rows for e in model.entities if e.expected_rows is not None},
            coarse=_columns(model, has_few_values),
            encrypted=_columns(model, lambda field: field.encrypted),
            given_secrets=given_secrets,
            target=_target(model),
        )


def _secrets(model: Model) -> dict[str, str]:
    """Values for what the service's environment keeps secret: its keys, its own settings, what partners want."""
    keys = [each.key for each in model.integrations if each.key is not None]
    named = {each.variable: secrets.token_urlsafe(24) for each in (*model.settings, *keys) if each.secret}
    return {**named, "TOKEN_KEYS": f"test:{secrets.token_urlsafe(48)}", "ENCRYPTION_KEYS": ENCRYPTION_KEYS}


def _columns(model: Model, chosen: Callable[[Field], bool]) -> frozenset[tuple[str, str]]:
    """The columns of chosen fields, with their tables."""
    return frozenset(
        (each.table, field.column) for each in model.entities for field in each.fields if chosen(field)
    )


def _target(model: Model) -> Target:
    wanted = model.performance or Performance()
    own = {f"{each.method} {each.path}": each.p95_ms for each in model.operations if each.p95_ms is not None}
    return Target(p95=wanted.p95_ms, rate=wanted.count / wanted.seconds, own=own)


def _asked(
    model: Model, backend: Recorder, seed: int, seconds: float
) -> tuple[tuple[Exchange, ...], tuple[str, ...]]:
    """Requests until each operation was accepted, and the operations that were not."""
    backend.record()
    routes = {operation.name: f"{operation.method} {operation.path}" for operation in model.operations}
    conversation = Conversation(model, backend)
    sequence = Requests(model, seed, MOST_REQUESTS, conversation.oracle)
    done: list[Exchange] = []
    missing = set(routes)
    for event in sequence.events(time.monotonic() + seconds):
        outcome = conversation.carry_out(event)
        sequence.learn(outcome)
        done += _exchanges(event, outcome, backend, routes)
        missing -= {
            sent.operation
            for sent in requests_of(event)
            if _status(backend, sent.request_id) in range(200, 300)
        }
        if not missing and len(done) >= LEAST_REQUESTS:
            break
    return tuple(done), tuple(sorted(routes[name] for name in missing))


def _status(backend: Recorder, request_id: str) -> int:
    return backend.recorded.get(request_id, (None, 0))[1]


def _exchanges(
    event: Event, outcome: Outcome, backend: Recorder, routes: Mapping[str, str]
) -> Iterator[Exchange]:
    for sent in requests_of(event):
        if sent.operation not in routes or sent.request_id not in backend.recorded:
            continue
        (method, target, headers, content), status = backend.recorded[sent.request_id]
        yield Exchange(
            operation=routes[sent.operation],
            caller=_credentials(headers),
            method=method,
            target=target,
            headers=headers,
            content=content,
            status=status,
        )


def _credentials(headers: Mapping[str, str]) -> str:
    """What distinguishes callers: their credentials."""
    return " ".join(headers[name] for name in CREDENTIALS if name in headers)


def _callers(exchanges: tuple[Exchange, ...]) -> tuple[Caller, ...]:
    found: dict[str, Caller] = {}
    for each in exchanges:
        if each.caller and 200 <= each.status < 300 and each.caller not in found:
            lines = {name: each.headers[name] for name in CREDENTIALS if name in each.headers}
            found[each.caller] = Caller(name=f"caller {len(found) + 1}", headers=lines)
    return tuple(found.values())
