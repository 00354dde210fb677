# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""What a migration keeps aside, so that the way back restores it; the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.emit.sql import quoted
from backwright.migrate import ddl
from backwright.migrate.move import Alteration, Carry, Links, Move
from backwright.migrate.schema import Column, Table

BATCH = 5000
"""So many rows are written in one transaction."""
BECAME = "backwright_became"
"""The column that says what a kept value became."""


def keep_table(table: Table, move: Move) -> Iterator[str]:
    """Copy a table's rows to where the way back finds them."""
    kept = move.kept(table.name)
    names = ddl.names([column.name for column in table.columns])
    yield ddl.create_kept(kept, table.columns, table, move.dialect)
    yield f"INSERT INTO {kept} ({names})\nSELECT {names}\nFROM {quoted(table.name)};"


def same_row(change: Alteration, kept: str, stored: str, columns: dict[str, str]) -> str:
    """What finds the row whose former value was kept; `columns` are the stored names of the kept ones."""
    table = change.after
    pairs = [(each, columns[each]) for each in table.row if each in change.columns]
    return " AND ".join(
        f"{kept}.{quoted(one)} {_equals(table.column(one))} {stored}.{quoted(other)}" for one, other in pairs
    )


def _equals(column: Column) -> str:
    return "IS NOT DISTINCT FROM" if column.nullable else "="


def keep_column(change: Alteration, name: str, move: Move) -> Iterator[str]:
    """Copy a column's values, with the key of their rows, to where the way back finds them."""
    kept = move.kept(change.former_name, name)
    table = change.before
    columns = [table.column(each) for each in dict.fromkeys((*table.row, name))]
    names = ddl.names([column.name for column in columns])
    yield ddl.create_kept(kept, columns, table, move.dialect)
    yield f"INSERT INTO {kept} ({names})\nSELECT {names}\nFROM {quoted(table.name)};"


def keep_removed(change: Alteration, move: Move) -> Iterator[str]:
    """Before columns go: a reference's values become links, others are kept for the way back."""
    for name in change.removed:
        if links := move.becoming(change.after.name, name):
            yield links_from(links)
        elif move.direction == "up" and not move.in_place:
            yield from keep_column(change, name, move)


# References and links --------------------------------------------------------------------------------


def links_from(owner: Links) -> str:
    """What fills a table of links where a reference becomes links."""
    return (
        f"INSERT INTO {quoted(owner.links)} ({quoted(owner.source)}, {quoted(owner.target)})\n"
        f"SELECT {quoted(owner.key)}, {quoted(owner.reference)}\n"
        f"FROM {quoted(owner.owner)}\nWHERE {quoted(owner.reference)} IS NOT NULL;"
    )


def one_link_each(owner: Links) -> Iterator[str]:
    """Fails the step where a row lists more than one, and a reference can only lead to one."""
    several = (
        f"(SELECT {quoted(owner.source)} FROM {quoted(owner.links)}\n"
        f"    GROUP BY {quoted(owner.source)} HAVING count(*) > 1) AS several"
    )
    yield from none_without_counterpart(several)


def the_link(owner: Links, stored: str) -> str:
    """What the only link of a row leads to."""
    return (
        f"(SELECT links.{quoted(owner.target)} FROM {quoted(owner.links)} AS links"
        f" WHERE links.{quoted(owner.source)} = {stored}.{quoted(owner.key)})"
    )


# Values that change ----------------------------------------------------------------------------------


def begin_carrying(change: Alteration, move: Move) -> Iterator[str]:
    """Before anything changes: no value may be without a counterpart, and what would not come back is kept.

    On the way back, what was kept of values that somebody has changed since is forgotten.
    """
    for later, carry in change.carries.items():
        if misfit := carry.there.misfit(quoted(change.columns[later])):
            yield from none_without_counterpart(quoted(change.after.name), misfit)
    for later, carry in change.carries.items():
        if carry.keeps:
            keep = _keep_values if move.direction == "up" else _forget_changed
            yield from keep(change, later, carry, move)


