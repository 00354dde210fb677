"""Requests that a contract allows or forbids, made by Schemathesis, and its checks of the answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from functools import partial
from time import monotonic
from typing import Any, cast

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from backwright.verify.observed import Bounds, Caller
from backwright.verify.results import Finding
from backwright.verify.target.calling import SECONDS, Sent, curl
from backwright.verify.target.contract import Operation
from backwright.verify.target.conversions import converted, spoken_of
from backwright.verify.target.exploring import World
from backwright.verify.target.order import ends, late

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
"""`positive_data_acceptance` is left out: what a contract allows may be refused for reasons that no schema can say."""

ACCEPTED = "Schema-violating request accepted"
"""What Schemathesis calls a request that the contract forbids and that was not refused."""

UNNAMED = "Undocumented status code"
UNREAD = {400, 413, 415, 422}

FEWEST, MOST, QUICKEST = 6, 60, 0.001
"""Requests of each kind for an operation, whatever the bounds say."""


class Fuzzed:
    """What came of it. Of equal findings the one with the shortest request is kept."""

    def __init__(self, url: str) -> None:
        self.sent = self.accepted = self.positive = self.negative = 0
        self.unjudged: list[str] = []
        self.unnamed: dict[int, set[str]] = {}  # statuses of which the contract says nothing anywhere
        self.converted: set[str] = set()  # operations that take "5" for 5
        self._url = url
        self._found: dict[tuple[str, str], tuple[str, Sent]] = {}

    def found(self, where: str, title: str, message: str, sent: Sent) -> None:
        """An answer is not as the contract says."""
        known = self._found.get((where, title))
        if known is None or _size(sent) < _size(known[1]):
            self._found[where, title] = f"{title}: {message}" if message else title, sent

    def findings(self) -> list[Finding]:
        """Each finding with a line of curl."""
        return [
            Finding(where=where, what=what, replay=curl(self._url, sent))
            for (where, _), (what, sent) in self._found.items()
        ]


def _size(sent: Sent) -> int:
    return len(sent.target) + len(sent.content or b"")


def fuzzed(world: World, bounds: Bounds, deadline: float) -> Fuzzed:
    """Fuzz each operation of the contract until then; those that end a session or delete come last."""
    load_all_checks()
    total = Fuzzed(world.seen.url)
    schema: Any = schemathesis.openapi.from_dict(dict(world.seen.contract))
    # Credentials are the callers'. Parameters that an operation does not know are commonly ignored, which
    # no contract forbids.
    schema.config.generation.update(with_security_parameters=False, allow_extra_parameters=False)
    made = {}
    for result in schema.get_all_operations():
        try:
            operation = result.ok()
        except Exception as error:
            total.unjudged.append(f"an operation that cannot be read: {error}"[:300])
        else:
            made[operation.label] = operation
    order = sorted(world.operations, key=late)
    each = max(FEWEST, min(MOST, bounds.requests // max(1, 3 * len(order))))
    with requests.Session() as session:
        session.trust_env = False
        for number, operation in enumerate(order):
            share = (deadline - monotonic()) / (len(order) - number)
            if operation.name in made and share > 0:
                _fuzz(world, total, session, operation, made[operation.name], each, bounds.seed, share)
            else:
                total.unjudged.append(
                    f"{operation.name}: {'out of time' if share <= 0 else 'cannot be generated'}"
                )
    return total


def _fuzz(
    world: World,
    total: Fuzzed,
    session: requests.Session,
    operation: Operation,
    generated: Any,
    each: int,
    seed: int,
    seconds: float,
) -> None:
    """Allowed requests of things that exist, forbidden ones, allowed ones of any."""
    caller = world.callers[0] if world.callers else None
    started = monotonic()
    each = FEWEST if ends(operation) else each
    kinds = (
        (GenerationMode.POSITIVE, True),
        (GenerationMode.NEGATIVE, True),
        (GenerationMode.POSITIVE, False),
    )
    for number, (mode, live) in enumerate(kinds, 1):
        end = started + seconds * number / len(kinds)  # no kind may take the time of another
        if live and mode is GenerationMode.POSITIVE and not operation.path_names:
            continue

        some = partial(_cases, world, total, operation, generated, caller, mode, live=live)
        cases = _paced(some, each, seed, end)
        for sent, case in enumerate(cases):
            if sent >= FEWEST and monotonic() > end:
                break
            if ends(operation):
                caller = next(iter(world.callers_for(operation)), None)
            _send(total, session, operation, case, caller, world, mode)


def _paced(
    some: Callable[[int, int], Iterator[Case[Any]]], each: int, seed: int, end: float
) -> Iterator[Case[Any]]:
    """A few cases, and as many more as there is time to make: that takes longer than to send them."""
    begun = monotonic()
    few = some(FEWEST, seed)
    first = next(few, None)
    if first is None:
        return
    pace = max((monotonic() - begun) / FEWEST, QUICKEST)
    yield first
    yield from few
    more = min(each - FEWEST, int((end - monotonic()) / pace / 2))
    if more > 0:
        yield from some(more, seed + 1)


def _cases(
    world: World, total: Fuzzed, operation: Operation, generated: Any, caller: Caller | None, mode: GenerationMode,
    count: int, seed: int, *, live: bool,
) -> Iterator[Case[Any]]:  # fmt: skip
    path = world.path_for(operation, caller) if live and operation.path_names else None
    cases: list[Case[Any]] = []
    try:
        strategy = generated.as_strategy(generation_mode=mode, path_parameters=path)

        @seeded(seed)
        @settings(
            max_examples=count, database=None, phases=[Phase.generate], deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def collect(case: Case[Any]) -> None:
            cases.append(case)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            collect()
    except Exception as error:  # nothing fits the schema, or nothing is forbidden
        if not cases and mode is GenerationMode.POSITIVE:
            total.unjudged.append(f"{operation.name}: {type(error).__name__}: {error}"[:300])
    for number, case in enumerate(cases):
        # A thing that was deleted by one request is not there for the next.
        if path is not None and number and (operation.method == "DELETE" or number % 20 == 0):
            path = world.path_for(operation, caller) or path
        if path is not None:
            case.path_parameters = {**(case.path_parameters or {}), **path}
        yield case


def _send(
    total: Fuzzed, session: requests.Session, operation: Operation, case: Case[Any], caller: Caller | None,
    world: World, mode: GenerationMode,
) -> None:  # fmt: skip
    headers = world.credentials(operation, caller)
    base = world.seen.url + world.base
    try:
        response = case.call(
            base_url=base, session=session, headers=headers, timeout=SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        sent = Sent(method=operation.method, target=world.base + case.formatted_path, headers=headers)
        total.found(operation.name, "No answer", str(error)[:200], sent)
        return
    except (ValueError, UnicodeError):
        return  # a request that cannot be written down
    total.sent += 1
    total.accepted += 200 <= response.status_code < 300
    total.positive += mode is GenerationMode.POSITIVE
    total.negative += mode is GenerationMode.NEGATIVE
    named = [each for each in operation.statuses if each.startswith("2")]
    if 200 <= response.status_code < 300 and named and not {str(response.status_code), "2XX"} & set(named):
        what = f"{response.status_code}, where the contract names {', '.join(named)}"
        total.found(operation.name, "Another success", what, _as_sent(response.request, world.seen.url))
    refused = 400 <= response.status_code < 500
    if response.status_code in UNREAD and _unreadable(response.request):
        return  # what cannot be read as what it says it is HTTP itself refuses, before any contract
    try:
        case.validate_response(response, checks=cast("list[Any]", CHECKS.get_by_names(list(CHECKED))))
    except schemathesis.errors.FailureGroup as group:
        sent = _as_sent(response.request, world.seen.url)
        for failure in group.exceptions:
            if refused and failure.title == ACCEPTED:
                continue  # it was refused for something else that is wrong with it, as a version that never was
            if failure.title == UNNAMED and not spoken_of(world.operations, response.status_code):
                total.unnamed.setdefault(response.status_code, set()).add(operation.name)
                continue
            if failure.title == ACCEPTED and converted(world.seen.contract, operation, response.request.body):
                total.converted.add(operation.name)
                continue
            told = _first_part(failure.message)
            total.found(
                operation.name, failure.title, f"{told} (answered {response.status_code})".lstrip(), sent
            )


def _unreadable(request: Any) -> bool:
    """Is the body no JSON or no form in parts, although it says so?"""
    media, body = str(request.headers.get("Content-Type", "")), request.body or b""
    if media.partition(";")[0].strip().lower() == "multipart/form-data":
        return _no_parts(media, body.encode() if isinstance(body, str) else bytes(body))
    if "json" not in media or not body:
        return False
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True
    return False


def _no_parts(media: str, body: bytes) -> bool:
    """Whether a body is not what RFC 7578 asks for: parts between boundaries, each with the name of a field."""
    head = f"Content-Type: {media}\r\n\r\n".encode("latin-1", "replace")
    read = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = list(read.iter_parts()) if read.is_multipart() else []
    named = all(part.get_param("name", header="content-disposition") is not None for part in parts)
    return bool(read.defects) or not parts or not named


def _first_part(message: str) -> str:
    """What is wrong, without the schemas and values that follow it: the request says the rest."""
    lines = message.partition("\n\n")[0].splitlines()
    return "; ".join(line.strip() for line in lines if not line.startswith("Expected:"))[:300]


def _as_sent(request: Any, url: str) -> Sent:
    body = request.body
    return Sent(
        method=request.method,
        target=request.url.removeprefix(url),
        headers={
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.items()
            if name.lower() not in {"user-agent", "accept-encoding", "accept", "connection", "content-length"}
            and not name.lower().startswith("x-schemathesis")
        },
        content=body.encode() if isinstance(body, str) else body,
    )
