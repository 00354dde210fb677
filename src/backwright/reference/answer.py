"""A model as a service: each request is answered in the order that semantics 4 of LANGUAGE.md gives."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, assert_never

import msgspec

from backwright.model.types import (
    MEDIA_OF_FAILURES,
    Entity,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    RecordType,
    ReferenceType,
    Respond,
    Select,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
)
from backwright.reference import forms, sessions
from backwright.reference.calling import scripts
from backwright.reference.cursors import Cursors
from backwright.reference.errors import answered
from backwright.reference.evaluate import Environment, Overflow, Row, evaluate, holds
from backwright.reference.execution import Execution, Observe, Rows
from backwright.reference.failures import Failure
from backwright.reference.http import Opaque, Request, Response
from backwright.reference.limits import Answers, Rates
from backwright.reference.notices import notices
from backwright.reference.read import (
    Reading,
    is_json,
    paged,
    parse_list,
    parse_object,
    query_fields,
    sent_parameters,
    unknown,
)
from backwright.reference.routing import routes_of
from backwright.reference.seam import Seam
from backwright.reference.sessions import Session
from backwright.reference.show import Shown, location, saved_as
from backwright.reference.steps import take
from backwright.reference.texts import header, written


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference remembers at one moment."""

    rows: Rows
    gone: Rows
    sequences: dict[tuple[str, str], int]
    sessions: dict[str, Session]
    cursors: dict[str, Any]
    rates: dict[tuple[Any, ...], int]
    answers: dict[tuple[Any, ...], Any]
    made: dict[str, int]


