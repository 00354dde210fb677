"""Scenes of delivered tests that show a mistake which no other answer shows, as they come out of the examples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backwright.emit.names import names
from backwright.emit.testing.cases import Case, Repeated
from backwright.emit.testing.outcomes import tests_of as of_operation
from backwright.emit.testing.reach import setting
from backwright.emit.testing.service import is_together
from backwright.emit.testing.trial import tried
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read
from backwright.verify.aimed import aimed

ROOT = Path(__file__).parents[3]


@cache
def model(name: str) -> Model:
    return build(read(Project(ROOT / "examples" / name)))


@cache
def cases(name: str) -> dict[str, Case]:
    made = model(name)
    common = setting(made, names(made))
    return {
        f"{operation.name}_{test.name}": test
        for operation in made.operations
        for test in of_operation(operation, common)[0]
        if isinstance(test, Case)
    }


def asked(example: str, case: str) -> list[tuple[str, str, int]]:
    trials = cases(example)[case].trials
    return [(trial.ask.method, trial.ask.path, trial.response.status) for trial in trials]


def test_a_text_that_looks_for_a_row_is_neither_a_pattern_nor_the_end_of_a_literal() -> None:
    assert asked("conduit", "get_article_takes_the_slug_literally") == [
        ("GET", "/articles/_itle-1", 404),
        ("GET", "/articles/t'itle-1", 404),
    ]
    sent = [trial.ask.body for trial in cases("conduit")["login_takes_the_email_literally"].trials]
    assert [(each or {})["email"] for each in sent] == ["_nn@example.org", "a'nn@example.org"]


def test_what_a_pattern_refuses_anyway_is_not_sent() -> None:
    """A name that has to begin with a letter, and cannot hold a quotation mark."""
    [trial] = cases("forum")["sign_in_takes_the_nick_literally"].trials
    assert (trial.ask.body or {})["nick"] == "an_" and trial.response.status == 401


def test_a_row_that_would_be_made_is_there_beside_one_that_a_pattern_fits() -> None:
    [pattern, _] = cases("inventory")["get_or_create_bin_takes_the_aisle_literally"].trials
    there = [row.values["aisle"] for row in pattern.scene.world.rows if row.entity == "Bin"]
    assert there == ["aisle 1"] and pattern.scene.params["aisle"] == "_isle 1"
    assert pattern.response.status == 201


def test_texts_are_stored_with_the_blanks_around_them() -> None:
    trial = cases("conduit")["create_article_keeps_texts_as_they_are"].trial
    [article] = trial.rows["Article"]
    for name in ("title", "description", "body"):
        assert article[name].startswith(" ") and article[name].endswith(" ") and "'" in article[name]


def test_a_row_is_looked_for_each_time() -> None:
    assert asked("conduit", "favorite_when_the_article_has_gone_is_not_found") == [
        ("POST", "/articles/title-1/favorite", 200),
        ("DELETE", "/articles/title-1", 204),
        ("POST", "/articles/title-1/favorite", 404),
    ]
    first, last = (
        trial.response.body
        for trial in cases("forum")["get_thread_when_the_thread_has_changed_is_allowed"].trials[::2]
    )
    assert first != last


def test_what_was_changed_first_stays() -> None:
    [first, second] = cases("conduit")["update_current_user_changes_one_member_after_the_other"].trials
    [one], [other] = first.ask.body or {}, second.ask.body or {}
    assert one != other and second.rows["User"][0][one] == (first.ask.body or {})[one]


def test_the_second_of_two_rows_is_refused_alone() -> None:
    for name in ("", "_2"):
        trial = cases("inventory")[f"pick_goods_with_a_second_row_that_is_wrong_is_invalid{name}"].trial
        assert trial.response.status == 422 and len((trial.ask.body or {})["lines"]) == 2
    later = cases("inventory")["pick_goods_refuses_a_missing_bin_in_a_later_one_of_lines"].trial
    assert later.failure is not None and [place for place, _ in later.failure.fields] == ["lines[1].bin"]


def test_of_two_reasons_the_first_is_answered() -> None:
    trial = cases("inventory")["reserve_is_discontinued_before_it_is_invalid"].trial
    assert trial.response.status == 409
    mended = trial.scene.copy()
    for row in mended.world.rows:
        if row.entity == "Product":
            row.values["discontinued"] = False
    assert tried(mended).response.status == 422


def test_nothing_is_asked_of_a_row_that_is_not_there() -> None:
    for example in ("conduit", "inventory", "forum"):
        assert not [each for each in cases(example) if "is_not_found_before_it" in each]


def test_a_slug_of_its_own_words_is_kept() -> None:
    trial = cases("conduit")["update_article_keeps_a_slug_of_the_same_words"].trial
    [before] = [row.values for row in trial.scene.world.rows if row.entity == "Article"]
    [after] = trial.rows["Article"]
    assert before["title"] != after["title"] and before["slug"] == after["slug"]


def test_a_known_version_is_not_shown_and_a_sum_may_leave_its_range() -> None:
    assert asked("clinic", "get_patient_of_a_known_version_is_not_modified")[0][2] == 304
    trial = cases("inventory")["stock_by_aisle_with_the_largest_quantity_is_invalid"].trial
    assert trial.response.status == 422


@pytest.mark.parametrize(
    ("name", "operation", "together"),
    [
        ("conduit", "update_article", True),
        ("conduit", "create_article", False),
        ("conduit", "get_comments", False),
        ("inventory", "receive_goods", True),
        ("inventory", "get_or_create_bin", False),
    ],
)
def test_what_takes_several_steps_is_together(name: str, operation: str, together: bool) -> None:
    [found] = [each for each in model(name).operations if each.name == operation]
    assert is_together(found) is together


def test_gates_play_telling_scenes_before_they_try_each_rule() -> None:
    played = aimed(model("conduit"))
    paths = [scene.ask().path for scenes in played for scene in scenes]
    assert paths.index("/articles/_itle-1") < 160  # what 400 requests leave for scenes


def test_a_limit_by_caller_is_reached_without_ending_the_session() -> None:
    """Whoever changes their password is signed out by it, and then not counted any more."""
    made = model("clinic")
    [operation] = [each for each in made.operations if each.name == "change_password"]
    tests = of_operation(operation, setting(made, names(made)))[0]
    [repeated] = [each for each in tests if isinstance(each, Repeated)]
    assert repeated.allowed.failure is not None and repeated.refused.response.status == 429
