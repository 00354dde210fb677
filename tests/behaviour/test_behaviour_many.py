"""Many new rows of one request are judged and stored by a number of statements that does not depend on theirs."""

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

CASE = Path(__file__).parents[1] / "cases" / "requests" / "many-at-once"
BROKEN = (
    Broken("the rule is not asked", "services/gardens.py",
           "if not await beds.may_create_all(tx, caller, new_beds):", "if False:"),
    Broken("one row that is allowed is enough", "repositories/beds.py", "IS NOT TRUE", "IS TRUE", 2),
    Broken("only the first is checked", "services/gardens.py",
           "for bed in new_beds:\n", "for bed in new_beds[:1]:\n"),
    Broken("the last is not stored", "services/gardens.py",
           "await beds.insert_all(tx, new_beds)", "await beds.insert_all(tx, new_beds[:1])"),
)  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return build(read(Project(CASE)))


@pytest.fixture(scope="module")
def delivered(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(model, tmp_path_factory.mktemp("delivered"))


def test_rows_of_one_request_agree_with_their_meaning(
    model: Model, delivered: Project, module_database_url: str
) -> None:
    found = compared(delivered, model, module_database_url, requests=250, seconds=60)
    assert found.disagreement is None, script(found.disagreement)[-3000:]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_row_among_many_is_noticed(
    broken: Broken, model: Model, delivered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behaviour, "SHRINK_SECONDS", 1.0)
    project = broken_copy(delivered, "plots", tmp_path / "project", broken)
    found = compared(project, model, f"sqlite:///{tmp_path}/service.db", requests=2000, seconds=60)
    assert not found.agrees


def test_no_statement_is_run_for_each_row(delivered: Project) -> None:
    service = (delivered.root / "plots/services/gardens.py").read_text(encoding="utf-8")
    [body] = re.findall(r"async def dig\(.*?\n\n\n|async def dig\(.*\Z", service, re.DOTALL)
    loops = re.findall(r"( +)for .*:\n((?:\1 +.*\n)+)", body)
    assert len(loops) == 2
    assert not any("await" in inside for _, inside in loops)
