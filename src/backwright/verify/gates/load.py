"""It answers within the target at the rate that it is made for."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

import msgspec

from backwright.verify.backends import Wired
from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.multiplying import multiplied
from backwright.verify.observed import Bounds, Exchange, Observed, Target
from backwright.verify.observing import observed
from backwright.verify.results import Finding, Measure
from backwright.verify.sending import Timed, accepted, at_rate, names, repeatable, sent

NAME = "load"
TITLE = "Latency under load"
WHY = "A mean over requests that wait for each other hides the ones that somebody waited for."
EXAMPLE = "A handler sleeps 600 ms where 500 ms are allowed: failed, with the operation and its p95."
DATABASE = True

SECONDS = 5.0
WARM_SECONDS = 1.0
COPIES = 20
MOST_ROWS = 10_000
"""Rows of a table that are put in at most, however many are expected: more take longer than the rest of the gate."""
FEWEST = 20
"""Requests that are sent at least, however low the rate: p95 of fewer says nothing."""
ALONE, TIMES = 4, 5
SAFE = ("GET", "HEAD")
CHANGED = (400, 409, 422)
"""What is sent often can be refused in the end: the stock is sold, the order is paid."""
HIGHEST = 1000.0
"""Requests a second that can be sent from here; of a higher rate nothing is claimed."""


def judge(given: GateInput) -> Verdict:
    """What was accepted is sent again at a constant rate, over more rows; p95 of each operation is held to the target.

    The targets are those of `performance`, else 500 ms at 20 requests a second. A request's time begins when it is due
    (open loop). One in a hundred that fails fails the gate; what changes something may be refused in the end. Twenty
    requests are sent at least, however low the rate; with a rate over 1000 a second it is not run. Where nothing is
    declared, an operation only fails that takes over a quarter of the target when it is asked alone, too: the machine
    may be busy with something else. There are as many rows of a table as `expected_rows` says, and at most 10,000:
    where more are expected, or there could not be so many, the figures say how many there were.
    """
    with observed(given) as seen:
        return observe(seen, Bounds(seed=given.seed, requests=given.requests, seconds=given.seconds))


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The same for any backend. Raises NotRun where nothing can be repeated."""
    wanted = {table: min(rows, MOST_ROWS) for table, rows in seen.expected.items()}
    added, rows = 0, dict[str, int]()
    if seen.database_url is not None:
        added, rows = multiplied(seen.database_url, COPIES, wanted, seen.encrypted)
    fewer = {table: number for table, number in rows.items() if number < seen.expected[table]}
    exchanges = repeatable(seen)
    if not exchanges:
        raise NotRun("no request was accepted twice in a row, so none can be repeated")
    seconds = min(SECONDS, bounds.seconds)
    rate = max(seen.target.rate, FEWEST / seconds)
    if rate > HIGHEST:
        raise NotRun(
            f"{rate:g} requests a second are declared, and at most {HIGHEST:g} can be sent from here"
        )
    at_rate(seen.url, exchanges, rate, min(WARM_SECONDS, seconds))
    timed = at_rate(seen.url, exchanges, rate, seconds)
    operations = names(exchanges)
    findings = [
        finding
        for operation in operations
        if (own := [each for each in timed if each.operation == operation])
        for finding in _judged(operation, own, seen.target.of(operation))
        if seen.target != Target() or _alone(seen.url, exchanges, operation) * ALONE > seen.target.p95 / 1000
    ]
    writing = {each.operation for each in exchanges if each.method not in SAFE}
    refused = [each for each in timed if each.operation in writing and each.status in CHANGED]
    failed = [each for each in timed if not accepted(each.status) and each not in refused]
    if len(failed) * 100 > len(timed):
        kinds = ", ".join(sorted({str(each.status or "no answer") for each in failed}))
        findings.append(
            Finding(what=f"{len(failed)} of {len(timed)} requests were not answered 2xx: {kinds}")
        )
    figures: dict[str, int | float | str] = {
        "requests": len(timed),
        "requests per second": rate,
        "operations": len(operations),
        "rows added": added,
        **{f"rows of {table}": _of_expected(rows[table], seen.expected[table]) for table in rows},
        "errors": len(failed),
        **({"refused since something changed": len(refused)} if refused else {}),
        "target p95 ms": seen.target.p95,
        **{f"target p95 ms of {each}": own for each, own in seen.target.own.items() if each in operations},
        **_distribution([each.seconds for each in timed]),
    }
    left_out = sorted({each.operation for each in seen.accepted()} - set(operations))
    if left_out:
        figures["cannot be repeated"] = ", ".join(left_out)
    told = f"p95 {figures['p95 ms']} ms of {seen.target.p95:.0f} ms"
    told += f", at {rate:g} requests a second of {len(operations)} operations"
    for table, few in fewer.items():
        told += f"; over {few} rows of {table}, where {seen.expected[table]} are expected"
    judged = found(findings, told, figures)
    return msgspec.structs.replace(judged, measures=tuple(_measures(timed, operations, seen)))


def _alone(url: str, exchanges: Sequence[Exchange], operation: str) -> float:
    """How long an operation takes at best, with nothing else to do. In seconds."""
    own = [each for each in exchanges if each.operation == operation]
    with closing(Wired(url)) as line:
        return min(_seconds(line, own[number % len(own)]) for number in range(TIMES))


def _seconds(line: Wired, exchange: Exchange) -> float:
    started = time.perf_counter()
    sent(line, exchange)
    return time.perf_counter() - started


def _measures(timed: Sequence[Timed], operations: Sequence[str], seen: Observed) -> Iterator[Measure]:
    """How long all requests took, and those of each operation."""
    yield Measure(operation="", figures=_measured([each.seconds for each in timed], seen.target.p95))
    for operation in operations:
        if own := [each.seconds for each in timed if each.operation == operation]:
            yield Measure(operation=operation, figures=_measured(own, seen.target.of(operation)))


def _measured(seconds: Sequence[float], target: float) -> dict[str, int | float]:
    return {"requests": len(seconds), **_distribution(seconds), "target p95 ms": target}


def _of_expected(rows: int, expected: int) -> int | str:
    return rows if rows >= expected else f"{rows} of {expected} expected"


def _judged(operation: str, timed: Sequence[Timed], target: float) -> list[Finding]:
    p95 = percentile([each.seconds * 1000 for each in timed], 95)
    if p95 <= target:
        return []
    what = f"p95 is {p95:.0f} ms over {len(timed)} requests, more than {target:.0f} ms"
    return [Finding(what=what, where=operation)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _distribution(seconds: Sequence[float]) -> dict[str, float]:
    milliseconds = [each * 1000 for each in seconds]
    found = {f"p{percent} ms": percentile(milliseconds, percent) for percent in (50, 95, 99)}
    return {name: round(value, 1) for name, value in {**found, "max ms": max(milliseconds)}.items()}
