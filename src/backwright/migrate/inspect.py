"""Reads the schema that a live database has, and says in words where it differs from the expected one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.migrate import inspect_postgresql, inspect_sqlite
from backwright.migrate.expected import expected
from backwright.migrate.schema import Dialect, ForeignKey, Schema, Table, TableIndex

__all__ = ["dialect_of", "differences", "expected", "inspect"]


def dialect_of(url: str) -> Dialect:
    """Which database an address names. Raises ValueError for any other."""
    if url.startswith("sqlite:///"):
        return "sqlite"
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql"
    raise ValueError("the database address must begin with sqlite:/// or postgresql://")


async def inspect(url: str) -> Schema:
    """The tables of a live database, apart from Backwright's own (`backwright_…`)."""
    if dialect_of(url) == "sqlite":
        return inspect_sqlite.inspect(url)
    return await inspect_postgresql.inspect(url)


def differences(actual: Schema, wanted: Schema) -> list[str]:
    """What is missing, left over or different; none when it is as expected. Column order is free."""
    have, want = _comparable(actual), _comparable(wanted)
    return list(_compared(have, want, ""))


def _compared(have: dict[str, object], want: dict[str, object], inside: str) -> Iterator[str]:
    for name in sorted(have.keys() | want.keys()):
        path = f"{inside}{name}"
        if name not in have:
            yield f"{path} is missing"
        elif name not in want:
            yield f"{path} is left over"
        else:
            one, other = have[name], want[name]
            if isinstance(one, dict) and isinstance(other, dict):
                yield from _compared(one, other, f"{path}: ")
            elif one != other:
                yield f"{path} is {one}, expected {other}"


def _comparable(schema: Schema) -> dict[str, object]:
    return {name.lower(): _table(table) for name, table in schema.tables.items()}


def _table(table: Table) -> dict[str, object]:
    parts: dict[str, object] = {}
    if table.key:
        parts[f"key {table.key_name}".lower()] = _listed(table.key)
    for column in table.columns:
        null = "null" if column.nullable else "not null"
        default = canonical(column.default) if column.default is not None else "none"
        counted = ", numbered" if column.numbered else ""
        parts[f"column {column.name}".lower()] = f"{column.type} {null}, default {default}{counted}"
    for check in table.checks:
        parts[f"check {check.name}".lower()] = canonical(check.sql)
    for key in table.foreign_keys:
        parts[f"reference {key.name}".lower()] = _reference(key)
    for policy in table.policies:
        parts[f"policy {policy.name}".lower()] = f"for {policy.command}: {policy.words}"
    for index in table.indexes:
        parts[f"index {index.name}".lower()] = _index(index)
    return parts


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(columns).lower()


def _reference(key: ForeignKey) -> str:
    cleared = f" ({_listed(key.cleared)})" if key.cleared else ""
    deleted = f"on delete {key.on_delete.replace('_', ' ')}{cleared}"
    return f"{_listed(key.columns)} to {key.table.lower()} ({_listed(key.keys)}), {deleted}"


def _index(index: TableIndex) -> str:
    terms = ", ".join(f"{term.column.lower()} {term.order}" for term in index.terms)
    live = f" where {index.live.lower()} is null" if index.live else ""
    return f"{'unique ' if index.unique else ''}({terms}){live}"


_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | ::[a-z ]+[a-z] | -?\d+ | \w+ | [<>!=]+ | \S""", re.X
)
_NUMERIC = re.compile(r"::(integer|bigint|smallint|numeric|double precision)\Z")


def canonical(sql: str) -> str:
    """A condition without the parentheses, casts and quotes that a database adds when it stores it."""
    tokens: list[str] = []
    for word in _TOKEN.findall(sql):
        if word.startswith("::"):
            number = tokens and tokens[-1].startswith("'") and not tokens[-1].startswith("'{")  # no array
            if _NUMERIC.match(word) and number:
                tokens[-1:] = _TOKEN.findall(tokens[-1].strip("'"))
        elif word not in "()[]":
            tokens.append(_bare(word))
    text = " ".join(tokens)
    return text.replace("= any array", "in").replace(" ,", ",")


def _bare(word: str) -> str:
    if word.startswith("'"):
        return word
    return word.strip('"').lower()
