"""What SQLite says that it would do (EXPLAIN QUERY PLAN). Without statistics it decides by the indexes alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import msgspec

from backwright.verify.narrowing import Leading, Read, needs_index, reads
from backwright.verify.observed import Observed
from backwright_runtime.database.sqlite import opened

STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?:TABLE )?(?P<table>\w+)(?: AS (?P<alias>\w+))?(?P<by>.*)")
SORTS = ("USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR GROUP BY")
"""What has to have seen every row before it gives the first one."""


class Step(msgspec.Struct, frozen=True):
    """One line of a plan that reads a table.

    It has the name by which the statement knows the table, and says whether no index narrows it down and whether all
    that it finds is sorted before a limit.
    """

    name: str
    whole: bool
    is_sorted: bool


def scans(seen: Observed, statements: Sequence[str], leading: Leading) -> Iterator[tuple[str, str]]:
    """Each large table and the statement that reads it whole."""
    assert seen.database_url is not None
    file = Path(unquote(seen.database_url.removeprefix("sqlite:///")))
    with closing(opened(file)) as connection:
        for text in statements:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
            whole = [step for step in steps(plan) if step.whole]
            known = reads(text, "sqlite") if whole else []
            for table in sorted(
                {found for step in whole if (found := _read_whole(step, known, seen, leading))}
            ):
                yield table, text


def steps(plan: Sequence[tuple[int, int, int, str]]) -> list[Step]:
    """The lines of a plan that read tables. An index made for the occasion is made of the whole table."""
    sorting = {parent for _, parent, _, detail in plan if detail.startswith(SORTS)}
    return [
        Step(
            name=found["alias"] or found["table"],
            whole=found["how"] == "SCAN" or "AUTOMATIC" in found["by"],
            is_sorted=parent in sorting,
        )
        for _, parent, _, detail in plan
        if (found := STEP.match(detail)) is not None
    ]


def _read_whole(step: Step, known: Sequence[Read], seen: Observed, leading: Leading) -> str | None:
    """The large table that a step reads whole. Where a name stands for several readings, all of them have to."""
    mine = [read for read in known if read.name == step.name]
    if not mine:  # what a foreign key looks for, in a table that the statement does not name
        return step.name if step.name in seen.large else None
    ends = [r.limited and not step.is_sorted and not needs_index(r, leading, seen.coarse) for r in mine]
    large = [read.table for read in mine if read.table in seen.large]
    return large[0] if len(large) == len(mine) and not any(ends) else None
