"""How much may be asked: requests in a window of time, counted in this process."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from backwright_runtime.errors import TooManyRequests

MANY = 100_000
"""Windows that are kept before those that are over are forgotten."""

By = Literal["caller", "address"]


class Rate(Struct, frozen=True):
    """At most `count` requests in each window of `seconds`, which begins at a multiple of it since 1970 (UTC).

    By caller (anonymous ones by address) or by address.
    """

    count: int
    seconds: int
    by: By = "caller"


class Rates:
    """How many requests came in each window."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Rate, str, int], int] = {}

    def count(self, operation: str, rates: Iterable[Rate], who: str, now: datetime) -> None:
        """Count a request. Raises TooManyRequests, with the seconds until the window ends."""
        for rate in rates:
            second = int(now.timestamp())
            window = (operation, rate, who, second // rate.seconds)
            count = self._counts.get(window, 0) + 1
            if count > rate.count:
                wait = max(1, rate.seconds - second % rate.seconds)
                raise TooManyRequests(headers=(("retry-after", str(wait)),))
            if len(self._counts) >= MANY:
                self._forget(second)
            self._counts[window] = count

    def _forget(self, second: int) -> None:
        self._counts = {
            window: count
            for window, count in self._counts.items()
            if window[3] >= second // window[1].seconds
        }
