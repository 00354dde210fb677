"""The tests that a delivered backend gets: they hold for what the model means, and fail where that changes.

A stand-in that answers with the reference takes the place of the emitted service, so that this can be asked of
every model, whatever the emitters can write.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import stand_in
from built_project import PYTEST
from mutants import conversations, mutants, noticed

from backwright.emit.entities import entities_module
from backwright.emit.format import formatted
from backwright.emit.names import names
from backwright.emit.testing import outcomes, unreached
from backwright.emit.testing import test_files as emitted_tests
from backwright.emit.testing.reach import setting
from backwright.emit.testing.stores import stores
from backwright.emit.testing.world import World
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/backwright.yaml"))
CASES = sorted(path.parent for path in (ROOT / "tests" / "cases" / "semantics").glob("*/backwright.yaml"))
AROUND = "--ignore-glob=*/test_*service.py"
"""What holds for the service as a whole is the runtime's, which the stand-in does without."""
HANDED = ("-k", "not of_its_caller")
"""What custom logic is handed comes from the database, which the stand-in does without."""
RULES = "F,E,I,B,UP,SIM,RUF,PIE,RET,C4,N,ASYNC"


def model_of(root: Path) -> Model:
    """The model in a folder. Its package gets a name that no module of Python has."""
    model = build(read(Project(root)))
    service = msgspec.structs.replace(model.service, package=f"{model.service.package}_service")
    return msgspec.structs.replace(model, service=service)


