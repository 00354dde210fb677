"""Golden cases: each folder of tests/cases/plan has a specification before and after, its plan and its SQL.

Set BACKWRIGHT_UPDATE_CASES=1 to write what comes out now, and review the difference.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from backwright.migrate import write
from backwright.model import snapshot
from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.plan.show import text
from backwright.project import Project
from backwright.spec import read

CASES = Path(__file__).parents[2] / "cases" / "plan"


def model_of(specification: Path, root: Path) -> Model:
    root.mkdir()
    shutil.copy(specification, root / "backwright.yaml")
    return build(read(Project(root)))


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_plan_and_sql_are_as_written(case: str, tmp_path: Path) -> None:
    folder = CASES / case
    before = model_of(folder / "before.yaml", tmp_path / "before")
    after = model_of(folder / "after.yaml", tmp_path / "after")
    made = plan(before, after)
    found = {"plan.txt": text(made).replace(made.short, "<hash>")}
    files = write(made, before, after, "20300101000000")
    found |= {name: content for name, content in files.items() if name.endswith(".sql")}
    for name, content in found.items():
        if os.environ.get("BACKWRIGHT_UPDATE_CASES"):
            (folder / name).write_text(content, encoding="utf-8")
        assert content == (folder / name).read_text(encoding="utf-8"), f"{case}/{name}"


def test_a_model_and_its_snapshot_have_one_digest(tmp_path: Path) -> None:
    model = model_of(CASES / "rename_add_drop" / "after.yaml", tmp_path / "after")
    again = snapshot.decode(snapshot.encode(model))
    assert plan(None, again).hash == plan(None, model).hash
    assert plan(again, model).verdict == "empty"
