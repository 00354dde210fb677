"""Sends what a running backend has answered before once more: one request at a time, or at a constant rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec

from backwright.verify.backends import NoAnswer, Wired
from backwright.verify.observed import Exchange, Observed

LINES = 32
"""Connections at once: with all of them busy, requests wait, and the waiting is counted."""
NOTHING = 0
CANDIDATES, SHARED, OTHERS = 8, 2, 6


class Timed(msgspec.Struct, frozen=True):
    """What came of one request: seconds from the moment at which it was due, and the status (0: no answer)."""

    operation: str
    seconds: float
    status: int


def sent(line: Wired, exchange: Exchange) -> int:
    """The status of the request, sent once more; 0 without an answer."""
    try:
        return line.send(exchange.method, exchange.target, exchange.headers, exchange.content).status
    except NoAnswer:
        return NOTHING


def accepted(status: int) -> bool:
    """Whether a status says that it was done."""
    return 200 <= status < 300


def repeatable(seen: Observed, *, each: int = 3) -> tuple[Exchange, ...]:
    """The newest few exchanges of each operation that are accepted when they are sent again, twice in a row."""
    chosen: dict[str, list[Exchange]] = {}
    for exchange in reversed(seen.accepted()):
        found = chosen.setdefault(exchange.operation, [])
        if len(found) < each and not any(_alike(exchange, other) for other in found):
            found.append(exchange)
    left = tuple(exchange for found in chosen.values() for exchange in found)
    with closing(Wired(seen.url)) as line:
        for _ in range(2):
            left = tuple(exchange for exchange in left if accepted(sent(line, exchange)))
    return left


def telling_reads(seen: Observed, *, each: int = 3) -> tuple[Exchange, ...]:
    """The reads of each operation that show most, as any of the callers: one that shows nothing costs nothing."""
    chosen: dict[str, list[Exchange]] = {}
    for exchange in reversed(seen.accepted()):
        found = chosen.setdefault(exchange.operation, [])
        known = any(_alike(exchange, other) for other in found)
        if exchange.method == "GET" and len(found) < CANDIDATES and not known:
            found.append(exchange)
    told: list[Exchange] = []
    with closing(Wired(seen.url)) as line:
        for candidates in chosen.values():
            sizes = [
                (size, read) for read in _by_others(seen, candidates) if (size := _size(line, read)) >= 0
            ]
            told += [read for _, read in sorted(sizes, key=lambda pair: -pair[0])[:each]]
    return tuple(told)


def _by_others(seen: Observed, reads: Sequence[Exchange]) -> Iterable[Exchange]:
    """Each read as it was, and the first of each address once more by some others who are signed in."""
    yield from reads
    for read in reads[:SHARED]:
        for caller in seen.callers[:OTHERS] if read.caller else ():
            yield msgspec.structs.replace(
                read, caller=caller.name, headers={**read.headers, **caller.headers}
            )


def _size(line: Wired, exchange: Exchange) -> int:
    """How much a read shows; less than nothing where it is not accepted."""
    try:
        answer = line.send(exchange.method, exchange.target, exchange.headers, exchange.content)
    except NoAnswer:
        return -1
    return len(answer.content) if accepted(answer.status) else -1


def _alike(exchange: Exchange, other: Exchange) -> bool:
    return other.target == exchange.target and other.caller == exchange.caller


def names(exchanges: Iterable[Exchange]) -> list[str]:
    """The operations of exchanges."""
    return sorted({exchange.operation for exchange in exchanges})


def at_rate(url: str, exchanges: Sequence[Exchange], rate: float, seconds: float) -> list[Timed]:
    """Requests in turn, one every 1/rate seconds whatever becomes of the ones before (an open loop).

    A request's time begins when it is due, not when a connection is free for it: a backend that stalls is not asked
    less, and what it makes wait is counted (no coordinated omission).
    """
    total, start = max(1, int(rate * seconds)), time.monotonic() + 0.05
    turn = iter(range(total))
    guard = threading.Lock()

    def work() -> list[Timed]:
        done: list[Timed] = []
        with closing(Wired(url)) as line:
            while True:
                with guard:
                    number = next(turn, None)
                if number is None:
                    return done
                due = start + number / rate
                time.sleep(max(0.0, due - time.monotonic()))
                exchange = exchanges[number % len(exchanges)]
                status = sent(line, exchange)
                done.append(Timed(exchange.operation, time.monotonic() - due, status))

    with ThreadPoolExecutor(LINES) as pool:
        return [each for found in [pool.submit(work) for _ in range(LINES)] for each in found.result()]
