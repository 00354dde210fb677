"""Each semantic rule of the language has its cases: a specification, and scenarios that the reference fulfils.

A case is a folder in `tests/cases/semantics`, named after the rule; adding a scenario adds a test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.acceptance import check, rehearse
from backwright.verify.scenarios import Scenario, parse_scenarios

CASES = sorted(
    path.parent for path in (Path(__file__).parents[2] / "cases" / "semantics").glob("*/scenarios.yaml")
)


def scenarios(case: Path) -> list[Scenario]:
    found, wrong = parse_scenarios((case / "scenarios.yaml").read_text("utf-8"), "scenarios.yaml")
    assert wrong == []
    return found


def model(case: Path) -> Model:
    return build(read(Project(case)))


@pytest.mark.parametrize(
    ("case", "scenario"),
    [(case, each) for case in CASES for each in scenarios(case)],
    ids=lambda value: value.name if isinstance(value, Path) else value.id,
)
def test_the_reference_means_what_the_rule_says(case: Path, scenario: Scenario) -> None:
    meant = model(case)
    assert check([scenario], meant) == []
    (result,) = rehearse([scenario], meant)
    assert result.detail == "", f"{scenario.title}: {result.detail}"


def test_every_rule_has_its_cases() -> None:
    assert [case.name[:2] for case in CASES] == [f"{number:02}" for number in range(1, 13)]