class Reference:
    """The service that a model describes, in memory.

    Its state is `rows`, `gone` (rows that were deleted softly), `sequences` (the last number of each), `sessions` by
    token, and what limits and cursors need. `observe` is told what each rule and condition came to.
    """

    def __init__(
        self, model: Model, *, max_body_bytes: int | None = None, observe: Observe | None = None
    ) -> None:
        self.model = model
        self.observe = observe
        self.max_body_bytes = model.service.max_body if max_body_bytes is None else max_body_bytes
        self.rows: Rows = defaultdict(list)
        self.gone: Rows = defaultdict(list)
        self.sequences: dict[tuple[str, str], int] = {}
        self.sessions: dict[str, Session] = {}
        self.scripts = scripts(model)
        self._cursors = Cursors(given={}, fresh=self._fresh)
        self._rates = Rates()
        self._answers = Answers()
        self._asked = ""
        self._made: dict[str, int] = {}

    def state(self) -> State:
        """All that decides later answers, as it is now."""
        return State(
            rows=self.rows,
            gone=self.gone,
            sequences=self.sequences,
            sessions=dict(self.sessions),
            cursors=dict(self._cursors.given),
            rates=dict(self._rates.counts),
            answers=dict(self._answers.kept),
            made=dict(self._made),
        )

    def go_back(self, state: State) -> None:
        """Be as it was."""
        self.rows, self.gone, self.sequences = state.rows, state.gone, state.sequences
        self.sessions, self._made = dict(state.sessions), dict(state.made)
        self._cursors.given, self._rates.counts = dict(state.cursors), dict(state.rates)
        self._answers.kept = dict(state.answers)

    def foretold(self, request: Request) -> Response:
        """The answer that this request would get now. Nothing changes by asking."""
        state, observe = self.state(), self.observe
        self.observe = None
        try:
            return self.answer(request)
        finally:
            self.go_back(state)
            self.observe = observe

    def answer(self, request: Request) -> Response:
        """The answer to one request. A request that fails changes nothing."""
        operation: Operation | None = None
        self._asked = request.request_id
        try:
            operation, path = self._route(request)
            response = self._perform(operation, path, request)
        except Failure as failure:
            response = self._failed(failure, operation, request)
        except Overflow:
            response = self._failed(Failure("invalid"), operation, request)
        headers = {**response.headers, "x-request-id": request.request_id}
        headers |= notices(operation, request, response) if operation is not None else {}
        if response.body is not None:
            headers.setdefault("content-type", "application/json")
        if request.method == "HEAD":
            response = msgspec.structs.replace(response, body=None, content=None)
        return msgspec.structs.replace(response, headers=headers)

    def _failed(self, failure: Failure, operation: Operation | None, request: Request) -> Response:
        status, body = answered(failure, operation, self.model.service, request.request_id)
        headers = dict(failure.headers)
        auth = self.model.auth
        if status == 401 and (auth is None or auth.cookie is None):
            headers["www-authenticate"] = auth.scheme if auth is not None else "Bearer"
        if body is not None:
            headers["content-type"] = MEDIA_OF_FAILURES[self.model.service.failures]
        return Response(status=status, headers=headers, body=body)

    def _route(self, request: Request) -> tuple[Operation, dict[str, str]]:
        """The operation and the texts of its path parameters. Raises Failure: 404, 405."""
        matching = routes_of(self.model).matching(request.path)
        if not matching:
            raise Failure("not_found")
        method = "GET" if request.method == "HEAD" else request.method
        answering = [pair for pair in matching if pair[0].method == method]
        if not answering:
            methods = {str(operation.method) for operation, _ in matching}
            methods |= {"HEAD"} if "GET" in methods else set()
            raise Failure("method_not_allowed", headers={"allow": ", ".join(sorted(methods))})
        return min(answering, key=lambda pair: [part.startswith("{") for part in pair[0].path.split("/")])

    def _perform(self, operation: Operation, path: dict[str, str], request: Request) -> Response:
        """Everything from the size of the body to the answer. Raises Failure or Overflow."""
        content = self._acceptable(operation, request)
        by_address = [rate for rate in operation.rates if rate.by == "address"]
        self._rates.count(operation.name, by_address, request.address, request.now)
        session, caller = self._caller(operation, request)
        members = self._members(operation, content, request) if _is_form(operation) else {}
        if session is not None:
            sessions.check_origin(session, request, members)
        self._allow(operation, caller, request)
        who = request.address if session is None else session.subject
        by_caller = [rate for rate in operation.rates if rate.by == "caller"]
        self._rates.count(operation.name, by_caller, who, request.now)
        if operation.body is None:
            request = msgspec.structs.replace(request, body=b"")  # nobody reads it
        key = self._answers.key(operation, request, who)
        if key is None:
            return self._carry_out(operation, path, content, session, caller, request)
        again = self._answers.again(key, operation, request)
        if again is not None:
            return again
        try:
            response = self._carry_out(operation, path, content, session, caller, request)
        except Failure as failure:
            self._answers.keep(key, operation, request, self._failed(failure, operation, request))
            raise
        except Overflow:
            self._answers.keep(key, operation, request, self._failed(Failure("invalid"), operation, request))
            raise
        self._answers.keep(key, operation, request, response)
        return response

    def _acceptable(self, operation: Operation, request: Request) -> bytes:
        """The content of the body. Raises Failure: 413, 415."""
        content = request.body or b""
        if operation.body is None:
            return b""
        most = self.max_body_bytes if operation.max_body is None else operation.max_body
        if len(content) > most:
            raise Failure("payload_too_large")
        fits = (
            is_json(request.content_type)
            if operation.body.media == "json"
            else forms.is_form(operation.body, request.content_type)
        )
        if not fits:
            raise Failure("unsupported_media_type")
        return content

    def _caller(self, operation: Operation, request: Request) -> tuple[Session | None, Row | None]:
        """Who is calling. Raises Failure: 401 without valid credentials where they are looked at."""
        auth = self.model.auth
        if operation.caller == "none" or auth is None:
            return None, None
        token = sessions.presented(request, auth)
        if token is None:
            if operation.caller == "required":
                raise Failure("unauthenticated")
            return None, None
        session = self.sessions.get(token)
        row = None
        if session is not None and request.now < session.expires:
            key = self.model.entity(auth.identity).key
            row = next((row for row in self.rows[auth.identity] if row[key] == session.subject), None)
        if session is not None and row is not None:
            return session, row
        if auth.cookie is not None and operation.caller == "optional":
            return None, None  # a browser sends an old cookie by itself
        raise Failure("unauthenticated")

    def _allow(self, operation: Operation, caller: Row | None, request: Request) -> None:
        """Raises Failure: 403 by the operation's own rule, which is about the caller only."""
        if operation.access is None:
            return
        environment = self._environment(request, caller)
        allowed = holds(operation.access.condition, environment)
        if self.observe is not None:
            self.observe(operation.access, allowed)
        if not allowed:
            raise Failure("forbidden")

    def _environment(self, request: Request, caller: Row | None = None) -> Environment:
        return Environment(now=request.now, keys=self.model.keys, rows=self.rows, caller=caller)

    def _members(self, operation: Operation, content: bytes, request: Request) -> dict[str, Any]:
        """The members of the body. Raises Failure: 400; 422 where they are not where they should be."""
        body = operation.body
        if body is None:
            return {}
        if body.media != "json":
            return forms.members(body, content, request.content_type or "")
        if body.bare is not None:
            return {body.bare: parse_list(content)}
        members = parse_object(content)
        if body.wrap is None:
            return members
        inner = members.get(body.wrap)
        if not isinstance(inner, dict):
            raise Failure("invalid", [(body.wrap, "type" if body.wrap in members else "required")])
        return inner

    def _carry_out(
        self,
        operation: Operation,
        path: dict[str, str],
        content: bytes,
        session: Session | None,
        caller: Row | None,
        request: Request,
    ) -> Response:
        """Input, steps and answer. Raises Failure or Overflow."""
        members = self._members(operation, content, request)
        version = _version(operation, request)
        run = self._read(operation, path, members, session, caller, request)
        run.version = version
        self._check_references(operation, run)
        for step in operation.steps:
            take(step, run)
        response = self._success(operation, run, request)
        self.rows, self.gone, self.sequences = run.rows, run.gone, run.sequences
        for token in run.revoked:
            self.sessions.pop(token, None)
        self.sessions |= {each.token: each for each in run.issued}
        return response

    def _read(
        self,
        operation: Operation,
        path: dict[str, str],
        members: dict[str, Any],
        session: Session | None,
        caller: Row | None,
        request: Request,
    ) -> Execution:
        """The run of the operation with its input. Raises Failure: 422 with every bad field, 404 by the path."""

        def default(field: InputField) -> Any:
            assert field.default is not None
            return evaluate(field.default.meaning, self._environment(request))

        reading = Reading(self.model, default)
        queried = query_fields(operation)
        params = reading.query(queried, sent_parameters(operation, request))
        body = reading.body(operation.body, members) if operation.body is not None else {}
        if reading.reject:
            fields = operation.body.fields if operation.body is not None else ()
            proof = {sessions.CSRF} if _is_form(operation) else set()
            in_query = [field for field in queried if not field.header]
            reading.errors += unknown((name for name, _ in request.query), in_query) if queried else []
            reading.errors += (
                unknown((name for name in members if name not in proof), fields) if fields else []
            )
        if reading.errors:
            raise Failure("invalid", reading.errors)
        keys = reading.path(operation.path_parameters, path)
        if keys is None:
            raise Failure("not_found")
        names = paged(operation)
        return Execution(
            model=self.model,
            operation=operation,
            request_id=request.request_id,
            now=request.now,
            rows=defaultdict(
                list, {entity: [dict(row) for row in rows] for entity, rows in self.rows.items() if rows}
            ),
            gone=defaultdict(list, {entity: list(rows) for entity, rows in self.gone.items() if rows}),
            sequences=dict(self.sequences),
            caller=self._copied(caller),
            params={name: value for name, value in params.items() if name not in names} | keys,
            query={names[name]: value for name, value in params.items() if name in names},
            body=body,
            members=frozenset(field.name for field in _fields(operation) if field.wire in members),
            presented=session,
            seam=Seam(request.request_id, request.now),
            fresh=self._fresh,
            cursors=self._cursors,
            scripts=self.scripts,
            observe=self.observe,
        )

    def _copied(self, caller: Row | None) -> Row | None:
        return None if caller is None else dict(caller)

    def _check_references(self, operation: Operation, run: Execution) -> None:
        """Raises Failure unless every reference in the body is to a row that the caller may read."""
        errors = [
            (place, "reference")
            for field in _fields(operation)
            for place, entity, key in references(field, run.body.get(field.name), field.wire)
            if not run.readable(entity, key)
        ]
        if errors:
            raise Failure("invalid", errors)

    def _success(self, operation: Operation, run: Execution, request: Request) -> Response:
        """The answer of what the steps did."""
        respond = operation.respond
        shown, environment = Shown(run), run.environment()
        headers = {
            each.name: header(written(value))
            for each in respond.headers
            if (value := evaluate(each.value.meaning, environment)) is not None
        }
        status = (
            respond.status if respond.choose is None else int(evaluate(respond.choose.meaning, environment))
        )
        cookies = [*run.cookies(), *_cookies(respond, environment)]
        show, body, content = respond.show, None, None
        match show:
            case ShowRow() | ShowPage() | ShowSession() | ShowShape():
                body = _json(shown, operation, run, request)
                headers |= _row_headers(operation, run) if isinstance(show, ShowRow) else {}
            case ShowNothing():
                pass
            case ShowText(text=text):
                content = str(evaluate(text.meaning, environment) or "").encode()
                headers["content-type"] = "text/plain; charset=utf-8"
            case ShowHtml():
                content = shown.html(show, environment, run.csrf())
                headers["content-type"] = "text/html; charset=utf-8"
            case ShowCsv():
                content = shown.csv(show, environment)
                headers["content-type"] = "text/csv; charset=utf-8"
                headers |= saved_as(show.filename)
            case ShowFile():
                content, of_file = shown.file(show, environment)
                headers |= of_file
            case _:
                assert_never(show)
        unchanged = request.headers.get("if-none-match")
        if (
            unchanged is not None
            and request.method in sessions.SAFE
            and headers.get("etag") == unchanged.strip()
        ):
            return Response(status=304, headers=headers)
        return Response(status=status, headers=headers, body=body, content=content, cookies=tuple(cookies))

    def made_up(self, request_id: str) -> bool:
        """Whether it made up a string for this request."""
        return request_id in self._made

    def _fresh(self, kind: str) -> str:
        """A string that was never given out before: named after the request that made it, and its place there."""
        made = self._made[self._asked] = self._made.get(self._asked, 0) + 1
        return Opaque(f"{kind}-{self._asked}-{made}")


