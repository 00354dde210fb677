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
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/backwright.yaml"))


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