def none_without_counterpart(rows: str, misfit: str = "") -> Iterator[str]:
    """Fails the step, and so undoes it, where a value has no counterpart in the other type."""
    where = f"\nWHERE {misfit}" if misfit else ""
    yield (
        "CREATE TABLE backwright_without_counterpart (\n"
        "    found bigint CONSTRAINT each_value_has_a_counterpart CHECK (found = 0)\n);"
    )
    yield (f"INSERT INTO backwright_without_counterpart\nSELECT count(*)\nFROM {rows}{where};")
    yield "DROP TABLE backwright_without_counterpart;"


def _keep_values(change: Alteration, later: str, carry: Carry, move: Move) -> Iterator[str]:
    """The values that the way back would not give."""
    former = change.columns[later]
    kept, stored = move.kept(change.former_name, former), quoted(former)
    table = change.before
    columns = [table.column(each) for each in dict.fromkeys((*table.row, former))]
    became = Column(BECAME, change.after.column(later).type)
    names = ddl.names([column.name for column in columns])
    value = carry.value(stored)
    conditions = [f"{stored} IS NULL"] if carry.fill else []
    if back := carry.back.of(carry.there.of(stored)):
        conditions += [f"({back}) <> {stored}"] if back != stored else []
    yield ddl.create_kept(kept, [*columns, became], table, move.dialect)
    if move.dialect == "postgresql" and table.column(former).type == became.type and not carry.converts:
        return  # `fill_and_keep` does both
    yield (
        f"INSERT INTO {kept} ({names}, {BECAME})\nSELECT {names}, {value}\n"
        f"FROM {quoted(change.after.name)}\nWHERE {' OR '.join(conditions)};"
    )


def fill_and_keep(change: Alteration, later: str, carry: Carry, move: Move, limit: str) -> str:
    """One statement that gives some rows the value that they lack, and keeps that they had none (PostgreSQL)."""
    kept, table = move.kept(change.former_name, change.columns[later]), quoted(change.after.name)
    pairs = [(each, change.now[each]) for each in change.before.row]
    row = ddl.names([now for _, now in pairs])
    columns = ddl.names([then for then, _ in pairs])
    after = change.after
    same = " AND ".join(
        f"{table}.{quoted(now)} {_equals(after.column(now))} lacking.{quoted(now)}" for _, now in pairs
    )
    returned = ", ".join(f"{table}.{quoted(now)}" for _, now in pairs)
    column = quoted(later)
    return (
        f"WITH lacking AS (\n    SELECT {row} FROM {table} WHERE {column} IS NULL{limit}\n"
        f"), filled AS (\n    UPDATE {table} SET {column} = {carry.fill} FROM lacking WHERE {same}\n"
        f"    RETURNING {returned}, {table}.{column}\n)\n"
        f"INSERT INTO {kept} ({columns}, {BECAME})\nSELECT {row}, {column}\nFROM filled;"
    )


def _forget_changed(change: Alteration, later: str, carry: Carry, move: Move) -> Iterator[str]:
    kept, table = move.kept(change.after.name, later), quoted(change.after.name)
    same = same_row(change, kept, table, change.columns)
    value = f"{table}.{quoted(change.columns[later])}"
    yield (
        f"DELETE FROM {kept}\nWHERE EXISTS (\n    SELECT 1\n    FROM {table}\n"
        f"    WHERE {same} AND {value} IS DISTINCT FROM {kept}.{BECAME}\n);"
    )


def restore_values(change: Alteration, later: str, move: Move) -> Iterator[str]:
    """The former values of rows whose value nobody has changed since; then nothing is kept any more."""
    kept, table, column = move.kept(change.after.name, later), quoted(change.after.name), quoted(later)
    same = same_row(change, "kept", table, {each: each for each in change.after.row})
    yield f"UPDATE {table}\nSET {column} = kept.{column}\nFROM {kept} AS kept\nWHERE {same};"
    yield f"DROP TABLE {kept};"
