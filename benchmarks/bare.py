"""The rival: a bare Starlette handler that does by hand what the emitted backend does for these three requests.

The same statements on the same tables, a token that is checked, the caller looked up, JSON by msgspec. No
validation beyond the body's struct, no error bodies, no request id, no log: the least that could be called equal
work on the way to the data.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

URL = os.environ["DATABASE_URL"]
KEY = OctKey.import_key(os.environ["TOKEN_KEYS"].partition(":")[2])
ROWS = "SELECT id, title, done, due, owner_id, created_at FROM todo"
CALLER = 'SELECT id, email FROM "user" WHERE id = $1'
ONE = f"{ROWS} WHERE id = $1 AND owner_id = $2"
LIST = f"{ROWS} WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT 21"
CREATE = "INSERT INTO todo (id, title, done, due, owner_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
encode = msgspec.json.Encoder().encode
checked: dict[str, str] = {}


class NewTodo(msgspec.Struct):
    title: str
    done: bool = False
    due: date | None = None


class Sqlite:
    """The database file, called in the event loop."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        plain = [str(value) if isinstance(value, UUID | date) else value for value in values]
        return self.connection.execute(_numbered(statement), plain).fetchall()


class Postgres:
    """A pool."""

    pool: asyncpg.Pool

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        async with self.pool.acquire() as connection:
            return await connection.fetch(statement, *values)


def _numbered(statement: str) -> str:
    return statement.replace("$", "?")


database: Any = Sqlite() if URL.startswith("sqlite") else Postgres()


async def caller(request: Request) -> UUID:
    token = request.headers["authorization"].removeprefix("Bearer ")
    subject = checked.get(token)
    if subject is None:
        subject = checked[token] = jwt.decode(token, KEY, algorithms=["HS256"]).claims["sub"]
    (row,) = await database.fetch(CALLER, UUID(subject))
    return UUID(str(row[0]))


def view(row: Any) -> dict[str, Any]:
    created = row[5] if isinstance(row[5], str) else row[5].isoformat(timespec="microseconds")[:-6] + "Z"
    return {
        "id": row[0],
        "title": row[1],
        "done": bool(row[2]),
        "due": row[3],
        "owner": row[4],
        "created_at": created,
    }


def answer(data: Any, status: int = 200) -> Response:
    return Response(encode({"data": data, "error": None, "meta": {}}), status, media_type="application/json")


async def read_one(request: Request) -> Response:
    who = await caller(request)
    rows = await database.fetch(ONE, UUID(request.path_params["id"]), who)
    return answer(view(rows[0])) if rows else answer(None, 404)


async def read_list(request: Request) -> Response:
    who = await caller(request)
    return answer([view(row) for row in (await database.fetch(LIST, who))[:20]])


async def create(request: Request) -> Response:
    who = await caller(request)
    body = msgspec.json.decode(await request.body(), type=NewTodo)
    now = datetime.now(UTC)
    stamp: datetime | str = (
        now if isinstance(database, Postgres) else now.isoformat(timespec="microseconds")[:-6] + "Z"
    )
    row = (uuid4(), body.title, body.done, body.due, who, stamp)
    await database.fetch(CREATE, *row)
    return answer(view(row), 201)


@asynccontextmanager
async def lifespan(_: Starlette) -> Any:
    if isinstance(database, Postgres):
        database.pool = await asyncpg.create_pool(URL, min_size=10, max_size=10)
    yield


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/todos", read_list),
        Route("/todos", create, methods=["POST"]),
        Route("/todos/{id}", read_one),
    ],
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