def written(model: Model, folder: Path) -> Path:
    """The emitted tests in a folder, beside a package that is the stand-in."""
    called = names(model)
    tree = emitted_tests(model, called)
    tree[f"{called.package}/entities.py"] = entities_module(model, called)
    for path, text in formatted(tree, called.package).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    stand_in.write_package(model, folder)
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT / "tests", folder)))
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("root", [*EXAMPLES, *CASES], ids=lambda path: path.name)
def test_they_hold_for_what_the_model_means(root: Path, tmp_path: Path):
    folder = written(model_of(root), tmp_path)
    made_up = [path.name for path in folder.rglob("tests/*.py") if "cursor-" in path.read_text("utf-8")]
    assert made_up == [], (
        "a cursor is taken from an answer: the stand-in knows the reference's, no service does"
    )
    done = run(
        folder,
        *PYTEST,
        "--import-mode=importlib",
        "--tb=short",
        AROUND,
        *HANDED,
        "tests",
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    checked = run(
        folder, "ruff", "check", "--isolated", "--no-cache", "--line-length=100", "--target-version=py311",
        f"--select={RULES}", "--config", 'src=["."]',
        "--config", 'lint.flake8-bugbear.extend-immutable-calls=["uuid.UUID"]', "tests",
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("root", [*EXAMPLES, *CASES], ids=lambda path: path.name)
def test_every_operation_is_tested_in_success_and_failure(root: Path):
    model = model_of(root)
    tested = {
        operation.name: [
            answer
            for _, asks in conversations(outcomes.tests_of(operation, setting(model, names(model)))[0])
            for answer in asks
        ]
        for operation in model.operations
    }
    missing = unreached(model, names(model))
    for operation in model.operations:
        statuses = {trial.response.status for trial in tested[operation.name]}
        assert statuses, operation.name
        assert min(statuses) < 400 or "success" in missing[operation.name]
        if operation.caller == "required":
            assert 401 in statuses, operation.name
        if operation.body is not None:
            assert {413, 415} <= statuses, operation.name


EQUIVALENT = {"todos": 6, "conduit": 16, "inventory": 5, "clinic": 60, "forum": 36, "tracker": 88, "choir": 4}
"""How many mutants no test can notice or was found to: rules that another rule of the same operation implies,
such as the rule on writing where the one on reading is the same."""


@pytest.mark.parametrize("root", EXAMPLES, ids=lambda path: path.name)
def test_they_notice_what_is_taken_out_of_the_model(root: Path):
    model = model_of(root)
    alive = [name for name, mutant in mutants(model) if not noticed(mutant, model)]
    made = sum(1 for _ in mutants(model))
    assert len(alive) <= EQUIVALENT[root.name], alive
    assert made > 2 * len(alive)


@pytest.mark.parametrize(
    ("example", "operation", "taken_out", "test"),
    [
        ("todos", "get_todo", "readable", "by_somebody_else"),
        ("conduit", "update_article", "allowed", "by_somebody_else"),
        ("tracker", "invite", "allowed", "role_is_member"),
        ("forum", "lock", "access", "is_not_moderator"),
    ],
)
def test_they_go_red_without_a_rule(example: str, operation: str, taken_out: str, test: str, tmp_path: Path):
    """The tests are those of the model, the service behind them has lost a rule."""
    model = model_of(ROOT / "examples" / example)
    folder = written(model, tmp_path)
    stand_in.write_package(without_rule(model, operation, taken_out), folder)
    done = run(
        folder, *PYTEST, "--import-mode=importlib", "--tb=no", AROUND, "tests",
        "-k", f"test_{operation}",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert test in done.stdout


def without_rule(model: Model, name: str, rule: str) -> Model:
    wanted = f"{name}: access" if rule == "access" else f" {rule} "
    for mutant, changed in mutants(model):
        if mutant.startswith(f"{name}:") and wanted in mutant and mutant.endswith("always"):
            return changed
    raise KeyError(name)


def test_they_are_the_same_bytes_in_every_run(tmp_path: Path):
    root = next(path for path in EXAMPLES if path.name == "clinic")
    shutil.copytree(root, tmp_path / "clinic")
    script = (
        "import sys\nfrom pathlib import Path\nfrom backwright.emit.names import names\n"
        "from backwright.emit.testing import test_files\nfrom backwright.model.build import build\n"
        "from backwright.project import Project\nfrom backwright.spec import read\n"
        "model = build(read(Project(Path(sys.argv[1]))))\n"
        "print(repr(test_files(model, names(model))))\n"
    )
    (tmp_path / "emitting.py").write_text(script)
    printed = {
        run(tmp_path, "emitting", str(tmp_path / "clinic"), PYTHONHASHSEED=seed).stdout
        for seed in ("0", "1", "77")
    }
    assert len(printed) == 1
    assert len(printed.pop()) > 100_000


def test_they_do_not_depend_on_each_other(tmp_path: Path):
    """Each module's tests pass in reverse, too."""
    model = model_of(ROOT / "examples" / "todos")
    folder = written(model, tmp_path)
    (folder / "reversed_order.py").write_text(
        "def pytest_collection_modifyitems(items):\n    items.reverse()\n"
    )
    done = run(
        folder,
        *PYTEST,
        "-p",
        "reversed_order",
        "--import-mode=importlib",
        AROUND,
        *HANDED,
        "tests",
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_what_no_test_reaches_is_said():
    model = model_of(ROOT / "tests" / "cases" / "semantics" / "01-deny-by-default")
    missing = unreached(model, names(model))
    assert missing["update_note"] == ["success"]
    assert "create_note" not in missing or "success" not in missing["create_note"]
    text = emitted_tests(model, names(model))["tests/__init__.py"]
    assert "update_note: success" in text.replace("\n#   ", " ")


def test_each_test_says_what_it_is_about():
    model = model_of(ROOT / "examples" / "tracker")
    tree = emitted_tests(model, names(model))
    functions = [
        node
        for path, text in tree.items()
        if path.startswith("tests/test_")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert len(functions) > 250
    assert len({function.name for function in functions}) == len(functions)
    said = {function.name: ast.get_docstring(function) or "" for function in functions}
    approve = said["test_approve_when_task_state_is_open_is_invalid_state"]
    assert approve.startswith("POST /tasks/{id}/approval: 409.")
    assert "task.state in ['review']" in approve


def test_a_row_is_not_named_by_a_short_text_that_is_alike_by_chance(tmp_path: Path) -> None:
    """The other row may be stored later; only what is sure to be there is named."""
    (tmp_path / "backwright.yaml").write_text(
        "service: {name: sheets, version: 1.0.0}\n"
        "entities:\n"
        "  Sheet:\n"
        "    key: code\n"
        "    fields: {code: {type: string, max: 9}, ends: {enum: [a, b], default: a}}\n"
        "    access: public\n"
        "    crud: {path: /sheets}\n",
        encoding="utf-8",
    )
    model = build(read(Project(tmp_path)))
    world = World(setting(model, names(model)))
    first, second = world.add("Sheet"), world.add("Sheet")
    world.rows[first].values["ends"] = world.rows[second].values["code"] = "b"
    lines, _ = stores(world, " ".join(row.variable for row in world.rows))
    assert 'ends="b"' in lines[0].replace("'", '"')
