"""What is held back is in nothing that a provider sees, judges all the same, and stays in the user's tests."""

from __future__ import annotations

from pathlib import Path

import tolls_project as tolls
from tolls_project import CHEAT, FUNCTION, RIGHT, TESTS, cheat, right

from backwright.agent import prompts, trees
from backwright.agent.judge import (
    Case,
    Check,
    by_example,
    by_scenario,
    judge,
    linted,
    own_tests,
    scanned,
    typed,
    unsuppressed,
)
from backwright.agent.patches import Patch
from backwright.agent.providers import scripted

HIDDEN = ("13.25", "7.25", "0.75", "north", "lorry")
"""What only held-back examples and scenarios say."""
OWN_TEST = '''"""Tests."""

from tolls.logic.toll_of import toll_of


def test_it_is_there() -> None:
    assert toll_of
'''


def test_every_second_example_and_a_scenario_are_held_back(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    assert [each.held_back for each in item.examples] == [False, True, False, True]
    assert {each.scenario.id: each.held_back for each in item.scenarios} == {"AC-1": False, "AC-2": True}


def test_neither_the_prompt_nor_the_tree_has_it(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    seen = trees.shown(here, item, tmp_path / "tree")
    texts = {
        **{path: data.decode() for path, data in seen.items()},
        "prompt": prompts.prompt(item, trees.current(here, item)),
    }
    assert {TESTS, FUNCTION, "tolls/boundary.py"} <= texts.keys()
    for path, text in texts.items():
        assert not [each for each in HIDDEN if each in text], path
        assert "confidential-value" not in text
    assert "13.25" in (here.root / TESTS).read_text(), "or else this would show nothing"


def test_a_patch_that_takes_the_tests_of_held_back_examples_away_keeps_them(tmp_path: Path) -> None:
    """Whoever rewrites the tests cannot lose those that were not shown; they are delivered with the rest."""
    here, model = tolls.project(tmp_path)
    ended = tolls.run(here, model, scripted.right_first_time({**right, TESTS: OWN_TEST}))
    assert ended.done
    text = (here.root / TESTS).read_text()
    assert "test_it_is_there" in text
    assert "test_toll_of_returns_2" in text
    assert "test_toll_of_returns_4" in text
    case = Case(item=tolls.item_of(here, model), model=model, tree=here)
    assert list(own_tests(case)) == [], "and they run"


def test_a_test_of_the_same_name_does_not_take_its_place(tmp_path: Path) -> None:
    here, model = tolls.project(tmp_path)
    item = tolls.item_of(here, model)
    empty = f"{OWN_TEST}\n\nasync def test_toll_of_returns_2() -> None:\n    pass\n"
    found = judge(here, model, item, Patch(files={**cheat, TESTS: empty}), (own_tests,))
    assert {(each.kind, each.held_back) for each in found} == {("tests", True)}
    assert all("13.25" not in each.told() for each in found)


def kinds(tmp_path: Path, check: Check, text: str) -> set[tuple[str, bool]]:
    here, model = tolls.project(tmp_path)
    found = judge(here, model, tolls.item_of(here, model), Patch(files={FUNCTION: text}), (check,))
    return {(each.kind, each.held_back) for each in found}


def test_each_gate_finds_what_it_is_for(tmp_path: Path) -> None:
    unused = RIGHT.replace("from decimal", "import json\nfrom decimal")
    assert kinds(tmp_path / "1", linted, unused) == {("lint", False)}
    untyped = RIGHT.replace("note=given.origin", "note=given.axles")
    assert kinds(tmp_path / "2", typed, untyped) == {("types", False)}
    suppressed = RIGHT.replace("import Decimal", "import Decimal  # noqa: F401")
    assert kinds(tmp_path / "6", unsuppressed, suppressed) == {("lint", False)}
    unsafe = RIGHT.replace("    extra =", "    assert eval('1')\n    extra =")
    assert kinds(tmp_path / "7", scanned, unsafe) == {("static_analysis", False)}
    assert kinds(tmp_path / "3", by_example, CHEAT) == {("example", True)}
    assert kinds(tmp_path / "4", own_tests, CHEAT) == {("tests", True)}
    assert kinds(tmp_path / "5", by_scenario, CHEAT) == {("acceptance", True)}
