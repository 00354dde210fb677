"""Backends whose rules reach over relations answer as the reference does, and a forgotten clause is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from built_project import Broken, agrees, broken_copy, built, compared
from relations_models import chain, workspace

from backwright.model.types import Model
from backwright.project import Project
from backwright.verify import behaviour


@pytest.mark.parametrize("make", [workspace, chain])
def test_server_and_reference_agree(make: Callable[[], Model], database_url: str, tmp_path: Path) -> None:
    model = make()
    agrees(built(model, tmp_path), model, database_url, requests=2000, seconds=90)


MEMBERSHIP = "AND m.user_id = :caller"
BROKEN = (
    Broken("members of any organisation see its projects", "repositories/projects.py", MEMBERSHIP, "", 8),
    Broken("members of any organisation see its tasks", "repositories/tasks.py", MEMBERSHIP, "", 7),
    Broken("every member is an admin", "repositories/members.py", "AND m.role IN ('admin')", "", 4),
    Broken("a row may be moved to where the caller may not", "services/projects.py",
           "not await projects.may_become(tx, caller, project)", "False"),
    Broken("everybody creates tasks", "services/tasks.py", "not await tasks.may_create(tx, caller, task)", "False"),
    Broken("guests create tasks", "repositories/tasks.py", "AND m.role <> 'guest'", ""),
    Broken("a project goes with its tasks", "repositories/projects.py",
           "(SELECT count(*) FROM task AS t WHERE t.project_id = project.id) = 0", "TRUE"),
)  # fmt: skip


MODEL = workspace()
"""One for all, so that its scenes are searched for once."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The workspace as it is delivered."""
    return built(MODEL, tmp_path_factory.mktemp("delivered"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_forgotten_clause_is_noticed(
    broken: Broken, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 1.0)
    project = broken_copy(delivered, "workspace", tmp_path / "project", broken)
    found = compared(project, MODEL, f"sqlite:///{tmp_path}/service.db", requests=8000, seconds=300)
    assert not found.agrees
