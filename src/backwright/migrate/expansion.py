"""A change in two migrations, so that the earlier and the later version of a service can serve side by side.

The expansion adds what the later version needs beside what the earlier one uses, and keeps both in step. The
contraction takes away what only the earlier version used; it has a plan and an approval of its own. On SQLite, where
one process serves, the expansion is the whole change and the contraction does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from backwright.migrate.expected import expected
from backwright.migrate.move import Carry, Move, Twins, up
from backwright.migrate.naming import migration_folders
from backwright.migrate.schema import Check, Column, Dialect, ForeignKey, Schema, Table, TableIndex
from backwright.model import snapshot
from backwright.model.types import Model
from backwright.plan.two_steps import in_two_steps

EARLIER = "earlier.json"
"""Beside the model of an expansion: the model of the version that goes on serving."""


class Expansion(msgspec.Struct, frozen=True):
    """An expansion that was written: its migration, and the models of both versions that are served meanwhile."""

    migration: str
    before: Model
    after: Model


def outstanding(migrations: Path) -> Expansion | None:
    """The expansion whose contraction was not written yet: it is the newest migration."""
    names = migration_folders(migrations)
    return expansion(migrations / names[-1]) if names else None


def expansion(folder: Path) -> Expansion | None:
    """What the migration in a folder expands, if it is an expansion."""
    if not (folder / EARLIER).is_file():
        return None
    before, after = (snapshot.decode((folder / name).read_bytes()) for name in (EARLIER, "model.json"))
    return Expansion(folder.name, before, after)


def made_by(folder: Path, dialect: Dialect) -> Schema:
    """The schema that a database has after the migration in this folder."""
    found = expansion(folder)
    if found is None or dialect == "sqlite":
        return expected(snapshot.decode((folder / "model.json").read_bytes()), dialect)
    return expanding(found.before, found.after, dialect, "0").after


def moving(before: Model | None, after: Model, dialect: Dialect, stamp: str) -> Move:
    """The move of a migration between the models: at once, or the expansion."""
    if before is not None and dialect == "postgresql" and in_two_steps(before, after):
        return expanding(before, after, dialect, stamp)
    return up(before, after, dialect, stamp)


def expanding(before: Model, after: Model, dialect: Dialect, stamp: str) -> Move:
    """What the later version needs, beside what the earlier one uses."""
    whole = up(before, after, dialect, stamp)
    meeting = tuple(_twins(whole))
    between = _between(whole, meeting)
    return msgspec.structs.replace(
        whole,
        after=between,
        columns={
            name: {column.name: column.name for column in whole.before.tables[name].columns}
            for name in whole.tables
        },
        carries={
            place: carry
            for place, carry in whole.carries.items()
            if place not in {(each.table, each.later) for each in meeting}
        },
        lingering={},
        meeting=meeting,
        whole=whole,
    )


def contracting(found: Expansion, dialect: Dialect, stamp: str) -> Move:
    """What only the earlier version used goes. Nothing on SQLite, where it went at once."""
    if dialect == "sqlite":
        return up(found.after, found.after, dialect, stamp)
    expanded = expanding(found.before, found.after, dialect, stamp)
    whole = expanded.whole
    assert whole is not None
    return msgspec.structs.replace(
        whole,
        before=expanded.after,
        tables={name: name for name in whole.after.tables},
        columns={
            name: {column.name: column.name for column in table.columns}
            for name, table in whole.after.tables.items()
        },
        fills={},
        carries={},
        parting=expanded.meeting,
    )


def _twins(whole: Move) -> Iterator[Twins]:
    for table, columns in whole.columns.items():
        for later, former in columns.items():
            if later != former:
                yield Twins(table, former, later, whole.carries.get((table, later), Carry()))


def _between(whole: Move, twins: tuple[Twins, ...]) -> Schema:
    """The later schema, and what the earlier version uses besides."""
    tables = {
        name: _both(whole, table, twins) if name in whole.tables else table
        for name, table in whole.after.tables.items()
    }
    return msgspec.structs.replace(whole.after, tables=tables)


def _both(whole: Move, after: Table, twins: tuple[Twins, ...]) -> Table:
    """A table with the columns of both versions. A twin has no default: null says that nobody gave it a value.

    Bounds are those of the later version alone, which may write more than the earlier one would.
    """
    before = whole.before.tables[after.name]
    mine = [each for each in twins if each.table == after.name]
    formers, laters = {each.former for each in mine}, {each.later for each in mine}
    stay = {column.name for column in after.columns}
    gone = [column for column in before.columns if column.name not in stay]
    names = {column.name for column in gone}
    columns = [
        *(_plain(column) if column.name in laters else column for column in after.columns),
        *(
            _plain(column)
            if column.name in formers
            else _lingering(column, before, whole.lingering.get((after.name, column.name)))
            for column in gone
        ),
    ]
    checks = [check for check in before.checks if check.column in names - formers]
    keys = [
        _harmless(key, names - formers)
        for key in before.foreign_keys
        if names & set(key.columns) and key.table not in whole.rekeyed
    ]
    indexes = [
        index for index in before.indexes if names & {index.live, *(term.column for term in index.terms)}
    ]
    return msgspec.structs.replace(
        after,
        columns=tuple(columns),
        checks=(*after.checks, *_free(checks, after.checks)),
        foreign_keys=(*after.foreign_keys, *_free(keys, after.foreign_keys)),
        indexes=(*after.indexes, *_free(indexes, after.indexes)),
    )


def _plain(column: Column) -> Column:
    return msgspec.structs.replace(column, default=None)


def _lingering(column: Column, before: Table, fill: str | None) -> Column:
    """A column that the later version knows nothing of: rows get the default, or null where two would collide."""
    if any(index.unique and column.name in {term.column for term in index.terms} for index in before.indexes):
        fill = None
    return msgspec.structs.replace(column, default=fill, nullable=column.nullable or fill is None)


def _harmless(key: ForeignKey, lingering: set[str]) -> ForeignKey:
    """A reference that the later version knows nothing of keeps none of its rows, and takes none with it."""
    gone = tuple(each for each in key.columns if each in lingering)
    cleared = gone if key.shared else ()
    return msgspec.structs.replace(key, on_delete="set_null", cleared=cleared) if gone else key


Named = TypeVar("Named", Check, ForeignKey, TableIndex)


def _free(found: list[Named], taken: tuple[Named, ...]) -> Iterator[Named]:
    """Those whose name the later schema has not taken."""
    names = {each.name for each in taken}
    return (each for each in found if each.name not in names)
