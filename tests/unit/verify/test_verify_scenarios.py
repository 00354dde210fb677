"""Acceptance scenarios: how they are read, and the mistakes that are told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from models import todos

from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.acceptance import matches
from backwright.verify.scenario_check import check
from backwright.verify.scenarios import Call, Register, parse_scenarios, read_scenarios, scenario_files

STRANGER = """\
- id: AC-3
  story: US-2
  covers: [FR-004, NFR-002]
  title: A stranger cannot change someone else's todo
  given:
    - {user: ann}
    - {user: bob, with: {email: bob@example.org}}
    - {as: ann, do: create_todo, with: {title: Milk, due: 2026-01-01, done: true}, keep: milk}
  when: {as: bob, do: update_todo, with: {id: $milk.id, title: hacked}}
  then:
    - {status: 404, error: not_found}
    - {as: ann, do: get_todo, with: {id: $milk.id}, body: {title: Milk}}
    - {as: ann, do: list_todos, count: 1}
    - {as: ann, do: create_todo, with: {title: ""}, status: 422, fields: {title: too_short}}
"""


def codes(text: str) -> list[tuple[str, int]]:
    """Code and line of everything that is wrong."""
    scenarios, found = parse_scenarios(text, "acceptance.yaml")
    return [(d.code, d.place.line) for d in [*found, *check(scenarios, todos())]]


def test_a_scenario_is_read_with_its_places() -> None:
    (scenario,), found = parse_scenarios(STRANGER, "acceptance.yaml")
    assert found == []
    assert (scenario.id, scenario.story, scenario.covers) == ("AC-3", "US-2", ("FR-004", "NFR-002"))
    ann, bob, milk = scenario.given
    assert isinstance(ann, Register)
    assert isinstance(bob, Register)
    assert isinstance(milk, Call)
    assert (ann.user, bob.values) == ("ann", {"email": "bob@example.org"})
    assert milk.values == {"title": "Milk", "due": "2026-01-01", "done": True}
    assert (milk.keep, milk.place.line, milk.place.column) == ("milk", 8, 7)
    first, second, third, fourth = scenario.then
    assert (first.expected.status, first.expected.error, first.call) == (404, "not_found", None)
    assert second.call is not None
    assert (second.call.user, second.expected.body) == ("ann", {"title": "Milk"})
    assert third.expected.count == 1
    assert fourth.expected.fields == {"title": "too_short"}
    assert check([scenario], todos()) == []


def test_what_a_request_sends_is_said_alike_everywhere() -> None:
    """`headers` are what is expected in `then`; `send` is sent by requests wherever they stand."""
    sending = "{as: ann, do: list_todos, send: {x-page: 1}}"
    text = STRANGER.replace("{as: ann, do: list_todos, count: 1}", sending)
    text = text.replace(
        "when: {as: bob, do: update_todo, ", "when: {as: bob, do: update_todo, send: {x-page: 1}, "
    )
    (scenario,), found = parse_scenarios(text, "acceptance.yaml")
    assert found == []
    (when,) = scenario.when
    assert isinstance(when, Call)
    assert scenario.then[2].call is not None
    assert when.headers == scenario.then[2].call.headers == {"x-page": 1}


def test_a_table_of_scenarios_is_read_like_a_list() -> None:
    indented = "\n".join(f"  {line}" for line in STRANGER.splitlines())
    assert codes(f"# scenarios of the feature\nscenarios:\n{indented}\n") == []


@pytest.mark.parametrize(
    ("right", "wrong", "code", "line"),
    [
        ("do: get_todo", "do: get_todos", "BW951", 12),
        ("{as: bob, do", "{as: zoe, do", "BW952", 9),
        ("id: $milk.id, title", "id: $bread.id, title", "BW953", 9),
        ("title: hacked", "colour: red", "BW954", 9),
        ("  when: {as", "  wenn: {as", "BW950", 9),
        ("status: 404, ", "status: many, ", "BW950", 11),
        ("do: create_todo, with: {title: Milk", "dont: create_todo, with: {title: Milk", "BW950", 8),
        ("{status: 404, error: not_found}", "{}", "BW950", 11),
        ("with: {email: bob@example.org}", "with: bob", "BW950", 7),
    ],
)
def test_mistakes_are_told_with_their_place(right: str, wrong: str, code: str, line: int) -> None:
    assert STRANGER.count(right) == 1
    assert (code, line) in codes(STRANGER.replace(right, wrong))


def test_text_that_is_not_yaml_is_told() -> None:
    assert codes("- id: AC-1\n  given: [\n")


def test_two_scenarios_with_one_id() -> None:
    assert codes(STRANGER + STRANGER) == [("BW955", 15)]


def test_a_service_in_which_nobody_can_sign_in_has_no_accounts() -> None:
    model = msgspec.structs.replace(todos(), operations=todos().operations[2:])
    scenarios, _ = parse_scenarios(STRANGER, "acceptance.yaml")
    assert {d.code for d in check(scenarios, model)} == {"BW956"}


def test_files_are_found_in_the_feature_folders_and_named_in_diagnostics(tmp_path: Path) -> None:
    for name in ("002-more", "001-first"):
        (tmp_path / "specs" / name).mkdir(parents=True)
        (tmp_path / "specs" / name / "acceptance.yaml").write_text("- {id: AC-1}\n", encoding="utf-8")
    project = Project(tmp_path)
    first, _ = files = scenario_files(project)
    assert [file.parent.name for file in files] == ["001-first", "002-more"]
    with pytest.raises(SpecificationError) as told:
        read_scenarios(first, project)
    assert str(told.value.diagnostics[0].place) == "specs/001-first/acceptance.yaml:1:3"


@pytest.mark.parametrize(
    ("expected", "seen", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 2}, False),
        ({"a": None}, {}, False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
        (1, True, False),
        (False, 0, False),
        (1, 1.0, True),
        ("x", "x", True),
    ],
)
def test_a_body_is_matched_as_a_part(expected: object, seen: object, same: bool) -> None:
    assert matches(expected, seen) is same
