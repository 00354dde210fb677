"""Acceptance scenarios as shell scripts of curl commands, for people to run against a service of their own.

A scenario is rehearsed on the reference first: what it finds there as rows is taken from that, with instants made
relative to the replay's. What no script can do (let days pass) is said, and no script is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from shlex import quote
from typing import Any, assert_never
from urllib.parse import quote as percent

import msgspec

from backwright.emit.source import printable
from backwright.handover.rows import shown
from backwright.model.types import InputField, Model, Operation, SignIn
from backwright.reference.seam import now
from backwright.verify.acceptance import execute
from backwright.verify.compare import Seen
from backwright.verify.scenarios import Action, Call, Check, Expected, Register, Row, Scenario, Wait
from backwright.verify.signing import registration, token_path
from backwright.verify.subjects import ReferenceSubject
from backwright.verify.wire import Wire, text

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_NEAR = timedelta(days=3650)
OTHER_TIMES = (timedelta(days=-4 * 365), timedelta(days=-2 * 365))
"""When a scenario has to hold as well, for it is replayed at the time of a clock."""


class NoReplay(Exception):
    """No script can do what the scenario says. The message says what that is."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario: its script, or why there is none."""

    scenario: Scenario
    file: str = ""
    script: str = ""
    reason: str = ""


