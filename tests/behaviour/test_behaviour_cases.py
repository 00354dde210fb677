"""The specifications of `tests/cases/requests`, each there for what once went wrong, built and judged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from model_trial import accepted, trial

from backwright.model.types import Model

CASES = sorted(
    path.parent for path in (Path(__file__).parents[1] / "cases" / "requests").glob("*/backwright.yaml")
)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_builds_and_behaves(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    model = accepted((folder / "backwright.yaml").read_text(encoding="utf-8"), tmp_path)
    assert isinstance(model, Model)
    found = trial(tmp_path, ("lint", "contract", "behaviour"), ("sqlite",), 150)
    assert found == []
