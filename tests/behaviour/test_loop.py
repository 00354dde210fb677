"""The whole loop as a user sees it: the command line on a copy of the example, on both databases."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "todos"
SPECIFIED = ("backwright.yaml", "specs", "tasks")


def backwright(project: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON answer of a command."""
    command = [sys.executable, "-m", "backwright", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False, env=environment()
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def environment() -> dict[str, str]:
    return {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "SOURCE_DATE_EPOCH")
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example's specification, with nothing built."""
    for name in SPECIFIED:
        source = EXAMPLE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path


def answered(project: Path) -> Path:
    """The project with its open questions answered."""
    _, checked = backwright(project, "check")
    for question in checked["questions"]:
        code, _ = backwright(
            project,
            "answer",
            question["id"],
            "not in this delivery",
            "--by",
            "paula",
            "--role",
            question["role"],
        )
        assert code == 0
    return project


def edit(project: Path, *replacements: tuple[str, str]) -> None:
    path = project / "backwright.yaml"
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def test_a_card_is_acknowledged_and_a_requirement_without_scenario_blocks_the_build(project: Path) -> None:
    code, received = backwright(project, "task", "tasks/BE-001.md")
    assert code == 3
    (question,) = received["blocking"]
    assert question["role"] == "product-manager"
    assert "FR-006" in question["text"]
    assert [step["text"] for step in received["acknowledgement"]["steps"]]
    code, blocked = backwright(project, "build")
    assert (code, [q["id"] for q in blocked["questions"]]) == (3, [question["id"]])
    assert not (project / "todos").exists()
    code, _ = backwright(
        project,
        "answer",
        question["id"],
        "Not in this delivery: later.",
        "--by",
        "paula",
        "--role",
        "product-manager",
    )
    assert code == 0
    assert backwright(project, "build")[0] == 0
    assert (project / "todos" / "app.py").exists()


def test_an_entity_without_a_rule_is_asked_about_and_the_answer_becomes_specification(project: Path) -> None:
    edit(project, ("    access: this.owner == caller\n", ""))
    answered_features = backwright(project, "task", "tasks/BE-001.md")[1]["blocking"]
    (about_access,) = [q for q in answered_features if q["kind"] == "access"]
    assert (about_access["role"], about_access["subject"]) == ("security", "Todo")
    assert backwright(project, "build")[0] == 3
    wrong_role = backwright(
        project,
        "answer",
        about_access["id"],
        "this.owner == caller",
        "--by",
        "paula",
        "--role",
        "product-manager",
    )
    assert (wrong_role[0], wrong_role[1]["diagnostics"][0]["code"]) == (1, "BW921")
    code, _ = backwright(
        project, "answer", about_access["id"], "this.owner == caller", "--by", "sam", "--role", "security"
    )
    assert code == 0
    assert "this.owner == caller" in (project / "spec" / "answers.yaml").read_text("utf-8")
    assert backwright(answered(project), "build")[0] == 0


def test_building_twice_writes_nothing_and_a_hand_edit_is_noticed(project: Path) -> None:
    assert backwright(answered(project), "build")[0] == 0
    code, again = backwright(project, "build")
    assert (code, again["written"], again["migration"]) == (0, [], None)
    service = project / "todos" / "services" / "todos.py"
    service.write_text(service.read_text("utf-8") + "\n# mine\n", "utf-8")
    edit(project, ("max: 200", "max: 300"))
    code, refused = backwright(project, "build")
    assert (code, refused["edited"]) == (4, ["todos/services/todos.py"])
    assert service.read_text("utf-8").endswith("# mine\n")


CHANGED = (
    ("title: {type: string, min: 1, max: 200}", "headline: {type: string, min: 1, max: 200, was: title}"),
    ("      due: date?\n", "      urgent: {type: boolean, default: false}\n"),
)


def test_a_rename_keeps_its_rows_and_a_drop_waits_for_the_approval_of_its_plan(
    project: Path, database_url: str
) -> None:
    assert backwright(answered(project), "build")[0] == 0
    assert backwright(project, "migrate", "up", "--database-url", database_url)[0] == 0
    execute(database_url, POPULATE)
    before = rows(database_url, "title, due")
    edit(project, *CHANGED)
    code, blocked = backwright(project, "build")
    assert code == 3
    names = approvals_wanted(blocked["diagnostics"])
    assert "drop-field Todo.due" in names
    plan_hash = re.findall(r"backwright approve (\w+)", blocked["diagnostics"][0]["mend"])[0]
    assert approve(project, plan_hash, ["drop-field Todo.due"]) == 0
    assert backwright(project, "build")[0] == 3, "the other changes are not approved yet"
    assert approve(project, plan_hash, names) == 0
    edit(project, ("max: 200, was", "max: 201, was"))
    assert backwright(project, "build")[0] == 3, "the specification changed: the approval is void"
    edit(project, ("max: 201, was", "max: 200, was"))
    code, built = backwright(project, "build")
    assert code == 0
    assert built["migration"]
    assert backwright(project, "migrate", "up", "--database-url", database_url)[0] == 0
    after = rows(database_url, "headline, urgent")
    assert [row[0] for row in after] == [row[0] for row in before]
    assert not any(row[1] for row in after)
    assert backwright(project, "migrate", "down", "--database-url", database_url)[0] == 0
    assert rows(database_url, "title, due") == before
    assert backwright(project, "migrate", "up", "--database-url", database_url)[0] == 0
    assert rows(database_url, "headline, urgent") == after


def test_rows_that_stand_in_the_way_are_named_before_a_migration_begins(
    project: Path, sqlite_url: str
) -> None:
    assert backwright(answered(project), "build")[0] == 0
    assert backwright(project, "migrate", "up", "--database-url", sqlite_url)[0] == 0
    execute(sqlite_url, [*POPULATE, "UPDATE todo SET title = 'Same'"])
    edit(project, ("min: 1, max: 200}", "min: 1, max: 200, unique: true}"))
    code, planned = backwright(project, "plan")
    if code:
        names = approvals_wanted(planned["diagnostics"])
        assert approve(project, planned["plan"]["hash"], names) == 0
    assert backwright(project, "build")[0] == 0
    code, refused = backwright(project, "migrate", "up", "--database-url", sqlite_url)
    assert (code, [d["code"] for d in refused["diagnostics"]]) == (1, ["BW801"])
    execute(sqlite_url, ["UPDATE todo SET title = id"])
    assert backwright(project, "migrate", "up", "--database-url", sqlite_url)[0] == 0


def approvals_wanted(diagnostics: Sequence[dict[str, Any]]) -> list[str]:
    return [re.findall(r"--change '([^']+)'", diagnostic["mend"])[0] for diagnostic in diagnostics]


def approve(project: Path, plan_hash: str, names: Sequence[str]) -> int:
    changes = [part for name in names for part in ("--change", name)]
    reasons = ["--by", "lee", "--reason", "nobody used it", "--rollback", "migrate down"]
    return backwright(project, "approve", plan_hash, *changes, *reasons)[0]


ANN = "00000000-0000-7000-8000-000000000001"
DUE = ("NULL", "'2026-12-24'", "'0001-01-01'")
POPULATE = [
    f"""INSERT INTO "user" (id, email, password) VALUES ('{ANN}', 'ann@example.com', 'x')""",
    *(
        f"""INSERT INTO todo (id, title, due, owner_id, created_at)
            VALUES ('00000000-0000-7000-8000-00000000010{n}', 'Todo {n}', {due}, '{ANN}',
                    '2026-01-01T00:00:00.00000{n}Z')"""
        for n, due in enumerate(DUE)
    ),
]


def execute(url: str, statements: Sequence[str]) -> None:
    """Runs statements directly on the database: the backend is not involved."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
            for statement in statements:
                database.execute(statement)
        return

    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())


def rows(url: str, columns: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM todo ORDER BY id"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return database.execute(query).fetchall()

    async def work() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(work())
