"""Migrations of small models, made and run, and the rows that they leave."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import asyncpg

from backwright.migrate import live, write
from backwright.migrate.expansion import outstanding
from backwright.migrate.naming import folder_name, next_stamp
from backwright.migrate.prove import prove
from backwright.migrate.rows import rows
from backwright.migrate.write import write_contraction
from backwright.model.types import Model
from backwright.plan import plan
from backwright.plan.changes import identity
from backwright.plan.contraction import contraction
from backwright_runtime import migrations as runner


def migrate(folder: Path, *models: Model) -> None:
    """Write a migration for each model, from none to the first, to the second, and so on."""
    before = None
    for after in models:
        made = plan(before, after)
        stamp = next_stamp(folder)
        place = folder / folder_name(made, stamp)
        place.mkdir(parents=True)
        for name, text in write(made, before, after, stamp).items():
            (place / name).write_text(text, encoding="utf-8")
        before = after


def migrate_on(folder: Path, before: Model, after: Model) -> None:
    """Write one more migration, from the model that the last one leads to."""
    made, stamp = plan(before, after), next_stamp(folder)
    place = folder / folder_name(made, stamp)
    place.mkdir()
    for name, text in write(made, before, after, stamp).items():
        (place / name).write_text(text, encoding="utf-8")


def contract(folder: Path) -> str:
    """Write the contraction of the last expansion, and say what its plan takes away."""
    found = outstanding(folder)
    assert found is not None
    made = contraction(found.before, found.after, found.migration)
    stamp = next_stamp(folder)
    place = folder / folder_name(made, stamp)
    place.mkdir()
    for name, text in write_contraction(made, found, found.after, stamp).items():
        (place / name).write_text(text, encoding="utf-8")
    return ", ".join(identity(change) for change in made.changes)


def proven(folder: Path, url: str, *models: Model) -> dict[str, tuple[str, ...]]:
    """What a proof of the last migration finds wrong."""
    migrate(folder, *models)
    proof = asyncio.run(prove(folder, url, models[-1], 20))
    assert all(proof.rows.values()), proof.rows
    return {check.what: check.wrong for check in proof.checks if check.wrong}


def fetch(url: str, statement: str) -> list[tuple[Any, ...]]:
    return asyncio.run(live.fetch(url, statement))


def execute(url: str, statement: str) -> None:
    """One statement with references enforced."""

    async def on_postgresql() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    if url.startswith("sqlite"):
        with closing(connect(url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(statement)
        return
    asyncio.run(on_postgresql())


def started(folder: Path, url: str, first: Model, per_table: int = 6) -> None:
    """The tables of the model, with rows."""
    migrate(folder, first)
    asyncio.run(runner.up(url, folder))
    asyncio.run(live.insert(url, rows(first, per_table)))
