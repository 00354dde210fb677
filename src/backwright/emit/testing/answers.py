"""What a test says about an answer: status, headers, and the body as a literal value."""

from __future__ import annotations

from typing import Any

import msgspec

from backwright.emit.source import NO_IMPORTS, Imports, imports, literal
from backwright.emit.testing.trial import Trial
from backwright.emit.testing.writing import Known, opaque_places
from backwright.model.types import Auth
from backwright.reference import Opaque

UNSAID = frozenset(["x-request-id", "content-type", "www-authenticate", "x-content-type-options"])


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """How much to say: a brief test of a list says which rows there are, and not what is shown of each."""

    is_brief: bool
    is_last: bool
    number: int


class Said(msgspec.Struct):
    """The statements about one answer. For tables: `problem` is what is compared, by the lines of `table`."""

    status: str
    body: list[str] = []
    used: Imports = NO_IMPORTS
    problem: str = ""
    table: list[str] = []
    parameter: str = ""


def statements(trial: Trial, known: Known, how: Answers) -> Said:
    """Everything that a test says about an answer."""
    said = Said(f"assert answer.status_code == {trial.response.status}")
    if not how.is_last and not how.is_brief:
        return said
    headers = _headers(trial, known)
    if trial.failure is not None:
        _failure(trial, known, said)
    else:
        _success(trial, known, how, said)
    said.body = [*headers, *said.body] if trial.failure is not None else [*said.body, *headers]
    return said


def _headers(trial: Trial, known: Known) -> list[str]:
    response = trial.response
    lines = []
    if response.content is not None:
        lines.append(f'assert answer.headers["content-type"] == {literal(response.headers["content-type"])}')
    for name, value in response.headers.items():
        if name not in UNSAID:
            lines.append(f"assert answer.headers[{literal(name)}] == {known.text(value)}")
    return lines + _cookies(trial)


def _cookies(trial: Trial) -> list[str]:
    auth: Auth | None = trial.scene.world.setting.model.auth
    lines = []
    for cookie in trial.response.cookies:
        name, _, rest = cookie.partition("=")
        value = rest.partition(";")[0]
        if auth is not None and name in (auth.cookie, "csrf_token"):
            if value:
                lines.append(f"assert answer.cookies[{literal(name)}]")
            elif name == auth.cookie:
                lines.append(f'assert "{name}=;" in answer.headers["set-cookie"]')
        else:
            lines.append(f'assert {literal(f"{name}={value};")} in answer.headers["set-cookie"]')
    return lines


# Failures -----------------------------------------------------------------------------------------------


def _failure(trial: Trial, known: Known, said: Said) -> None:
    body = trial.response.body
    failure = trial.failure
    assert failure is not None
    if body is None:
        said.body.append('assert answer.content == b""')
        said.problem, said.parameter, said.table = (
            'b""',
            "problem: bytes",
            ["assert answer.content == problem"],
        )
        return
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and body.get("data", 0) is None and "meta" in body:
        said.body.append(f'assert answer.json()["error"]["code"] == {literal(error["code"])}')
        said.table = ['assert answer.json()["error"]["code"] == "invalid"', "assert fields(answer) == errors"]
        said.parameter = "errors: list[tuple[str, str]]"
        pairs = ", ".join(f"({each['field']!r}, {each['code']!r})" for each in error.get("fields", []))
        said.problem = f"[{pairs}]"
        if error.get("fields"):
            said.body.append(f"assert fields(answer) == [{pairs}]")
            said.used |= imports("tests.conftest", "fields")
        return
    said.problem = known.json(body)
    said.body.append(f"assert answer.json() == {said.problem}")
    said.parameter, said.table = "problem: object", ["assert answer.json() == problem"]


# Successes ----------------------------------------------------------------------------------------------


