"""What no row can be is no side of a rule, and what some row can be stays one."""

from __future__ import annotations

from pathlib import Path

import pytest
from expr_scope import rule

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.coverage import Coverage, certain, conditions, declared, of_a_race
from backwright.verify.matrix import NOT_FOUND, matrix
from backwright.verify.possible import is_possible

EXAMPLES = Path(__file__).parents[3] / "examples"


def specified(name: str) -> Model:
    return build(read(Project(EXAMPLES / name)))


@pytest.mark.parametrize(
    "source",
    [
        "this.note == null && this.note == 'x'",
        "this.deputy == null && this.deputy.chief == true && this.deputy.name == 'x'",
        "caller != null && this.deputy == caller && this.deputy == null",
        "!(this.rank != null) && this.rank > 1",
        "this.label == 'a' && this.label == 'b'",
        "this.state in ['new', 'kept'] && !(this.state in ['kept', 'new'])",
        "this.note in ['a'] && this.note == null",
        "this.open && !this.open",
    ],
)
def test_what_contradicts_itself_is_impossible(source: str) -> None:
    assert not is_possible(rule(source))


@pytest.mark.parametrize(
    "source",
    [
        "this.note == null && this.label == 'x'",
        "this.deputy == caller && this.deputy == null",
        "this.note in ['a', null] && this.note == null",
        "this.label in ['a', 'b'] && !(this.label == 'a')",
        "this.rank == null && !(this.rank > 1)",
        "this.keeper == caller || this.note == null",
        "!(this.note == 'x') && this.note == null",
    ],
)
def test_what_could_be_stays_possible(source: str) -> None:
    """Nobody is signed in, a value is another one, null is among the options: nothing is left out by mistake."""
    assert is_possible(rule(source))


@pytest.mark.parametrize(("name", "most"), [("conduit", 0), ("forum", 0), ("inventory", 0), ("todos", 0)])
def test_every_cell_without_a_scene_says_what_stands_in_its_way(name: str, most: int) -> None:
    lacking = [asked for asked in matrix(specified(name)) if asked.scene is None]
    assert all(asked.reason for asked in lacking)
    assert sum(asked.reason == NOT_FOUND for asked in lacking) <= most


def test_a_creation_is_exercised_on_both_sides_of_what_its_answer_shows() -> None:
    """What a caller sees of a row that the operation itself makes: some see a member of it, and others do not."""
    shown = [
        asked
        for asked in matrix(specified("clinic"))
        if asked.operation == "create_patient" and asked.field.startswith("Patient.")
    ]
    assert {asked.relation.startswith("not allowed") for asked in shown} == {True, False}
    assert all(asked.scene is not None for asked in shown)


def test_rules_that_what_is_written_fulfils_are_told_apart() -> None:
    model = specified("conduit")
    named = [name for key, name in conditions(model).items() if key in certain(model)]
    assert "follow create `this.follower == caller`" in named
    assert not any(name.startswith("update_article") for name in named)
    coverage = Coverage(model)
    assert coverage.never_false() == []
    assert any(
        told.startswith("follow create") and "never asked" in told for told in coverage.never_came_to()
    )


def test_a_caller_who_is_gone_between_two_looks_is_a_race() -> None:
    model = specified("conduit")
    found = {each.name: of_a_race(each, model) for each in model.operations}
    assert found.pop("update_current_user") == {404}
    assert set(found.values()) == {frozenset()}
    coverage = Coverage(model)
    assert coverage.only_in_a_race() == ["update_current_user 404"]
    assert "update_current_user 404" not in coverage.never_answered()
    every = sum(len(declared(each, model)) for each in model.operations)
    assert coverage.told()["declared statuses answered"] == f"0 of {every - 1}"
