"""The application: one ASGI layer in which a whole request can be read from top to bottom."""

import asyncio
import random
import re
import secrets
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from backwright_runtime import migrations as migrating
from backwright_runtime.context import RequestContext
from backwright_runtime.database import Database, open_database
from backwright_runtime.database.interface import (
    Contention,
    DatabaseUnavailable,
    ForeignKeyViolation,
    Queries,
    UniqueViolation,
)
from backwright_runtime.documentation import Documentation
from backwright_runtime.errors import (
    Conflict,
    Internal,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ServiceError,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from backwright_runtime.logs import LOG, AccessLog
from backwright_runtime.passwords import ARGON2ID, Passwords
from backwright_runtime.responses import Document, Response, error_body, ok, success_body
from backwright_runtime.routing import Route, Router, RouteTable
from backwright_runtime.seam import SYSTEM, Seam
from backwright_runtime.settings import RuntimeSettings, SettingsError
from backwright_runtime.tokens import Tokens

CALLERS_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
JSON_TYPE = re.compile(r'application/json\s*(;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)
ATTEMPTS = 5
"""How often an operation is begun that other transactions get in the way of."""
OWN_PATHS = ("/health", "/ready", "/openapi.json", "/docs")
OWN_FOLDER = "/docs/"

# Every answer has these; a Document may replace the last two.
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
UNLESS_REPLACED = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


Caller_co = TypeVar("Caller_co", covariant=True)


class Identify(Protocol[Caller_co]):
    """Finds the caller that a token's subject names; None when there is no such row any more."""

    def __call__(self, db: Queries, subject: UUID, /) -> Awaitable[Caller_co | None]: ...


class ClientGone(Exception):
    """The caller hung up before the request was complete; there is nobody to answer."""


class Application:
    """A service as an ASGI application.

    `migrations` is the folder that /ready compares with the database; `access_log` gets a line per request.
    Both are set by `backwright_runtime.command` when it serves.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        settings: RuntimeSettings,
        routers: Sequence[Router],
        identify: Identify[object] | None = None,
        openapi: Path | None = None,
        seam: Seam = SYSTEM,
        passwords: Passwords = ARGON2ID,
        token_seconds: int = 3600,
    ) -> None:
        if identify is not None and not settings.token_keys:
            raise SettingsError(["TOKEN_KEYS: is missing"])
        self.name = name
        self.version = version
        self.settings = settings
        self.migrations: Path | None = None
        self.access_log: AccessLog | None = None
        self.database: Database = open_database(settings.database_url, pool_size=settings.pool_size)
        self._table = RouteTable(route for router in routers for route in router.routes)
        self._identify = identify
        self._documentation = None if openapi is None else Documentation(name, openapi)
        self._seam = seam
        self._passwords = passwords
        self._tokens = Tokens(name, settings.token_keys, token_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (or start and stop with the server)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def startup(self, *, patience: float = 0) -> None:
        """Connect to the database, trying for some seconds. Raises DatabaseUnavailable."""
        deadline = time.monotonic() + patience
        while True:
            try:
                await self.database.connect()
                return
            except DatabaseUnavailable:
                if time.monotonic() >= deadline:
                    raise
                LOG.warning("the database cannot be reached yet; trying again")
                await asyncio.sleep(0.5)

    async def shutdown(self) -> None:
        """Let go of the database."""
        await self.database.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.startup(patience=10)
        except DatabaseUnavailable as error:
            LOG.error("the database cannot be reached (%s); see DATABASE_URL", error)
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        wanted = Headers(scope=scope).get("x-request-id", "")
        request_id = wanted if CALLERS_REQUEST_ID.fullmatch(wanted) else secrets.token_hex(12)
        template = ""
        answer: Response | Document | ServiceError
        try:
            path = scope["path"]
            if path in OWN_PATHS or path.startswith(OWN_FOLDER):
                template = path if path in OWN_PATHS else OWN_FOLDER
                answer = await self._own(scope)
            else:
                route, keys = self._table.find(scope["method"], path)
                template = route.path
                answer = await self._operate(route, keys, scope, receive, request_id)
        except ClientGone:
            return
        except Exception as error:  # everything must be answered, and a defect never tells its details
            answer = answer_for(error)
            if isinstance(answer, Internal):
                LOG.error("a defect", exc_info=error, extra={"request_id": request_id})
            elif isinstance(answer, Unavailable):
                LOG.warning("unavailable", exc_info=error, extra={"request_id": request_id})
        try:
            start, body = messages(answer, request_id)
        except Exception as error:  # what a handler returned cannot be encoded
            LOG.error("a defect", exc_info=error, extra={"request_id": request_id})
            answer = Internal()
            start, body = messages(answer, request_id)
        if scope["method"] == "HEAD":
            body = {"type": "http.response.body", "body": b""}
        await send(start)
        await send(body)
        if self.access_log is not None:
            seconds = time.perf_counter() - started
            self.access_log.write(request_id, scope["method"], template, start["status"], seconds)

    async def _operate(
        self, route: Route, keys: dict[str, str], scope: Scope, receive: Receive, request_id: str
    ) -> Response:
        """The order of answers: 413, 415, 401, 400 and 422, 404 for keys, and then what the handler says."""
        headers = Headers(scope=scope)
        body = b""
        if route.body is not None:
            body = await self._body(headers, receive)
            if not JSON_TYPE.fullmatch(headers.get("content-type", "").strip()):
                raise UnsupportedMediaType
        ctx = self._context(request_id)
        if route.caller != "none":
            ctx.caller = await self._caller(route, headers, ctx)
        given = route.inputs(scope["query_string"], body) | route.keys(keys)
        for attempt in range(1, ATTEMPTS):
            try:
                return await route.handler(ctx, **given)
            except Contention:
                LOG.info("trying again after attempt %d", attempt, extra={"request_id": request_id})
                await asyncio.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (no secret)
            ctx = self._context(request_id, ctx.caller)
        return await route.handler(ctx, **given)

    def _context(self, request_id: str, caller: object = None) -> RequestContext[Any]:
        """What an operation is run with, from its beginning."""
        return RequestContext(
            db=self.database,
            moment=self._seam.begin(request_id),
            request_id=request_id,
            caller=caller,
            passwords=self._passwords,
            tokens=self._tokens,
        )

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body. Raises PayloadTooLarge as soon as that is known, Content-Length or not."""
        largest = self.settings.max_body_bytes
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > largest:
            raise PayloadTooLarge
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            whole: bytes = message.get("body", b"")
            if len(whole) > largest:
                raise PayloadTooLarge
            return whole
        received = bytearray()
        while True:
            if message["type"] == "http.disconnect":
                raise ClientGone
            received += message.get("body", b"")
            if len(received) > largest:
                raise PayloadTooLarge
            if not message.get("more_body"):
                return bytes(received)
            message = await receive()

    async def _caller(self, route: Route, headers: Headers, ctx: RequestContext[Any]) -> object:
        """Who is calling. Raises Unauthenticated when credentials are missing or not (any more) valid."""
        given = headers.get("authorization")
        if given is None:
            if route.caller == "required":
                raise Unauthenticated
            return None
        bearer = BEARER.fullmatch(given.strip())
        subject = self._tokens.subject(bearer[1], ctx.now) if bearer else None
        if subject is None or self._identify is None:
            raise Unauthenticated
        caller = await self._identify(ctx.db, subject)
        if caller is None:
            raise Unauthenticated
        return caller

    async def _own(self, scope: Scope) -> Response | Document:
        """What every service answers beside its operations: is it alive, is it ready, its contract."""
        path = scope["path"]
        known = path in ("/health", "/ready") or self._documentation is not None
        if known and scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        if path == "/health":
            return ok({"status": "ok"})
        if path == "/ready":
            return await self._ready()
        if self._documentation is None:
            raise NotFound
        return self._documentation.find(path)

    async def _ready(self) -> Response:
        await self.database.check()
        if self.migrations is not None:
            pending = await migrating.pending(self.settings.database_url, self.migrations)
            if pending:
                LOG.warning("not ready: %d migrations are pending", len(pending))
                raise Unavailable
        return ok({"status": "ready", "name": self.name, "version": self.version})


def answer_for(error: Exception) -> ServiceError:
    """What a caller is told about an exception."""
    match error:
        case ServiceError():
            return error
        case UniqueViolation() | ForeignKeyViolation():
            return Conflict()
        case DatabaseUnavailable():
            return Unavailable()
        case _:
            return Internal()


def messages(answer: Response | Document | ServiceError, request_id: str) -> tuple[Message, Message]:
    """The two ASGI messages of an answer."""
    headers = [(b"x-request-id", request_id.encode()), *ALWAYS]
    replaced: set[bytes] = set()
    match answer:
        case Response():
            body = b"" if answer.status == 204 else success_body(answer, request_id)
            content_type = b"application/json"
            if answer.location is not None:
                headers.append((b"location", answer.location.encode("ascii")))
        case ServiceError():
            body = error_body(answer, request_id)
            content_type = b"application/json"
            headers += [(name.encode(), value.encode()) for name, value in answer.headers]
        case Document():
            body, content_type = answer.body, answer.content_type.encode()
            headers += answer.headers
            replaced = {name for name, _ in answer.headers}
    headers += [header for header in UNLESS_REPLACED if header[0] not in replaced]
    status = 200 if isinstance(answer, Document) else answer.status
    if status != 204:
        headers += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
