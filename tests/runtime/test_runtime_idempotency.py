"""A request that is repeated is carried out once, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec import Struct
from runtime.desk import app as desk

from backwright_runtime import (
    Application,
    Conflict,
    RequestContext,
    Response,
    Router,
    RuntimeSettings,
    UniqueViolation,
    created,
    sql,
)
from backwright_runtime.database.interface import Contention
from backwright_runtime.forgetting import IDEMPOTENT_ANSWERS, REVOKED_TOKENS, forget
from backwright_runtime.sessions import REVOKE
from backwright_runtime.testing import START, ScriptedSeam, client, settings_for

Context = RequestContext[None]
TABLES = ("backwright_idempotent_answer", "backwright_revoked_token")
KEY = {"idempotency-key": "k", "x-request-id": "v-1"}
JOIN = sql("INSERT INTO person (id, email, password, role) VALUES (:id, :email, '', 'guest')")
COUNT = sql("SELECT count(*) AS n FROM person")


class Count(Struct, frozen=True):
    n: int


class Trouble:
    """A service whose one operation writes a row and then does what the test wants."""

    def __init__(self, then: Callable[[Context, int], Awaitable[None]]) -> None:
        self.router = Router()
        self.calls = 0

        @self.router.post("/people", caller="none", idempotent="optional")
        async def join(ctx: Context) -> Response:
            self.calls += 1
            call = self.calls
            async with ctx.transaction() as tx:
                await tx.execute(JOIN, id=ctx.new_id(), email=f"{ctx.request_id}-{call}@example.org")
                await then(ctx, call)
            return created({"call": call, "id": ctx.new_id()})

    def create(self, url: str) -> Application:
        return Application(
            name="trouble",
            version="1.0.0",
            settings=settings_for(RuntimeSettings, url),
            routers=[self.router],
            seam=ScriptedSeam(),
        )


@pytest.fixture
def tell(run: Any, database_url: str) -> Callable[..., None]:
    """Runs a story against a troubled service, on each database."""

    def telling(
        then: Callable[[Context, int], Awaitable[None]],
        story: Callable[[httpx.AsyncClient, Trouble, Callable[[], Awaitable[int]]], Awaitable[None]],
    ) -> None:
        async def tale() -> None:
            trouble, made = Trouble(then), []

            def create(url: str) -> Application:
                made.append(trouble.create(url))
                return made[0]

            async def rows() -> int:
                found = await made[0].database.fetch_one(Count, COUNT)
                assert found is not None
                return found.n

            async with client(create, migrations=desk.MIGRATIONS, database_url=database_url) as http:
                await story(http, trouble, rows)

        run(tale())

    return telling


async def nothing(ctx: Context, call: int) -> None:
    """No trouble."""


def test_the_same_request_at_the_same_time_is_carried_out_once(tell: Any) -> None:
    async def slowly(ctx: Context, call: int) -> None:
        await asyncio.sleep(0.1)

    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        answers = await asyncio.gather(*(http.post("/people", headers=KEY) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.text for answer in answers}) == 1
        assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == [
            "",
            "true",
            "true",
        ]
        assert await rows() == 1

    tell(slowly, story)


def test_a_failure_is_kept_and_its_writes_are_not(tell: Any) -> None:
    async def refuse(ctx: Context, call: int) -> None:
        raise Conflict(code="full")

    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        first, again = [await http.post("/people", headers=KEY) for _ in range(2)]
        assert (first.status_code, again.status_code, trouble.calls) == (409, 409, 1)
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert await rows() == 0

    tell(refuse, story)


def test_a_defect_is_not_kept(tell: Any) -> None:
    async def fail_once(ctx: Context, call: int) -> None:
        if call == 1:
            raise RuntimeError

    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        first, again = [await http.post("/people", headers=KEY) for _ in range(2)]
        assert (first.status_code, again.status_code) == (500, 201)
        assert "idempotency-replayed" not in again.headers
        assert await rows() == 1

    tell(fail_once, story)


def test_what_another_transaction_undid_begins_again(tell: Any) -> None:
    async def lose_twice(ctx: Context, call: int) -> None:
        if call < 3:
            raise Contention

    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        answer = await http.post("/people", headers=KEY)
        assert (answer.status_code, answer.json()["data"]["call"]) == (201, 3)
        assert await rows() == 1
        assert (await http.post("/people", headers=KEY)).json() == answer.json()

    tell(lose_twice, story)


def test_a_part_that_fails_is_undone_alone(tell: Any) -> None:
    async def try_twice(ctx: Context, call: int) -> None:
        for number in (1, 1, 2):
            try:
                async with ctx.transaction() as tx:
                    await tx.execute(JOIN, id=UUID(int=number), email=f"{number}@example.org")
            except UniqueViolation:
                continue
        with pytest.raises(UniqueViolation):
            await ctx.db.execute(JOIN, id=UUID(int=1), email="other@example.org")

    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        assert (await http.post("/people", headers=KEY)).status_code == 201
        assert await rows() == 3

    tell(try_twice, story)


def test_after_a_day_a_key_is_as_good_as_new(tell: Any) -> None:
    async def story(http: httpx.AsyncClient, trouble: Trouble, rows: Any) -> None:
        for request, calls in (("v-1", 1), ("v-86400000", 1), ("v-86400001", 2), ("v-86400002", 2)):
            answer = await http.post("/people", headers={**KEY, "x-request-id": request})
            assert (answer.status_code, trouble.calls) == (201, calls)

    tell(nothing, story)


def test_what_is_over_is_removed(run: Any, database_url: str) -> None:
    async def story() -> None:
        trouble, made = Trouble(nothing), []

        def create(url: str) -> Application:
            made.append(trouble.create(url))
            return made[0]

        async with client(create, migrations=desk.MIGRATIONS, database_url=database_url) as http:
            await http.post("/people", headers=KEY)
            db = made[0].database
            await db.execute(REVOKE, token_id="t", expires_at=START + timedelta(hours=24))
            kept = []
            for hours in (23, 25):
                await forget(db, [IDEMPOTENT_ANSWERS, REVOKED_TOKENS], START + timedelta(hours=hours))
                kept.append(
                    [await db.fetch_one(Count, sql(f"SELECT count(*) AS n FROM {table}")) for table in TABLES]
                )
            assert kept == [[Count(1), Count(1)], [Count(0), Count(0)]]

    run(story())
