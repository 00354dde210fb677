"""The application: one ASGI layer in which a whole request can be read from top to bottom."""

import asyncio
import inspect
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, UnsetType
from starlette.types import Message, Receive, Scope, Send

from backwright_runtime import idempotency
from backwright_runtime import migrations as migrating
from backwright_runtime.cipher import Cipher
from backwright_runtime.contention import PATIENCE, Line, Witnessed
from backwright_runtime.context import RequestContext
from backwright_runtime.database import Database, open_database
from backwright_runtime.database.interface import (
    CheckViolation,
    Data,
    DatabaseUnavailable,
    ForeignKeyViolation,
    Queries,
    UniqueViolation,
)
from backwright_runtime.database.statement import Statement
from backwright_runtime.documentation import Documentation
from backwright_runtime.errors import (
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    MethodNotAllowed,
    NotFound,
    ServiceError,
    Unavailable,
)
from backwright_runtime.failures import AS_USUAL, ErrorAnswers, answered
from backwright_runtime.forgetting import IDEMPOTENT_ANSWERS, REVOKED_TOKENS, forget_hourly
from backwright_runtime.introduction import CallerChanged, Confirmed, Introduced, Introduction, Memory
from backwright_runtime.limits import Rate, Rates
from backwright_runtime.logic import WRITTEN, Runner
from backwright_runtime.logs import LOG, AccessLog
from backwright_runtime.metrics import Metrics
from backwright_runtime.passwords import ARGON2ID, Passwords
from backwright_runtime.requests import (
    REQUEST_ID,
    ClientGone,
    Headers,
    check_media_type,
    headers_of,
    versions,
    whole_body,
)
from backwright_runtime.responses import JSON, Answer, Rendering, ok
from backwright_runtime.routing import Route, Router, RouteTable
from backwright_runtime.seam import SYSTEM, Moment, Seam
from backwright_runtime.sessions import SAFE, Identify, Sessions, check_origin
from backwright_runtime.settings import RuntimeSettings, SettingsError
from backwright_runtime.tokens import Session, Tokens

OWN_PATHS = ("/health", "/ready", "/metrics", "/openapi.json", "/docs")
OWN_FOLDER = "/docs/"

# Every answer has the first two; the others may be replaced.
ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
UNLESS_REPLACED = {
    "cache-control": (b"cache-control", b"no-store"),
    "content-security-policy": (
        b"content-security-policy",
        b"default-src 'none'; frame-ancestors 'none'",
    ),
}


class Asked(Struct, frozen=True):
    """One request to an operation, from which its attempts begin."""

    route: Route
    keys: Mapping[str, str]
    scope: Scope
    headers: Headers
    request_id: str
    body: bytes
    members: Mapping[str, object] | None = None
    session: Session | None = None
    caller: object = None
    introduction: Introduction | None = None


