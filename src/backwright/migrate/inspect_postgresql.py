"""The schema of a PostgreSQL database, from its catalogue."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import asyncpg

from backwright.migrate.schema import Check, Column, ForeignKey, Schema, Table, TableIndex, Term

_COLUMNS = """
    SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           NOT a.attnotnull AS nullable, pg_get_expr(d.adbin, d.adrelid) AS "default", l.collname AS collation
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
      AND NOT starts_with(c.relname, 'backwright_')
    ORDER BY c.oid, a.attnum
"""
_CONSTRAINTS = """
    SELECT c.relname AS "table", k.conname AS name, k.contype::text AS kind,
           pg_get_expr(k.conbin, k.conrelid) AS rule,
           t.relname AS target, k.confdeltype::text AS on_delete,
           (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS columns,
           (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)) AS keys
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_class t ON t.oid = k.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('p', 'f', 'c', 'u', 'x')
    ORDER BY c.oid, k.oid
"""
_INDEXES = """
    SELECT c.relname AS "table", i.relname AS name, x.indisunique AS "unique", x.indisvalid AS valid,
           ARRAY (SELECT pg_get_indexdef(x.indexrelid, n, true)
                  FROM generate_series(1, x.indnkeyatts) AS n) AS columns,
           x.indoption::int2[]::int[] AS options
    FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary
    ORDER BY c.oid, i.oid
"""


async def inspect(url: str) -> Schema:
    """The tables of the current schema, apart from Backwright's own."""
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(_COLUMNS)
        constraints = await connection.fetch(_CONSTRAINTS)
        indexes = await connection.fetch(_INDEXES)
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
        )
        for name, found in rows.items()
    }
    return Schema("postgresql", tables)


def _table(name: str, columns: list[Any], constraints: list[Any], indexes: list[Any]) -> Table:
    key = next((row for row in constraints if row["kind"] == "p"), None)
    return Table(
        name=name,
        columns=tuple(
            Column(row["name"], _type(row["type"], row["collation"]), row["nullable"], row["default"])
            for row in columns
        ),
        key=key["columns"] if key else "",
        key_name=key["name"] if key else "",
        checks=tuple(
            Check(row["name"], "", row["rule"] or "") for row in constraints if row["kind"] in "cux"
        ),
        foreign_keys=tuple(_reference(row) for row in constraints if row["kind"] == "f"),
        indexes=tuple(_index(row) for row in indexes),
    )


def _type(name: str, collation: str | None) -> str:
    return name if collation in (None, "default") else f'{name} COLLATE "{collation}"'


def _reference(row: Any) -> ForeignKey:
    suffix = "" if row["on_delete"] == "r" else f" on delete {row['on_delete']}"
    return ForeignKey(row["name"], row["columns"], row["target"], f"{row['keys']}{suffix}")


_DESCENDING, _NULLS_FIRST = 1, 2


def _index(row: Any) -> TableIndex:
    terms = [
        Term(column.strip('"'), _order(option))
        for column, option in zip(row["columns"], row["options"], strict=True)
    ]
    name = row["name"] if row["valid"] else f"{row['name']} (invalid)"
    return TableIndex(name, tuple(terms), row["unique"])


def _order(option: int) -> str:
    """Without NULLS FIRST or LAST where that is what PostgreSQL does unasked."""
    if option & _DESCENDING:
        return "DESC" if option & _NULLS_FIRST else "DESC NULLS LAST"
    return "ASC NULLS FIRST" if option & _NULLS_FIRST else "ASC"
