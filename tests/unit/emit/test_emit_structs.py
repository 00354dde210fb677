"""Names of structs and of their members never hide each other, or the types that they use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backwright.emit.entities import entities_module
from backwright.emit.format import formatted
from backwright.emit.inputs import inputs_module
from backwright.emit.names import TAKEN_CLASSES, attribute, names, singular, variable
from backwright.emit.source import Identifier, imports, source
from backwright.emit.structs import Member, apart, struct_of
from backwright.model.build import build
from backwright.project import Project
from backwright.spec.reader import read

REQUESTS = sorted(Path(__file__).parents[2].glob("cases/requests/*/backwright.yaml"))
LINTS = ("E", "F", "I", "B", "UP", "SIM", "RUF")
DATE = source("date | None", imports("datetime", "date"))


def test_a_type_whose_name_a_member_has_is_reached_through_its_module() -> None:
    written = struct_of(Identifier("Day"), "A day.", [Member(Identifier("date"), DATE, source("None"))])
    assert "date: dt.date | None = None" in written.text
    assert {(each.module, each.name) for each in written.imports} == {
        ("msgspec", "Struct"),
        ("", "datetime as dt"),
    }


def test_the_name_of_the_module_may_be_taken_as_well() -> None:
    assert apart(DATE, frozenset({"date", "dt"})).text == "dt_.date | None"
    assert apart(source("list[str]"), frozenset({"list"})).text == "builtins.list[str]"
    assert apart(DATE, frozenset({"day"})) == DATE


def test_classes_are_unlike_each_other_and_whatever_is_imported() -> None:
    for path in REQUESTS:
        called = names(build(read(Project(path.parent))))
        found = [str(name) for name in called.classes.values()]
        assert len(found) == len(set(found))
        assert not TAKEN_CLASSES & set(found)


@pytest.mark.parametrize(
    ("many", "one"),
    [("lines", "line"), ("entries", "entry"), ("status", "status"), ("glass", "glass"), ("series", "series")],
)
def test_one_of_many(many: str, one: str) -> None:
    assert singular(many) == one


def test_members_and_variables_are_no_keywords() -> None:
    assert attribute("from") == "from_"
    assert attribute("list") == "list"
    assert variable("list") == "list_"
    assert variable("body") == "body_"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows and requests of every case, as packages."""
    root = tmp_path_factory.mktemp("modules")
    for path in REQUESTS:
        model = build(read(Project(path.parent)))
        called = names(model)
        package = called.package
        tree = {
            f"{package}/__init__.py": "",
            f"{package}/entities.py": entities_module(model, called),
            f"{package}/inputs.py": inputs_module(model, called),
        }
        for name, text in formatted(tree, package).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
    return root


def run(root: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing(modules: Path) -> None:
    selected = ",".join(LINTS)
    assert run(modules, "ruff", "check", "--isolated", "--line-length=100", f"--select={selected}", ".") == ""
    assert run(modules, "ruff", "format", "--isolated", "--line-length=100", "--check", ".") == ""


def test_mypy_strict_finds_nothing(modules: Path) -> None:
    packages = [f"-p{path.name}" for path in sorted(modules.iterdir()) if (path / "__init__.py").exists()]
    cache = ["--cache-dir", str(modules / ".mypy_cache")]
    assert run(modules, "mypy", "--strict", "--follow-imports=silent", *cache, *packages) == ""
