"""What PostgreSQL says that it would do (EXPLAIN), with whole reads priced out of reach: one that is left has no index
that it could use instead, however few rows there are now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import msgspec
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from backwright.emit.sql import quoted
from backwright.verify.databases import Connection, connected
from backwright.verify.narrowing import Leading, has_index, needs_index, reads
from backwright.verify.observed import Observed

DEARER = ("seqscan", "hashjoin", "mergejoin", "material", "memoize")
"""What a planner does with few rows where it would look each one up by an index among many."""
MANY = 1_000_000
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
    with closing(connected(seen.database_url)) as connection, _believing(connection, seen.large):
        searched = _searched_on_removal(connection, seen, leading)
        for text in statements:
            hidden = searched.get(_emptied(text), frozenset())
            if not hidden and not any(table in text for table in seen.large):
                continue
            known = reads(text, "postgres")
            seeking = frozenset(r.name for r in known if needs_index(r, leading, seen.coarse))
            others = {r.name for r in known if not has_index(r, leading, seen.coarse)}
            served = frozenset(r.name for r in known if r.name not in others)
            found = set(whole_reads(_plan(connection, text), seeking, served)) & set(seen.large)
            for table in sorted(found | hidden):
                yield table, text


@contextmanager
def _believing(connection: Connection, tables: Sequence[str]) -> Iterator[None]:
    """The planner takes these tables for full of rows, and does not read any whole if it can help it.

    What it believes is its catalogue, which only a superuser may write; all of it is taken back.
    """
    for way in DEARER:
        connection.query(f"SET enable_{way} = off")
    connection.query("SET plan_cache_mode = force_generic_plan")
    connection.query("BEGIN")
    try:
        if connection.query("SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper"):
            names = ", ".join(f"'{table}'::regclass" for table in map(quoted, tables))
            connection.query(f"UPDATE pg_class SET relpages = 1, reltuples = {MANY} WHERE oid IN ({names})")  # noqa: S608
        yield
    finally:
        connection.query("ROLLBACK")


def _plan(connection: Connection, text: str) -> Mapping[str, Any]:
    count = max((int(number) for number in PARAMETER.findall(text)), default=0)
    given = f"({', '.join(['NULL'] * count)})" if count else ""
    connection.query(f"PREPARE explained AS {text.rstrip().rstrip(';')}")
    plan = connection.query(f"EXPLAIN (FORMAT JSON) EXECUTE explained{given}")[0]["QUERY PLAN"]
    connection.query("DEALLOCATE explained")
    decoded = msgspec.json.decode(plan) if isinstance(plan, str) else plan
    found: Mapping[str, Any] = decoded[0]["Plan"]
    return found


def whole_reads(
    node: Mapping[str, Any],
    seeking: frozenset[str] = frozenset(),
    served: frozenset[str] = frozenset(),
    *,
    limited: bool = False,
) -> Iterator[str]:
    """The tables that a plan reads from end to end.

    Under a limit, a walk along an index ends early, unless it is by one of the names `seeking`: there its filter
    discards nearly every row. What is `served` could be looked up, however few values there are now.
    """
    kind, table = node["Node Type"], node.get("Relation Name")
    early = limited and not ("Filter" in node and node.get("Alias") in seeking)
    walks = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not early
    if table is not None and (kind == "Seq Scan" or walks) and node.get("Alias") not in served:
        yield table
    ends = kind == "Limit" or (
        limited and kind not in ENDLESS and node.get("Strategy") not in ("Plain", "Hashed")
    )
    for inner in node.get("Plans", ()):
        apart = inner.get("Parent Relationship") in ("SubPlan", "InitPlan")
        yield from whole_reads(inner, seeking, served, limited=ends and not apart)


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
