"""Migrations of PostgreSQL keep nobody out: as squawk reads them, and while others write."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import asyncpg
import pytest
from migrate_parts import fetch, migrate
from model_parts import constant
from msgspec.structs import replace
from plan_parts import at_least, entity, index, model, number, reference, scalar, string

from backwright.expr.typed import Type
from backwright.migrate.naming import migration_folders
from backwright.model.types import Model
from backwright_runtime import migrations as runner
from backwright_runtime.migrations import Migration

CASES = Path(__file__).parents[2] / "cases" / "plan"

MEANT = {
    "renaming-table": "`was:` asks for it; clients of the API do not see it",
    "renaming-column": "the same",
    "renaming-object": "the same",
    "ban-drop-column": "destructive: approved by name, and the values are kept aside",
    "ban-drop-table": "the same; or a table that the same step made",
    "ban-drop-constraint": "a rule that the specification has no more",
    "ban-drop-default": "rows that are there have got it; new ones come with a value",
    "require-statement-timeout": "looking at every row takes as long as it takes, and keeps nobody out",
    "prefer-robust-stmts": "a step outside a transaction begins with what undoes it",
    "adding-not-nullable-field": "a constraint that was seen to hold stands for it, in a step before",
    "ban-drop-not-null": "a field that may be null from now on",
    "ban-drop-function": "of a trigger of ours; nothing else calls it",
    "changing-column-type": "a conversion writes the table anew: docs/storage.md says so",
}
"""What squawk says of our migrations that is meant so, and why."""


def findings(sql: str, *, transaction: bool) -> list[str]:
    """The rules of squawk that object to a step, run as our runner runs it."""
    squawk = shutil.which("squawk") or str(Path(__import__("sys").executable).parent / "squawk")
    options = ["--assume-in-transaction"] if transaction else []
    done = subprocess.run(
        [squawk, "--reporter", "json", "--pg-version", "15", *options, "--stdin-filepath", "step.sql"],
        input=f"SET lock_timeout = '2s';\n{sql}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    return sorted({each["rule_name"] for each in json.loads(done.stdout)} - MEANT.keys())


def objections(folder: Path) -> dict[str, list[str]]:
    found = {}
    for way in ("up", "down"):
        for step in Migration(folder.name, folder).steps(way, "postgresql"):
            if rules := findings(step.sql, transaction=step.manner != "outside a transaction"):
                found[f"{way} {step.number}: {step.title}"] = rules
    return found


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_squawk_objects_to_nothing(case: str) -> None:
    assert objections(CASES / case) == {}


def test_squawk_would_object_to_what_keeps_others_out() -> None:
    index = "CREATE INDEX item_size_idx ON item (size);"
    assert findings(index, transaction=True) == ["require-concurrent-index-creation"]
    check = "ALTER TABLE item ADD CONSTRAINT item_size_check CHECK (size > 0);"
    assert findings(check, transaction=True) == ["constraint-missing-not-valid"]


ORG = entity("Org", string("name", 1, 9))
SIZE, OLD = number("size", -9, 99), replace(number("old", 0, 9), nullable=True)
ITEM = model(ORG, entity("Item", SIZE, OLD, string("code", 1, 40)))
FIVE = constant(5, Type("integer"))

KINDS: dict[str, Model] = {
    "add a field": model(
        ORG, entity("Item", SIZE, OLD, string("code", 1, 40), number("more", 0, 9, default=3))
    ),
    "drop a field": model(ORG, entity("Item", SIZE, string("code", 1, 40))),
    "require with a default": model(
        ORG, entity("Item", SIZE, replace(OLD, nullable=False, default=FIVE), string("code", 1, 40))
    ),
    "add an index": model(
        ORG, entity("Item", SIZE, OLD, string("code", 1, 40), indexes=(index("item", SIZE, OLD),))
    ),
    "make unique": model(ORG, entity("Item", SIZE, OLD, string("code", 1, 40, unique=True))),
    "add a check": model(
        ORG,
        entity("Item", SIZE, OLD, string("code", 1, 40), checks=(at_least("big", "Item", SIZE, -9),)),
    ),
    "narrow": model(ORG, entity("Item", number("size", -9, 98), OLD, string("code", 1, 40))),
    "refer": model(
        ORG, entity("Item", SIZE, OLD, string("code", 1, 40), reference("org", "Org", nullable=True))
    ),
    "add a table": model(
        ORG, entity("Item", SIZE, OLD, string("code", 1, 40)), entity("Note", scalar("at", "date"))
    ),
    "expand": replace(
        model(ORG, entity("Item", replace(number("width", -9, 99), was="size"), string("code", 1, 40))),
        service=replace(ITEM.service, changes="expand_then_contract"),
    ),
    "change the type": model(
        ORG, entity("Item", SIZE, OLD, replace(scalar("code", "uuid"), was=None, nullable=False))
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_others_write_meanwhile(tmp_path: Path, postgres_url: str, kind: str) -> None:
    """Up and down under constant writes of the earlier version: none fails, and squawk has nothing to say."""
    before, after = ITEM, KINDS[kind]
    if kind == "change the type":
        fits = replace(string("code", 1, 40), nullable=False)
        before = model(ORG, entity("Item", SIZE, OLD, fits))
    migrate(tmp_path, before, after)
    first, second = migration_folders(tmp_path)
    asyncio.run(runner.up(postgres_url, tmp_path, to=first))
    assert objections(tmp_path / second) == {}
    failed, written = asyncio.run(_under_writes(postgres_url, tmp_path, kind))
    assert failed == []
    assert written > 20
    assert [each.state for each in asyncio.run(runner.status(postgres_url, tmp_path))] == [
        "applied",
        "pending",
    ]
    assert fetch(postgres_url, "SELECT count(*) FROM item WHERE size IS NULL") == [(0,)]


async def _under_writes(url: str, folder: Path, kind: str) -> tuple[list[str], int]:
    """Failures of a writer while a migration goes up and down, and how often it wrote."""
    failed: list[str] = []
    written = 0
    ended = asyncio.Event()
    insert = (
        "INSERT INTO item (id, size, code) VALUES (gen_random_uuid(), $1, gen_random_uuid())"
        if kind != "require with a default"
        else "INSERT INTO item (id, size, old, code) VALUES (gen_random_uuid(), $1, 1, gen_random_uuid())"
    )
    change = "UPDATE item SET size = $1 WHERE id = (SELECT id FROM item LIMIT 1)"

    async def write() -> None:
        nonlocal written
        connection = await asyncpg.connect(url, statement_cache_size=0)
        try:
            while not ended.is_set():
                for statement in (insert, change):
                    try:
                        await connection.execute(statement, written % 90)
                        written += 1
                    except asyncpg.PostgresError as error:
                        failed.append(f"{type(error).__name__}: {error}")
                        return
        finally:
            await connection.close()

    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO item (id, size, code) SELECT gen_random_uuid(), n % 90, gen_random_uuid() "
        "FROM generate_series(1, 12000) AS n"
    )
    await connection.close()
    writing = [asyncio.create_task(write()) for _ in range(2)]
    try:
        await asyncio.sleep(0.2)
        await runner.up(url, folder)
        await asyncio.sleep(0.1)
        await runner.down(url, folder)
    finally:
        ended.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*writing)
    return failed, written
