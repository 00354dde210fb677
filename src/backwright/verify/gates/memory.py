"""Resident memory does not keep growing under the same traffic."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import combinations, pairwise
from statistics import median

import psutil

from backwright.verify.backends import Wired
from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.observed import Bounds, Exchange, Observed
from backwright.verify.observing import observed
from backwright.verify.results import Finding
from backwright.verify.sending import repeatable, sent

NAME = "memory"
TITLE = "No memory leak"
WHY = "A few kilobytes that each request leaves behind end the process days later, at the busiest hour."
EXAMPLE = "Every request is appended to a list of the module: failed, with the bytes that each one leaves."
DATABASE = True

ROUNDS, REQUESTS, WARM = 8, 200, 400
TIMES = 3
"""How often it has to grow by such rounds: a collector of garbage that is in no hurry grows once or twice."""
LEAST_BYTES = 1024.0
CREATED = 201
LEAST_GROWTH = 1 << 20


def judge(given: GateInput) -> Verdict:
    """Eight rounds of 200 requests after a warm-up; resident memory is read after each.

    It fails where the median growth is over 1 KiB a request, the whole over 1 MiB, and most rounds grow, three times
    one after the other. Of a backend without a known database, creations are left out: it may keep its data in memory.
    """
    with observed(given) as seen:
        return observe(seen, Bounds(seed=given.seed, requests=given.requests, seconds=given.seconds))


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The same for any backend whose process runs on this machine. Raises NotRun."""
    if seen.process_id is None:
        raise NotRun("its process is not known")
    exchanges = [each for each in repeatable(seen) if seen.database_url is not None or each.status != CREATED]
    if not exchanges:
        raise NotRun("no request was accepted twice in a row, so none can be repeated")
    with closing(Wired(seen.url)) as line:
        _round(line, exchanges, WARM)
        for _ in range(TIMES):
            sizes = [resident(seen.process_id)]
            for _ in range(ROUNDS):
                _round(line, exchanges, REQUESTS)
                sizes.append(resident(seen.process_id))
            if not grows(sizes):
                break
    bytes_each = slope(sizes) / REQUESTS
    figures: dict[str, int | float | str] = {
        "requests": ROUNDS * REQUESTS,
        "resident MiB at first": round(sizes[0] / 2**20, 1),
        "resident MiB at last": round(sizes[-1] / 2**20, 1),
        "bytes per request": round(bytes_each),
    }
    findings = []
    if grows(sizes):
        what = f"each request leaves about {bytes_each:.0f} bytes"
        what += f": {sizes[0] / 2**20:.1f} MiB became {sizes[-1] / 2**20:.1f} MiB"
        findings.append(Finding(what=f"{what} in {ROUNDS * REQUESTS} requests"))
    told = f"{figures['resident MiB at first']} MiB"
    told += f", and {figures['resident MiB at last']} MiB after {ROUNDS * REQUESTS} requests"
    return found(findings, told, figures)


def _round(line: Wired, exchanges: Sequence[Exchange], requests: int) -> None:
    for number in range(requests):
        sent(line, exchanges[number % len(exchanges)])


def resident(process_id: int) -> int:
    """Bytes of a process and of all that it started. Raises NotRun where they cannot be read."""
    try:
        process = psutil.Process(process_id)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    except psutil.Error as error:
        raise NotRun(f"the memory of process {process_id} cannot be read: {error}") from error


def slope(sizes: Sequence[int]) -> float:
    """Growth per round: the median over all pairs (Theil and Sen), which single jumps do not move."""
    return median(
        (later - earlier) / (j - i) for (i, earlier), (j, later) in combinations(enumerate(sizes), 2)
    )


def grows(sizes: Sequence[int]) -> bool:
    """Whether it keeps growing, rather than once."""
    rising = sum(later > earlier for earlier, later in pairwise(sizes))
    return (
        slope(sizes) > LEAST_BYTES * REQUESTS
        and sizes[-1] - sizes[0] > LEAST_GROWTH
        and rising * 2 > len(sizes) - 1
    )
