"""How gates answer: passed, failed or not run, and never passed by accident."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from built_project import built
from models import todos

from backwright.migrate import disposable
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.verify import tools
from backwright.verify.gate import Gate, GateInput, NotRun, Verdict, database
from backwright.verify.gates import (
    GATES,
    acceptance,
    behaviour,
    contract,
    integrity,
    lint,
    migrations,
    types,
    unit,
)
from backwright.verify.judging import judged
from backwright.verify.runner import run
from backwright.verify.server import ServerFailed, running


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(todos(), tmp_path_factory.mktemp("built")).root


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Project:
    """A delivered project that a test may spoil."""
    return Project(Path(shutil.copytree(original, tmp_path / "project")))


def judge(gate: object, project: Project, *, on: bool = False) -> tuple[str, str]:
    """Status and summary of a gate on a project."""
    given = GateInput(project=project, model=todos(), build="abc", database="sqlite" if on else None)
    result = judged(cast("Gate", gate), given)
    assert result.build == "abc"
    return result.status, result.summary


def gate_that(raises: Exception) -> SimpleNamespace:
    def judge(given: GateInput) -> Verdict:
        raise raises

    return SimpleNamespace(NAME="fake", TITLE="Fake", WHY="", EXAMPLE="", DATABASE=False, judge=judge)


def replace(file: Path, right: str, wrong: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong), encoding="utf-8")


def test_a_gate_that_crashes_has_failed(project: Project) -> None:
    status, summary = judge(gate_that(ZeroDivisionError("by zero")), project)
    assert status == "failed"
    assert "ZeroDivisionError: by zero" in summary


def test_a_gate_that_lacks_something_is_not_run(project: Project) -> None:
    assert judge(gate_that(NotRun("no database")), project) == ("not_run", "no database")


def test_every_gate_says_what_it_is_for() -> None:
    names = [gate.NAME for gate in GATES]
    assert names == [
        "integrity",
        "lint",
        "types",
        "logic",
        "contract",
        "migrations",
        "unit",
        "acceptance",
        "criteria",
        "authorization",
        "behaviour",
        "query-budget",
        "load",
        "memory",
        "static-analysis",
        "secrets",
        "log-redaction",
        "sbom",
    ]
    assert all(gate.TITLE and gate.WHY and gate.EXAMPLE for gate in GATES)


@pytest.mark.parametrize(("gates", "databases"), [(["behavior"], []), (["lint"], ["oracle"])])
def test_an_unknown_gate_or_database_is_an_error(
    project: Project, gates: list[str], databases: list[str]
) -> None:
    with pytest.raises(SpecificationError):
        list(run(project, todos(), "abc", gates, databases))


def test_the_runner_runs_a_gate_once_for_each_database_it_is_for(project: Project) -> None:
    results = list(run(project, todos(), "abc", ["migrations", "lint"], ["sqlite"]))
    assert [(r.gate, r.database, r.status) for r in results] == [
        ("lint", None, "passed"),
        ("migrations", "sqlite", "passed"),
    ]


def test_without_a_postgresql_server_nothing_runs_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposable, "postgres_server", lambda: (None, "there is none"))
    with pytest.raises(NotRun, match="there is none"), database("postgresql"):
        pass


def test_an_edited_file_fails_integrity(project: Project) -> None:
    assert judge(integrity, project)[0] == "passed"
    replace(project.root / "todos" / "services" / "todos.py", "POST /todos.", "POST /todos!")
    status, summary = judge(integrity, project)
    assert status == "failed"
    assert "todos/services/todos.py" in summary


def test_an_edited_migration_fails_integrity(project: Project) -> None:
    (up,) = project.migrations.glob("*/up.sqlite.sql")
    up.write_text(up.read_text(encoding="utf-8") + "-- more\n", encoding="utf-8")
    assert judge(integrity, project)[0] == "failed"


def test_integrity_of_nothing_is_not_run(tmp_path: Path) -> None:
    assert judge(integrity, Project(tmp_path))[0] == "not_run"


def test_an_unused_import_fails_lint(project: Project) -> None:
    file = project.root / "todos" / "views.py"
    replace(file, "from datetime import date\n", "import os\nfrom datetime import date\n")
    status, summary = judge(lint, project)
    assert status == "failed"
    assert "views.py" in summary
    assert "F401" in summary


def test_a_wrong_type_fails_types(project: Project) -> None:
    replace(project.root / "todos" / "views.py", "title=row.title", "title=todo.done")
    status, summary = judge(types, project)
    assert status == "failed"
    assert "views.py" in summary


def test_a_contract_that_lacks_an_operation_or_is_invalid_fails(project: Project) -> None:
    assert judge(contract, project)[0] == "passed"
    routes = project.root / "todos" / "routes" / "todos.py"
    text = routes.read_text("utf-8")
    routes.write_text(
        f'{text}\n\n@router.get("/debug/rows", caller="none")\nasync def rows(ctx): ...\n', "utf-8"
    )
    assert "GET /debug/rows answers, and is not described" in judge(contract, project)[1]
    routes.write_text(text, "utf-8")
    path = project.root / "todos" / "openapi.json"
    document = json.loads(path.read_bytes())
    del document["paths"]["/todos/{id}"]["delete"]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert "DELETE /todos/{id} is not described" in judge(contract, project)[1]
    document["info"] = {}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert judge(contract, project)[0] == "failed"


def test_a_migration_that_does_not_lead_to_the_model_fails(project: Project) -> None:
    (up,) = project.migrations.glob("*/up.sqlite.sql")
    replace(up, "CREATE INDEX", "-- CREATE INDEX")
    assert judge(migrations, project, on=True)[0] == "failed"


def test_migrations_without_any_are_not_run(project: Project) -> None:
    shutil.rmtree(project.migrations)
    assert judge(migrations, project, on=True)[0] == "not_run"


def test_a_failing_or_skipped_test_fails_unit(project: Project) -> None:
    file = project.root / "tests" / "test_more.py"
    file.write_text("def test_it():\n    assert 1 == 2\n", encoding="utf-8")
    assert judge(unit, project, on=True)[0] == "failed"
    file.write_text("import pytest\n\ndef test_it():\n    pytest.skip('later')\n", encoding="utf-8")
    assert judge(unit, project, on=True)[0] == "failed"


TOOLS = ("ruff", "mypy", "bandit", "coverage", "pytest")


def test_no_module_of_the_project_stands_in_for_a_tool(project: Project) -> None:
    """A file that ends with success where the tool should have run, in the folder in which it runs."""
    for name in (*TOOLS, "ast"):  # what tools import, too
        (project.root / f"{name}.py").write_text("raise SystemExit(0)\n", "utf-8")
    for name in TOOLS:
        done = tools.python_tool(project.root, name, ["--version"])
        assert "." in done.stdout, name  # its version, and not the silence of the file
    (project.root / "todos" / "logic" / "more.py").write_text("import os\n", "utf-8")
    assert judge(lint, project)[1].startswith("todos/logic/more.py:1: F401")


def test_tests_do_not_find_the_environment_file_where_they_run(project: Project) -> None:
    (project.root / ".env").write_text("TOKEN_KEYS=nobody-may-read-this\n", "utf-8")
    for test in (project.root / "tests").glob("test_*.py"):
        test.unlink()
    reads = """from pathlib import Path


