"""Weakened rules: which scenarios notice, and what is reported of the others."""

from __future__ import annotations

from pathlib import Path

from models import todos

from backwright.verify.acceptance import parse_scenarios
from backwright.verify.criteria import survivors, weakenings

SCENARIOS = Path(__file__).parents[3] / "examples" / "todos" / "specs"


def test_a_rule_that_no_scenario_is_about_survives() -> None:
    files = sorted(SCENARIOS.glob("*/acceptance.yaml"))
    scenarios = [s for file in files for s in parse_scenarios(file.read_text("utf-8"), file.name)[0]]
    left, tried = survivors(todos(), scenarios)
    assert (left, tried) == ([], len(list(weakenings(todos()))))
    about_strangers = {"AC-4"}
    left, _ = survivors(todos(), [s for s in scenarios if s.id not in about_strangers])
    assert {each.source for each in left} <= {"this.owner == caller"}
    left, tried = survivors(todos(), scenarios[:1])
    assert len(left) == tried > 0
