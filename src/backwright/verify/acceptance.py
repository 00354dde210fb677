"""Executes acceptance scenarios, each on an empty service, and says at which step one failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import Any, assert_never

import msgspec

from backwright.model.types import Call as CallLogic
from backwright.model.types import Field, InputField, Model, Operation, SignIn
from backwright.verify.aims import credentials
from backwright.verify.backends import NoAnswer, RunningBackend
from backwright.verify.compare import Seen
from backwright.verify.fixtures import Unfit, takes
from backwright.verify.particulars import particulars
from backwright.verify.results import ScenarioResult
from backwright.verify.scenario_check import check
from backwright.verify.scenarios import (
    Action,
    Call,
    Check,
    Expected,
    Register,
    Row,
    Scenario,
    Wait,
    parse_scenarios,
    read_scenarios,
    scenario_files,
)
from backwright.verify.server import Server
from backwright.verify.signing import login, registration, token_path
from backwright.verify.subjects import HttpSubject, ReferenceSubject, Subject
from backwright.verify.wire import BOUNDARY, Wire, form, multipart, text

__all__ = [
    "check", "execute", "execute_over_http", "parse_scenarios", "read_scenarios", "rehearse", "scenario_files",
]  # fmt: skip

MILLISECONDS_BETWEEN = 1000
ANY = "$any"
CSRF = "csrf_token"


class StepFailed(Exception):
    """A step of a scenario went another way than it says."""


def execute(scenarios: list[Scenario], model: Model, subject: Subject) -> list[ScenarioResult]:
    """Every scenario's result, in order, each on an empty service."""
    results = []
    for scenario in scenarios:
        subject.clear()
        detail = _Run(model, subject).detail(scenario)
        results.append(
            ScenarioResult(
                id=scenario.id,
                title=scenario.title,
                story=scenario.story,
                covers=scenario.covers,
                status="failed" if detail else "passed",
                detail=detail,
            )
        )
    return results


def rehearse(scenarios: list[Scenario], model: Model) -> list[ScenarioResult]:
    """Every scenario's result against the meaning of the model, before anything is built.

    What custom logic says is not part of that meaning: a scenario that needs it and does not hold here is not run.
    """
    results = execute(scenarios, model, ReferenceSubject(model))
    return [_rehearsed(result, each, model) for result, each in zip(results, scenarios, strict=True)]


def _rehearsed(result: ScenarioResult, scenario: Scenario, model: Model) -> ScenarioResult:
    actions = [*scenario.given, *scenario.when, *(line.call for line in scenario.then)]
    operations = {each.operation for each in actions if isinstance(each, Call)}
    called = {
        step.logic: None
        for name in sorted(operations)
        for step in model.operation(name).steps
        if isinstance(step, CallLogic)
    }
    if result.status == "passed" or not called:
        return result
    needed = ", ".join(f"`{name}`" for name in called)
    detail = f"it needs {needed}, which only the backend runs: `backwright verify acceptance`"
    return msgspec.structs.replace(result, status="not_run", detail=detail)


def execute_over_http(scenarios: list[Scenario], model: Model, server: Server) -> list[ScenarioResult]:
    """Every scenario's result against a running backend."""
    with closing(RunningBackend(model, server)) as backend:
        return execute(scenarios, model, HttpSubject(model, backend))


def matches(expected: Any, seen: Any) -> bool:
    """Is the expected value a part of what was seen? Tables may have more members, lists may not be longer.

    `$any` is anything but null.
    """
    if expected == ANY:
        return seen is not None
    if isinstance(expected, dict):
        return isinstance(seen, dict) and all(k in seen and matches(v, seen[k]) for k, v in expected.items())
    if isinstance(expected, list):
        same = isinstance(seen, list) and len(expected) == len(seen)
        return same and all(matches(left, right) for left, right in zip(expected, seen, strict=True))
    if isinstance(expected, bool) or isinstance(seen, bool):
        return expected is seen
    return bool(expected == seen)


class _Session(msgspec.Struct):
    """How a user is known to the service: a token for the header, or cookies."""

    token: str = ""
    cookies: dict[str, str] = {}


