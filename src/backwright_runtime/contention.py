"""An operation that others got in the way of is begun again, until it comes through or its time is over.

The first attempt runs beside all others. Those that were overtaken stand in line: one at a time they have only
the first attempts of others to fear, so that fifty clients of one row are fifty short transactions and not a
thousand failing ones. Several processes have several lines, and pauses that grow at random keep them apart.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backwright_runtime.database.interface import Contention, ForeignKeyViolation, UniqueViolation
from backwright_runtime.logs import LOG

T = TypeVar("T")
PATIENCE = 10.0
"""Seconds after which an operation that is always overtaken gives up."""
TURN = 1.0
"""Seconds in line after which one goes on without waiting for a turn: whoever is before it may wait for a lock."""
SHORTEST, LONGEST = 0.002, 0.2
"""Seconds of the first and the longest pause."""


class Witnessed:
    """The rows that an operation has run into: keys that were taken, references that led nowhere.

    A transaction decides by what it saw, but constraints look at the present: it may run into what was not there
    when it looked, and answer what no order of the operations explains. Begun again it sees the row. Who meets the
    same one a second time has seen it and means it.
    """

    def __init__(self) -> None:
        self._rows: set[str] = set()

    def is_overtaken(self, error: BaseException) -> bool:
        """Whether it failed because of what others did after it had begun."""
        return isinstance(error, Contention) or self._unseen(error) is not None

    def remember(self, error: BaseException) -> None:
        """From now on this row has been seen."""
        row = self._unseen(error)
        if row is not None:
            self._rows.add(row)

    def _unseen(self, error: BaseException) -> str | None:
        for each in (error, error.__cause__):
            if isinstance(each, UniqueViolation | ForeignKeyViolation) and each.unseen not in self._rows:
                return each.unseen
        return None


class Line:
    """Where the overtaken operations of a process wait for their turns. `retries` counts their attempts."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.retries = 0
        self._patience = patience
        self._turn = asyncio.Lock()

    async def insist(self, attempt: Callable[[Witnessed], Awaitable[T]], request_id: str) -> T:
        """What the attempt that comes through returns. Raises what the last one raised."""
        witnessed = Witnessed()
        deadline = time.monotonic() + self._patience
        pause, in_line = SHORTEST, False
        while True:
            try:
                return await (self._in_line(attempt, witnessed) if in_line else attempt(witnessed))
            except Exception as error:
                if not witnessed.is_overtaken(error) or time.monotonic() + pause > deadline:
                    raise
                witnessed.remember(error)
            in_line = True
            self.retries += 1
            LOG.debug("overtaken; beginning again", extra={"request_id": request_id})
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 (no secret)
            pause = min(pause * 2, LONGEST)

    async def _in_line(self, attempt: Callable[[Witnessed], Awaitable[T]], witnessed: Witnessed) -> T:
        try:
            await asyncio.wait_for(self._turn.acquire(), TURN)
        except TimeoutError:
            return await attempt(witnessed)
        try:
            return await attempt(witnessed)
        finally:
            self._turn.release()
