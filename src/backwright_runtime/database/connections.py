"""Connections to PostgreSQL that are kept from one statement to the next.

asyncpg's own pool starts a timer, a task and a proxy for each use, which costs more than a short statement. Here a
free connection is taken off a list and put back. Nothing in a service changes a session, so nothing has to be reset:
a connection that comes back within a transaction, or from a statement that was cut off, is ended instead.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PATIENCE = 10.0
"""Seconds to wait for a free connection."""
KEPT = 300.0
"""Seconds after which an idle connection is not trusted any more: something on the way may have dropped it."""


class Connections:
    """At most `limit` connections, the most recently used one first. `awaited` is how many wait for one."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, limit: int) -> None:
        self.limit = limit
        self._connect = connect
        self._open: set[Connection] = set()
        self._opening = 0
        self._idle: list[tuple[Connection, float]] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._closed = asyncio.Event()
        self._is_closing = False

    @property
    def busy(self) -> int:
        """How many are in use."""
        return len(self._open) - len(self._idle)

    @property
    def idle(self) -> int:
        """How many wait for their next use."""
        return len(self._idle)

    @property
    def awaited(self) -> int:
        """How many uses wait for a connection."""
        return sum(not each.done() for each in self._waiting)

    async def take(self) -> Connection:
        """A connection for one use. Raises TimeoutError where none becomes free, and what connecting raises."""
        deadline = 0.0
        while True:
            connection = self._free()
            if connection is not None:
                return connection
            if len(self._open) + self._opening < self.limit:
                return await self._opened()
            deadline = deadline or time.monotonic() + PATIENCE
            handed = await self._turn(deadline)
            if handed is not None:
                return handed

    def give_back(self, connection: Connection, *, is_cut_off: bool = False) -> None:
        """The use is over; `is_cut_off` where a statement did not come to its end."""
        if connection.is_closed() or is_cut_off or connection.is_in_transaction() or self._is_closing:
            self._end(connection)
            return
        waiter = self._first_waiter()
        if waiter is None:
            self._idle.append((connection, time.monotonic()))
        else:
            waiter.set_result(connection)

    async def close(self, patience: float) -> None:
        """End all of them: those in use when their use is over, or the patience."""
        self._is_closing = True
        idle = [connection for connection, _ in self._idle]
        self._idle.clear()
        for connection in idle:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=1)
            self._end(connection)
        if self._open:
            try:
                await asyncio.wait_for(self._closed.wait(), patience)
            except TimeoutError:
                for connection in list(self._open):
                    self._end(connection)

    def _free(self) -> Connection | None:
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and time.monotonic() - since < KEPT:
                return connection
            self._end(connection)
        return None

    async def _opened(self) -> Connection:
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._opening -= 1
            self._tell_of_room()
            raise
        self._opening -= 1
        self._open.add(connection)
        return connection

    async def _turn(self, deadline: float) -> Connection | None:
        """Wait for a connection that is given back, or (None) for room to open one."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        timer = loop.call_later(max(0.0, deadline - time.monotonic()), _give_up, waiter)
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                handed = waiter.result()  # it came too late, and belongs to somebody else
                if handed is None:
                    self._tell_of_room()
                else:
                    self.give_back(handed)
            raise
        finally:
            timer.cancel()

    def _first_waiter(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _tell_of_room(self) -> None:
        waiter = self._first_waiter()
        if waiter is not None:
            waiter.set_result(None)

    def _end(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not connection.is_closed():
            connection.terminate()
        if self._is_closing and not self._open:
            self._closed.set()
        self._tell_of_room()


def _give_up(waiter: asyncio.Future[Connection | None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