class _Rehearsed(ReferenceSubject):
    """Remembers what a scenario sent and the rows that it found there, in order."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.sent: list[Wire] = []
        self.inserted: list[tuple[dict[str, Any], datetime]] = []

    def send(self, wire: Wire) -> Seen:
        self.sent.append(wire)
        return super().send(wire)

    def insert(self, entity: str, values: dict[str, Any], number: int) -> dict[str, Any]:
        found = super().insert(entity, values, number)
        made_by = self.sent.pop()  # no request of the scenario's
        self.inserted.append((dict(self.reference.rows[entity][-1]), now(made_by.request_id)))
        return found


def replays(scenarios: list[Scenario], model: Model) -> list[Replay]:
    """A replay of each scenario, with a name of its own."""
    found: list[Replay] = []
    for scenario in scenarios:
        name = "-".join(_PLAIN.findall(scenario.id))[:60] or "scenario"
        taken = {each.file for each in found}
        number, file = 2, f"scenarios/{name}.sh"
        while file in taken:
            file, number = f"scenarios/{name}-{number}.sh", number + 1
        try:
            found.append(Replay(scenario=scenario, file=file, script=_Script(scenario, model).text()))
        except NoReplay as reason:
            found.append(Replay(scenario=scenario, reason=str(reason)))
    return found


class _Script:
    """The lines of one script while they are written."""

    def __init__(self, scenario: Scenario, model: Model) -> None:
        self._scenario, self._model = scenario, model
        if any(isinstance(each, Wait) for each in (*scenario.given, *scenario.when)):
            raise NoReplay("time has to pass in it")
        rehearsed = _Rehearsed(model)
        (result,) = execute([scenario], model, rehearsed)
        if result.status != "passed":
            raise NoReplay(f"it does not hold in the specification: {result.detail}")
        for later in OTHER_TIMES:
            (result,) = execute([scenario], model, ReferenceSubject(model, later))
            if result.status != "passed":
                raise NoReplay(f"it depends on the date: scenarios are rehearsed in {now('').year}")
        self._sent, self._rows = iter(rehearsed.sent), iter(rehearsed.inserted)
        self._files = 0

    def text(self) -> str:
        """The script."""
        about = printable(f"{self._scenario.id}: {self._scenario.title}")
        head = ["#!/bin/sh", f"# {about}", '. "$(dirname "$0")/../replay.sh"']
        lines = [*head, *self._lines(), "", f"echo {quote(f'{self._scenario.id} holds')}"]
        return "\n".join(lines) + "\n"

    def _lines(self) -> Iterator[str]:
        scenario = self._scenario
        for phase, actions in (("given", scenario.given), ("when", scenario.when)):
            for place, action in enumerate(actions, 1):
                yield from _step(f"{phase} {place}", _about(action))
                yield from self._act(action)
                if phase == "given" and not isinstance(action, Row):
                    yield "accepted"
        for place, line in enumerate(scenario.then, 1):
            yield from _step(f"then {place}", "" if line.call is None else _about(line.call))
            yield from self._check(line)

    def _act(self, action: Action) -> Iterator[str]:
        match action:
            case Register():
                yield from self._register(action)
            case Row():
                yield from self._row(action.entity, action.values, action.keep)
            case Wait():
                raise NoReplay("time has to pass in it")
            case Call():
                yield from self._call(action)
            case _:
                assert_never(action)

    # Accounts and rows -------------------------------------------------------------------------------

    def _register(self, action: Register) -> Iterator[str]:
        """What was sent to register or, where the account is a row, to sign in."""
        wire = next(self._sent)
        operation = next(each for each in self._model.operations if _is_of(each, wire))
        if any(_refers(value) for value in action.values.values()):
            raise NoReplay(f"the account of {action.user} depends on an earlier answer")
        by_row = operation != registration(self._model)
        if by_row:
            yield from self._row(self._identity, action.values, action.user)
        yield _ask(action.user, wire.method, quote(percent(wire.path)), _body_of(wire))
        yield from self._remember(action.user, operation)
        if not by_row:
            yield f"answers keep_account {quote(action.user)} {quote(_member(operation))}"

    @property
    def _identity(self) -> str:
        assert self._model.auth is not None
        return self._model.auth.identity

    def _row(self, entity: str, given: Mapping[str, Any], keep: str | None) -> Iterator[str]:
        found, at = next(self._rows)
        sequences = {f.name for f in self._model.entity(entity).fields if f.generated == "sequence"}
        values = {
            name: given[name] if _refers(given.get(name)) else _made(value, None if name in given else at)
            for name, value in found.items()
            if name not in sequences or name in given
        }
        stored = f"row {quote(entity)} {_json(values)}"
        yield f"{stored} | answers keep_row {quote(keep)}" if keep is not None else f"{stored} > /dev/null"

    # Requests ----------------------------------------------------------------------------------------

    def _call(self, call: Call) -> Iterator[str]:
        operation = self._model.operation(call.operation)
        next(self._sent)
        who = call.user or "-"
        prepared, options = self._options(operation, call)
        yield from prepared
        yield _ask(who, operation.method, _target(operation, call.values), options)
        if call.user is not None and any(isinstance(step, SignIn) for step in operation.steps):
            yield from self._remember(call.user, operation, "succeeded && ")
        if call.keep is not None:
            yield f"if succeeded; then answers keep {quote(call.keep)} {quote(_member(operation))}; fi"

    def _remember(self, who: str, operation: Operation, when: str = "") -> Iterator[str]:
        if self._model.auth is None or self._model.auth.cookie is not None:
            return
        path = ".".join(token_path(operation, self._model) or ())
        line = f"answers remember {quote(who)} {quote(path)}"
        yield f"if succeeded; then {line}; fi" if when else line

    def _options(self, operation: Operation, call: Call) -> tuple[list[str], list[str]]:
        """What has to be done before the request, and the options of curl."""
        told = {
            field.wire: call.values[field.wire] for field in _told(operation) if field.wire in call.values
        }
        options = [f"-H {_header(name, value)}" for name, value in {**told, **call.headers}.items()]
        if operation.body is None:
            return [], options
        members = {field.wire for field in operation.body.fields}
        values = {name: value for name, value in call.values.items() if name in members}
        match operation.body.media:
            case "json":
                sent = _json(operation.body.whole(values))
                return [], [*options, "-H 'Content-Type: application/json'", f"--data-binary {sent}"]
            case "form":
                pairs = [f"--data-urlencode {_pair(percent(n, safe=''), v)}" for n, v in _pairs(values)]
                return [], [*options, *(pairs or ["-H 'Content-Type: application/x-www-form-urlencoded'"])]
            case "multipart":
                prepared, parts = self._parts(values)
                return prepared, [*options, *parts]

    def _parts(self, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        prepared, parts = list[str](), list[str]()
        for name, value in _pairs(values):
            if isinstance(value, dict) and "file" in value:
                self._files += 1
                content = value["file"]
                data = content if isinstance(content, bytes) else str(content).encode()
                prepared.append(f"printf '%b' {quote(_octal(data))} > \"$WORK/file-{self._files}\"")
                shown_as = re.sub(r'[\r\n";,]', "_", str(value.get("name", "file")))
                about = f";type={value.get('type', 'text/plain')};filename={shown_as}"
                parts.append(f'-F {quote(name)}=@"$WORK/file-{self._files}"{quote(about)}')
            else:
                parts.append(f"--form-string {_pair(name, value)}")
        return prepared, parts

    def _check(self, line: Check) -> Iterator[str]:
        expected = line.expected
        if line.call is not None:
            yield from self._call(line.call)
            if expected.status is None and expected.error is None and expected.fields is None:
                respond = self._model.operation(line.call.operation).respond
                status = None if respond.choose is not None else respond.status
                expected = msgspec.structs.replace(expected, status=status)
        wanted = _wanted(expected)
        yield f"expect {quote(json.dumps(wanted))}"


def _wanted(expected: Expected) -> dict[str, Any]:
    wanted = {
        name: value
        for name in ("status", "error", "count", "fields")
        if (value := getattr(expected, name)) is not None
    }
    if expected.body is not msgspec.UNSET:
        wanted["body"] = expected.body
    if expected.headers:
        wanted["headers"] = expected.headers
    return wanted | ({"text": list(expected.text)} if expected.text else {})


# Words of the shell -----------------------------------------------------------------------------------


def _step(place: str, about: str) -> Iterator[str]:
    yield ""
    yield f"step {quote(printable(f'{place} {about}'.strip()))}"


def _about(action: Action) -> str:
    match action:
        case Register(user=user):
            return f"({user} registers)"
        case Row(entity=entity):
            return f"(a row of {entity})"
        case Wait():
            return "(time passes)"
        case Call(operation=operation, user=user):
            return f"({user or 'nobody'}: {operation})"
        case _:
            assert_never(action)


def _ask(who: str, method: str, target: str, options: list[str]) -> str:
    return " ".join(["ask", quote(who), method, target, *options])


def _is_of(operation: Operation, wire: Wire) -> bool:
    return (operation.method, operation.path) == (wire.method, wire.path)


def _body_of(wire: Wire) -> list[str]:
    """A body as it was sent: text, since accounts have no files."""
    kind = wire.headers.get("content-type")
    sent = "" if wire.content is None else wire.content.decode()
    return [] if kind is None else [f"-H {quote(f'Content-Type: {kind}')}", f"--data-binary {quote(sent)}"]


def _refers(value: Any) -> bool:
    """Whether a value depends on an earlier answer."""
    match value:
        case dict():
            return any(_refers(member) for member in value.values())
        case list():
            return any(_refers(member) for member in value)
        case str():
            return value.startswith("$")
        case _:
            return False


def _json(value: Any) -> str:
    """JSON as one word; what refers to earlier answers is filled in when it runs."""
    written = quote(json.dumps(_shown(value)))
    return f'"$(answers fill {written})"' if _refers(value) else written


def _shown(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shown(member) for name, member in value.items()}
        case list():
            return [_shown(member) for member in value]
        case _:
            return shown(value)


def _word(value: Any, verb: str) -> str:
    """A value within a word, as text or as a part of an address."""
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        return f'"$(answers {verb} {quote(value)})"'
    plain = text(value[1:] if isinstance(value, str) and value.startswith("$$") else value)
    return quote(percent(plain, safe="") if verb == "part" else plain)


def _target(operation: Operation, values: Mapping[str, Any]) -> str:
    """Path and query as one word."""
    wires = {each.wire or each.name for each in operation.path_parameters}
    pieces = re.split(r"\{(\w+)\}", operation.path)
    words = [
        (_word(values.get(piece, "missing"), "part") if place % 2 else quote(piece)) if piece else ""
        for place, piece in enumerate(pieces)
    ]
    members = {field.wire for field in operation.body.fields} if operation.body else set()
    apart = wires | members | {field.wire for field in _told(operation)}
    query = {name: value for name, value in values.items() if name not in apart}
    asked = [f"{quote(percent(name, safe='') + '=')}{_word(value, 'part')}" for name, value in _pairs(query)]
    return "".join(words) + ("'?'" + "'&'".join(asked) if asked else "")


def _told(operation: Operation) -> list[InputField]:
    """The parameters that come in headers."""
    return [field for field in operation.query if field.header]


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, each)
        for name, value in values.items()
        for each in (value if isinstance(value, list) else [value])
    ]


def _pair(name: str, value: Any) -> str:
    return f"{quote(f'{name}=')}{_word(value, 'text')}"


def _header(name: str, value: Any) -> str:
    return f"{quote(f'{name.lower()}: ')}{_word(value, 'text')}"


def _member(operation: Operation) -> str:
    """Where the data of an answer is: in the envelope, or all of it."""
    return "data" if operation.respond.envelope else ""


def _octal(data: bytes) -> str:
    return "".join(f"\\0{byte:03o}" for byte in data)


def _made(value: Any, at: datetime | None) -> Any:
    """A value of a row as it is written where `$` begins a reference.

    An instant that was made `at` a present is relative to that of the replay (`$now+60`).
    """
    match value:
        case datetime() if at is not None and abs(value - at) < _NEAR:
            return f"$$now{(value - at).total_seconds():+f}"
        case str() if value.startswith("$"):
            return f"${value}"
        case _:
            return value
