"""What PostgreSQL says that it would do (EXPLAIN), with sequential scans priced out of reach: one that is left has no
index that it could use instead, however few rows there are now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from backwright.verify.databases import Connection, connected
from backwright.verify.narrowing import Leading, needs_index, reads
from backwright.verify.observed import Observed

PARAMETER = re.compile(r"\$(\d+)")
ENDLESS = ("Sort", "Hash")
"""What has to have seen every row before it gives the first one."""
REFERENCES = (
    "SELECT c.relname::text AS name, t.relname::text AS target, a.attname::text AS column"
    " FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]"
    " WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace"
)


def scans(seen: Observed, statements: Sequence[str], leading: Leading) -> Iterator[tuple[str, str]]:
    """Each large table and the statement that reads it whole."""
    assert seen.database_url is not None
    with closing(connected(seen.database_url)) as connection:
        connection.query("SET enable_seqscan = off")
        connection.query("SET plan_cache_mode = force_generic_plan")
        searched = _searched_on_removal(connection, seen, leading)
        for text in statements:
            hidden = searched.get(_emptied(text), frozenset())
            if not hidden and not any(table in text for table in seen.large):
                continue
            known = reads(text, "postgres")
            seeking = {r.name for r in known if needs_index(r, leading, seen.coarse)}
            found = set(whole_reads(_plan(connection, text), frozenset(seeking))) & set(seen.large)
            for table in sorted(found | hidden):
                yield table, text


def _plan(connection: Connection, text: str) -> Mapping[str, Any]:
    count = max((int(number) for number in PARAMETER.findall(text)), default=0)
    given = f"({', '.join(['NULL'] * count)})" if count else ""
    connection.query(f"PREPARE explained AS {text.rstrip().rstrip(';')}")
    try:
        plan = connection.query(f"EXPLAIN (FORMAT JSON) EXECUTE explained{given}")[0]["QUERY PLAN"]
    finally:
        connection.query("DEALLOCATE explained")
    decoded = msgspec.json.decode(plan) if isinstance(plan, str) else plan
    found: Mapping[str, Any] = decoded[0]["Plan"]
    return found


def whole_reads(
    node: Mapping[str, Any], seeking: frozenset[str] = frozenset(), *, limited: bool = False
) -> Iterator[str]:
    """The tables that a plan reads from end to end.

    Under a limit, a walk along an index ends early, unless it is by one of the names `seeking`: there its filter
    discards nearly every row.
    """
    kind, table = node["Node Type"], node.get("Relation Name")
    early = limited and not ("Filter" in node and node.get("Alias") in seeking)
    walks = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not early
    if table is not None and (kind == "Seq Scan" or walks):
        yield table
    ends = kind == "Limit" or (
        limited and kind not in ENDLESS and node.get("Strategy") not in ("Plain", "Hashed")
    )
    for inner in node.get("Plans", ()):
        apart = inner.get("Parent Relationship") in ("SubPlan", "InitPlan")
        yield from whole_reads(inner, seeking, limited=ends and not apart)


def _emptied(text: str) -> str:
    """The table that a statement removes rows of; none of most."""
    if "DELETE" not in text.upper():
        return ""
    try:
        removing = parse_one(text, read="postgres").find(exp.Delete)
    except (SqlglotError, RecursionError):
        return ""
    return "" if removing is None else str(removing.this.name)


def _searched_on_removal(
    connection: Connection, seen: Observed, leading: Leading
) -> dict[str, frozenset[str]]:
    """The large tables that a foreign key searches whole when rows of another one go: no plan shows that."""
    found: dict[str, frozenset[str]] = {}
    for row in connection.query(REFERENCES):
        if row["name"] in seen.large and row["column"] not in leading[row["name"]]:
            found[row["target"]] = found.get(row["target"], frozenset()) | {row["name"]}
    return found
