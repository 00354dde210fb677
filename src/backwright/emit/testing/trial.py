"""One request in a world, tried on the reference: what it answers, and where it failed."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from backwright.emit.testing.values import NOW, Wrong
from backwright.emit.testing.world import World
from backwright.expr.typed import Expression, Input
from backwright.model.types import (
    Body,
    FieldType,
    Formula,
    InputField,
    ListType,
    Model,
    Operation,
    RecordType,
    Rule,
    ScalarType,
    Step,
)
from backwright.reference import Opaque, Reference, Request, Response
from backwright.reference.calling import Outcome, always, outputs
from backwright.reference.evaluate import Row
from backwright.reference.execution import Execution
from backwright.reference.failures import Failure
from backwright.reference.sessions import Session
from backwright.reference.texts import written

BOUNDARY = "part-of-a-test"
Pairs = list[tuple[str, Any]]


class File(msgspec.Struct, frozen=True):
    """A file in a multipart body."""

    name: str
    content: bytes
    media: str


class Scene(msgspec.Struct):
    """Who asks an operation for what in which world. Values are the specification's; `ask` makes them a request.

    `params` are those of path and query by name, `query` further texts as they are sent, `segments` texts of the
    path that stand for no value. `raw` replaces the body, and `media` its media type. `tokenless`: the request
    comes without what proves that a page of ours sent it (CSRF). `says` is what custom logic says, by its name,
    where that is not its usual output.
    """

    operation: Operation
    world: World
    caller: str | None = None
    params: dict[str, Any] = {}
    body: dict[str, Any] | None = None
    query: Pairs = []
    segments: dict[str, str] = {}
    headers: dict[str, str] = {}
    raw: bytes | None = None
    media: str | None = None
    tokenless: bool = False
    says: dict[str, Outcome] = {}

    def copy(self) -> Scene:
        """The same scene, to be changed on its own."""
        return msgspec.structs.replace(
            self,
            world=self.world.copy(),
            params=dict(self.params),
            body=None if self.body is None else _copied(self.body),
            query=list(self.query),
            segments=dict(self.segments),
            headers=dict(self.headers),
            says=dict(self.says),
        )

    def given(self, where: Input) -> dict[str, Any]:
        """The values among which that input stands, to be changed."""
        if where.source == "params":
            return self.params
        if self.body is None:
            self.body = {}
        return self.body

    def ask(self) -> Ask:
        """The request."""
        operation = self.operation
        segments = {}
        for each in operation.path_parameters:
            value = self.segments.get(each.wire or each.name, self.params.get(each.name))
            segments[each.wire or each.name] = "missing" if value is None else written(value)
        query: Pairs = []
        told: dict[str, str] = {}
        for field in operation.query:
            if field.name in self.params and field.header:
                told[field.wire] = _text(self.params[field.name])
            elif field.name in self.params:
                query += _texts(field.wire, self.params[field.name])
        return Ask(
            method=operation.method,
            path=re.sub(r"\{(\w+)\}", lambda hole: segments[hole[1]], operation.path),
            caller=self.caller,
            query=[*query, *self.query],
            body=None if self.body is None or operation.body is None else _wired(operation.body, self.body),
            of=operation.body,
            headers={**told, **self.headers},
            raw=self.raw,
            media=self.media,
            tokenless=self.tokenless,
        )


class Ask(msgspec.Struct, kw_only=True):
    """A request as a test sends it. `body` are the members by their wire names, and `of` says how they come."""

    method: str
    path: str
    caller: str | None
    query: Pairs
    body: dict[str, Any] | None
    of: Body | None
    headers: dict[str, str]
    raw: bytes | None
    media: str | None
    tokenless: bool

    @property
    def kind(self) -> str | None:
        """How the body comes."""
        return None if self.of is None else self.of.media

    def content(self) -> tuple[bytes | None, str | None]:
        """The body as bytes, and its media type."""
        if self.raw is not None or self.body is None:
            return self.raw, self.media if self.media is not None or self.raw is None else "application/json"
        match self.kind:
            case "json":
                data = self.body if self.of is None else self.of.whole(self.body)
                return json.dumps(data, default=_plain).encode(), "application/json"
            case "form":
                return _urlencoded(self.body), "application/x-www-form-urlencoded"
            case _:
                return _multipart(self.body), f"multipart/form-data; boundary={BOUNDARY}"


class Condition(msgspec.Struct, frozen=True):
    """A condition that was asked of a row (`row`, None: of none) at a step; `held` says what came of it."""

    expression: Expression
    source: str
    row: Row | None
    held: bool
    is_rule: bool


class Recording(Execution, kw_only=True):
    """A run that remembers at which step it is, what was bound before each, and the conditions it asked."""

    at: int = -1
    bound: list[dict[str, Any]] = msgspec.field(default_factory=list)
    asked: list[tuple[int, Condition]] = msgspec.field(default_factory=list)

    def begin(self, step: Step) -> None:
        self.at += 1
        self.bound.append(dict(self.bindings))

    def permits(self, rule: Rule | None, row: Row) -> bool:
        held = super().permits(rule, row)
        if rule is not None:
            self.asked.append((self.at, Condition(rule.condition, rule.source, row, held, is_rule=True)))
        return held

    def value(self, formula: Formula, this: Row | None = None, **names: Any) -> Any:
        found = super().value(formula, this, **names)
        if formula.meaning.type.kind == "boolean" and not names:
            asked = Condition(formula.meaning, formula.source, this, found is True, is_rule=False)
            self.asked.append((self.at, asked))
        return found


class Recorder(Reference):
    """The reference, with a recording of the last run. Callers are signed in by being named."""

    recording: Recording | None = None
    failure: Failure | None = None

    def sign_in(self, variable: str, subject: Any, seconds: int, csrf: str | None) -> str:
        """A token of a caller."""
        token = Opaque(f"token-of-{variable}")
        expires = NOW + timedelta(seconds=seconds)
        self.sessions[token] = Session(token=token, subject=subject, expires=expires, csrf=csrf)
        return token

    def begin_sequences(self, model: Model, first: int) -> None:
        """The next number of each sequence comes after those of stored rows."""
        self.sequences |= dict.fromkeys(model.sequences, first)

    def _read(self, *given: Any, **named: Any) -> Execution:
        run = super()._read(*given, **named)
        self.recording = Recording(**{name: getattr(run, name) for name in Execution.__struct_fields__})
        return self.recording

    def _failed(self, failure: Failure, operation: Operation | None, request: Request) -> Response:
        self.failure = failure
        return super()._failed(failure, operation, request)


class Trial(msgspec.Struct):
    """What came of a scene: the answer, the rows afterwards, the recording, and the failure if it is one."""

    scene: Scene
    ask: Ask
    response: Response
    rows: dict[str, list[Row]]
    recording: Recording | None
    failure: Failure | None

    @property
    def succeeded(self) -> bool:
        """Whether the operation did what it is for."""
        return self.failure is None and self.response.status < 400

    @property
    def step(self) -> int | None:
        """The step at which it failed; None where it failed before the first, or not at all."""
        return None if self.succeeded or self.recording is None else self.recording.at


NEW_NUMBERS = 9000


class Stage:
    """A reference with the rows of a world, for one or more requests of a conversation."""

    def __init__(self, world: World) -> None:
        self.model = world.setting.model
        self.reference = Recorder(self.model)
        world.store_in(self.reference)
        self.reference.begin_sequences(self.model, NEW_NUMBERS)
        self.tokens: dict[str, str] = {}
        self.world = world
        self.number = 0

    def send(self, scene: Scene, ask: Ask | None = None) -> Trial:
        """The answer to one request."""
        ask = ask or scene.ask()
        content, media = ask.content()
        self.number += 1
        headers = {name.lower(): value for name, value in ask.headers.items()}
        authorization = headers.pop("authorization", None)
        if ask.caller is not None:
            authorization = self._credentials(ask, headers)
        said = {logic.name: outputs(logic)[0] for logic in self.model.logic} | scene.says
        self.reference.scripts = {name: always(each) for name, each in said.items()}
        self.reference.recording = self.reference.failure = None
        response = self.reference.answer(
            Request(
                method=ask.method,
                path=ask.path,
                now=NOW,
                request_id=f"test-{self.number}",
                query=tuple(ask.query),
                authorization=authorization,
                content_type=media,
                headers=headers,
                body=content,
            )
        )
        rows: dict[str, list[Row]] = defaultdict(list)
        for name, found in self.reference.rows.items():
            if found:
                rows[name] = [dict(row) for row in found]
        recording, failure = self.reference.recording, self.reference.failure
        return Trial(scene, ask, response, rows, recording, failure)

    def _credentials(self, ask: Ask, headers: dict[str, str]) -> str | None:
        """How the caller proves who they are: the header, or None for a cookie, which is put into `headers`."""
        auth = self.model.auth
        assert auth is not None and ask.caller is not None
        csrf = None if auth.cookie is None else f"csrf-of-{ask.caller}"
        if ask.caller not in self.tokens:
            subject = self.world.key(self.world.variable(ask.caller))
            self.tokens[ask.caller] = self.reference.sign_in(ask.caller, subject, auth.token_seconds, csrf)
        token = self.tokens[ask.caller]
        if auth.cookie is None:
            return f"{auth.scheme} {token}"
        headers["cookie"] = f"{auth.cookie}={token}"
        if not ask.tokenless and csrf is not None and ask.method not in ("GET", "HEAD"):
            headers["x-csrf-token"] = csrf
        return None


def tried(scene: Scene) -> Trial:
    """The answer to the scene's request, and to nothing else."""
    return Stage(scene.world).send(scene)


