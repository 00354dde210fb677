"""Writes SQL: names in quotes where they need them, and conditions laid out in plain sight."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from backwright.emit.source import printable

_LINE = 88
# Words that PostgreSQL or SQLite does not accept as the bare name of a table or column.
RESERVED = frozenset(
    [
        "abort",
        "action",
        "add",
        "after",
        "all",
        "alter",
        "always",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "attach",
        "authorization",
        "autoincrement",
        "before",
        "begin",
        "between",
        "binary",
        "both",
        "by",
        "cascade",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "commit",
        "concurrently",
        "conflict",
        "constraint",
        "create",
        "cross",
        "current",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "database",
        "default",
        "deferrable",
        "deferred",
        "delete",
        "desc",
        "detach",
        "distinct",
        "do",
        "drop",
        "each",
        "else",
        "end",
        "escape",
        "except",
        "exclude",
        "exclusive",
        "exists",
        "explain",
        "fail",
        "false",
        "fetch",
        "filter",
        "first",
        "following",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "generated",
        "glob",
        "grant",
        "group",
        "groups",
        "having",
        "if",
        "ignore",
        "ilike",
        "immediate",
        "in",
        "index",
        "indexed",
        "initially",
        "inner",
        "insert",
        "instead",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "key",
        "last",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "match",
        "materialized",
        "natural",
        "no",
        "not",
        "nothing",
        "notnull",
        "null",
        "nulls",
        "of",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "others",
        "outer",
        "over",
        "overlaps",
        "partition",
        "placing",
        "plan",
        "pragma",
        "preceding",
        "primary",
        "query",
        "raise",
        "range",
        "recursive",
        "references",
        "regexp",
        "reindex",
        "release",
        "rename",
        "replace",
        "restrict",
        "returning",
        "right",
        "rollback",
        "row",
        "rows",
        "savepoint",
        "select",
        "session_user",
        "set",
        "similar",
        "some",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "temp",
        "temporary",
        "then",
        "ties",
        "to",
        "trailing",
        "transaction",
        "trigger",
        "true",
        "unbounded",
        "union",
        "unique",
        "update",
        "user",
        "using",
        "vacuum",
        "values",
        "variadic",
        "verbose",
        "view",
        "virtual",
        "when",
        "where",
        "window",
        "with",
        "without",
    ]
)


def quoted(name: str) -> str:
    """A table's or column's name, in quotes where it needs them."""
    plain = name.lower() not in RESERVED
    return name if plain else f'"{name}"'


def where(conditions: Sequence[str]) -> list[str]:
    """The lines of a WHERE clause, each said once. Optional clauses come in braces and bring their own AND."""
    lines: list[str] = []
    for condition in conditions:
        if any(other.startswith((f"{condition}  -- ", f"{condition}\n-- ")) for other in conditions):
            continue  # it is said with the words of the rule
        if not lines:
            lines.append(f"WHERE {hanging(condition, below(condition, 6))}")
        elif condition.startswith("{"):
            lines.append(f"  {hanging(condition, 2)}")
        else:
            lines.append(f"  AND {hanging(condition, below(condition, 6))}")
    return lines


def below(text: str, indent: int) -> int:
    """How far further lines are indented: what is inside opened parentheses is far enough in already."""
    return 2 if text.partition("\n")[0].endswith("(") else indent


def hanging(text: str, indent: int) -> str:
    """The text with its further lines indented."""
    return text.replace("\n", "\n" + " " * indent)


def described(condition: str, note: str) -> str:
    """A condition with the rule's own words beside it, or above it where the line is long."""
    words = printable(note)
    if "\n" not in condition and len(condition) + len(words) < _LINE - 6:
        return f"{condition}  -- {words}"
    wrapped = textwrap.wrap(words, _LINE - 10, break_on_hyphens=False)
    return f"{condition}\n" + "\n".join(f"-- {line}" for line in wrapped)
