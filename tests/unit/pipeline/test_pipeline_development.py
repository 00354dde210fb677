"""Serving on one's own machine: nothing has to be set, and what one run encrypted the next one reads."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from backwright import pipeline
from backwright.project import Project

EXAMPLE = Path(__file__).parents[3] / "examples" / "clinic"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for variable in ("DATABASE_URL", "TOKEN_KEYS", "ENCRYPTION_KEYS"):
        monkeypatch.delenv(variable, raising=False)
    shutil.copytree(EXAMPLE, tmp_path / "clinic")
    return Project(tmp_path / "clinic")


def test_the_key_that_encrypts_is_kept_and_nobody_else_may_read_it(project: Project) -> None:
    first, second = (pipeline.serving(project, None, "127.0.0.1", 8000).environment for _ in range(2))
    assert first["ENCRYPTION_KEYS"] == second["ENCRYPTION_KEYS"]
    assert first["TOKEN_KEYS"] != second["TOKEN_KEYS"]
    kept = project.state / "development.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(first["ENCRYPTION_KEYS"].partition(":")[2]) >= 32


def test_keys_that_are_set_are_used(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", "mine:" + "x" * 32)
    serving = pipeline.serving(project, None, "127.0.0.1", 8000)
    assert serving.environment["ENCRYPTION_KEYS"] == "mine:" + "x" * 32
    assert not (project.state / "development.key").exists()
