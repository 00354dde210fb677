"""What is emitted, to be read: each folder of tests/cases/emission holds the files worth reading of one model.

After a deliberate change, run with BACKWRIGHT_UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import models
import pytest

from backwright.emit import FileTree, emit

CASES = Path(__file__).parents[2] / "cases" / "emission"


@pytest.fixture(scope="module", params=["todos", "library"])
def case(request: pytest.FixtureRequest) -> tuple[Path, FileTree]:
    return CASES / request.param, emit(getattr(models, request.param)())


def test_emitted_files_are_as_they_were_reviewed(case: tuple[Path, FileTree]):
    folder, tree = case
    expected = sorted(folder.rglob("*.txt"))
    assert expected
    for file in expected:
        path = file.relative_to(folder).as_posix().removesuffix(".txt")
        if os.environ.get("BACKWRIGHT_UPDATE_GOLDEN"):
            file.write_text(tree[path])
        assert tree[path] == file.read_text(), path
