"""What lies under examples/ is exactly what its specification builds. `scripts/build_examples` rebuilds it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EPOCH = "1795219200"  # the moment of every example's first migration: 2026-11-21T00:00:00Z
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/backwright.lock"))


def build(project: Path, hash_seed: str) -> list[str]:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "backwright", "build", "--json"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written: list[str] = json.loads(done.stdout)["written"]
    return written


@pytest.mark.parametrize("name", NAMES)
def test_building_a_checked_in_example_changes_nothing(name: str, tmp_path: Path) -> None:
    project = tmp_path / name
    shutil.copytree(EXAMPLES / name, project)
    assert build(project, "1") == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_built_from_nothing_is_byte_for_byte_the_checked_in_one(name: str, tmp_path: Path) -> None:
    example, project = EXAMPLES / name, tmp_path / name
    generated = json.loads((example / "backwright.lock").read_text("utf-8"))["files"]
    shutil.copytree(example, project, ignore=shutil.ignore_patterns("migrations", "tests", name, "*.lock"))
    build(project, "2")
    for path in [*generated, "backwright.lock"]:
        assert (project / path).read_bytes() == (example / path).read_bytes(), path


UNBUILT = sorted(
    path.parent.name
    for path in EXAMPLES.glob("*/backwright.yaml")
    if not (path.parent / "backwright.lock").exists()
)


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "backwright", *command, "--json"]
    return subprocess.run(arguments, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", sorted([*NAMES, *UNBUILT]))
def test_every_scenario_of_an_example_holds_against_its_meaning(name: str) -> None:
    done = run(EXAMPLES / name, "rehearse")
    answered = json.loads(done.stdout)["scenarios"]
    assert [each for each in answered if each["status"] != "passed"] == []
    assert done.returncode == 0
    assert len(answered) >= 5


@pytest.mark.parametrize("name", UNBUILT)
def test_what_is_not_emitted_yet_is_refused_by_name_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    project = tmp_path / name
    shutil.copytree(EXAMPLES / name, project)
    before = sorted(
        path.relative_to(project) for path in project.rglob("*") if ".backwright" not in path.parts
    )
    assert run(project, "check").returncode == 0
    done = run(project, "build")
    assert done.returncode == 1
    assert {each["code"] for each in json.loads(done.stdout)["diagnostics"]} == {"BW803"}
    after = sorted(
        path.relative_to(project) for path in project.rglob("*") if ".backwright" not in path.parts
    )
    assert after == before