class Application:
    """A service as an ASGI application.

    `migrations` is the folder that /ready compares with the database; `access_log` gets a line per request.
    Both are set by `backwright_runtime.command` when it serves. `row_level` names the role in which PostgreSQL
    judges what a caller reads (docs: row-level security); None where the specification leaves that off.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        settings: RuntimeSettings,
        routers: Sequence[Router],
        identify: Identify[object] | None = None,
        token_seconds: int = 3600,
        scheme: str = "Bearer",
        cookie: str | None = None,
        revocation: bool = False,
        row_level: str | None = None,
        envelope: bool = True,
        errors: ErrorAnswers = AS_USUAL,
        failures: str = JSON,
        max_body: int = 1024 * 1024,
        templates: Path | None = None,
        openapi: Path | None = None,
        seam: Seam = SYSTEM,
        passwords: Passwords = ARGON2ID,
        logic: Runner = WRITTEN,
        patience: float = PATIENCE,
    ) -> None:
        if identify is not None and not settings.token_keys:
            raise SettingsError(["TOKEN_KEYS: is missing"])
        self.name = name
        self.version = version
        self.settings = settings
        self.migrations: Path | None = None
        self.access_log: AccessLog | None = None
        self.database: Database = open_database(settings.database_url, pool_size=settings.pool_size)
        self._row_level = row_level
        self.passwords = passwords
        self.logic = logic
        self.cipher = Cipher(settings.encryption_keys)
        tokens = Tokens(name, settings.token_keys, token_seconds)
        self.sessions = Sessions(tokens, identify, scheme=scheme, cookie=cookie, revocation=revocation)
        self._table = RouteTable(route for router in routers for route in router.routes)
        self._documentation = None if openapi is None else Documentation(name, openapi)
        self._errors = errors
        self._failures = failures
        self._largest = settings.max_body_bytes or max_body
        self._rates = Rates()
        self._rendering = Rendering(envelope=envelope, templates=templates)
        self._seam = seam
        self._line = Line(patience)
        self._memory = Memory()
        self._metrics = Metrics(settings.metrics_token, self._line, self.database.pool)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (or start and stop with the server)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    @property
    def addresses(self) -> frozenset[str]:
        """Method and path of each operation that it answers."""
        return frozenset(f"{route.method} {route.path}" for route in self._table.routes)

    @property
    def limits(self) -> dict[str, tuple[Rate, ...]]:
        """How often those operations may be asked that have a limit, by method and path."""
        limited = ((route, (*route.by_address, *route.by_caller)) for route in self._table.routes)
        return {f"{route.method} {route.path}": rates for route, rates in limited if rates}

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
        forgetting = asyncio.create_task(forget_hourly(self.database, self._remembered()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        forgetting.cancel()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    def _remembered(self) -> list[Statement]:
        """What removes the things that this service remembers for a while."""
        keeps_answers = any(route.idempotent != "no" for route in self._table.routes)
        tables = ((self.sessions.revocation, REVOKED_TOKENS), (keeps_answers, IDEMPOTENT_ANSWERS))
        return [statement for remembers, statement in tables if remembers]

    # One request -------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = headers_of(scope)
        wanted = headers.get("x-request-id", "")
        request_id = wanted if REQUEST_ID.fullmatch(wanted) else secrets.token_hex(12)
        path, template, route = scope["path"], "", None
        try:
            if path in OWN_PATHS or path.startswith(OWN_FOLDER):
                template = path if path in OWN_PATHS else OWN_FOLDER
                answer = await self._own(scope, headers, request_id)
            else:
                route, keys = self._table.find(scope["method"], path)
                template = route.path
                answer = await self._operate(route, keys, scope, headers, receive, request_id)
        except ClientGone:
            return
        except Exception as error:  # everything must be answered, and a defect never tells its details
            answer = self._failed(error, route, request_id)
        start, body = messages(answer, request_id, scope["method"], route)
        await send(start)
        await send(body)
        seconds = time.perf_counter() - started
        self._metrics.answered(scope["method"], template, answer.status, seconds)
        if self.access_log is not None:
            self.access_log.write(request_id, scope["method"], template, answer.status, seconds)

    async def _operate(
        self,
        route: Route,
        keys: Mapping[str, str],
        scope: Scope,
        headers: Headers,
        receive: Receive,
        request_id: str,
    ) -> Answer:
        """The order of answers, up to where the operation itself begins."""
        body = b""
        if route.body is not None:
            body = await whole_body(headers, receive, route.max_body or self._largest)  # 413
            check_media_type(headers, route.body.media)  # 415
        moment = self._seam.begin(request_id)
        address = scope["client"][0] if scope.get("client") else ""
        self._rates.count(route.name, route.by_address, address, moment.now)  # 429
        asked = Asked(route, keys, scope, headers, request_id, body)
        if self._may_remember(route):
            try:
                return await self._introduced(asked, moment)
            except CallerChanged:
                moment = moment.again()
        return await self._judged(asked, moment, self.database)

    def _may_remember(self, route: Route) -> bool:
        """Whether the operation may confirm the caller itself, and begin again: its rate counts once, for instance."""
        once = not route.by_caller and route.idempotent == "no"
        return once and route.caller != "none" and self.database.has_versions and self._row_level is None

    async def _introduced(self, asked: Asked, moment: Moment) -> Answer:
        """The answer where the caller is as remembered. Raises CallerChanged before anything else is told."""
        introduction = Introduction(self.database, self._memory)
        asked = msgspec.structs.replace(asked, introduction=introduction)
        try:
            answer = await self._judged(asked, moment, introduction)
        except CallerChanged:
            raise
        except Exception:
            await introduction.settle()
            raise
        await introduction.settle()
        return answer

    async def _judged(self, asked: Asked, moment: Moment, identities: Queries) -> Answer:
        """Who calls, whether they may, and how often; then the operation."""
        route, scope, headers = asked.route, asked.scope, asked.headers
        session, caller = None, None
        if route.caller != "none":  # 401
            required = route.caller == "required"
            session, caller = await self.sessions.caller(headers, identities, moment.now, required=required)
        members = None
        if route.body is not None and route.body.media != "json":
            members = route.body.parsed(asked.body, headers.get("content-type", ""))  # 400
        check_origin(session, scope["method"], headers, members or {})  # 403
        asked = msgspec.structs.replace(asked, members=members, session=session, caller=caller)
        if route.access is not None:  # 403
            allowed = route.access(self._context(asked, moment, self._data(asked, moment)))
            if not (await allowed if inspect.isawaitable(allowed) else allowed):
                raise Forbidden
        address = scope["client"][0] if scope.get("client") else ""
        who = f"address {address}" if session is None else f"caller {session.subject}"
        self._rates.count(route.name, route.by_caller, who, moment.now)  # 429
        told = [(name, headers[name.lower()]) for name in route.headers if name.lower() in headers]
        key = idempotency.key_of(route.name, route.idempotent, who, headers, scope, asked.body, told)  # 400
        return await self._line.insist(
            lambda witnessed: self._attempt(asked, moment.again(), key, witnessed), asked.request_id
        )

    async def _attempt(
        self, asked: Asked, moment: Moment, key: idempotency.Key | None, witnessed: Witnessed
    ) -> Answer:
        """One attempt, for an idempotent operation in one transaction with its answer."""
        if key is None:
            return await self._carry_out(asked, moment, self._data(asked, moment))
        async with self._data(asked, moment).transaction(serializable=True) as tx:
            answer = await idempotency.claimed(tx, key, moment.now)
            if answer is not None:
                return answer
            try:
                async with idempotency.undoable(tx):
                    answer = await self._carry_out(asked, moment, idempotency.Joined(tx))
            except DatabaseUnavailable:
                raise
            except Exception as error:
                if witnessed.is_overtaken(error) or isinstance(answer_for(error), Internal | Unavailable):
                    raise
                answer = self._failed(error, asked.route, asked.request_id)
            await idempotency.keep(tx, key, answer)
            return answer

    async def _carry_out(self, asked: Asked, moment: Moment, db: Data) -> Answer:
        """Input, the handler, and its answer."""
        route = asked.route
        if route.body is not None and asked.members is None and _lacks_version(asked):
            route.body.parsed(asked.body)  # 400 comes before 428
        ctx = self._context(asked, moment, db, versions(asked.headers, route.if_match))  # 428
        given = route.inputs(
            asked.scope["query_string"], asked.body, asked.members, asked.headers
        )  # 400, 422
        response = await route.handler(ctx, **given, **route.keys(asked.keys))  # 404, and the rest
        answer = self._rendering.answer(response, asked.request_id, ctx.csrf_token)
        if _is_unchanged(answer, asked):
            about = {name: text for name, text in answer.headers.items() if text != JSON}
            return Answer(304, about, None)
        cookies = ctx.session_cookies()
        return msgspec.structs.replace(answer, cookies=cookies + answer.cookies) if cookies else answer

    def _data(self, asked: Asked, moment: Moment) -> Data:
        """The database of a request: one that confirms who asks, or under row-level security knows it."""
        if asked.introduction is not None:
            return Introduced(self.database, asked.introduction)
        if self._row_level is None:
            return self.database
        subject = None if asked.session is None else asked.session.subject
        return self.database.for_caller(self._row_level, subject, moment.now)

    def _context(
        self, asked: Asked, moment: Moment, db: Data, allowed: frozenset[int] | None = None
    ) -> RequestContext[Any]:
        """What an operation is run with, from its beginning."""
        ctx: RequestContext[Any] = RequestContext(
            self,
            db=db,
            moment=moment,
            request_id=asked.request_id,
            caller=asked.caller,
            session=asked.session,
            versions=allowed,
        )
        if asked.introduction is not None:
            ctx.logic = Confirmed(self.logic, asked.introduction)
        return ctx

    def _failed(self, raised: Exception, route: Route | None, request_id: str) -> Answer:
        """The answer of something that was raised."""
        error = answer_for(raised)
        if isinstance(error, Internal):
            LOG.error("a defect", exc_info=raised, extra={"request_id": request_id})
        elif isinstance(error, Unavailable):
            LOG.warning("unavailable", exc_info=raised, extra={"request_id": request_id})
        status, body = answered(error, request_id, AS_USUAL if route is None else route.errors, self._errors)
        headers = dict(error.headers)
        if status == 401 and self.sessions.cookie is None:
            headers["www-authenticate"] = self.sessions.scheme
        if isinstance(body, UnsetType):
            return Answer(status, headers, None)
        return Answer(status, {**headers, "content-type": self._failures}, msgspec.json.encode(body))

    # What every service answers beside its operations ------------------------------------------------

    async def _own(self, scope: Scope, headers: Headers, request_id: str) -> Answer:
        """Is it alive, is it ready, how is it doing, its contract."""
        path = scope["path"]
        known = path in ("/health", "/ready", "/metrics") or self._documentation is not None
        if known and scope["method"] not in SAFE:
            raise MethodNotAllowed(headers=(("allow", "GET, HEAD"),))
        if path == "/health":
            return self._rendering.answer(ok({"status": "ok"}), request_id, None)
        if path == "/ready":
            return await self._ready(request_id)
        if path == "/metrics":
            return self._metrics.shown(headers)
        if self._documentation is None:
            raise NotFound
        return self._documentation.find(path)

    async def _ready(self, request_id: str) -> Answer:
        await self.database.check()
        if self.migrations is not None:
            pending = await migrating.pending(self.settings.database_url, self.migrations)
            if pending:
                LOG.warning("not ready: %d migrations are pending", len(pending))
                raise Unavailable
        about = {"status": "ready", "name": self.name, "version": self.version}
        return self._rendering.answer(ok(about), request_id, None)


def answer_for(error: Exception) -> ServiceError:
    """What a caller is told about an exception."""
    match error:
        case ServiceError():
            return error
        case UniqueViolation() | ForeignKeyViolation():
            return Conflict()
        case CheckViolation():
            return Invalid()
        case DatabaseUnavailable():
            return Unavailable()
        case _:
            return Internal()


def _lacks_version(asked: Asked) -> bool:
    return asked.route.if_match == "required" and "if-match" not in asked.headers


def _is_unchanged(answer: Answer, asked: Asked) -> bool:
    """Whether the caller has this version already."""
    known = asked.headers.get("if-none-match")
    return known is not None and asked.scope["method"] in SAFE and answer.headers.get("etag") == known.strip()


def messages(answer: Answer, request_id: str, method: str, route: Route | None) -> tuple[Message, Message]:
    """The two ASGI messages of an answer."""
    status, told, body = answer.status, answer.headers, answer.body or b""
    if route is not None and (route.notices or route.cache is not None):
        told = {**told, **route.notices}
        if route.cache is not None and status < 400 and method in SAFE:
            told |= route.cache.headers()
    headers = [(b"x-request-id", request_id.encode()), *ALWAYS]
    headers += [header for name, header in UNLESS_REPLACED.items() if name not in told]
    headers += [(name.encode(), text.encode()) for name, text in told.items()]
    if status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    headers += [(b"set-cookie", cookie.encode()) for cookie in answer.cookies]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": b"" if method == "HEAD" else body}
