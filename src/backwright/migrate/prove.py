# ruff: noqa: S608 (SQL is what this module writes, from validated names)
"""Proves the newest migration of a project on a disposable, populated database: up, down, and up again."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Literal as OneOf

import msgspec

from backwright.emit.sql import quoted
from backwright.migrate import disposable, live, parting
from backwright.migrate.allowed import NOW, Successor
from backwright.migrate.expansion import expansion, made_by
from backwright.migrate.expected import expected
from backwright.migrate.inspect import dialect_of, differences, inspect
from backwright.migrate.leading import Leading, staying
from backwright.migrate.move import up
from backwright.migrate.naming import migration_folders
from backwright.migrate.rows import Rows, rows
from backwright.migrate.schema import Dialect, Schema
from backwright.migrate.write import write
from backwright.model import snapshot, storage
from backwright.model.types import Model
from backwright.plan.plan import plan
from backwright_runtime import migrations as runner

Check = OneOf[
    "up: schema", "up: values", "down: schema", "down: rows", "up again: schema", "up again: fresh build"
]


class Checked(msgspec.Struct, frozen=True):
    """One thing that was looked at, and what was found wrong with it."""

    what: Check
    wrong: tuple[str, ...] = ()


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to which migration, on how many rows of each table, and what came of it."""

    migration: str
    database: Dialect
    rows: dict[str, int]
    checks: tuple[Checked, ...]

    @property
    def passed(self) -> bool:
        return not any(check.wrong for check in self.checks)


async def prove(folder: Path, url: str, model: Model, rows_per_table: int = 25) -> Proof:
    """Prove the newest migration in `folder` on the empty, disposable database at `url`.

    `model` is what the migration leads to. Raises LookupError when there is no migration.
    """
    names = migration_folders(folder)
    if not names:
        raise LookupError(f"there is no migration in {folder}")
    before = _model_of(folder / names[-2]) if len(names) > 1 else None
    if before is not None:
        await runner.up(url, folder, to=names[-2])
    successor = None if before is None else Successor(before, model)
    made = rows(successor.before, rows_per_table, successor) if successor else []
    await live.insert(url, made)
    was = made_by(folder / names[-2], dialect_of(url)) if len(names) > 1 else expected(None, dialect_of(url))
    stored = await _digests(url, was)
    checks = [
        *await _up(url, folder, successor, model, names[-1], made),
        *await _down(url, folder, was, stored),
        *await _again(url, folder, names[-1], model),
    ]
    if before is None:  # a first migration has no rows to carry over: its tables must take rows
        made = rows(model, rows_per_table)
        await live.insert(url, made)
    counts = {table.table: len(table.values) for table in made}
    return Proof(migration=names[-1], database=dialect_of(url), rows=counts, checks=tuple(checks))


def _model_of(migration: Path) -> Model:
    return snapshot.decode((migration / "model.json").read_bytes())


async def _schema(url: str, wanted: Schema) -> tuple[str, ...]:
    return tuple(differences(await inspect(url), wanted))


async def _up(
    url: str, folder: Path, successor: Successor | None, after: Model, name: str, made: list[Rows]
) -> list[Checked]:
    """Every value that is in both models is the same after the migration, or the counterpart of what it was."""
    before = successor.before if successor else None
    move = up(before, after, dialect_of(url), name.partition("_")[0])
    earlier, later = {}, {}
    by_now, by_then = {}, {}
    kept = staying(before, after, move)
    leading = Leading(before, after, move) if before else None
    led = await leading.rows(url, later=False) if leading else {}
    moved = list(parting.values(before, after, kept)) if before else []
    said = {what: sorted(map(repr, await live.fetch(url, query))) for what, query, _ in moved}
    for new, old in move.tables.items():
        stays = kept[new]
        columns = sorted(stays)
        if not columns:
            continue
        later[new], earlier[old] = columns, [stays[column] for column in columns]
        by_now[new] = [each for each in move.after.tables[new].row if each in stays] or columns
        by_then[old] = [stays[each] for each in by_now[new]]
    stored = await live.digests(url, earlier, by_then)
    await runner.up(url, folder)
    found = await live.digests(url, later, by_now)
    wrong = [
        f"values of {new} differ after the migration"
        for new, old in move.tables.items()
        if found.get(new) != stored.get(old)
    ]
    for what, _, query in moved:
        if sorted(map(repr, await live.fetch(url, query))) != said[what]:
            wrong.append(f"{what} did not arrive as it was")
    leads = await leading.rows(url, later=True) if leading else {}
    wrong += [f"{name} leads to other rows after the migration" for name in led if leads[name] != led[name]]
    if successor is not None:
        wrong += [each for rows in made for each in await _counterparts(url, successor, rows)]
    made_now = made_by(folder / name, dialect_of(url))
    return [Checked("up: schema", await _schema(url, made_now)), Checked("up: values", tuple(wrong))]


