"""Backends whose rules reach over relations answer as the reference does, and a forgotten clause is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from built_project import built
from relations_models import chain, workspace

from backwright.model.types import Model
from backwright.project import Project
from backwright.verify import behaviour
from backwright.verify.backends import RunningBackend
from backwright.verify.behaviour import Comparison, compare_backends
from backwright.verify.schemas import Schemas
from backwright.verify.server import running


def compared(project: Project, model: Model, url: str, requests: int) -> Comparison:
    schemas = Schemas(project, model)
    with (
        running(project.root, model.service.package, url) as server,
        closing(RunningBackend(model, server)) as backend,
    ):
        return compare_backends(
            model, backend, seed=1, requests=requests, seconds=90, inspect=schemas.differences
        )


@pytest.mark.parametrize("make", [workspace, chain])
def test_server_and_reference_agree(make: Callable[[], Model], database_url: str, tmp_path: Path) -> None:
    model = make()
    found = compared(built(model, tmp_path), model, database_url, requests=2000)
    assert found.disagreement is None
    assert found.figures["requests"] == 2000
    assert float(found.figures["accepted %"]) > 33
    for operation in model.operations:
        assert "20" in str(found.figures[f"statuses of {operation.name}"])


class Broken(msgspec.Struct, frozen=True):
    """One clause or check that is left out of a delivered backend."""

    name: str
    file: str
    right: str
    wrong: str


MEMBERSHIP = "AND m.user_id = :caller"
BROKEN = (
    Broken("members of any organisation see its projects", "repositories/projects.py", MEMBERSHIP, ""),
    Broken("members of any organisation see its tasks", "repositories/tasks.py", MEMBERSHIP, ""),
    Broken("every member is an admin", "repositories/members.py", "AND m.role IN ('admin')", ""),
    Broken("a row may be moved to where the caller may not", "services/projects.py",
           "not await projects.may_become(tx, caller, project)", "False"),
    Broken("everybody creates tasks", "services/tasks.py", "not await tasks.may_create(tx, caller, task)", "False"),
    Broken("guests create tasks", "repositories/tasks.py", "AND m.role <> 'guest'", ""),
    Broken("a project goes with its tasks", "repositories/projects.py",
           "(SELECT count(*) FROM task AS t WHERE t.project_id = project.id) = 0", "TRUE"),
)  # fmt: skip


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The workspace as it is delivered."""
    return built(workspace(), tmp_path_factory.mktemp("delivered"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_forgotten_clause_is_noticed(
    broken: Broken, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 1.0)
    root = tmp_path / "project"
    shutil.copytree(delivered.root, root)
    file = root / "workspace" / broken.file
    text = file.read_text(encoding="utf-8")
    assert broken.right in text, f"{broken.name}: the emitted code has changed"
    file.write_text(text.replace(broken.right, broken.wrong), encoding="utf-8")
    found = compared(Project(root), workspace(), f"sqlite:///{tmp_path}/service.db", requests=9000)
    assert found.disagreement is not None
