"""How PostgreSQL would carry out a statement: which of the tables that are declared large it reads from end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec

from backwright.verify.multiplying import connected
from backwright.verify.observed import Observed

PARAMETER = re.compile(r"\$(\d+)")


def scans(seen: Observed, statements: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each large table and the statement for which no index helps.

    The plan is asked for with sequential scans priced out of reach, so it does not depend on how many rows there are
    now: a scan that is left has no index that it could use instead.
    """
    if not seen.large or seen.database_url is None or seen.database_url.startswith("sqlite:"):
        return
    with closing(connected(seen.database_url)) as connection:
        connection.query("SET enable_seqscan = off")
        connection.query("SET plan_cache_mode = force_generic_plan")
        for text in statements:
            if not text.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                continue
            count = max((int(number) for number in PARAMETER.findall(text)), default=0)
            given = f"({', '.join(['NULL'] * count)})" if count else ""
            connection.query(f"PREPARE explained AS {text.rstrip().rstrip(';')}")
            try:
                plan = connection.query(f"EXPLAIN (FORMAT JSON) EXECUTE explained{given}")[0]["QUERY PLAN"]
            finally:
                connection.query("DEALLOCATE explained")
            decoded = msgspec.json.decode(plan) if isinstance(plan, str) else plan
            for table in sorted(set(whole_reads(decoded[0]["Plan"])) & set(seen.large)):
                yield table, f"no index helps, and the table is declared large: {text[:300]}"


def whole_reads(node: Mapping[str, Any], *, limited: bool = False) -> Iterator[str]:
    """The tables that a plan reads from end to end. Under a limit, a walk along an index ends early."""
    kind, table = node["Node Type"], node.get("Relation Name")
    walks = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not limited
    if table is not None and (kind == "Seq Scan" or walks):
        yield table
    for inner in node.get("Plans", ()):
        yield from whole_reads(inner, limited=kind == "Limit" or (limited and kind != "Sort"))
