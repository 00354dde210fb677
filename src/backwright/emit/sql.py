"""Writes SQL: the columns, conditions, orders and statements of one entity, in plain sight."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from backwright.emit.source import printable
from backwright.model.types import Entity, Field, OrderTerm

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


def column_list(columns: Sequence[str], indent: str = "    ") -> str:
    """Column names, wrapped where there are many."""
    text = ", ".join(quoted(column) for column in columns)
    return f"\n{indent}".join(textwrap.wrap(text, _LINE, break_long_words=False, break_on_hyphens=False))


def columns_of(entity: Entity) -> list[str]:
    """Every column, in the order of the fields."""
    return [field.column for field in entity.fields]


def select(entity: Entity, conditions: Sequence[str], tail: Sequence[str] = ()) -> str:
    """`SELECT … FROM … WHERE …` with the conditions one per line, and what follows."""
    lines = [
        f"SELECT {column_list(columns_of(entity), '       ')}",
        f"FROM {quoted(entity.table)}",
        *where(conditions),
        *tail,
    ]
    return "\n".join(lines)


def where(conditions: Sequence[str]) -> list[str]:
    """The lines of a WHERE clause. Optional clauses come in braces and bring their own AND."""
    lines: list[str] = []
    for condition in conditions:
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


def total_order(entity: Entity, order: Sequence[OrderTerm]) -> list[OrderTerm]:
    """The order with the key at its end, in the direction of the last term."""
    if any(term.field == entity.key for term in order):
        return list(order)
    direction = order[-1].direction if order else "asc"
    return [*order, OrderTerm(field=entity.key, direction=direction)]


def order_by(entity: Entity, order: Sequence[OrderTerm]) -> str:
    """`ORDER BY …`. Null sorts least, on every database."""
    terms: list[str] = []
    for term in order:
        field = entity.field(term.field)
        text = quoted(field.column) + (" DESC" if term.direction == "desc" else "")
        if field.nullable:
            text += " NULLS LAST" if term.direction == "desc" else " NULLS FIRST"
        terms.append(text)
    return f"ORDER BY {', '.join(terms)}"


def after(entity: Entity, order: Sequence[OrderTerm]) -> str:
    """The optional clause that continues behind the last row of the page before."""
    fields = [entity.field(term.field) for term in order]
    if len({term.direction for term in order}) == 1 and not any(field.nullable for field in fields):
        sign = "<" if order[0].direction == "desc" else ">"
        if len(order) == 1:
            return f"{{AND {quoted(fields[0].column)} {sign} :after_{fields[0].column}}}"
        columns = ", ".join(quoted(field.column) for field in fields)
        values = ", ".join(f":after_{field.column}" for field in fields)
        return f"{{AND ({columns}) {sign} ({values})}}"
    branches: list[str] = []
    same: list[str] = []
    for term in order:
        field = entity.field(term.field)
        branches += [_all([*same, each]) for each in _strictly_behind(field, term)]
        equals = "IS NOT DISTINCT FROM" if field.nullable else "="
        same.append(f"{quoted(field.column)} {equals} :after_{field.column}")
    return "{AND (\n    " + "\n    OR ".join(branches) + "\n)}"


def _strictly_behind(field: Field, term: OrderTerm) -> list[str]:
    """The ways in which a row comes behind another by one term: its value, or null where that sorts later."""
    column, value = quoted(field.column), f":after_{field.column}"
    sign = "<" if term.direction == "desc" else ">"
    ways = [f"{column} {sign} {value}"]
    if field.nullable and term.direction == "desc":
        ways.append(f"{value} IS NOT NULL AND {column} IS NULL")
    elif field.nullable:
        ways.append(f"{value} IS NULL AND {column} IS NOT NULL")
    return ways


def _all(conditions: Sequence[str]) -> str:
    text = " AND ".join(conditions)
    if len(text) > _LINE - 8:
        text = "\n        AND ".join(conditions)
    return f"({text})" if len(conditions) > 1 or " AND " in text else text


def insert(entity: Entity) -> str:
    """Stores one row; parameters are called like the columns."""
    columns = columns_of(entity)
    into = ", ".join(quoted(column) for column in columns)
    values = ", ".join(f":{column}" for column in columns)
    lines = [f"INSERT INTO {quoted(entity.table)} ({into})", f"VALUES ({values})"]
    return "\n".join(
        "\n".join(textwrap.wrap(line, _LINE, subsequent_indent="    ", break_on_hyphens=False))
        for line in lines
    )


def update(entity: Entity, columns: Sequence[str]) -> str:
    """Writes these columns of one row."""
    key = entity.field(entity.key).column
    settings = ",\n    ".join(f"{quoted(column)} = :{column}" for column in columns)
    return f"UPDATE {quoted(entity.table)}\nSET {settings}\nWHERE {quoted(key)} = :{key}"


def delete(entity: Entity) -> str:
    """Removes one row."""
    key = entity.field(entity.key).column
    return f"DELETE FROM {quoted(entity.table)}\nWHERE {quoted(key)} = :{key}"