class _Run:
    """One scenario while it runs: who is signed in how, and what was kept."""

    def __init__(self, model: Model, subject: Subject) -> None:
        self._model = model
        self._subject = subject
        self._sessions: dict[str, _Session] = {}
        self._kept: dict[str, Any] = {}
        self._number = 0

    def detail(self, scenario: Scenario) -> str:
        """Empty when everything went as written; else the step and what was seen."""
        where = ""
        answer: Seen | None = None
        try:
            for phase, actions in (("given", scenario.given), ("when", scenario.when)):
                for i, action in enumerate(actions, start=1):
                    where = f"{phase} {i} ({_named(action)})"
                    seen = self._act(action)
                    if phase == "given" and seen is not None and seen.status >= 400:
                        raise StepFailed(_shown(seen))
                    answer = seen or answer
            for i, line in enumerate(scenario.then, start=1):
                where = f"then {i}" + (f" ({_named(line.call)})" if line.call else "")
                self._check(line, answer)
        except (StepFailed, Unfit) as failed:
            return f"{where}: {failed}"
        except (NoAnswer, msgspec.MsgspecError) as error:
            return f"{where}: {error!r}"
        return ""

    def _act(self, action: Action) -> Seen | None:
        """What the action does; the answer of those that ask the service."""
        match action:
            case Register():
                return self._register(action)
            case Row():
                row = self._insert(action.entity, action.values)
                if action.keep is not None:
                    self._kept[action.keep] = row
                return None
            case Wait():
                self._number += action.milliseconds
                return None
            case Call():
                return self._call(action)
            case _:
                assert_never(action)

    def _insert(self, entity: str, values: dict[str, Any]) -> dict[str, Any]:
        self._number += MILLISECONDS_BETWEEN
        return self._subject.insert(entity, self._filled(values), self._number)

    def _register(self, action: Register) -> Seen:
        operation = registration(self._model)
        members = operation.body.fields if operation and operation.body else ()
        # Whoever registers is nobody yet: what only some may send comes with the row, like what nobody may send.
        free = {field.wire for field in members if field.write is None}
        if operation is None or not action.values.keys() <= free:
            return self._put_account(action)
        answer = self._send(operation, particulars(members, action.user) | action.values, _Session())
        if answer.status < 400:
            self._sessions[action.user] = self._signed_in(operation, answer)
            data = _data(operation, answer)
            rows = (
                [value for value in data.values() if isinstance(value, dict)]
                if isinstance(data, dict)
                else []
            )
            self._kept[action.user] = rows[0] if rows else data
        return answer

    def _put_account(self, action: Register) -> Seen:
        """The account as a row of the identity entity, and its sign-in."""
        auth, operation = self._model.auth, login(self._model)
        if auth is None or operation is None:
            raise StepFailed("the service has no operation that signs in")
        entity = self._model.entity(auth.identity)
        values = particulars([_input(field) for field in takes(entity)], action.user) | action.values
        row = self._insert(entity.name, values)
        proves, body = credentials(operation), operation.body.fields if operation.body else ()
        named = {name: field for _, name, field in (proves.members if proves is not None else ())}
        proof = {f.wire: values[named[f.name]] for f in (*operation.query, *body) if f.name in named}
        answer = self._send(operation, proof, _Session())
        if answer.status < 400:
            self._sessions[action.user] = self._signed_in(operation, answer)
            self._kept[action.user] = row
        return answer

    def _signed_in(self, operation: Operation, answer: Seen) -> _Session:
        """The session that an answer began. Raises StepFailed where the answer does not hold its token."""
        if self._model.auth is not None and self._model.auth.cookie is not None:
            return _Session(cookies=dict(answer.cookies))
        found: Any = answer.body
        for member in token_path(operation, self._model) or ():
            found = found.get(member) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise StepFailed(f"the answer of {operation.name} shows no token; {_shown(answer)}")
        return _Session(token=found)

    def _call(self, call: Call) -> Seen:
        operation = self._model.operation(call.operation)
        session = self._sessions.get(call.user, _Session()) if call.user is not None else _Session()
        answer = self._send(operation, call.values, session, call.headers)
        if call.user is not None:
            # A browser keeps the cookies of every answer; an empty one is gone.
            cookies = {name: value for name, value in {**session.cookies, **answer.cookies}.items() if value}
            self._sessions[call.user] = msgspec.structs.replace(session, cookies=cookies)
            if any(isinstance(step, SignIn) for step in operation.steps) and answer.status < 400:
                self._sessions[call.user] = self._signed_in(operation, answer)
        if call.keep is not None and answer.status < 400:
            self._kept[call.keep] = _data(operation, answer)
        return answer

    def _check(self, line: Check, answer: Seen | None) -> None:
        expected, operation = line.expected, None
        if line.call is not None:
            operation = self._model.operation(line.call.operation)
            answer = self._call(line.call)
            if expected.status is None and expected.error is None and expected.fields is None:
                chosen = operation.respond.choose is not None
                status = None if chosen else operation.respond.status
                expected = msgspec.structs.replace(expected, status=status)
        if answer is None:
            raise StepFailed("no request came before this")
        wrong = unmet(expected, answer, self._filled)
        if wrong:
            raise StepFailed(f"{wrong}; {_shown(answer)}")

    def _send(
        self,
        operation: Operation,
        values: dict[str, Any],
        session: _Session,
        headers: Mapping[str, Any] = MappingProxyType({}),
    ) -> Seen:
        """One request: each value goes where the operation declares its name."""
        given = {name: self._filled(value) for name, value in values.items()}
        path = operation.path
        for parameter in operation.path_parameters:
            name = parameter.wire or parameter.name
            path = path.replace(f"{{{name}}}", text(given.pop(name, "missing")))
        members = {field.wire for field in operation.body.fields} if operation.body else set()
        body = {name: value for name, value in given.items() if name in members}
        told = {field.wire for field in operation.query if field.header and field.wire in given}
        query = [
            (name, text(item))
            for name, value in given.items()
            if name not in members | told
            for item in (value if isinstance(value, list) else [value])
        ]
        self._number += MILLISECONDS_BETWEEN
        sent = {**self._credentials(operation, session), **_content_type(operation)}
        sent |= {name.lower(): text(given[name]) for name in told}
        sent |= {name.lower(): text(self._filled(value)) for name, value in headers.items()}
        return self._subject.send(
            Wire(
                number=self._number,
                method=operation.method,
                path=path,
                query=tuple(query),
                headers=sent,
                content=_content(operation, body),
            )
        )

    def _credentials(self, operation: Operation, session: _Session) -> dict[str, str]:
        auth = self._model.auth
        if auth is None:
            return {}
        if session.token:
            return {"authorization": f"{auth.scheme} {session.token}"}
        sent = {}
        if session.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
        if CSRF in session.cookies and operation.method != "GET":
            sent["x-csrf-token"] = session.cookies[CSRF]
        return sent

    def _filled(self, value: Any) -> Any:
        """The value with every `$name.member` taken from what was kept; `$$` stands for a dollar sign."""
        match value:
            case dict():
                return {name: self._filled(member) for name, member in value.items()}
            case list():
                return [self._filled(member) for member in value]
            case str() if value.startswith("$$"):
                return value[1:]
            case "$any":
                return value
            case str() if value.startswith("$"):
                return self._reference(value)
            case _:
                return value

    def _reference(self, text: str) -> Any:
        name, *members = text[1:].split(".")
        found: Any = self._kept.get(name)
        for member in members:
            try:
                found = found[int(member)] if isinstance(found, list) else found[member]
            except (KeyError, IndexError, ValueError, TypeError):
                raise StepFailed(f"`{text}` is not in what was kept: {self._kept.get(name)!r}") from None
        return found