def _is_form(operation: Operation) -> bool:
    return operation.body is not None and operation.body.media != "json"


def _fields(operation: Operation) -> tuple[InputField, ...]:
    return operation.body.fields if operation.body is not None else ()


def _version(operation: Operation, request: Request) -> frozenset[int] | None:
    """The versions that `If-Match` allows; None: any. Raises Failure: 428 where one has to be named."""
    given = request.headers.get("if-match")
    if operation.if_match == "no" or given is None:
        if operation.if_match == "required":
            raise Failure("precondition_required")
        return None
    if given.strip() == "*":
        return None
    tags = re.findall(r'(?:^|,)\s*"([0-9]{1,18})"\s*(?=,|$)', given)
    return frozenset(map(int, tags))


def references(field: InputField, value: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    """Every key of another row in a value of the body: where it stands, of which entity, and the key."""
    yield from _references(field.type, value, place)


def _references(kind: Any, value: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    if value is None:
        return
    match kind:
        case ReferenceType(entity=entity):
            yield place, entity, value
        case ManyType(entity=entity):
            for position, key in enumerate(value):
                yield f"{place}[{position}]", entity, key
        case ListType(element=element):
            for position, item in enumerate(value):
                yield from _references(element, item, f"{place}[{position}]")
        case RecordType(members=members):
            for member in members:
                yield from _references(member.type, value.get(member.name), f"{place}.{member.wire}")


def _cookies(respond: Respond, environment: Environment) -> Iterator[str]:
    for each in respond.cookies:
        value = evaluate(each.value.meaning, environment)
        age = "; Max-Age=0" if value is None else "" if each.seconds is None else f"; Max-Age={each.seconds}"
        shown = "" if value is None else re.sub(r"[^!#-+\--:<-\[\]-~]", "_", written(value))
        yield f"{each.name}={shown}; Path=/{age}; HttpOnly; Secure; SameSite=Lax"


def _json(shown: Shown, operation: Operation, run: Execution, request: Request) -> Any:
    """The JSON of an answer, in the envelope or bare."""
    respond, environment = operation.respond, run.environment()
    show = respond.show
    meta: dict[str, Any] = {}
    data: Any
    match show:
        case ShowRow(bind=bind, view=view):
            row = run.bindings[bind]
            data = None if row is None else shown.view(row, run.model.view(view), environment)
        case ShowPage():
            data, page = shown.page(show, environment)
            style = _style(operation, show.bind)
            if style != "none":
                cursor = None if page.next is None else Opaque(page.next)
                meta = {"next": cursor} if style == "keyset" else {"total": page.total}
            if not respond.envelope:
                return {respond.wrap or "items": data, **meta} if meta or respond.wrap else data
        case ShowSession(row=bind, view=view, token=token):
            row = shown.view(run.bindings[bind], run.model.view(view), environment)
            data = {bind: row, "token": Opaque(run.bindings[token])}
        case ShowShape(shape=shape):
            data = shown.shape(shape, environment)
        case _:
            raise TypeError(f"{type(show).__name__} is no JSON")
    if respond.wrap is not None:
        data = {respond.wrap: data}
    if not respond.envelope:
        return data
    return {"data": data, "error": None, "meta": {**meta, "request_id": request.request_id}}


def _style(operation: Operation, bind: str) -> str:
    for step in operation.steps:
        if isinstance(step, Select) and step.bind == bind:
            return step.paging.style
    return "keyset"


def _row_headers(operation: Operation, run: Execution) -> dict[str, str]:
    """Where a new row is, and the version of a row."""
    show = operation.respond.show
    assert isinstance(show, ShowRow)
    row: Row | None = run.bindings[show.bind]
    if row is None:
        return {}
    entity: Entity = run.model.entity(run.model.view(show.view).entity)
    found = {} if show.location is None else {"location": header(location(show.location, row))}
    return found | ({} if entity.version is None else {"etag": f'"{row[entity.version]}"'})