def test_reads():
    seen = {*Path.cwd().rglob(".env*"), *Path(__file__).parents[1].rglob(".env*")}
    raise ValueError([path.name for path in seen])
"""
    (project.root / "tests" / "test_reads.py").write_text(reads, "utf-8")
    given = GateInput(project=project, model=todos(), build="b", database="sqlite", first=True)
    assert "ValueError: ['.env.example']" in unit.judge(given).summary


def test_a_backend_does_not_find_the_environment_file_where_it_runs(project: Project) -> None:
    """What it says when it does not start is shown."""
    (project.root / ".env").write_text("TOKEN_KEYS=nobody-may-read-this\n", "utf-8")
    app = project.root / "todos" / "app.py"
    reads = 'from pathlib import Path\nraise ValueError([p.name for p in Path(__file__).parents[1].glob(".env*")])\n'
    app.write_text(reads, "utf-8")
    status, summary = judge(behaviour, project, on=True)
    assert status == "failed"
    assert "ValueError: ['.env.example']" in summary


def test_tests_that_never_end_fail_unit_and_many_may_take_long(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = project.root / "tests"
    assert unit.patience(tests) == unit.SECONDS
    (tests / "test_many.py").write_text("def test_it(): ...\n" * 1000, encoding="utf-8")
    assert unit.patience(tests) > 2 * unit.SECONDS
    monkeypatch.setattr(unit, "patience", lambda tests: 0.1)
    status, summary = judge(unit, project, on=True)
    assert status == "failed" and "the tests took too long: coverage did not end" in summary


def test_code_that_no_test_reaches_fails_unit(project: Project) -> None:
    for file in (project.root / "tests").rglob("test_*.py"):
        file.unlink()
    (project.root / "tests" / "test_nothing.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    status, summary = judge(unit, project, on=True)
    assert status == "failed"
    assert "coverage" in summary


def test_scenarios_that_cannot_be_executed_fail_and_none_is_not_run(project: Project) -> None:
    assert judge(acceptance, project, on=True)[0] == "not_run"
    folder = project.features / "001-first"
    folder.mkdir(parents=True)
    scenario = "- {id: AC-1, title: Fly, when: {do: fly}, then: {status: 200}}\n"
    (folder / "acceptance.yaml").write_text(scenario, encoding="utf-8")
    assert judge(acceptance, project, on=True)[0] == "failed"


def test_a_backend_that_does_not_start_says_why(project: Project, tmp_path: Path) -> None:
    replace(project.root / "todos" / "app.py", "def create_app(", "def make_app(")
    with (
        pytest.raises(ServerFailed, match="create_app"),
        running(project.root, "todos", f"sqlite:///{tmp_path}/x.db"),
    ):
        pass


def test_a_tool_that_is_missing_or_hangs(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotRun, match="no_such_tool"):
        tools.python_tool(tmp_path, "no_such_tool", [])
    monkeypatch.setattr(tools, "SECONDS", 0.2)
    (project.root / "endless.py").write_text("import time\ntime.sleep(30)\n", encoding="utf-8")
    with pytest.raises(tools.ToolTimeout):
        tools.python_tool(project.root, "coverage", ["run", "endless.py"])