def unmet(expected: Expected, answer: Seen, filled: Callable[[Any], Any]) -> str:
    """What of the expectation does not hold; empty when all of it does."""
    data: Any = answer.body
    error: dict[str, Any] = {}
    if isinstance(answer.body, dict) and answer.body.keys() == {"data", "error", "meta"}:
        data, error = answer.body["data"], answer.body["error"] or {}
    listed = _listed(data)
    if expected.status is not None and answer.status != expected.status:
        return f"status {expected.status} expected"
    if expected.error is not None and error.get("code") != expected.error:
        return f"error {expected.error} expected"
    if expected.count is not None and (listed is None or len(listed) != expected.count):
        return f"{expected.count} rows expected"
    if expected.fields is not None:
        told = {field["field"]: field["code"] for field in error.get("fields") or ()}
        wanted = {name: code or told.get(name) for name, code in expected.fields.items()}
        if wanted != told or None in wanted.values():
            return f"errors in {expected.fields} expected"
    if expected.body is not msgspec.UNSET:
        wanted_body = filled(expected.body)
        if not matches(wanted_body, answer.body if error else data):
            return f"{wanted_body!r} expected in the answer"
    for name, value in expected.headers.items():
        header, there = filled(value), answer.headers.get(name.lower())
        if there is None if header == ANY else there != header:
            return f"header {name}: {header!r} expected, {there!r} answered"
    return _missing(expected.text, answer)


def _missing(pieces: Sequence[str], answer: Seen) -> str:
    """The first piece of text that does not follow the ones before it."""
    content = answer.body if isinstance(answer.body, str) else ""
    at = 0
    for piece in pieces:
        found = content.find(piece, at)
        if found < 0:
            return f"{piece!r} expected in the text"
        at = found + len(piece)
    return ""


def _listed(data: Any) -> list[Any] | None:
    """The rows of an answer: a list, or the only list in an object."""
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        return lists[0] if len(lists) == 1 else None
    return data if isinstance(data, list) else None


def _data(operation: Operation, answer: Seen) -> Any:
    """What the answer is about: `data` of the envelope, or all of it."""
    if operation.respond.envelope and isinstance(answer.body, dict):
        return answer.body.get("data")
    return answer.body


def _content_type(operation: Operation) -> dict[str, str]:
    if operation.body is None:
        return {}
    match operation.body.media:
        case "json":
            return {"content-type": "application/json"}
        case "form":
            return {"content-type": "application/x-www-form-urlencoded"}
        case "multipart":
            return {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def _content(operation: Operation, values: dict[str, Any]) -> bytes | None:
    if operation.body is None:
        return None
    match operation.body.media:
        case "json":
            return json.dumps(operation.body.whole(values)).encode()
        case "form":
            return form(values)
        case "multipart":
            return multipart(values)


def _input(field: Field) -> InputField:
    """A field of an account as something to be given."""
    required = not field.nullable and field.default is None and field.set is None
    return InputField(wire=field.name, name=field.name, type=field.type, required=required)


def _named(action: Action) -> str:
    match action:
        case Register():
            return f"user {action.user}"
        case Row():
            return f"row {action.entity}"
        case Wait():
            return "wait"
        case Call():
            return f"{action.user or 'anonymous'} {action.operation}"
        case _:
            assert_never(action)


def _shown(answer: Seen) -> str:
    body = "" if answer.body is None else f" {json.dumps(answer.body, ensure_ascii=False)[:400]}"
    return f"answered {answer.status}{body}"
