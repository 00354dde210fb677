"""A model as a service: each request is answered in the order that semantics 4 of LANGUAGE.md gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backwright.model.types import InputField, Model, Operation, ReferenceType
from backwright.reference.evaluate import Environment, Overflow, Row, evaluate
from backwright.reference.failures import STATUS, Failure
from backwright.reference.http import Opaque, Request, Response
from backwright.reference.read import (
    is_json,
    parse_object,
    query_fields,
    read_body,
    read_path,
    read_query,
    unknown,
)
from backwright.reference.seam import identifier
from backwright.reference.show import location, shown
from backwright.reference.steps import Cursors, Execution, Rows


class Reference:
    """The service that a model describes, in memory. `rows` is its whole state but for tokens and cursors."""

    def __init__(self, model: Model, *, max_body_bytes: int = 1024 * 1024) -> None:
        self.model = model
        self.max_body_bytes = max_body_bytes
        self.rows: Rows = {entity.name: [] for entity in model.entities}
        self._tokens: dict[str, tuple[UUID, datetime]] = {}
        self._cursors = Cursors(given={}, fresh=self._fresh)
        self._made = 0

    def answer(self, request: Request) -> Response:
        """The answer to one request. A request that fails changes nothing."""
        try:
            operation, path = self._route(request)
            status, headers, body = self._perform(operation, path, request)
        except Failure as failure:
            status, headers, body = failed(failure)
        except Overflow:
            status, headers, body = failed(Failure("invalid"))
        headers["x-request-id"] = request.request_id
        if body is not None:
            headers["content-type"] = "application/json"
            body["meta"]["request_id"] = request.request_id
        return Response(status=status, headers=headers, body=None if request.method == "HEAD" else body)

    def _route(self, request: Request) -> tuple[Operation, dict[str, str]]:
        """The operation and the texts of its path parameters. Raises Failure: 404, 405."""
        matching = [
            (operation, found)
            for operation in self.model.operations
            if (found := match_path(operation.path, request.path)) is not None
        ]
        if not matching:
            raise Failure("not_found")
        method = "GET" if request.method == "HEAD" else request.method
        answering = [pair for pair in matching if pair[0].method == method]
        if not answering:
            methods = {str(operation.method) for operation, _ in matching}
            methods |= {"HEAD"} if "GET" in methods else set()
            raise Failure("method_not_allowed", allow=", ".join(sorted(methods)))
        return min(answering, key=lambda pair: [part.startswith("{") for part in pair[0].path.split("/")])

    def _perform(
        self, operation: Operation, path: Mapping[str, str], request: Request
    ) -> tuple[int, dict[str, str], Any]:
        """Checks, steps and the success answer. Raises Failure or Overflow."""
        content = request.body or b""
        if operation.body is not None and len(content) > self.max_body_bytes:
            raise Failure("payload_too_large")
        if operation.body is not None and not is_json(request.content_type):
            raise Failure("unsupported_media_type")
        caller = self._caller(operation, request)
        run = self._read(operation, content, caller, request)
        keys = read_path(operation.path_parameters, path)
        if keys is None:
            raise Failure("not_found")
        run.params.update(keys)
        self._check_references(operation, run)
        for step in operation.steps:
            run.run(step)
        self.rows = run.rows
        return success(operation, run, self.model)

    def _caller(self, operation: Operation, request: Request) -> Row | None:
        """Who is calling. Raises Failure: 401 without valid credentials where they are looked at."""
        if operation.caller == "none":
            return None
        if request.authorization is None:
            if operation.caller == "required":
                raise Failure("unauthenticated")
            return None
        bearer = re.fullmatch(r"bearer +(\S+)", request.authorization.strip(), re.IGNORECASE)
        subject, expires = self._tokens.get(bearer[1] if bearer else "", (None, request.now))
        auth = self.model.auth
        if subject is None or auth is None or request.now >= expires:
            raise Failure("unauthenticated")
        key = self.model.entity(auth.identity).key
        for row in self.rows[auth.identity]:
            if row[key] == subject:
                return row
        raise Failure("unauthenticated")

    def _read(self, operation: Operation, content: bytes, caller: Row | None, request: Request) -> Execution:
        """The run of the operation with its input. Raises Failure: 400, 422 with every bad field."""

        def default(field: InputField) -> Any:
            assert field.default is not None
            return evaluate(field.default.meaning, Environment(now=request.now, keys={}, rows={}))

        members = parse_object(content) if operation.body is not None else {}
        queried = query_fields(operation)
        params, errors = read_query(queried, request.query, default)
        body: dict[str, Any] = {}
        if operation.body is not None:
            body, wrong = read_body(operation.body, members, default)
            errors += wrong
        if self.model.service.unknown_fields == "reject":
            errors += unknown((name for name, _ in request.query), queried) if queried else []
            errors += unknown(members, operation.body.fields) if operation.body else []
        if errors:
            raise Failure("invalid", errors)
        return self._execution(operation, caller, params, body, request)

    def _check_references(self, operation: Operation, run: Execution) -> None:
        """Raises Failure unless every reference in the body is to a row that the caller may read."""
        errors = [
            (field.wire, "reference")
            for field in (operation.body.fields if operation.body else ())
            if isinstance(field.type, ReferenceType)
            and run.body.get(field.name) is not None
            and not run.readable(field.type.entity, run.body[field.name])
        ]
        if errors:
            raise Failure("invalid", errors)

    def _execution(
        self,
        operation: Operation,
        caller: Row | None,
        params: dict[str, Any],
        body: dict[str, Any],
        request: Request,
    ) -> Execution:
        made = iter(range(2**63))

        def issue_token(subject: UUID) -> str:
            assert self.model.auth is not None
            token = self._fresh("token")
            lifetime = timedelta(seconds=self.model.auth.token_seconds)
            self._tokens[token] = (subject, request.now.replace(microsecond=0) + lifetime)
            return token

        return Execution(
            model=self.model,
            operation=operation.name,
            rows={entity: [dict(row) for row in rows] for entity, rows in self.rows.items()},
            now=request.now,
            caller=caller,
            params=params,
            body=body,
            new_id=lambda: identifier(request.request_id, request.now, next(made)),
            issue_token=issue_token,
            cursors=self._cursors,
        )

    def _fresh(self, kind: str) -> str:
        """A string that was never given out before."""
        self._made += 1
        return Opaque(f"{kind}-{self._made}")


def match_path(template: str, path: str) -> dict[str, str] | None:
    """The texts of the parameters when the path fits the template. A parameter is one whole segment."""
    parts, segments = template.split("/"), path.split("/")
    if len(parts) != len(segments):
        return None
    found = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            found[part[1:-1]] = segment
        elif part != segment:
            return None
    return found


def success(operation: Operation, run: Execution, model: Model) -> tuple[int, dict[str, str], Any]:
    """Status, headers and envelope of what the steps did."""
    respond = operation.respond
    where = location(respond.show, run.bindings)
    headers = {} if where is None else {"location": where}
    if respond.status == 204:
        return 204, headers, None
    data, meta = shown(respond.show, run.bindings, model)
    return respond.status, headers, {"data": data, "error": None, "meta": meta}


def failed(failure: Failure) -> tuple[int, dict[str, str], Any]:
    """Status, headers and envelope of a failure."""
    status = STATUS[failure.code]
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    if failure.allow is not None:
        headers["allow"] = failure.allow
    message = failure.code.replace("_", " ")
    error: dict[str, Any] = {"code": failure.code, "message": message}
    if failure.code in {"invalid", "conflict"}:
        error["fields"] = [{"field": name, "code": code, "message": code} for name, code in failure.fields]
    return status, headers, {"data": None, "error": error, "meta": {}}
