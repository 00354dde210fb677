# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""The first step of a migration: no row stands in its way, or nothing of it is begun.

`obstacles.py` names such rows where the tool is at hand. In production a service migrates itself; there this step
fails before any other, so that a database is not left half way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.emit.sql import quoted
from backwright.migrate.literals import text
from backwright.migrate.move import Alteration, Carry, Move, Step
from backwright.migrate.schema import Check, Dialect, TableIndex, Term

_TABLE = "backwright_in_the_way"


def in_the_way(move: Move) -> Iterator[Step]:
    """The step, where the move asks anything of rows that are stored."""
    asked = (
        [each for change in move.altered for each in _asked(change, move)] if move.direction == "up" else []
    )
    if asked:
        yield asking(asked, move.dialect)


def asking(asked: list[str], dialect: Dialect) -> Step:
    """The step that fails where one of these counts (of `none_of`) is not zero."""
    number = "bigint" if dialect == "postgresql" else "integer"
    made = (
        f"CREATE TABLE {_TABLE} (\n    reason text,\n"
        f"    found {number} CONSTRAINT no_row_stands_in_the_way CHECK (found = 0)\n);"
    )
    return Step("no row stands in the way, or nothing is begun", (made, *asked, f"DROP TABLE {_TABLE};"))


def _asked(change: Alteration, move: Move) -> Iterator[str]:
    before, after = quoted(change.former_name), change.after.name
    for later, carry in change.carries.items():
        if misfit := carry.there.misfit(quoted(change.columns[later])):
            yield none_of(f"{after}.{later} without a counterpart", before, misfit)
    for name in _required(change, move):
        yield none_of(f"{after} without {name}", _becoming(change, move, {name}), f"{quoted(name)} IS NULL")
    for check in _checks(change):
        names = {check.column} if check.column else set(re.findall(r"\w+", check.rule))
        yield none_of(f"{after}: {check.sql}", _becoming(change, move, names), f"NOT ({check.sql})")
    for index in _unique(change):
        columns = [quoted(term.column) for term in index.terms]
        stored = _becoming(change, move, {index.live, *(term.column for term in index.terms)})
        present = [f"{column} IS NOT NULL" for column in columns]
        present += [f"{quoted(index.live)} IS NULL"] if index.live else []
        groups = (
            f"(\n    SELECT 1\n    FROM {stored}\n    WHERE {' AND '.join(present)}\n"
            f"    GROUP BY {', '.join(columns)}\n    HAVING count(*) > 1\n) AS repeated"
        )
        yield none_of(f"{after} with the same {', '.join(t.column for t in index.terms)}", groups)


def none_of(reason: str, rows: str, condition: str = "") -> str:
    """Counts the rows that stand in the way, with the words for it."""
    where = f"\nWHERE {condition}" if condition else ""
    return f"INSERT INTO {_TABLE}\nSELECT {text(reason)}, count(*)\nFROM {rows}{where};"


def _becoming(change: Alteration, move: Move, names: set[str]) -> str:
    """These columns of the rows as they will be, as far as that can be said before anything is done."""
    values = []
    for column in change.after.columns:
        if column.name not in names:
            continue
        name = quoted(column.name)
        if column.name in change.columns:
            former, carry = quoted(change.columns[column.name]), change.carries.get(column.name, Carry())
            value = carry.there.where_fit(former, carry.value(former))
            values.append(name if value == name else f"{value} AS {name}")
        elif not move.source(change.after.name, column.name):
            values.append(f"{move.fills.get((change.after.name, column.name), 'NULL')} AS {name}")
    if not any(" AS " in value for value in values):
        return quoted(change.former_name)
    listed = ",\n        ".join(values)
    return f"(\n    SELECT\n        {listed}\n    FROM {quoted(change.former_name)}\n) AS stored"


def _required(change: Alteration, move: Move) -> Iterator[str]:
    for column in change.after.columns:
        if column.nullable or move.source(change.after.name, column.name):
            continue
        if column.name in change.columns:
            carry = change.carries.get(column.name, Carry())
            was = change.before.column(change.columns[column.name])
            if was.nullable and not carry.fill:
                yield column.name
        elif (change.after.name, column.name) not in move.fills and not column.numbered:
            yield column.name


def _checks(change: Alteration) -> Iterator[Check]:
    """What holds of every row from now on, and did not have to before."""
    known = {(change.now.get(check.column, ""), check.rule) for check in change.before.checks}
    for check in change.after.checks:
        if check.column not in change.columns and check.column:
            continue
        if check.column in change.carries or (check.column, check.rule) not in known:
            yield check


def _key(change: Alteration) -> Iterator[TableIndex]:
    """The key, where it becomes another one."""
    if change.after.key and tuple(change.now.get(each) for each in change.before.key) != change.after.key:
        yield TableIndex(change.after.key_name, tuple(map(Term, change.after.key)), unique=True)


def _unique(change: Alteration) -> Iterator[TableIndex]:
    now = change.now
    known = {
        (frozenset(now.get(term.column, "") for term in index.terms), bool(index.live))
        for index in change.before.indexes
        if index.unique
    }
    for index in (*change.after.indexes, *_key(change)):
        columns = frozenset(term.column for term in index.terms)
        converted = any(change.carries.get(name, Carry()).there.value != "{}" for name in columns)
        told_apart = bool(change.before.key) and {now.get(each) for each in change.before.key} <= columns
        if index.unique and not told_apart and (converted or (columns, bool(index.live)) not in known):
            yield index
