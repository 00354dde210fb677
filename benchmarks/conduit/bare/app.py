"""A rival: bare Starlette handlers that do by hand what the emitted backend does for these four requests.

The same statements in the same transactions on the same tables, on one connection per request that is given back as it
is; tokens are verified once and remembered; JSON by msgspec. Request id, security headers and a line of the log are
written by one layer around it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
import sqlite3
import sys
import time
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from msgspec import Meta, Struct, field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

URL = os.environ["DATABASE_URL"]
KEY = OctKey.import_key(os.environ["TOKEN_KEYS"].partition(":")[2])
IS_SQLITE = URL.startswith("sqlite:")

CALLER = 'SELECT id, email, username, bio, image FROM "user" WHERE id = $1'
SHOWN = """
    SELECT article.id, article.slug, article.title, article.description, article.body, article.tags,
           article.created_at, article.updated_at,
           EXISTS (SELECT 1 FROM favorite AS f WHERE f.article_id = article.id AND f.user_id = $1) AS favorited,
           (SELECT count(*) FROM favorite AS f WHERE f.article_id = article.id) AS favorites_count,
           author.username, author.bio, author.image,
           EXISTS (SELECT 1 FROM follow AS f WHERE f.followed_id = author.id AND f.follower_id = $1) AS following
    FROM article
    JOIN "user" AS author ON author.id = article.author_id
"""
LISTED = SHOWN.replace(" article.body,", "")
BY_SLUG = f"{SHOWN} WHERE article.slug = $2"
BY_ID = f"{SHOWN} WHERE article.id = $2"
OF_AUTHOR = 'WHERE article.author_id IN (SELECT u.id FROM "user" AS u WHERE u.username = $AUTHOR)'
NEWEST = f"{LISTED} ORDER BY article.created_at DESC, article.id DESC LIMIT $2 OFFSET $3"
NEWEST_OF_AUTHOR = NEWEST.replace("ORDER", f"{OF_AUTHOR} ORDER").replace("$AUTHOR", "$4")
TOTAL = "SELECT count(*) FROM article"
TOTAL_OF_AUTHOR = f"{TOTAL} {OF_AUTHOR}".replace("$AUTHOR", "$1")
TAKEN = "SELECT 1 FROM article WHERE slug = $1"
CREATE = """
    INSERT INTO article (id, slug, title, description, body, tags, author_id, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
FIND = "SELECT id, slug, title, description, body, tags, author_id, created_at, updated_at FROM article WHERE slug = $1"
ADD_FAVORITE = (
    "INSERT INTO favorite (article_id, user_id) VALUES ($1, $2) ON CONFLICT (article_id, user_id) DO NOTHING"
)

Tag = Annotated[str, Meta(min_length=1, max_length=50)]


class NewArticle(Struct):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Annotated[str, Meta(min_length=1, max_length=1000)]
    body: Annotated[str, Meta(min_length=1, max_length=65535)]
    tags: Annotated[list[Tag], Meta(max_length=20)] = field(default_factory=list, name="tagList")


class Wrapped(Struct):
    article: NewArticle


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Wrapped).decode


# The way to the data ---------------------------------------------------------------------------------


class Sqlite:
    """The file, called in the event loop: one connection reads, one writes."""

    def __init__(self) -> None:
        self.reader, self.writer = self._opened(), self._opened()
        self.writing = asyncio.Lock()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqliteStatements]:
        yield SqliteStatements(self.reader)

    @asynccontextmanager
    async def snapshot(self, on: SqliteStatements) -> AsyncIterator[None]:
        yield  # nothing else runs before the handler is done with its statements

    @asynccontextmanager
    async def transaction(self, _: SqliteStatements, isolation: str = "") -> AsyncIterator[SqliteStatements]:
        async with self.writing:
            self.writer.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteStatements(self.writer)
                self.writer.execute("COMMIT")
            except BaseException:
                self.writer.execute("ROLLBACK")
                raise


class SqliteStatements:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        plain = [encode(value).decode() if isinstance(value, list) else _stored(value) for value in values]
        return self._connection.execute(statement.replace("$", "?"), plain).fetchall()


def _stored(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return printed(value) if isinstance(value, datetime) else value


class Postgres:
    """A pool whose connections are given back as they are: nothing here changes a session."""

    pool: asyncpg.Pool

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        async with self.pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self, on: Any) -> AsyncIterator[None]:
        async with on.transaction(isolation="repeatable_read", readonly=True):
            yield

    @asynccontextmanager
    async def transaction(self, on: Any, isolation: str = "read_committed") -> AsyncIterator[Any]:
        async with on.transaction(isolation=isolation):
            yield on


database: Any = Sqlite() if IS_SQLITE else Postgres()
key_of = str if IS_SQLITE else lambda key: key
tags_of = json.loads if IS_SQLITE else lambda tags: tags


# Handlers --------------------------------------------------------------------------------------------

verified: dict[str, tuple[UUID, int]] = {}


