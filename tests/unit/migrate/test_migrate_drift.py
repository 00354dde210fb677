"""A schema that somebody changed past the migrations is noticed, and said in words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from migrate_parts import execute, migrate
from plan_parts import entity, model, number, string

from backwright import pipeline
from backwright.model.build import build
from backwright.project import Project
from backwright.spec.reader import read
from backwright_runtime import migrations as runner

ITEM = model(entity("Item", number("size", 0, 9), string("name", 1, 9)))

BY_HAND = {
    "CREATE TABLE extra (a integer)": "extra is left over",
    "ALTER TABLE item ADD COLUMN more integer": "item: column more is left over",
    "ALTER TABLE item RENAME COLUMN name TO title": "item: column name is missing",
}


@pytest.mark.parametrize("statement", BY_HAND)
def test_what_was_changed_by_hand_is_said(tmp_path: Path, database: str, statement: str) -> None:
    project = Project(tmp_path)
    migrate(project.migrations, ITEM)
    assert pipeline.schema_drift(project, database) == []
    asyncio.run(runner.up(database, project.migrations))
    assert pipeline.schema_drift(project, database) == []
    execute(database, statement)
    assert BY_HAND[statement] in pipeline.schema_drift(project, database)


def test_what_a_migration_keeps_is_no_drift(tmp_path: Path, database: str) -> None:
    project = Project(tmp_path)
    migrate(project.migrations, ITEM, model(entity("Item", number("size", 0, 9))))
    asyncio.run(runner.up(database, project.migrations))
    assert pipeline.schema_drift(project, database) == []


LISTS = """\
service: {name: lists, version: 1.0.0}
entities:
  Thing:
    fields:
      words: {list: string, default: "['de', 'a b', '', 'null', 'x,y', '{z}']"}
      kinds: {list: {enum: [one, very-large]}, default: "['one', 'very-large']"}
      counts: {list: integer, default: "[1, -2]"}
      parts: {list: double, default: "[1.0, 0.25]"}
      prices: {list: {type: decimal, scale: 2}, default: "[1.5]"}
      flags: {list: boolean, default: "[true]"}
      days: {list: date, default: "[date('2026-01-31')]"}
      times: {list: timestamp, default: "[timestamp('2026-01-31T10:00:00Z')]"}
    access: public
"""


def test_lists_that_are_defaults_are_what_the_database_says_of_them(tmp_path: Path, database: str) -> None:
    (tmp_path / "backwright.yaml").write_text(LISTS, encoding="utf-8")
    project = Project(tmp_path)
    migrate(project.migrations, build(read(project)))
    asyncio.run(runner.up(database, project.migrations))
    assert pipeline.schema_drift(project, database) == []