# Values on the wire -----------------------------------------------------------------------------------


def wire(value: Any, kind: FieldType | None = None) -> Any:
    """A value as JSON carries it, with what Python has to write differently (bytes) still as it is."""
    match value:
        case Wrong():
            return value
        case dict() if isinstance(kind, RecordType):
            known = {member.name: member for member in kind.members}
            return {known[name].wire: wire(inner, known[name].type) for name, inner in value.items()}
        case dict():
            return {name: wire(inner) for name, inner in value.items()}
        case list():
            element = kind.element if isinstance(kind, ListType) else None
            return [wire(inner, element) for inner in value]
        case datetime() | date() | UUID() | Decimal():
            return written(value)
        case bytes():
            return base64.b64encode(value).decode()
        case str():
            return str(value)
        case _:
            return value


def _wired(body: Body, given: dict[str, Any]) -> dict[str, Any]:
    return {field.wire: _sent(given[field.name], field, body) for field in body.fields if field.name in given}


def _sent(value: Any, field: InputField, body: Body) -> Any:
    kind = field.type
    if body.media == "multipart" and isinstance(value, bytes) and isinstance(kind, ScalarType):
        media = kind.media[0] if kind.media else "application/octet-stream"
        return File(f"{field.wire}.{media.rpartition('/')[2]}", value, media)
    if body.media != "json":
        return [text for _, text in _texts("", value)] if isinstance(value, list) else _text(value)
    return wire(value, kind)


def _text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Wrong | File):
        return value
    return base64.b64encode(value).decode() if isinstance(value, bytes) else written_number(value)


def written_number(value: Any) -> str:
    """A value in a query or a form."""
    return repr(value) if isinstance(value, float) else written(value)


def _texts(name: str, value: Any) -> Pairs:
    values = value if isinstance(value, list) else [value]
    return [(name, _text(each)) for each in values]


def _plain(value: Any) -> Any:
    if isinstance(value, Wrong):
        return value.value
    raise TypeError(type(value).__name__)


def _urlencoded(members: dict[str, Any]) -> bytes:
    pairs = [(name, each) for name, value in members.items() for each in _listed(value)]
    return urlencode(pairs).encode()


def _multipart(members: dict[str, Any]) -> bytes:
    found = b""
    for name, value in members.items():
        for each in _listed(value):
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
            if isinstance(each, File):
                head += f'; filename="{each.name}"\r\nContent-Type: {each.media}'
            content = each.content if isinstance(each, File) else str(each).encode()
            found += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return found + f"--{BOUNDARY}--\r\n".encode()


def _listed(value: Any) -> list[Any]:
    each = value if isinstance(value, list) else [value]
    return [item.value if isinstance(item, Wrong) else item for item in each]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
