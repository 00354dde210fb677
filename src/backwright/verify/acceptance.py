"""Executes acceptance scenarios over HTTP, each on an empty database, and says at which step one failed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from backwright.model.types import InputField, Model, Operation, ScalarType
from backwright.verify import rows
from backwright.verify.compare import Seen, decoded
from backwright.verify.results import ScenarioResult
from backwright.verify.scenario_check import check, registration
from backwright.verify.scenarios import (
    Call,
    Check,
    Expected,
    Register,
    Scenario,
    parse_scenarios,
    read_scenarios,
    scenario_files,
)
from backwright.verify.server import Server

__all__ = ["check", "execute", "parse_scenarios", "read_scenarios", "scenario_files"]

MILLISECONDS_BETWEEN = 1000


class StepFailed(Exception):
    """A step of a scenario went another way than it says."""


def execute(scenarios: list[Scenario], model: Model, server: Server) -> list[ScenarioResult]:
    """Every scenario's result, in order."""
    results = []
    with httpx.Client(base_url=server.url, timeout=10.0) as client:
        for scenario in scenarios:
            rows.clear(server.database_url, model)
            detail = _Run(model, client).detail(scenario)
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


def matches(expected: Any, seen: Any) -> bool:
    """Is the expected value a part of what was seen? Tables may have more members, lists may not be longer."""
    if isinstance(expected, dict):
        return isinstance(seen, dict) and all(k in seen and matches(v, seen[k]) for k, v in expected.items())
    if isinstance(expected, list):
        same = isinstance(seen, list) and len(expected) == len(seen)
        return same and all(matches(left, right) for left, right in zip(expected, seen, strict=True))
    if isinstance(expected, bool) or isinstance(seen, bool):
        return expected is seen
    return bool(expected == seen)


class _Run:
    """One scenario while it runs: who has which token, and what was kept."""

    def __init__(self, model: Model, client: httpx.Client) -> None:
        self._model = model
        self._client = client
        self._tokens: dict[str, str] = {}
        self._kept: dict[str, Any] = {}
        self._number = 0

    def detail(self, scenario: Scenario) -> str:
        """Empty when everything went as written; else the step and what was seen."""
        where = ""
        try:
            for phase, actions in (("given", scenario.given), ("when", scenario.when)):
                for i, action in enumerate(actions, start=1):
                    where = f"{phase} {i} ({_named(action)})"
                    answer = self._act(action)
                    if phase == "given" and answer.status >= 400:
                        raise StepFailed(_shown(answer))
            for i, line in enumerate(scenario.then, start=1):
                where = f"then {i}" + (f" ({_named(line.call)})" if line.call else "")
                self._check(line, answer)
        except StepFailed as failed:
            return f"{where}: {failed}"
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            return f"{where}: {error!r}"
        return ""

    def _act(self, action: Register | Call) -> Seen:
        return self._register(action) if isinstance(action, Register) else self._call(action)

    def _register(self, action: Register) -> Seen:
        operation = registration(self._model)
        assert operation is not None, "the check refuses scenarios that register where nobody can"
        fields = operation.body.fields if operation.body else ()
        values = {field.wire: _credential(field, action.user) for field in fields if field.required}
        answer = self._send(operation, {**values, **action.values}, None)
        if answer.status < 400:
            data = answer.body["data"]
            self._tokens[action.user] = data["token"]
            self._kept[action.user] = next(value for value in data.values() if isinstance(value, dict))
        return answer

    def _call(self, call: Call) -> Seen:
        answer = self._send(self._model.operation(call.operation), call.values, call.user)
        if call.keep is not None and isinstance(answer.body, dict):
            self._kept[call.keep] = answer.body.get("data")
        return answer

    def _check(self, line: Check, answer: Seen) -> None:
        expected = line.expected
        if line.call is not None:
            answer = self._call(line.call)
            if expected.status is None and expected.error is None and expected.fields is None:
                status = self._model.operation(line.call.operation).respond.status
                expected = msgspec.structs.replace(expected, status=status)
        wrong = _unmet(expected, answer, self._filled)
        if wrong:
            raise StepFailed(f"{wrong}; {_shown(answer)}")

    def _send(self, operation: Operation, values: dict[str, Any], user: str | None) -> Seen:
        """One request: each value goes where the operation declares its name."""
        given = {name: self._filled(value) for name, value in values.items()}
        path = operation.path
        for parameter in operation.path_parameters:
            path = path.replace(
                f"{{{parameter.name}}}", quote(_text(given.pop(parameter.name, "missing")), safe="")
            )
        members = {field.wire for field in operation.body.fields} if operation.body else set()
        body = {name: value for name, value in given.items() if name in members}
        query = {name: _text(value) for name, value in given.items() if name not in members}
        self._number += MILLISECONDS_BETWEEN
        headers = {"x-request-id": f"v-{self._number}"}
        if user is not None:
            headers["authorization"] = f"Bearer {self._tokens.get(user, '')}"
        content = None
        if operation.body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        answer = self._client.request(operation.method, path, params=query, headers=headers, content=content)
        return decoded(answer.status_code, answer.headers, answer.content)

    def _filled(self, value: Any) -> Any:
        """The value with every `$name.member` taken from what was kept; `$$` stands for a dollar sign."""
        match value:
            case dict():
                return {name: self._filled(member) for name, member in value.items()}
            case list():
                return [self._filled(member) for member in value]
            case str() if value.startswith("$$"):
                return value[1:]
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


def _unmet(expected: Expected, answer: Seen, filled: Any) -> str:
    """What of the expectation does not hold; empty when all of it does."""
    body = answer.body if isinstance(answer.body, dict) else {}
    data, error = body.get("data"), body.get("error") or {}
    if expected.status is not None and answer.status != expected.status:
        return f"status {expected.status} expected"
    if expected.error is not None and error.get("code") != expected.error:
        return f"error {expected.error} expected"
    if expected.count is not None and not (isinstance(data, list) and len(data) == expected.count):
        return f"{expected.count} rows expected"
    if expected.fields is not None:
        told = {field["field"]: field["code"] for field in error.get("fields") or ()}
        wanted = {name: code or told.get(name) for name, code in expected.fields.items()}
        if wanted != told or None in wanted.values():
            return f"errors in {expected.fields} expected"
    if expected.body is not msgspec.UNSET and not matches(wanted_body := filled(expected.body), data):
        return f"{wanted_body!r} expected in the answer"
    return ""


def _credential(field: InputField, user: str) -> Any:
    """What a person of that name registers with."""
    assert isinstance(field.type, ScalarType)
    match field.type.scalar:
        case "email":
            return f"{user}@example.com"
        case "password":
            return f"correct horse {user}".ljust(field.type.min or 0, ".")[: field.type.max]
        case "integer":
            return field.type.min or 1
        case "boolean":
            return False
        case "enum":
            return field.type.values[0]
        case "date":
            return "2000-01-01"
        case "timestamp":
            return "2000-01-01T00:00:00Z"
        case "uuid":
            return "00000000-0000-7000-8000-000000000001"
        case _:
            return user.ljust(field.type.min or 0, "x")[: field.type.max]


def _named(action: Register | Call) -> str:
    if isinstance(action, Register):
        return f"user {action.user}"
    return f"{action.user or 'anonymous'} {action.operation}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _shown(answer: Seen) -> str:
    body = "" if answer.body is None else f" {json.dumps(answer.body, ensure_ascii=False)[:400]}"
    return f"answered {answer.status}{body}"
