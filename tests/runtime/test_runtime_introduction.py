"""The caller's row comes from memory only where the statement that answers confirms it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asyncpg import Connection
from msgspec import Struct
from runtime.library import app as library

from backwright_runtime import Application, Database, NotFound, RequestContext, Response, Router, ok, sql
from backwright_runtime.introduction import version_of
from backwright_runtime.logic import Logic
from backwright_runtime.testing import CHEAP_PASSWORDS, client, settings_for

ANN = {"email": "ann@example.com", "password": "correct horse"}
router = Router()
Context = RequestContext[library.Caller]
MEMBERS = sql("SELECT id, email FROM member WHERE email >= :least ORDER BY email")
NUMBER = sql("SELECT count(*) FROM member")
LONGEST = sql("SELECT DISTINCT id, email FROM member ORDER BY 2 DESC")


@router.get("/me", caller="required")
async def me(ctx: Context) -> Response:
    """Who asks, without a statement."""
    return ok({"email": ctx.signed_in().email})


@router.get("/members/{least}", caller="optional")
async def members(ctx: Context, least: str) -> Response:
    """All from there on, by a statement that can confirm the caller."""
    rows = await ctx.db.fetch_all(library.Caller, MEMBERS, least=least)
    return ok({"asks": ctx.caller and ctx.caller.email, "there": [row.email for row in rows]})


@router.get("/first/{least}", caller="optional")
async def first(ctx: Context, least: str) -> Response:
    """The first from there on."""
    row = await ctx.db.fetch_one(library.Caller, MEMBERS, least=least)
    if row is None:
        raise NotFound
    return ok({"asks": ctx.caller and ctx.caller.email, "there": row.email})


@router.get("/number", caller="required")
async def number(ctx: Context) -> Response:
    """What is read in other ways."""
    found = await ctx.db.fetch_value(int, NUMBER)
    async with ctx.snapshot() as db:
        last = (await db.fetch_all(library.Caller, LONGEST))[0].email
    return ok({"asks": ctx.signed_in().email, "there": found, "last": last})


@router.get("/last", caller="required")
async def last(ctx: Context) -> Response:
    """A statement in front of which no column can be put."""
    rows = await ctx.db.fetch_all(library.Caller, LONGEST)
    return ok({"asks": ctx.signed_in().email, "there": rows[0].email})


@router.post("/letters", caller="required")
async def write(ctx: Context) -> Response:
    """Writes first, and reads what it wrote."""
    key = ctx.new_id()
    async with ctx.transaction() as tx:
        await tx.execute(library.JOIN, id=key, email=f"z{key}", password=ctx.signed_in().email)
        found = await tx.fetch_all(library.Caller, MEMBERS, least="z")
    return ok({"asks": ctx.signed_in().email, "there": len(found)})


@router.post("/blind", caller="required")
async def write_blindly(ctx: Context) -> Response:
    """Writes, and reads nothing."""
    key = ctx.new_id()
    async with ctx.transaction() as tx:
        await tx.execute(library.JOIN, id=key, email=f"z{key}", password=ctx.signed_in().email)
    return ok({"asks": ctx.signed_in().email})


class Given(Struct):
    """What the logic takes, and gives."""

    text: str


RAN: list[str] = []


@router.post("/logic", caller="required")
async def with_logic(ctx: Context) -> Response:
    """Custom logic, which does something outside."""

    async def act() -> Given:
        RAN.append(ctx.signed_in().email)
        return Given("done")

    await ctx.logic.run(Logic("act", Given, Given), Given("do"), act)
    return ok({"asks": ctx.signed_in().email})


class Story(Struct):
    """A service with Ann's token, and its database."""

    http: httpx.AsyncClient
    database: Database
    token: dict[str, str]

    async def get(self, path: str) -> tuple[int, Any]:
        """What it answers to Ann."""
        method = "POST" if path in WRITING else "GET"
        answer = await self.http.request(method, path, headers=self.token)
        return answer.status_code, answer.json()["data"]

    async def change(self, statement: str) -> None:
        """Past the service."""
        await self.database.execute(sql(statement))


