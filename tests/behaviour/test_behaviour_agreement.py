"""The emitted backends answer as the reference does; and where one is broken on purpose, it is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from built_project import Broken, agrees, broken_copy, built, compared
from models import library, todos

from backwright.model.types import Model
from backwright.project import Project
from backwright.verify import behaviour
from backwright.verify.gate import GateInput
from backwright.verify.gates import acceptance
from backwright.verify.judging import judged
from backwright.verify.script import script

SCENARIOS = Path(__file__).parents[2] / "examples" / "todos" / "specs"


@pytest.mark.parametrize("make", [todos, library])
def test_server_and_reference_agree(make: Callable[[], Model], database_url: str, tmp_path: Path) -> None:
    model = make()
    agrees(built(model, tmp_path), model, database_url, requests=1200, seconds=60)


REPOSITORY, SERVICE = "repositories/todos.py", "services/todos.py"
INPUTS, ROUTES = "inputs.py", "routes/todos.py"
NOBODY = ":caller = :caller"
REQUIRED = '@router.get("/todos/{id}", caller="required")'
OWN = "owner_id = :caller  -- Todo read: this.owner == caller"
BROKEN = (
    Broken("a list shows everybody's rows", REPOSITORY, f"WHERE {OWN}\n      {{", "WHERE :caller = :caller\n      {"),
    Broken("a row is found whoever asks", REPOSITORY, f"AND {OWN}\n\"\"\")", f"AND {NOBODY}\n\"\"\")"),
    Broken(
        "a row is changed and removed whoever asks",
        REPOSITORY,
        f"      AND {OWN}\n    FOR UPDATE",
        "      AND :caller = :caller\n    FOR UPDATE",
    ),
    Broken("a page has no successor", REPOSITORY, "limit=query.limit + 1", "limit=query.limit"),
    Broken("a filter is ignored", REPOSITORY, "      {AND done = :done}\n", ""),
    Broken("the order is the other way round", REPOSITORY, "created_at DESC, id DESC", "created_at ASC, id ASC"),
    Broken("a cursor skips a row", REPOSITORY, "(created_at, id) <", "(created_at, id) <="),
    Broken("a change is not stored", REPOSITORY, "        done = :done,\n        due", "        due"),
    Broken("nothing is removed", SERVICE, "await todos.delete(tx, todo)", "pass"),
    Broken("a client chooses the limit", INPUTS, "Meta(ge=1, le=100)", "Meta(ge=0, le=101)"),
    Broken("an empty title is taken", INPUTS, "min_length=1, max_length=200", "min_length=0, max_length=200"),
    Broken("a change keeps what it should clear", SERVICE, "due=given(body.due, todo.due)", "due=body.due or todo.due"),
    Broken("an expired token is taken", "app.py", "token_seconds=3600", "token_seconds=360000"),
    Broken("anybody may ask", ROUTES, REQUIRED, REQUIRED.replace("required", "none")),
    Broken("a wrong status", ROUTES, "return no_content()", "return ok(None)"),
    Broken("no Location", ROUTES, ', location=f"/todos/{id_}"', ""),
    Broken("a default is forgotten", INPUTS, "done: bool = False", "done: bool = True"),
)  # fmt: skip


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The todo service as it is delivered."""
    return built(todos(), tmp_path_factory.mktemp("delivered"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_backend_is_noticed(
    broken: Broken, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 60.0)
    project = broken_copy(delivered, "todos", tmp_path / "project", broken)
    found = compared(
        project, todos(), f"sqlite:///{tmp_path}/service.db", requests=6000, seconds=300, with_scenes=False
    ).disagreement
    assert found is not None
    assert len(found.requests()) <= 25
    assert script(found).count("curl -s") == len(found.requests())


def test_a_broken_access_rule_fails_the_scenarios(delivered: Project, tmp_path: Path) -> None:
    project = broken_copy(delivered, "todos", tmp_path / "project", BROKEN[2])
    shutil.copytree(SCENARIOS, project.features)
    given = GateInput(project=project, model=todos(), build="b", database="sqlite")
    result = judged(acceptance, given)
    assert result.status == "failed"
    failed = [scenario for scenario in result.scenarios if scenario.status == "failed"]
    assert [scenario.id for scenario in failed] == ["AC-4"]
    assert "answered 200" in failed[0].detail


def test_the_scenarios_hold_for_the_delivered_service(delivered: Project, tmp_path: Path) -> None:
    shutil.copytree(delivered.root, tmp_path, dirs_exist_ok=True)
    shutil.copytree(SCENARIOS, tmp_path / "specs")
    given = GateInput(project=Project(tmp_path), model=todos(), build="b", database="sqlite")
    result = judged(acceptance, given)
    assert (result.status, len(result.scenarios)) == ("passed", int(result.figures["scenarios"]))