def _success(trial: Trial, known: Known, how: Answers, said: Said) -> None:
    response = trial.response
    if response.content is not None:
        _content(response.content, response.headers["content-type"], known, said)
        return
    if response.body is None:
        if response.status != 204:
            said.body.append('assert answer.content == b""')
        return
    body, path = response.body, "answer.json()"
    envelope = trial.scene.operation.respond.envelope
    meta: dict[str, Any] = {}
    if envelope:
        body, meta, path = body["data"], body["meta"], 'answer.json()["data"]'
    brief = _brief(body, path) if how.is_brief else None
    if brief is not None:
        said.body.append(f"assert {brief[0]} == {known.json(brief[1])}")
        said.body += [
            f"assert {path}[{literal(name)}] == {known.json(number)}" for name, number in _counted(body)
        ]
        opaque = _cursors(body, path)
        opaque += opaque_places(meta, 'answer.json()["meta"]')
        for number, (text, place) in enumerate(opaque):
            name = "cursor" if number == 0 else f"cursor_{number + 1}"
            if not how.is_last:
                said.body.append(f"{name} = {place}")
                known.texts[text] = name
    else:
        _whole(trial, body, path, known, said)
    for name, value in meta.items():
        if name != "request_id" and not (isinstance(value, Opaque) and not how.is_last):
            test = (
                "is not None"
                if isinstance(value, Opaque)
                else "is None"
                if value is None
                else f"== {value!r}"
            )
            said.body.append(f'assert answer.json()["meta"][{literal(name)}] {test}')


def _whole(trial: Trial, body: Any, path: str, known: Known, said: Said) -> None:
    """The whole body. What the implementation chooses is taken from it, and then looked at."""
    places = [each for each in opaque_places(body, "shown") if each[0] not in known.texts]
    if not places:
        test = "is" if body is None or isinstance(body, bool) else "=="
        said.body.append(f"assert {path} {test} {known.json(body)}")
        return
    said.body.append(f"shown = {path}")
    lines = []
    for text, place in places:
        if text.startswith("token-"):
            lines.append(f"assert service.subject({place}) == {_subject(trial, known)}")
        else:
            lines.append(f"assert {place}")
        known.texts[text] = place
    if all(place != "shown" for _, place in places):
        said.body.append(f"assert shown == {known.json(body)}")
    said.body += lines


def _subject(trial: Trial, known: Known) -> str:
    """Whose the token is that an answer issues."""
    issued = trial.recording.issued if trial.recording is not None else []
    key = issued[-1].subject if issued else ""
    text = known.json(key)
    return text if text.startswith("str(") or isinstance(key, str) else f"str({text})"


def _brief(body: Any, path: str) -> tuple[str, list[Any]] | None:
    """One telling member of each row of the list in a body: the expression that reads it, and its values."""
    if isinstance(body, list):
        if not body:
            return path, []
        if not all(isinstance(each, dict) for each in body):
            return None
        for name, value in body[0].items():
            values = [each.get(name) for each in body]
            distinct = all(isinstance(each, str | int) for each in values) and len(set(values)) == len(values)
            if distinct and not isinstance(value, bool | Opaque):
                return f"[each[{literal(name)}] for each in {path}]", values
        return None
    if isinstance(body, dict):
        lists = [name for name, value in body.items() if isinstance(value, list)]
        if len(lists) == 1:
            return _brief(body[lists[0]], f"{path}[{literal(lists[0])}]")
    return None


def _cursors(body: Any, path: str) -> list[tuple[str, str]]:
    """The cursors in a body, each with the expression that reads it."""
    return [each for each in opaque_places(body, path) if each[0].startswith("cursor-")]


def _counted(body: Any) -> list[tuple[str, int]]:
    """The numbers beside the list in a body: how many there are in all, say."""
    beside = body.items() if isinstance(body, dict) else ()
    return [(name, value) for name, value in beside if isinstance(value, int) and not isinstance(value, bool)]


def _content(content: bytes, media: str, known: Known, said: Said) -> None:
    if not media.startswith("text/"):
        said.body.append(f"assert answer.content == {content!r}")
        return
    text = content.decode()
    if "\n" not in text:
        said.body.append(f"assert answer.text == {known.text(text)}")
        return
    listed = ",\n".join(known.text(line) for line in text.splitlines())
    said.body.append(f"assert answer.text.splitlines() == [\n{listed},\n]")