async def caller(request: Request, db: Any) -> Any:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = verified.get(token)
    if known is None and scheme == "Token":
        try:
            claims = jwt.decode(token, KEY, algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            return None
        known = verified[token] = (UUID(claims["sub"]), claims["exp"])
    if known is None or known[1] <= time.time():
        return None
    rows = await db.fetch(CALLER, known[0])
    return rows[0] if rows else None


def printed(moment: datetime | str) -> str:
    if isinstance(moment, str):
        return moment
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def article(row: Any) -> dict[str, Any]:
    (
        _,
        slug,
        title,
        description,
        *body,
        tags,
        created,
        updated,
        favorited,
        count,
        name,
        bio,
        image,
        following,
    ) = row
    shown = {
        "slug": slug,
        "title": title,
        "description": description,
        "createdAt": printed(created),
        "updatedAt": printed(updated),
        "favorited": bool(favorited),
        "favoritesCount": count,
        "author": {"username": name, "bio": bio, "image": image, "following": bool(following)},
        "tagList": sorted(tags_of(tags)),
    }
    if body:
        (shown["body"],) = body
    return shown


def answer(data: Any, status: int = 200) -> Response:
    return Response(encode(data), status, media_type="application/json")


def refused(status: int, field: str, message: str) -> Response:
    return answer({"errors": {field: [message]}}, status)


def unauthorized() -> Response:
    return refused(401, "token", "is missing or invalid")


async def read_one(request: Request) -> Response:
    async with database.reading() as db:
        who = await caller(request, db)
        if who is None and "authorization" in request.headers:
            return unauthorized()
        rows = await db.fetch(BY_SLUG, who and who[0], request.path_params["slug"])
    return answer({"article": article(rows[0])}) if rows else refused(404, "article", "not found")


async def read_list(request: Request) -> Response:
    try:
        limit, offset = (
            int(request.query_params.get(name, least)) for name, least in (("limit", 20), ("offset", 0))
        )
    except ValueError:
        return refused(422, "limit", "has the wrong type")
    if not (1 <= limit <= 100 and offset >= 0):
        return refused(422, "limit", "is too large")
    async with database.reading() as db:
        who = await caller(request, db)
        if who is None and "authorization" in request.headers:
            return unauthorized()
        async with database.snapshot(db):
            author = request.query_params.get("author")
            if author is None:
                rows = await db.fetch(NEWEST, who and who[0], limit, offset)
                ((total,),) = await db.fetch(TOTAL)
            else:
                rows = await db.fetch(NEWEST_OF_AUTHOR, who and who[0], limit, offset, author)
                ((total,),) = await db.fetch(TOTAL_OF_AUTHOR, author)
    return answer({"articles": [article(row) for row in rows], "articlesCount": total})


async def create(request: Request) -> Response:
    body = await request.body()
    async with database.reading() as db:
        who = await caller(request, db)
        if who is None:
            return unauthorized()
        try:
            sent = decode(body).article
        except msgspec.DecodeError as error:
            return refused(422, "article", str(error))
        now = datetime.now(UTC)
        for attempt in range(50):
            try:
                async with database.transaction(db) as tx:
                    slug = slug_of(sent.title)
                    if not slug or await tx.fetch(TAKEN, slug):
                        slug = f"{slug}-{secrets.token_hex(4)}"
                    key = uuid7()
                    row = (key, slug, sent.title, sent.description, sent.body, sent.tags, who[0], now, now)
                    await tx.fetch(CREATE, *row)
                    (made,) = await tx.fetch(BY_ID, who[0], key)
                break
            except asyncpg.SerializationError:
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, 0.2)))  # noqa: S311 (no secret)
        else:
            return refused(503, "article", "busy")
    return answer({"article": article(made)}, 201)


async def favorite(request: Request) -> Response:
    async with database.reading() as db:
        who = await caller(request, db)
        if who is None:
            return unauthorized()
        for attempt in range(50):
            try:
                async with database.transaction(db, "serializable") as tx:
                    found = await tx.fetch(FIND, request.path_params["slug"])
                    if not found:
                        return refused(404, "article", "not found")
                    await tx.fetch(ADD_FAVORITE, found[0][0], who[0])
                    (made,) = await tx.fetch(BY_ID, who[0], found[0][0])
                break
            except asyncpg.SerializationError:
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, 0.2)))  # noqa: S311 (no secret)
        else:
            return refused(503, "article", "busy")
    return answer({"article": article(made)})


def slug_of(title: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", title) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-")


def uuid7() -> UUID:
    number = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    return UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | 7 << 76 | 0b10 << 62)


# Around every request --------------------------------------------------------------------------------

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Around:
    """Request id, security headers and the access log, in one layer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id, status = time.perf_counter(), secrets.token_hex(12), 500

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(b"x-request-id", request_id.encode()), *SECURITY]
            await send(message)

        await self._app(scope, receive, sending)
        line = {
            "time": printed(datetime.now(UTC)),
            "level": "info",
            "event": "request",
            "request_id": request_id,
            "method": scope["method"],
            "route": scope["route"].path if "route" in scope else "",
            "status": status,
            "milliseconds": round((time.perf_counter() - started) * 1000, 3),
        }
        sys.stdout.write(encode(line).decode() + "\n")


@asynccontextmanager
async def lifespan(_: Starlette) -> Any:
    if not isinstance(database, Postgres):
        yield
        return

    async def as_it_is(_: Any) -> None: ...

    async with asyncpg.create_pool(URL, min_size=10, max_size=10, reset=as_it_is) as pool:
        database.pool = pool
        yield


app = Around(
    Starlette(
        lifespan=lifespan,
        routes=[
            Route("/articles", read_list),
            Route("/articles", create, methods=["POST"]),
            Route("/articles/{slug}", read_one),
            Route("/articles/{slug}/favorite", favorite, methods=["POST"]),
        ],
    )
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False, server_header=False)
