"""What lies under examples/ is exactly what its specification builds, and it is sound."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from built_project import PYTEST
from openapi_spec_validator import validate

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
EPOCH = "1795219200"  # the moment of every example's first migration: 2026-11-21T00:00:00Z
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/backwright.yaml"))
ON_POSTGRESQL = ("clinic", "conduit")  # the others' tests run there too, when the unit gate is asked for it


def module(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python module as a process. What runs in an example leaves nothing in it."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def build(project: Path, hash_seed: str) -> list[str]:
    """The files that a build wrote."""
    done = module(project, "backwright", "build", "--json", SOURCE_DATE_EPOCH=EPOCH, PYTHONHASHSEED=hash_seed)
    assert done.returncode == 0, done.stdout + done.stderr
    written: list[str] = json.loads(done.stdout)["written"]
    return written


def generated(name: str) -> list[str]:
    """The files of an example that a build wrote: all of them are checked in."""
    found: dict[str, str] = json.loads((EXAMPLES / name / "backwright.lock").read_text("utf-8"))["files"]
    return list(found)


@pytest.mark.parametrize("name", NAMES)
def test_building_a_checked_in_example_changes_nothing(name: str, tmp_path: Path) -> None:
    project = tmp_path / name
    shutil.copytree(EXAMPLES / name, project)
    assert build(project, "1") == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_built_from_nothing_is_byte_for_byte_the_checked_in_one(name: str, tmp_path: Path) -> None:
    example, project = EXAMPLES / name, tmp_path / name
    shutil.copytree(example, project, ignore=shutil.ignore_patterns("migrations", "tests", name, "*.lock"))
    build(project, "2")
    for path in [*generated(name), "backwright.lock"]:
        assert (project / path).read_bytes() == (example / path).read_bytes(), path
    assert build(project, "3") == []


@pytest.mark.parametrize("name", NAMES)
def test_no_generated_file_lies_around_that_a_build_does_not_write(name: str) -> None:
    """A file without a writer would be shown to readers for ever."""
    written, example = set(generated(name)), EXAMPLES / name
    for folder in (name, "tests", "migrations"):
        for file in (example / folder).rglob("*"):
            path = file.relative_to(example).as_posix()
            if file.is_file() and "__pycache__" not in file.parts and "logic" not in file.parts:
                assert path in written, path


@pytest.mark.parametrize("name", NAMES)
def test_ruff_finds_nothing_in_an_example(name: str) -> None:
    example = EXAMPLES / name
    checked = module(example, "ruff", "check", "--no-cache", ".")
    assert checked.returncode == 0, checked.stdout
    formatted = module(example, "ruff", "format", "--no-cache", "--check", "--exclude", "logic", ".")
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.parametrize("name", NAMES)
def test_mypy_strict_finds_nothing_in_an_example_and_its_tests(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One cache for all of them: what they import is the same, and takes most of the time."""
    cache = tmp_path_factory.getbasetemp() / "mypy"
    command = ("mypy", "--strict", "--no-color-output", "--cache-dir", str(cache), "-p", name, "-p", "tests")
    done = module(EXAMPLES / name, *command, MYPYPATH=str(ROOT / "src"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_of_an_example_is_valid_openapi(name: str) -> None:
    document = json.loads((EXAMPLES / name / name / "openapi.json").read_text("utf-8"))
    validate(document)
    assert document["openapi"].startswith("3.1.")


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_an_example_pass(name: str) -> None:
    own_tests_pass(name)


@pytest.mark.postgres
@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_the_tests_of_an_example_pass_on_postgresql(name: str, postgres_url: str) -> None:
    own_tests_pass(name, TEST_DATABASE_URL=postgres_url)


def own_tests_pass(name: str, **environment: str) -> None:
    """All pass, none is skipped, and they are not few."""
    done = module(EXAMPLES / name, *PYTEST, "tests", **environment)
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in last and "warning" not in last, last
    assert int(last.partition(" passed")[0]) >= 50, last


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_of_an_example_holds_against_its_meaning(name: str, tmp_path: Path) -> None:
    project = tmp_path / name  # rehearsing is noted in the event log
    shutil.copytree(EXAMPLES / name, project)
    done = module(project, "backwright", "rehearse", "--json")
    answered = json.loads(done.stdout)["scenarios"]
    needs_logic = any((EXAMPLES / name / name / "logic").glob("[!_]*.py"))
    fine = (
        ("passed", "not_run") if needs_logic else ("passed",)
    )  # what custom logic says is no part of that meaning
    assert [each for each in answered if each["status"] not in fine] == []
    assert done.returncode == 0
    assert len(answered) >= 5
