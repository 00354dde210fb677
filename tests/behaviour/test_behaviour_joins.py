"""Rows behind references are read in one statement, and are hidden, missing and gone as the rules say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from built_project import Broken, broken_copy, built, compared

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify import behaviour
from backwright.verify.script import script

CASE = Path(__file__).parents[1] / "cases" / "requests" / "joins"
RULE = "AND (its_team.open OR its_team.lead_id = :caller)"
BROKEN = (
    Broken("a hidden team is shown with its note", "repositories/notes.py", RULE, "", 4),
    Broken("a note without a team is not found", "repositories/notes.py",
           "LEFT JOIN team AS its_team", "JOIN team AS its_team", 4),
    Broken("helper and author are mixed up", "repositories/notes.py",
           "helper.id = note.helper_id", "helper.id = note.user_id", 4),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return build(read(Project(CASE)))


@pytest.fixture(scope="module")
def delivered(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(model, tmp_path_factory.mktemp("delivered"))


def test_joined_rows_agree_with_their_meaning(
    model: Model, delivered: Project, module_database_url: str
) -> None:
    found = compared(delivered, model, module_database_url, requests=500, seconds=60)
    assert found.disagreement is None, script(found.disagreement)[-3000:]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_join_is_noticed(
    broken: Broken, model: Model, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 1.0)
    project = broken_copy(delivered, "desk", tmp_path / "project", broken)
    found = compared(project, model, f"sqlite:///{tmp_path}/service.db", requests=4000, seconds=120)
    assert not found.agrees


def test_a_row_with_five_rows_behind_it_is_read_in_one_statement(delivered: Project) -> None:
    service = (delivered.root / "desk/services/notes.py").read_text(encoding="utf-8")
    [body] = re.findall(r"async def get_note\(.*?\n\n\n", service, re.DOTALL)
    assert body.count("await ") == 1
    assert "snapshot" not in body


def test_nothing_is_read_of_a_row_beside_another_that_is_not_shown(delivered: Project) -> None:
    statements = (delivered.root / "desk/repositories/notes.py").read_text(encoding="utf-8")
    assert "its_user.nick" in statements
    assert not re.search(r"(its_user|helper|its_team_lead)\.(password|email)", statements)