async def _counterparts(url: str, successor: Successor, made: Rows) -> list[str]:
    """Where a converted column does not hold the counterparts of the values that were stored before."""
    entity = next((each for each in successor.before.entities if each.table == made.table), None)
    later = successor.entity(entity.name) if entity else None
    if entity is None or later is None:
        return []
    fields = [
        (field, now)
        for field in storage.columns(entity)
        if (now := successor.field(entity.name, field.name)) and successor.changes(entity.name, field)
    ]
    names = [field.name for field in storage.columns(entity)]
    keys = successor.telling(entity)
    if not fields or not keys:
        return []
    columns = ", ".join(
        quoted(later.field(each).column) for each in [*keys, *(now.name for _, now in fields)]
    )
    rows = await live.fetch(url, f"SELECT {columns} FROM {quoted(later.table)}")
    found = {row[: len(keys)]: row[len(keys) :] for row in rows}
    wrong: set[str] = set()
    for values in made.values:
        row = successor.row(entity, dict(zip(names, values, strict=True))) or {}
        place = live.as_fetched(url, [row.get(each) for each in keys])
        for (_, now), value in zip(fields, found.get(place, ()), strict=False):
            (wanted,) = live.as_fetched(url, [row.get(now.name)])
            if not _same(value, wanted, filled=row.get(now.name) in (NOW, NOW.date())):
                wrong.add(f"{later.table}.{now.column} is not the counterpart of what it was")
    return sorted(wrong)


def _same(value: object, wanted: object, *, filled: bool) -> bool:
    """Whether a stored value is the one that was wanted; of the clock it is enough that it is there."""
    if isinstance(value, float) and isinstance(wanted, float):
        return math.isclose(value, wanted, rel_tol=1e-12)
    return value == wanted or (filled and value is not None)


async def _digests(url: str, schema: Schema) -> dict[str, str]:
    """Of every table, with all its columns."""
    tables = schema.tables
    columns = {name: sorted(column.name for column in table.columns) for name, table in tables.items()}
    return await live.digests(url, columns, {name: table.row for name, table in tables.items()})


async def _down(url: str, folder: Path, before: Schema, stored: dict[str, str]) -> list[Checked]:
    """Going down restores the schema and every row, dropped values included."""
    await runner.down(url, folder, steps=1)
    schema = Checked("down: schema", await _schema(url, before))
    if schema.wrong:
        return [schema, Checked("down: rows", ("not compared: the schema differs",))]
    found = await _digests(url, before)
    wrong = (f"rows of {table} differ after going down" for table in stored if found[table] != stored[table])
    return [schema, Checked("down: rows", tuple(wrong))]


async def _again(url: str, folder: Path, name: str, model: Model) -> list[Checked]:
    """Up a second time; then the same schema as in a database that is built from the model at once.

    After an expansion the database has more than the model needs; its contraction is proven to leave nothing of it.
    """
    await runner.up(url, folder)
    schema = Checked("up again: schema", await _schema(url, made_by(folder / name, dialect_of(url))))
    if expansion(folder / name):
        return [schema]
    with disposable.beside(url) as fresh, tempfile.TemporaryDirectory() as place:
        first = Path(place) / "20000101000000_fresh_build"
        first.mkdir()
        for file, text in write(plan(None, model), None, model, "20000101000000").items():
            (first / file).write_text(text, encoding="utf-8")
        await runner.up(fresh, Path(place))
        wrong = differences(await inspect(url), await inspect(fresh))
    return [schema, Checked("up again: fresh build", tuple(wrong))]
