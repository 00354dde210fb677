"""An operation that another one overtook is run again, and gives up after a while."""

from __future__ import annotations

import asyncio
from typing import Any

from runtime.library import app as library
from runtime.test_runtime_database import COUNT, Count

from backwright_runtime import Application, RequestContext, Response, Router, ok
from backwright_runtime.database.interface import Contention
from backwright_runtime.testing import client, settings_for

router = Router()


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


@router.post("/overtaken", caller="none")
async def overtaken(ctx: RequestContext[None]) -> Response:
    """Never comes first."""
    raise Contention


def application(url: str) -> Application:
    return Application(
        name="places", version="1.0.0", settings=settings_for(library.Settings, url), routers=[router]
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
