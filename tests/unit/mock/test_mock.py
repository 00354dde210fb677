"""The mock answers as the specification says, to browsers of any origin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from models import todos

from backwright.mock import mock


def told(story: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Runs a story against a fresh mock."""

    async def run() -> None:
        transport = httpx.ASGITransport(app=mock(todos()))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
            await story(client)

    asyncio.run(run())


def test_the_mock_answers_a_whole_story() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        account = {"email": "ann@example.com", "password": "correct horse"}
        joined = await client.post("/auth/register", json=account)
        assert joined.status_code == 201
        ann = {"Authorization": f"Bearer {joined.json()['data']['token']}"}
        created = await client.post("/todos", json={"title": "Milk"}, headers=ann)
        assert created.status_code == 201
        assert created.headers["location"] == f"/todos/{created.json()['data']['id']}"
        listed = await client.get("/todos?done=false", headers=ann)
        assert [todo["title"] for todo in listed.json()["data"]] == ["Milk"]
        assert (await client.get("/todos")).status_code == 401
        assert (await client.get("/nowhere")).status_code == 404
        deleted = await client.delete(created.headers["location"], headers=ann)
        assert (deleted.status_code, deleted.content) == (204, b"")

    told(story)


def test_browsers_of_any_origin_may_call_it() -> None:
    async def story(client: httpx.AsyncClient) -> None:
        asked = await client.options("/todos", headers={"Origin": "http://localhost:3000"})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (
            204,
            "http://localhost:3000",
        )
        assert (await client.get("/todos")).headers["access-control-allow-origin"] == "*"

    told(story)
