"""An operation that another one overtook is run again, and gives up after a while."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import Struct
from runtime.library import app as library
from runtime.test_runtime_database import COUNT, Count

from backwright_runtime import (
    Application,
    Conflict,
    RequestContext,
    Response,
    Router,
    UniqueViolation,
    ok,
    sql,
)
from backwright_runtime.database.interface import Contention
from backwright_runtime.testing import client, settings_for

router = Router()
LOOKED: dict[str, list[bool]] = {}
"""What each attempt of an operation found."""


@router.post("/places", caller="none")
async def take_place(ctx: RequestContext[None]) -> Response:
    """One of two places, where there is one left."""
    async with ctx.transaction(serializable=True) as tx:
        counted = await tx.fetch_one(Count, COUNT)
        await asyncio.sleep(0.01)
        free = counted is not None and counted.n < 2
        if free:
            key = ctx.new_id()
            await tx.execute(library.JOIN, id=key, email=f"{key}@b.example", password="x")
    return ok(free)


EMAIL = sql("SELECT email FROM member WHERE email = :email")


class Email(Struct, frozen=True):
    """Of a member."""

    email: str


@router.post("/members/{name}", caller="none")
async def ensure_member(ctx: RequestContext[None], name: str) -> Response:
    """A member is made where there is none; somebody else is quicker."""
    email, attempts = f"{name}@b.example", LOOKED.setdefault(name, [])
    async with ctx.transaction(serializable=True) as tx:
        there = await tx.fetch_one(Email, EMAIL, email=email)
        attempts.append(there is not None)
        if len(attempts) == 1 and ctx.request_id != "alone":
            await ctx.db.execute(library.JOIN, id=ctx.new_id(), email=email, password="x")
        if there is None or ctx.request_id == "blind":
            try:
                await tx.execute(library.JOIN, id=ctx.new_id(), email=email, password="x")
            except UniqueViolation as violation:
                raise Conflict(code="taken") from violation
    return ok(there is None)


@router.post("/overtaken", caller="none")
async def overtaken(ctx: RequestContext[None]) -> Response:
    """Never comes first."""
    raise Contention


def application(url: str) -> Application:
    return Application(
        name="places",
        version="1.0.0",
        settings=settings_for(library.Settings, url),
        routers=[router],
        patience=0.5,
    )


def test_only_as_many_succeed_as_there_are_places(run: Any, database_url: str) -> None:
    async def story() -> None:
        async with client(application, migrations=library.MIGRATIONS, database_url=database_url) as http:
            answers = await asyncio.gather(*(http.post("/places") for _ in range(4)))
            assert [answer.status_code for answer in answers] == [200] * 4
            assert sorted(answer.json()["data"] for answer in answers) == [False, False, True, True]
            gone = await http.post("/overtaken")
            assert (gone.status_code, gone.json()["error"]["code"]) == (503, "unavailable")

    run(story())


def test_a_row_that_a_transaction_could_not_see_is_looked_for_again(run: Any, postgres_url: str) -> None:
    """An answer that no order explains is not given: whoever found nothing must not run into what is there."""

    async def story() -> None:
        async with client(application, migrations=library.MIGRATIONS, database_url=postgres_url) as http:
            LOOKED.clear()
            answer = await http.post("/members/ann", headers={"x-request-id": "alone"})
            assert (answer.status_code, answer.json()["data"], LOOKED["ann"]) == (200, True, [False])
            answer = await http.post("/members/bob")
            assert (answer.status_code, answer.json()["data"], LOOKED["bob"]) == (200, False, [False, True])
            answer = await http.post("/members/cyd", headers={"x-request-id": "blind"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "taken")
            assert LOOKED["cyd"] == [False, True]  # it saw the row, and means it

    run(story())
