"""Approvals: bound to one plan, void after any change of meaning, refused when they do not say enough."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from model_parts import of_this
from msgspec.structs import replace
from plan_parts import changed, entity, model, scalar, string

from backwright.model.types import Field, Rule, ScalarType
from backwright.plan import Plan, plan
from backwright.plan.approval import Approval, approve, blocked, read, write
from backwright.plan.changes import identity
from backwright.plan.notes import notes
from backwright.plan.show import as_json, text
from backwright.spec.diagnostics import SpecificationError

START = model(entity("Box", string("label"), scalar("due", "date", nullable=True)))
WITHOUT_DUE = changed(START, "Box", string("label"))


AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def approved(made: Plan) -> Approval:
    names = [identity(change) for change in made.hazardous]
    return approve(made, made.short, names, by="Ada", reason="not used", rollback="migrate down", at=AT)


@pytest.mark.parametrize(
    ("plan_hash", "changes", "reason"),
    [
        ("0123456789ab", ["drop-field Box.due"], "not used"),
        ("", ["drop-field Box.due"], "not used"),
        (None, ["drop-field Box.label"], "not used"),
        (None, ["drop-field Box.due"], " "),
    ],
)
def test_only_the_plan_at_hand_and_its_changes_are_approved(
    plan_hash: str | None, changes: list[str], reason: str
) -> None:
    made = plan(START, WITHOUT_DUE)
    with pytest.raises(SpecificationError) as caught:
        approve(
            made,
            made.short if plan_hash is None else plan_hash,
            changes,
            by="Ada",
            reason=reason,
            rollback="r",
            at=AT,
        )
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["BW606"]


def test_a_destructive_change_is_blocked_until_it_is_approved() -> None:
    made = plan(START, WITHOUT_DUE)
    (diagnostic,) = blocked(made, [])
    assert diagnostic.code == "BW601"
    assert "drop-field Box.due" in diagnostic.message
    assert blocked(made, [approved(made)]) == []


def test_an_approval_is_void_once_the_specification_means_something_else() -> None:
    approval = approved(plan(START, WITHOUT_DUE))
    edited = plan(START, changed(START, "Box", string("label", None, 300)))
    (diagnostic,) = blocked(edited, [approval])
    assert diagnostic.code == "BW601"
    assert "void" in diagnostic.message


def test_an_approval_covers_only_the_changes_that_it_names() -> None:
    made = plan(START, WITHOUT_DUE)
    other = Approval(
        plan=made.hash, changes=("drop-field Box.label",), by="a", reason="b", rollback="c",
        at=datetime(2030, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert [diagnostic.code for diagnostic in blocked(made, [other])] == ["BW601"]


def test_a_change_that_is_several_things_is_blocked_for_each_and_approved_once() -> None:
    """Digits go, and clients get another type."""
    prices = [
        model(
            entity("Box", Field(name="price", column="price", type=ScalarType(scalar="decimal", scale=scale)))
        )
        for scale in (2, 0)
    ]
    made = plan(*prices)
    assert made.changes[0].hazards == ("breaking", "destructive")
    assert [(each.code, "change-field Box.price" in each.message) for each in blocked(made, [])] == [
        ("BW601", True),
        ("BW603", True),
    ]
    assert [line for line in text(made).splitlines() if "hazard" in line] == [
        "      hazard: BREAKING, needs an approval",
        "      hazard: DESTRUCTIVE, needs an approval",
    ]
    written = json.loads(as_json(made))["changes"][0]
    assert (written["hazard"], written["hazards"]) == ("destructive", ["breaking", "destructive"])
    said = notes(made, START.service)
    assert ("- Breaking: Box.price" in said, "- Loses data: Box.price" in said) == (True, True)
    assert blocked(made, [approved(made)]) == []


def test_access_that_is_unclear_is_blocked() -> None:
    """Neither rule follows from the other: it cannot be told by logic whether callers reach more."""
    rules = [
        Rule(source=f"this.{name}", condition=of_this("Box", scalar(name, "boolean")))
        for name in ("ready", "sent")
    ]
    boxes = [
        model(
            replace(
                entity("Box", scalar("ready", "boolean"), scalar("sent", "boolean")), access={"read": rule}
            )
        )
        for rule in rules
    ]
    made = plan(*boxes)
    (diagnostic,) = blocked(made, [])
    assert (made.verdict, diagnostic.code) == ("blocked", "BW602")
    assert "whether callers reach more rows cannot be told" in diagnostic.message
    assert blocked(made, [approved(made)]) == []


def test_an_approval_cannot_lift_a_refusal() -> None:
    made = plan(START, changed(START, "Box", scalar("label", "json"), scalar("due", "date")))
    assert [diagnostic.code for diagnostic in made.refused] == ["BW610"]
    assert made.verdict == "blocked"


def test_an_approval_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = plan(START, WITHOUT_DUE)
    folder = tmp_path / "approvals"
    assert write(approved(made), folder).name == f"{made.hash}.yaml"
    assert read(folder, tmp_path) == [approved(made)]
    assert read(tmp_path / "none", tmp_path) == []


def test_a_second_approval_of_a_plan_leaves_the_first_as_it_is(tmp_path: Path) -> None:
    made = plan(START, WITHOUT_DUE)
    first = approved(made)
    second = approve(made, made.short, first.changes, by="Bob", reason="me too", rollback="r", at=AT)
    write(first, tmp_path)
    write(second, tmp_path)
    assert read(tmp_path, tmp_path) == [first, second]


EMPTY_NAME = "- {plan: a, changes: [], by: '', reason: r, rollback: r, at: 2030-01-01T00:00:00Z}\n"


@pytest.mark.parametrize("content", ["plan: abc\n", "[1, 2", EMPTY_NAME])
def test_an_approval_that_says_too_little_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SpecificationError) as caught:
        read(tmp_path, tmp_path)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["BW604"]
