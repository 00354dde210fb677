"""What was built here can be judged by the gates that look from outside, without a target file."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_project import Broken, broken_copy, built
from models import todos

from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.results import GateResult
from backwright.verify.runner import run

READ = "WHERE owner_id = :caller  -- Todo read: this.owner == caller\n"
LEAKS = Broken(name="a list of everyone's", file="repositories/todos.py", right=READ, wrong="WHERE 1 = 1\n")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built(todos(), tmp_path_factory.mktemp("built"))


def results(project: Project, *names: str) -> list[GateResult]:
    return list(run(project, todos(), "abc", names, ["sqlite"]))


def test_what_was_built_passes(original: Project) -> None:
    found = results(original, "access-from-outside", "consistency")
    assert [(each.gate, each.status) for each in found] == [
        ("access-from-outside", "passed"),
        ("consistency", "passed"),
    ], [each.findings for each in found]


def test_a_list_that_forgets_its_rule_is_found(original: Project, tmp_path: Path) -> None:
    (wrong,) = results(broken_copy(original, "todos", tmp_path, LEAKS), "access-from-outside")
    assert wrong.status == "failed"
    assert "GET /todos" in {each.where for each in wrong.findings}


def test_they_are_known_where_a_name_is_not(original: Project) -> None:
    with pytest.raises(SpecificationError, match="owasp"):
        results(original, "no-such-gate")
