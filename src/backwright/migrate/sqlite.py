# ruff: noqa: S608 (SQL is what this module writes, from validated names and its own literals)
"""Migration steps for SQLite. What ALTER TABLE cannot do is done by rebuilding the table beside the old one.

The steps run with foreign keys switched off (SQLite's own procedure for a rebuild); each rebuild ends with a
check of every reference in the database, which fails the step when one leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.emit.sql import quoted
from backwright.migrate import ddl, rekeying
from backwright.migrate.keeping import (
    BECAME,
    begin_carrying,
    keep_removed,
    keep_table,
    one_link_each,
    same_row,
    the_link,
)
from backwright.migrate.literals import is_fleeting, text
from backwright.migrate.move import Alteration, Carry, Move, Step
from backwright.migrate.schema import Table
from backwright.migrate.standing import in_the_way
from backwright.migrate.words import altered, created, dropped

_REFERENCES_HOLD = (
    "CREATE TABLE backwright_broken_references (\n"
    "    found INTEGER CONSTRAINT references_hold CHECK (found = 0)\n"
    ") STRICT;",
    "INSERT INTO backwright_broken_references SELECT count(*) FROM pragma_foreign_key_check;",
    "DROP TABLE backwright_broken_references;",
)


def steps(move: Move) -> Iterator[Step]:
    """The steps in order: rename tables, create, alter, drop.

    Where references wait for other tables they are one step: a reference to an index that is not there yet, or
    no longer, cannot be checked.
    """
    asked, found = list(in_the_way(move.whole or move)), list(_steps(move))
    if move.rekeyings:
        yield from asked
        statements = [each for step in found for each in step.statements if each not in _REFERENCES_HOLD]
        known, gone = rekeying.maps(move), rekeying.maps_gone(move)
        yield Step(rekeying.title(move), (*known, *statements, *gone, *_REFERENCES_HOLD))
        return
    found = [*asked, *found]
    if not move.entangled or len(found) < 2:
        yield from found
        return
    statements = [each for step in found for each in step.statements if each not in _REFERENCES_HOLD]
    yield Step("; ".join(step.title for step in found), (*statements, *_REFERENCES_HOLD))


def _steps(move: Move) -> Iterator[Step]:
    for new, old in move.renamed.items():
        statement = f"ALTER TABLE {quoted(old)} RENAME TO {quoted(new)};"
        yield Step(f"rename table {old} to {new}", (statement,))
    if move.direction == "up":
        yield from (Step(created(table, move), tuple(_create(table, move))) for table in move.created)
    elif move.created:  # in one step: their rows may refer to each other
        statements = [statement for table in move.created for statement in _create(table, move)]
        yield Step("; ".join(created(table, move) for table in move.created), tuple(statements))
    for change in move.altered:
        work = _reindex if _only_indexes(change) else _rebuild
        yield Step(altered(change, move), tuple(work(change, move)))
    if move.dropped:
        statements = [statement for table in move.dropped for statement in _drop(table, move)]
        yield Step("; ".join(dropped(table, move) for table in move.dropped), tuple(statements))


def _create(table: Table, move: Move) -> Iterator[str]:
    yield ddl.create_table(table, "sqlite")
    if move.direction == "down" and not move.fed(table):
        yield from _restored(table, move)
    yield from (ddl.create_index(table.name, index) for index in table.indexes)


def _drop(table: Table, move: Move) -> Iterator[str]:
    if move.direction == "up" and not move.moved(table.name):
        yield from keep_table(table, move)
    yield f"DROP TABLE {quoted(table.name)};"


def _restored(table: Table, move: Move) -> list[str]:
    kept = move.kept(table.name)
    names = ddl.names([column.name for column in table.columns])
    return [
        f"INSERT INTO {quoted(table.name)} ({names})\nSELECT {names}\nFROM {kept};",
        f"DROP TABLE {kept};",
    ]


def _only_indexes(change: Alteration) -> bool:
    same = msgspec.structs.replace(change.before, indexes=change.after.indexes) == change.after
    return same and not change.renamed and not change.carries and not change.follows


def _reindex(change: Alteration, move: Move) -> Iterator[str]:
    for index in change.before.indexes:
        if index not in change.after.indexes:
            yield f"DROP INDEX {quoted(index.name)};"
    for index in change.after.indexes:
        if index not in change.before.indexes:
            yield ddl.create_index(change.after.name, index)


def _rebuild(change: Alteration, move: Move) -> Iterator[str]:
    table, beside = quoted(change.after.name), f"backwright_new_{change.after.name}".lower()
    yield from keep_removed(change, move)
    for name in change.added:
        if links := move.source(change.after.name, name):
            yield from one_link_each(links)
    yield from begin_carrying(change, move)
    yield ddl.create_table(change.after, "sqlite", name=beside)
    names = ddl.names([column.name for column in change.after.columns])
    values = ",\n    ".join(_value(change, column.name, move) for column in change.after.columns)
    source = "\n".join([f"FROM {table} AS stored", *_joins(change, move)])
    yield f"INSERT INTO {beside} ({names})\nSELECT\n    {values}\n{source};"
    if change.after.numbered and change.before.numbered:
        yield from _counted_on(change.after.name, beside)
    yield f"DROP TABLE {table};"
    yield f"ALTER TABLE {beside} RENAME TO {table};"
    yield from (ddl.create_index(change.after.name, index) for index in change.after.indexes)
    if move.direction == "down":
        yield from (f"DROP TABLE {move.kept(change.after.name, name)};" for name in _kept(change, move))
    yield from _REFERENCES_HOLD


def _kept(change: Alteration, move: Move) -> list[str]:
    """The later columns that something was kept of, and is read from there again."""
    if move.direction == "down":
        restored = (name for name in change.added if not move.source(change.after.name, name))
        return [*restored, *(name for name, carry in change.carries.items() if carry.keeps)]
    return [name for name, carry in change.carries.items() if is_fleeting(carry.fill)]


def _value(change: Alteration, name: str, move: Move) -> str:
    if name in change.columns:
        return _carried(change, name, move)
    if links := move.source(change.after.name, name):
        return the_link(links, "stored")
    place = change.after.name, name
    fill = move.regained.get(place) or move.fills.get(place, "NULL")
    if move.direction == "up":
        return fill
    kept = f"kept_{_kept(change, move).index(name) + 1}"
    restored = f"{kept}.{quoted(name)}"
    if fill == "NULL":
        return restored
    return f"CASE WHEN {_unkept(change, kept)} THEN {fill} ELSE {restored} END"


def _carried(change: Alteration, name: str, move: Move) -> str:
    """The value of a column that stays. One that follows the clock is what was kept as what it became."""
    carry, stored = change.carries.get(name, Carry()), f"stored.{quoted(change.columns[name])}"
    if name not in _kept(change, move):
        return carry.value(stored)
    kept = f"kept_{_kept(change, move).index(name) + 1}"
    if move.direction == "up":
        return f"coalesce({kept}.{BECAME}, {carry.there.of(stored)})"
    return f"CASE WHEN {_unkept(change, kept)} THEN {carry.value(stored)} ELSE {kept}.{quoted(name)} END"


def _unkept(change: Alteration, kept: str) -> str:
    row = next(each for each in change.after.row if each in change.columns)
    return f"{kept}.{quoted(row)} IS NULL"


def _counted_on(table: str, beside: str) -> Iterator[str]:
    """The new table goes on counting where the old one was: numbers of rows that are gone do not come again."""
    yield f"DELETE FROM sqlite_sequence WHERE name = {text(beside)};"
    yield (
        f"INSERT INTO sqlite_sequence (name, seq)\nSELECT {text(beside)}, seq\n"
        f"FROM sqlite_sequence WHERE name = {text(table)};"
    )


def _joins(change: Alteration, move: Move) -> Iterator[str]:
    for number, name in enumerate(_kept(change, move), start=1):
        kept = f"kept_{number}"
        if move.direction == "down":
            table, same = move.kept(change.after.name, name), same_row(change, kept, "stored", change.columns)
        else:
            table = move.kept(change.former_name, change.columns[name])
            same = " AND ".join(
                f"{kept}.{quoted(each)} IS stored.{quoted(each)}" for each in change.before.row
            )
        yield f"LEFT JOIN {table} AS {kept} ON {same}"
