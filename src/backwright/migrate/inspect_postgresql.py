"""The schema of a PostgreSQL database, from its catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import asyncpg

from backwright.migrate.schema import (
    Check,
    Column,
    ForeignKey,
    OnDelete,
    Policy,
    Schema,
    Table,
    TableIndex,
    Term,
)

_COLUMNS = """
    SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS "default", l.collname AS collation,
           a.attidentity = 'd' AS numbered
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
      AND NOT starts_with(c.relname, 'backwright_') AND NOT starts_with(a.attname, 'backwright_retained_')
    ORDER BY c.oid, a.attnum
"""
_CONSTRAINTS = """
    SELECT c.relname AS "table", k.conname AS name, k.contype::text AS kind,
           pg_get_expr(k.conbin, k.conrelid) AS rule, obj_description(k.oid, 'pg_constraint') AS words,
           t.relname AS target, k.confdeltype::text AS on_delete,
           ARRAY (SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n (at, place)
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.at ORDER BY n.place) AS columns,
           ARRAY (SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS n (at, place)
                  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.at ORDER BY n.place) AS keys,
           ARRAY (SELECT a.attname::text FROM unnest(k.confdelsetcols) AS n (at)
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.at) AS cleared
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_class t ON t.oid = k.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('p', 'f', 'c', 'u', 'x')
    ORDER BY c.oid, k.oid
"""
_INDEXES = """
    SELECT c.relname AS "table", i.relname AS name, x.indisunique AS "unique", x.indisvalid AS valid,
           pg_get_expr(x.indpred, x.indrelid) AS "where",
           ARRAY (SELECT pg_get_indexdef(x.indexrelid, n, true)
                  FROM generate_series(1, x.indnkeyatts) AS n) AS columns,
           x.indoption::int2[]::int[] AS options
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary
    ORDER BY c.oid, i.oid
"""
_POLICIES = """
    SELECT c.relname AS "table", p.polname AS name, obj_description(p.oid, 'pg_policy') AS words,
           CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                         ELSE 'DELETE' END AS command,
           c.relrowsecurity AND c.relforcerowsecurity AND p.polpermissive AS forced
    FROM pg_policy p
    JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND p.polcmd <> '*'
    ORDER BY c.oid, p.oid
"""


async def inspect(url: str) -> Schema:
    """The tables of the current schema, apart from Backwright's own."""
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})  # so defaults print alike
    try:
        columns = await connection.fetch(_COLUMNS)
        constraints = await connection.fetch(_CONSTRAINTS)
        indexes = await connection.fetch(_INDEXES)
        policies = await connection.fetch(_POLICIES)
    finally:
        await connection.close()
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in columns:
        rows[row["table"]].append(row)
    tables = {
        name: _table(
            name,
            found,
            [row for row in constraints if row["table"] == name],
            [row for row in indexes if row["table"] == name],
            [row for row in policies if row["table"] == name],
        )
        for name, found in rows.items()
    }
    return Schema("postgresql", tables)


def _table(
    name: str, columns: list[Any], constraints: list[Any], indexes: list[Any], policies: list[Any]
) -> Table:
    key = next((row for row in constraints if row["kind"] == "p"), None)
    return Table(
        name=name,
        columns=tuple(
            Column(
                row["name"],
                _type(row["type"], row["collation"]),
                row["nullable"],
                row["default"],
                row["numbered"],
            )
            for row in columns
        ),
        key=tuple(key["columns"]) if key else (),
        key_name=key["name"] if key else "",
        checks=tuple(
            Check(row["name"], row["words"] or row["rule"] or "")
            for row in constraints
            if row["kind"] in ("c", "u", "x")
        ),
        foreign_keys=tuple(_reference(row) for row in constraints if row["kind"] == "f"),
        indexes=tuple(_index(row) for row in indexes),
        policies=tuple(_policy(row) for row in policies),
    )


def _type(name: str, collation: str | None) -> str:
    return name if collation in (None, "default") else f'{name} COLLATE "{collation}"'


_ON_DELETE: dict[str, OnDelete] = {"r": "restrict", "c": "cascade", "n": "set_null", "a": "no_action"}


def _reference(row: Any) -> ForeignKey:
    cleared = row["cleared"] or ()
    return ForeignKey(
        name=row["name"],
        columns=tuple(row["columns"]),
        table=row["target"],
        keys=tuple(row["keys"]),
        on_delete=_ON_DELETE.get(row["on_delete"], "no_action"),
        cleared=tuple(cleared),
    )


def _policy(row: Any) -> Policy:
    words = row["words"] or ""
    return Policy(
        name=row["name"], command=row["command"], words=words if row["forced"] else f"{words} (not forced)"
    )


_DESCENDING, _NULLS_FIRST = 1, 2
_LIVE = re.compile(r'\(("(?:[^"]|"")+"|\w+) IS NULL\)\Z')


def _index(row: Any) -> TableIndex:
    terms = [
        Term(column.strip('"'), _order(option))
        for column, option in zip(row["columns"], row["options"], strict=True)
    ]
    name = row["name"] if row["valid"] else f"{row['name']} (invalid)"
    where = row["where"] or ""
    live = _LIVE.match(where)
    return TableIndex(name, tuple(terms), row["unique"], live[1].strip('"') if live else where)


def _order(option: int) -> str:
    """Without NULLS FIRST or LAST where that is what PostgreSQL does unasked."""
    if option & _DESCENDING:
        return "DESC" if option & _NULLS_FIRST else "DESC NULLS LAST"
    return "ASC NULLS FIRST" if option & _NULLS_FIRST else "ASC"
