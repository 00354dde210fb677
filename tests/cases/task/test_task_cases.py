"""Each folder here is a project as people write it; beside it lies the acknowledgement that it gets.

A new folder with a card and an `acknowledgement.md` is a new test. BACKWRIGHT_UPDATE_CASES=1 rewrites them.
"""

import os
from pathlib import Path

import pytest

from backwright.project import Project
from backwright.task import acknowledge, cards, events, features, questions

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/acknowledgement.md"))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_acknowledgement_is_the_expected_one(case: Path) -> None:
    project = Project(case)
    (card,) = cards.every(project)
    log, specified = events.read(project), features.every(project)
    asked = questions.compute((), specified, log, card)
    text = acknowledge.markdown(acknowledge.acknowledge(card, None, specified, asked, log))
    if os.environ.get("BACKWRIGHT_UPDATE_CASES"):
        (case / "acknowledgement.md").write_text(text, encoding="utf-8")
    assert text == (case / "acknowledgement.md").read_text(encoding="utf-8")