@asynccontextmanager
async def begun(database_url: str) -> AsyncIterator[Story]:
    made: list[Application] = []

    def create(url: str) -> Application:
        made.append(
            Application(
                name="members",
                version="1",
                settings=settings_for(library.Settings, url),
                routers=[router, library.router],
                identify=library.identify,
                passwords=CHEAP_PASSWORDS,
            )
        )
        return made[0]

    async with client(create, migrations=library.MIGRATIONS, database_url=database_url) as http:
        token = (await http.post("/members", json=ANN)).json()["data"]["token"]
        yield Story(http, made[0].database, {"authorization": f"Bearer {token}"})


WRITING = ("/letters", "/blind", "/logic")
PATHS = (*WRITING, "/me", "/members/a", "/members/zz", "/first/a", "/number", "/last")


def test_the_caller_is_as_the_row_is_now(run: Any, database_url: str) -> None:
    async def story() -> None:
        async with begun(database_url) as it:
            for turn, path in enumerate((*PATHS, *PATHS)):
                email = f"ann{turn}@example.com"
                await it.get(path)
                await it.change(f"UPDATE member SET email = '{email}' WHERE email < 'b'")
                status, data = await it.get(path)
                assert (status, data.get("asks", data.get("email"))) == (200, email), path
                again = await it.get(path)
                assert again[0] == 200
                assert again[1].get("asks", email) == email, "and again, as it is remembered"

    run(story())


@pytest.mark.parametrize("path", [*PATHS, "/first/zz", "/books?limit=nonsense", "/nothing"])
def test_who_is_gone_is_nobody_at_once(run: Any, database_url: str, path: str) -> None:
    async def story() -> None:
        async with begun(database_url) as it:
            for each in (path, "/me"):
                await it.get(each)
            await it.change("DELETE FROM member")
            RAN.clear()
            status, _ = await it.get(path)
            assert status == (404 if path == "/nothing" else 401)
            assert await it.database.fetch_value(int, NUMBER) == 0, "what it wrote is undone"
            assert not RAN

    run(story())


def test_one_statement_answers_a_caller_who_is_remembered(
    run: Any, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    fetched = Connection.fetch
    fetched_row = Connection.fetchrow

    async def fetch(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return await fetched(*given, **named)

    async def fetchrow(*given: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return await fetched_row(*given, **named)

    async def story() -> None:
        nonlocal count
        async with begun(postgres_url) as it:
            monkeypatch.setattr(Connection, "fetch", fetch)
            monkeypatch.setattr(Connection, "fetchrow", fetchrow)
            counts = []
            for path in ("/members/a", "/members/a", "/first/a", "/members/zz", "/last", "/me", *WRITING):
                count = 0
                await it.get(path)
                counts.append(count)
            assert counts == [2, 1, 1, 2, 2, 1, 1, 1, 1]

    run(story())


def test_only_a_row_of_one_table_by_one_value_has_a_version() -> None:
    found = version_of(sql('SELECT id, "from" FROM "user" WHERE id = :id AND gone IS NULL -- live'))
    assert found is not None
    assert " ".join(found.text.split()) == (
        "SELECT xmin::text || ' ' || ctid::text FROM \"user\" WHERE id = :introduced AND gone IS NULL"
    )
    for other in (
        "SELECT a.id FROM a JOIN b ON b.id = a.id WHERE a.id = :id",
        "SELECT id FROM a, b WHERE a.id = :id",
        "SELECT id FROM a WHERE id = :id AND b = :b",
        "SELECT id FROM a",
        "SELECT (SELECT 1 FROM b WHERE b.id = :id) FROM a WHERE id = :id",
        "UPDATE a SET b = 1 WHERE id = :id RETURNING id",
    ):
        assert version_of(sql(other)) is None, other


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("SELECT id FROM a", True),
        ("\n  SELECT id FROM a WHERE b = :b LIMIT 1", True),
        ("SELECT DISTINCT id FROM a", False),
        ("SELECT id FROM a UNION SELECT id FROM b", False),
        ("SELECT id, b FROM a ORDER BY 2", False),
        ("SELECT(1)", False),
        ("-- words\nSELECT id FROM a", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("SELECT id FROM a FOR UPDATE", False),
        ("DELETE FROM a RETURNING id", False),
    ],
)
def test_a_value_is_put_only_before_columns_that_do_not_mind(text: str, takes: bool) -> None:
    assert sql(text).takes_value is takes
