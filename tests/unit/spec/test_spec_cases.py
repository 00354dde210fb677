"""Each folder of tests/cases/specification is a specification and what Backwright says about it.

`expected.txt` holds every diagnostic, and the model if there is one. BACKWRIGHT_UPDATE_CASES=1 rewrites it.
"""

import os
from pathlib import Path

import pytest

from backwright.model.build import examine
from backwright.model.show import show
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError

CASES = Path(__file__).parents[2] / "cases" / "specification"


def said_about(folder: Path) -> str:
    try:
        document = read(Project(folder))
    except SpecificationError as error:
        return "\n".join(problem.text() for problem in error.diagnostics) + "\n"
    model, found = examine(document)
    texts = [f"{problem.severity}: {problem.text()}" for problem in found]
    return "\n".join([*texts, *([show(model)] if model is not None else [])]).rstrip() + "\n"


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
def test_a_specification_gets_exactly_the_expected_answer(folder: Path) -> None:
    expected = folder / "expected.txt"
    said = said_about(folder)
    if os.environ.get("BACKWRIGHT_UPDATE_CASES") == "1":
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


def test_there_are_cases() -> None:
    assert len(list(CASES.iterdir())) >= 20
