"""The connections that are kept: how many, who gets the next one, and which are not trusted again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backwright_runtime.database import connections
from backwright_runtime.database.connections import Connections


class Fake:
    """A connection as far as it matters here."""

    def __init__(self) -> None:
        self.closed = self.in_transaction = False

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.closed = True

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 (as asyncpg says it)
        self.closed = True


async def _connected() -> Any:
    await asyncio.sleep(0)
    return Fake()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10):
            await work()

    asyncio.run(limited())


def test_a_connection_is_used_again() -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=2)
        first = await pool.take()
        assert (pool.busy, pool.idle) == (1, 0)
        pool.give_back(first)
        assert (pool.busy, pool.idle) == (0, 1)
        assert await pool.take() is first

    run(work)


def test_no_more_than_the_limit_and_first_come_first_served() -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=2)
        one, two = await asyncio.gather(pool.take(), pool.take())
        third, fourth = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
        await asyncio.sleep(0.01)
        assert pool.awaited == 2
        pool.give_back(two)
        assert await third is two
        pool.give_back(one)
        assert await fourth is one
        assert (pool.busy, pool.awaited) == (2, 0)

    run(work)


@pytest.mark.parametrize("what", ["closed", "in a transaction", "cut off"])
def test_what_is_not_clean_is_ended_and_makes_room(what: str) -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=1)
        bad: Any = await pool.take()
        waiting = asyncio.create_task(pool.take())
        await asyncio.sleep(0.01)
        bad.closed, bad.in_transaction = what == "closed", what == "in a transaction"
        pool.give_back(bad, is_cut_off=what == "cut off")
        assert await waiting is not bad
        assert bad.closed
        assert pool.busy == 1

    run(work)


def test_what_died_or_rested_too_long_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=3)
        dead, rested = [await pool.take(), await pool.take()]
        pool.give_back(dead)
        dead.terminate()
        taken = await pool.take()
        assert taken is not dead
        pool.give_back(rested)
        monkeypatch.setattr(connections, "KEPT", 0.0)
        assert await pool.take() is not rested
        assert rested.is_closed()

    run(work)


def test_who_waits_too_long_gives_up_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(connections, "PATIENCE", 0.02)
        pool = Connections(_connected, limit=1)
        only = await pool.take()
        with pytest.raises(TimeoutError):
            await pool.take()
        pool.give_back(only)
        assert await pool.take() is only

    run(work)


def test_a_waiter_who_is_cancelled_passes_on_what_it_was_handed() -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=1)
        only = await pool.take()
        gone = asyncio.create_task(pool.take())
        patient = asyncio.create_task(pool.take())
        await asyncio.sleep(0.01)
        pool.give_back(only)  # to the first, who is cancelled before it runs
        gone.cancel()
        assert await patient is only
        with pytest.raises(asyncio.CancelledError):
            await gone

    run(work)


def test_a_connection_that_cannot_be_opened_makes_room_for_the_next() -> None:
    async def work() -> None:
        answers = [OSError("refused"), Fake()]

        async def connect() -> Any:
            await asyncio.sleep(0.01)
            answer = answers.pop(0)
            if isinstance(answer, OSError):
                raise answer
            return answer

        pool = Connections(connect, limit=1)
        first, second = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
        with pytest.raises(OSError, match="refused"):
            await first
        assert isinstance(await second, Fake)

    run(work)


def test_closing_waits_for_those_in_use() -> None:
    async def work() -> None:
        pool = Connections(_connected, limit=2)
        used, idle = await pool.take(), await pool.take()
        pool.give_back(idle)
        closing = asyncio.create_task(pool.close(5))
        await asyncio.sleep(0.01)
        assert idle.is_closed()
        assert not used.is_closed()
        assert not closing.done()
        pool.give_back(used)
        await closing
        assert used.is_closed()

    run(work)
