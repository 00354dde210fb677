"""Migrations on populated databases: rows survive, what is dropped comes back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from migrate_parts import migrate
from models import library, todos
from plan_parts import (
    changed,
    choice,
    entity,
    flag,
    index,
    model,
    number,
    reference,
    replace,
    scalar,
    string,
)

from backwright.migrate import disposable, live
from backwright.migrate.expected import expected
from backwright.migrate.inspect import differences, inspect
from backwright.migrate.obstacles import obstacles
from backwright.migrate.prove import Proof, prove
from backwright.migrate.rows import rows
from backwright.model.types import Model
from backwright.plan import plan
from backwright_runtime import migrations as runner


def proven(folder: Path, url: str, *models: Model, rows: int = 20) -> Proof:
    migrate(folder, *models)
    return asyncio.run(prove(folder, url, models[-1], rows))


def wrong(proof: Proof) -> dict[str, tuple[str, ...]]:
    return {check.what: check.wrong for check in proof.checks if check.wrong}


OWNER = entity("Owner", string("name", 1, 50))
TASK = entity(
    "Task",
    string("title", 1, 80),
    scalar("due", "date", nullable=True),
    scalar("seen_at", "timestamp", nullable=True),
    string("code", None, 12, nullable=True, unique=True),
    number("points", 0, 10, default=3),
    choice("state", "open", "it's done", default="open"),
    flag("hidden", False),
    reference("owner", "Owner"),
    reference("parent", "Task", nullable=True),
)
NOTE = entity("Note", string("text", None, 300), reference("task", "Task"))
START = model(OWNER, TASK, NOTE)


def test_a_first_migration_makes_tables_that_take_rows(tmp_path: Path, database: str) -> None:
    proof = proven(tmp_path, database, library())
    assert wrong(proof) == {}
    assert proof.rows == {"member": 20, "book": 20, "review": 20}


def test_rename_add_and_drop_on_populated_rows(tmp_path: Path, database: str) -> None:
    """One migration that renames an entity and a field, adds, widens and drops: up, down, up again."""
    fields = [field for field in TASK.fields[1:] if field.name not in {"due", "code", "points", "parent"}]
    after = model(
        OWNER,
        entity(
            "Job",
            *fields,
            scalar("deadline", "date", nullable=True, was="due"),
            number("points", None, 100, default=4),
            reference("reviewer", "Owner", nullable=True),
            choice("kind", "bug", "feature", default="bug"),
            was="Task",
        ),
        entity("Note", string("text", None, 300), reference("task", "Job")),
    )
    proof = proven(tmp_path, database, START, after)
    assert wrong(proof) == {}
    assert proof.rows["task"] == 20
    kinds = asyncio.run(live.fetch(database, "SELECT DISTINCT kind, reviewer_id FROM job"))
    assert kinds == [("bug", None)]


def test_a_dropped_entity_comes_back_with_its_rows(tmp_path: Path, database: str) -> None:
    assert wrong(proven(tmp_path, database, START, model(OWNER, TASK))) == {}


def test_entities_that_refer_to_each_other_are_added_and_dropped(tmp_path: Path, database: str) -> None:
    left = entity("Left", string("a"), reference("other", "Right", nullable=True))
    right = entity("Right", string("b"), reference("other", "Left", nullable=True))
    assert wrong(proven(tmp_path, database, model(OWNER), model(OWNER, left, right), model(OWNER))) == {}


def test_indexes_come_and_go_without_touching_rows(tmp_path: Path, database: str) -> None:
    title, due = TASK.field("title"), TASK.field("due")
    first = changed(START, "Task", indexes=(index("task", title, due),))
    second = changed(START, "Task", indexes=(index("task", due, title, descending=True),))
    assert wrong(proven(tmp_path, database, START, first, second)) == {}


def test_reserved_words_as_names(tmp_path: Path, database: str) -> None:
    order = entity("Order", string("group", 1, 10), reference("user", "User"))
    user = entity("User", choice("check", "a"), number("limit", -5, 5, default=-1))
    later = replace(order, fields=(*order.fields, string("table", None, 9, nullable=True)))
    assert wrong(proven(tmp_path, database, model(user, order), model(user, later))) == {}


def test_nullability_default_and_bounds_change_in_place(tmp_path: Path, database: str) -> None:
    before = model(entity("Item", number("size", 1, 5, default=2), choice("state", "a", default="a")))
    size = replace(number("size", 0, None), nullable=True)
    after = model(entity("Item", size, choice("state", "a", "b", default="b")))
    assert wrong(proven(tmp_path, database, before, after)) == {}


def test_a_new_unique_field_stops_at_duplicates_and_changes_nothing(tmp_path: Path, database: str) -> None:
    before = model(entity("Item", flag("odd"), number("size")))
    after = model(entity("Item", replace(flag("odd"), unique=True), number("size")))
    migrate(tmp_path, before, after)
    first, _ = (path.name for path in sorted(tmp_path.iterdir()))
    asyncio.run(runner.up(database, tmp_path, to=first))
    asyncio.run(live.insert(database, rows(before, 9)))
    (found,) = asyncio.run(obstacles(database, plan(before, after), before, after))
    assert found.code == "BW801"
    assert re.match(r"9 rows of Item share 2 values of odd: ([0-9a-f-]{36}, ){5}…", found.message)
    with pytest.raises(runner.MigrationError, match="stand in the way: item with the same odd"):
        asyncio.run(runner.up(database, tmp_path))
    assert differences(asyncio.run(inspect(database)), expected(before, _dialect(database))) == []


def _dialect(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def test_a_broken_way_down_is_found(tmp_path: Path) -> None:
    """The proof fails when the way down loses the dropped values."""
    without_due = changed(START, "Task", *(field for field in TASK.fields[1:] if field.name != "due"))
    migrate(tmp_path, START, without_due)
    down = sorted(tmp_path.iterdir())[-1] / "down.sqlite.sql"
    text = down.read_text(encoding="utf-8")
    assert "kept_1.due" in text
    down.write_text(text.replace("kept_1.due", "NULL"), encoding="utf-8")
    with disposable.sqlite_url() as url:
        proof = asyncio.run(prove(tmp_path, url, without_due))
    assert wrong(proof) == {"down: rows": ("rows of task differ after going down",)}


def test_a_difference_is_named(tmp_path: Path, database: str) -> None:
    migrate(tmp_path, todos())
    asyncio.run(runner.up(database, tmp_path))
    other = changed(todos(), "Todo", *(f for f in todos().entity("Todo").fields[1:] if f.name != "due"))
    found = differences(asyncio.run(inspect(database)), expected(other, _dialect(database)))
    assert found == ["todo: column due is left over"]
