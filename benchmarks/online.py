# ruff: noqa: S608 (a benchmark's own table)
"""How long writers wait while a big table changes: `python benchmarks/online.py [--rows 1000000] [--write]`.

Four connections write as the earlier version of a service does, and read, while each kind of change goes up and down
on PostgreSQL. Reported are requests that failed and how long the slowest waited. `--write` puts the table into
benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg
from specification import RESULTS

from backwright.migrate import disposable
from backwright.migrate.naming import migration_folders
from backwright.migrate.write import write
from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read
from backwright_runtime import migrations as runner

HEADING = "## Changing a big table while others write"
WRITERS = 4
BASE = """service: {name: stock, version: 1.0.0}
entities:
  Shelf:
    fields: {name: {type: string, max: 40}}
    access: public
  Item:
    fields:
      size: {type: integer, min: 0, max: 1000}
      weight: {type: string, max: 20}
      price: {type: decimal, scale: 2}
      note: string?
      shelf: {ref: Shelf, on_delete: cascade}
    access: public
"""
NOTE, WEIGHT = "      note: string?\n", "weight: {type: string, max: 20}"
KINDS = {
    "add a field with a value": (NOTE, f"{NOTE}      more: {{type: integer, default: 3}}\n"),
    "drop a field": (NOTE, ""),
    "rename a field": (NOTE, "      remark: {type: string?, was: note}\n"),
    "require, filling nulls": ("note: string?", "note: {type: string, default: \"'none'\"}"),
    "narrower bounds": ("max: 1000", "max: 999"),
    "a check": ("access: public\n", "access: public\n    checks: {light: this.size >= 0}\n"),
    "an index": ("access: public\n", "access: public\n    indexes: [[shelf, size desc]]\n"),
    "a unique key": (
        "access: public\n",
        "access: public\n    indexes: [{on: [weight, size, price], unique: true}]\n",
    ),
    "a reference": (NOTE, f"{NOTE}      other: {{ref: Shelf?, on_delete: set_null}}\n"),
    "another entity": ("  Item:\n", "  Box:\n    fields: {at: date}\n    access: public\n  Item:\n"),
    "convert text to integers": (WEIGHT, "weight: {type: integer, min: 0}"),
    "one to many": (
        "shelf: {ref: Shelf, on_delete: cascade}",
        "shelves: {refs: Shelf, was: shelf}",
    ),
    "expand: drop a field": (WEIGHT + "\n", "\n"),
    "expand: rename a field": ("size: {type: integer,", "extent: {was: size, type: integer,"),
    "expand: convert text to integers": (WEIGHT, "grams: {type: integer, min: 0, was: weight}"),
}
"""Of `expand`, the first of two migrations is measured: the one during which both versions serve."""


def understood(text: str) -> Model:
    with tempfile.TemporaryDirectory() as place:
        Path(place, "backwright.yaml").write_text(text, encoding="utf-8")
        return build(read(Project(Path(place))))


def changed(kind: str) -> str:
    """The specification after the change, which is about the last place where the text occurs."""
    old, new = KINDS[kind]
    before, _, after = BASE.rpartition(old) if kind != "another entity" else BASE.partition(old)
    if kind.startswith("expand: "):
        before = before.replace("1.0.0}", "1.0.0, changes: expand_then_contract}")
    return before + new + after


def laid_down(folder: Path, after: Model) -> None:
    before: Model | None = None
    for number, model in enumerate((understood(BASE), after), start=1):
        stamp = f"2030010100000{number}"
        place = folder / f"{stamp}_step"
        place.mkdir()
        for name, text in write(plan(before, model), before, model, stamp).items():
            (place / name).write_text(text, encoding="utf-8")
        before = model


async def filled(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO shelf (id, name) SELECT gen_random_uuid(), n FROM generate_series(1, 50) AS n"
    )
    await connection.execute(
        "INSERT INTO item (id, size, weight, price, note, shelf_id) "
        "SELECT gen_random_uuid(), n % 999, n, n % 1000, CASE WHEN n % 3 > 0 THEN 'a' END, shelves.ids[1 + n % 50] "
        f"FROM generate_series(1, {rows}) AS n, (SELECT array_agg(id) AS ids FROM shelf) AS shelves"
    )
    await connection.execute("VACUUM ANALYZE item")
    await connection.close()


INSERT = (
    "INSERT INTO item (id, size, weight, price, shelf_id) "
    "VALUES (gen_random_uuid(), $1, $2::integer::text, 1, (SELECT id FROM shelf LIMIT 1))"
)
CHANGE = "UPDATE item SET size = $1 WHERE id = $2"
READ = "SELECT id, size FROM item WHERE id = $1"


_FIRST = itertools.count(10)
"""No writer says what another one said before."""


class Writer:
    """Writes and reads one row after the other, and takes the time of each."""

    def __init__(self, url: str, number: int, keys: list[object]) -> None:
        self.url, self.number, self.keys = url, number, keys
        self.first = next(_FIRST) * 1_000_000
        self.times: list[float] = []
        self.failed: list[str] = []
        self.ended = False

    async def run(self) -> None:
        connection = await asyncpg.connect(self.url, statement_cache_size=0)
        choose = random.Random(self.number)  # noqa: S311
        count = 0
        while not self.ended:
            count += 1
            key = choose.choice(self.keys)
            weight = self.first + count
            for statement, values in (
                (INSERT, (count % 900, weight)),
                (CHANGE, (count % 900, key)),
                (READ, (key,)),
            ):
                started = time.perf_counter()
                try:
                    await connection.execute(statement, *values)
                except asyncpg.PostgresError as error:
                    self.failed.append(f"{type(error).__name__}: {error}")
                self.times.append(time.perf_counter() - started)
        await connection.close()


async def measured(url: str, kind: str, rows: int) -> str:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        laid_down(folder, understood(changed(kind)))
        first, _ = migration_folders(folder)
        await runner.up(url, folder, to=first)
        await filled(url, rows)
        connection = await asyncpg.connect(url)
        keys = [row[0] for row in await connection.fetch("SELECT id FROM item LIMIT 1000")]
        await connection.close()
        parts = []
        for way in (runner.up, runner.down):
            writers = [Writer(url, number, keys) for number in range(WRITERS)]
            writing = [asyncio.create_task(writer.run()) for writer in writers]
            await asyncio.sleep(1)
            started = time.perf_counter()
            await way(url, folder)
            took = time.perf_counter() - started
            await asyncio.sleep(0.5)
            for writer in writers:
                writer.ended = True
            await asyncio.gather(*writing)
            times = [each for writer in writers for each in writer.times]
            failed = [each for writer in writers for each in writer.failed]
            if failed:
                print(f"{kind}: {failed[0]}")
            slow = statistics.quantiles(times, n=100)[98]
            parts.append(
                f"{took:.1f} s | {len(failed)} of {len(times):,} | {slow * 1000:.0f} ms | {max(times):.2f} s"
            )
    return f"| {kind} | {' | '.join(parts)} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--kind", choices=KINDS, help="only this one")
    arguments.add_argument("--write", action="store_true", help="write it into benchmarks/results.md")
    given = arguments.parse_args()
    lines = [
        "| | up takes | failed | p99 | longest wait | down takes | failed | p99 | longest wait |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in [given.kind] if given.kind else KINDS:
        with disposable.postgres_url() as (url, why):
            if url is None:
                raise SystemExit(f"not run: {why}")
            lines.append(asyncio.run(measured(url, kind, given.rows)))
            print(lines[-1], flush=True)
    if given.write:
        written = "\n".join(
            [
                HEADING,
                "",
                f"A table of {given.rows:,} rows, {WRITERS} connections that insert, update and read one row after the "
                "other as the earlier version of a service does; 2 cores shared by all. Written by "
                "`python benchmarks/online.py --write`.",
                "",
                *lines,
                "",
            ]
        )
        text = re.sub(
            rf"\n{re.escape(HEADING)}\n.*?(?=\n## |\Z)", "", RESULTS.read_text("utf-8"), flags=re.DOTALL
        )
        RESULTS.write_text(f"{text.rstrip()}\n\n{written}", encoding="utf-8")


if __name__ == "__main__":
    main()
