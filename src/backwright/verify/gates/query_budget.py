"""Adding rows adds no statements, and no large table is searched without an index."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing

import msgspec

from backwright.verify.backends import Wired
from backwright.verify.counting import Noted
from backwright.verify.gate import GateInput, NotRun, Verdict, found
from backwright.verify.multiplying import Multiplier
from backwright.verify.observed import Bounds, Exchange, Observed
from backwright.verify.observing import observed
from backwright.verify.plans import about_rows, scans
from backwright.verify.results import Finding, Measure
from backwright.verify.sending import accepted, sent, telling_reads

NAME = "query-budget"
TITLE = "Constant statements per request (no N+1)"
WHY = "A statement per row is not seen with ten rows in a test, and is an outage with ten thousand in production."
EXAMPLE = "A list reads the author of each item by a statement of its own: failed, with both counts and the statement."
DATABASE = True

FEW, MANY = 1, 50
TIMES = 3
REPEATED = 10
LITERAL = re.compile(r"[xX]?'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


def judge(given: GateInput) -> Verdict:
    """Each read is sent with one copy of every row and with fifty; statements are counted.

    The same statement ten times in one request fails, too. Where tables are declared large (`expected_rows` of 100,000
    and more), every statement that was seen is explained, writes among them: one that has no index to use fails, and so
    does one that under a limit walks along another index to find one value (of a field of many values) among all. One
    that so looks for a part of a text or for a range is not told from one that ends early, and passes.
    """
    with observed(given) as seen:
        return observe(seen, Bounds(seed=given.seed, requests=given.requests, seconds=given.seconds))


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The same for any backend whose database and statements can be looked at. Raises NotRun."""
    if seen.statements is None:
        raise NotRun(
            "the statements that it executes cannot be seen: no PostgreSQL behind the counting proxy"
        )
    if seen.database_url is None:
        raise NotRun("the address of its database is not known")
    reads = telling_reads(seen)
    if not reads:
        raise NotRun("no read was accepted, so none can be counted")
    with closing(Wired(seen.url)) as line, closing(Multiplier(seen.database_url, seen.encrypted)) as rows:
        first = rows.up_to(FEW)
        few = [_statements(line, each, Noted(seen.statements)) for each in reads]
        added = first + rows.up_to(MANY)
        many = [_statements(line, each, Noted(seen.statements)) for each in reads]
    findings = [
        finding
        for each, before, after in zip(reads, few, many, strict=True)
        for finding in _judged(each, before, after)
    ]
    if not any(many):
        raise NotRun("no statement of any read was seen: does it use the database through the proxy?")
    texts = _shapes(Noted(seen.statements, beginning=True).news())
    findings += [Finding(what=what, where=where) for where, what in scans(seen, texts)]
    counted = [len(statements) for statements in many if statements is not None]
    figures: dict[str, int | float | str] = {
        "reads": len(counted),
        "rows added": added,
        "most statements of a request": max(counted, default=0),
        **({"statements explained": len(about_rows(texts))} if seen.large else {}),
    }
    told = f"{len(counted)} reads cost the same with {FEW} and {MANY} copies of every row"
    told += f", at most {max(counted, default=0)} statements"
    judged = found(findings, told, figures)
    measures = tuple(_measures(zip(reads, few, many, strict=True)))
    return msgspec.structs.replace(judged, measures=measures)


def _measures(
    counted: Iterable[tuple[Exchange, list[str] | None, list[str] | None]],
) -> Iterator[Measure]:
    """The most statements that a read of each operation took, with few rows and with many."""
    most: dict[str, tuple[int, int]] = {}
    for each, few, many in counted:
        if few is not None and many is not None:
            known = most.get(each.operation, (0, 0))
            most[each.operation] = (max(known[0], len(few)), max(known[1], len(many)))
    for operation, (few_rows, many_rows) in sorted(most.items()):
        figures: dict[str, int | float] = {f"with {FEW}": few_rows, f"with {MANY}": many_rows}
        yield Measure(operation=operation, figures=figures)


def _shapes(texts: Iterable[str]) -> list[str]:
    """One statement of each shape, writes among them: SQLite's come with their values in them."""
    return sorted({LITERAL.sub("?", text): text for text in texts}.values())


def _statements(line: Wired, exchange: Exchange, noted: Noted) -> list[str] | None:
    """What the request executes: the least of some times, since connections are opened now and then."""
    least: list[str] | None = None
    for _ in range(TIMES):
        noted.news()
        status = sent(line, exchange)
        news = noted.news()
        if accepted(status) and (least is None or len(news) < len(least)):
            least = news
    return least


def _judged(each: Exchange, few: list[str] | None, many: list[str] | None) -> Iterable[Finding]:
    where = f"{each.operation} ({each.target})"
    if few is None or many is None:
        yield Finding(what="it was accepted before there were more rows, and is not any more", where=where)
        return
    shapes = Counter(LITERAL.sub("?", text) for text in many)
    before = Counter(LITERAL.sub("?", text) for text in few)
    shape, times = max(shapes.items(), key=lambda pair: pair[1] - before[pair[0]], default=("", 0))
    if len(many) > len(few):
        what = (
            f"{len(few)} statements became {len(many)} with {MANY} copies of the rows, mostly: {shape[:300]}"
        )
        yield Finding(what=what, where=where)
        return
    shape, times = max(shapes.items(), key=lambda pair: pair[1], default=("", 0))
    if times >= REPEATED:
        yield Finding(what=f"one statement is executed {times} times: {shape[:300]}", where=where)
