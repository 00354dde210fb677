"""What a plan says about two models: changes, their order, hazards, refusals and questions."""

from __future__ import annotations

import pytest
from models import library, todos
from plan_parts import (
    NOBODY,
    PUBLIC,
    changed,
    choice,
    entity,
    flag,
    index,
    many,
    model,
    number,
    reference,
    replace,
    scalar,
    string,
)

from backwright.expr.typed import BOOLEAN, Or
from backwright.model.types import Field, Model, Rule
from backwright.plan import plan
from backwright.plan.changes import ChangeOperation, ChangeRule, identity, reverse
from backwright.plan.show import text
from backwright.spec.diagnostics import Place


def ids(before: Model | None, after: Model) -> list[str]:
    return [identity(change) for change in plan(before, after).changes]


BOX = entity("Box", string("label", 1, 20), number("size", 1, 9), scalar("due", "date", nullable=True))
START = model(BOX)


def box(*fields: Field, **members: object) -> Model:
    return changed(START, "Box", *(fields or BOX.fields[1:]), **members)


def test_a_model_that_stays_gives_an_empty_plan() -> None:
    for same in (todos(), library(), START):
        made = plan(same, same)
        assert (made.changes, made.verdict) == ((), "empty")
    assert "No changes" in text(plan(START, START))


def test_moving_lines_in_the_file_changes_neither_plan_nor_hash() -> None:
    moved = box(place=Place("backwright.yaml", 99, 1))
    assert plan(START, moved).verdict == "empty"
    assert plan(START, moved).hash == plan(START, START).hash


def test_the_first_plan_adds_everything_and_is_safe() -> None:
    made = plan(None, todos())
    assert made.verdict == "safe"
    assert ids(None, todos())[:2] == ["add-entity User", "add-entity Todo"]


def test_a_rename_keeps_the_field_and_is_nothing_when_seen_again() -> None:
    renamed = box(BOX.fields[1], BOX.fields[2], scalar("deadline", "date", nullable=True, was="due"))
    assert ids(START, renamed) == ["rename-field Box.due -> deadline"]
    assert plan(renamed, renamed).verdict == "empty"
    assert plan(renamed, changed(renamed, "Box", *BOX.fields[1:3], scalar("deadline", "date", nullable=True))
                ).verdict == "empty"  # fmt: skip
    assert plan(None, renamed).verdict == "safe"


def test_a_renamed_entity_keeps_its_references_rules_and_operations() -> None:
    before = model(BOX, entity("Lid", reference("box", "Box")))
    crate = replace(BOX, name="Crate", table="crate", was="Box")
    after = model(crate, entity("Lid", reference("box", "Crate")))
    assert ids(before, after) == ["rename-entity Box -> Crate"]


def test_drops_are_destructive_and_asked_about_when_something_alike_is_new() -> None:
    made = plan(START, box(BOX.fields[1], BOX.fields[2], scalar("deadline", "date", nullable=True)))
    assert [identity(change) for change in made.changes] == ["drop-field Box.due", "add-field Box.deadline"]
    assert made.verdict == "blocked"
    assert made.changes[0].hazard == "destructive"
    (question,) = made.warnings
    assert question.code == "BW605"
    assert "`was: due`" in question.mend


def test_a_drop_alone_is_not_asked_about() -> None:
    made = plan(START, box(*BOX.fields[1:3]))
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (box(*BOX.fields[1:], replace(number("weight", default=1), unique=True)), "BW614"),
        (box(BOX.fields[1], scalar("size", "json"), BOX.fields[3]), "BW610"),
    ],
)
def test_what_cannot_be_done_with_data_is_refused_with_a_mend(after: Model, code: str) -> None:
    made = plan(START, after)
    assert [diagnostic.code for diagnostic in made.refused] == [code]
    assert made.refused[0].mend
    assert made.verdict == "blocked"


@pytest.mark.parametrize(
    ("after", "hazard"),
    [
        (box(*BOX.fields[1:], number("weight", default=1)), "needs_backfill"),
        (box(*BOX.fields[1:], scalar("sent_at", "timestamp", nullable=True)), "safe"),
        (box(string("label", None, 40), *BOX.fields[2:]), "safe"),
        (box(replace(BOX.fields[1], unique=True), *BOX.fields[2:]), "limit"),
        (box(indexes=(index("box", BOX.fields[1]),)), "safe"),
        (box(indexes=(index("box", BOX.fields[1], unique=True),)), "limit"),
        (box(replace(BOX.fields[1], nullable=True), *BOX.fields[2:]), "breaking"),
        (box(*BOX.fields[1:], number("weight")), "limit"),
        (box(*BOX.fields[1:], reference("owner", "Box")), "limit"),
        (box(string("label", 1, 10), *BOX.fields[2:]), "breaking"),
        (box(BOX.fields[1], BOX.fields[2], scalar("due", "date")), "limit"),
    ],
)
def test_what_can_be_done_says_its_hazard(after: Model, hazard: str) -> None:
    (change,) = plan(START, after).changes
    assert change.hazard == hazard
    assert plan(START, after).refused == ()


def rule_change(before: Rule, after: Rule) -> ChangeRule:
    start = changed(START, "Box", access={**BOX.access, "read": before})
    (change,) = plan(start, changed(start, "Box", access={**BOX.access, "read": after})).changes
    assert isinstance(change, ChangeRule)
    return change


def test_access_that_widens_or_cannot_be_told_needs_an_approval() -> None:
    own = library().entity("Member").access["update"]
    either = library().entity("Member").access["read"]
    librarians = library().entity("Book").access["update"]
    more = Rule(
        source="own || librarian", condition=Or(type=BOOLEAN, parts=(own.condition, librarians.condition))
    )
    assert rule_change(NOBODY, own).effect == "widens"
    assert rule_change(own, PUBLIC).effect == "widens"
    assert rule_change(own, either).effect == "widens"
    assert rule_change(own, more).hazard == "widens_access"
    assert (rule_change(own, librarians).effect, rule_change(own, librarians).hazard) == (
        "unclear",
        "widens_access",
    )
    assert (rule_change(PUBLIC, own).effect, rule_change(PUBLIC, own).hazard) == ("narrows", "safe")
    assert rule_change(either, own).effect == "narrows"


def operation_change(before: Model, after: Model) -> ChangeOperation:
    (change,) = plan(before, after).changes
    assert isinstance(change, ChangeOperation)
    return change


def with_operation(name: str, **members: object) -> Model:
    start = todos()
    new = tuple(replace(each, **members) if each.name == name else each for each in start.operations)
    return replace(start, operations=new)


def test_a_contract_change_says_in_words_what_breaks() -> None:
    body = todos().operation("create_todo").body
    assert body is not None
    strict = replace(body, fields=tuple(replace(f, required=True) for f in body.fields))
    change = operation_change(todos(), with_operation("create_todo", body=strict))
    assert change.hazard == "breaking"
    assert "member `due` is required" in change.aspects
    assert operation_change(todos(), with_operation("get_todo", path="/tasks/{id}")).hazard == "breaking"
    assert operation_change(todos(), with_operation("get_todo", caller="optional")).hazard == "widens_access"
    optional = replace(body, fields=(*body.fields, replace(body.fields[0], wire="extra", required=False)))
    assert operation_change(todos(), with_operation("create_todo", body=optional)).hazard == "safe"


def test_a_removed_operation_breaks_clients() -> None:
    after = replace(todos(), operations=todos().operations[:-1])
    (change,) = plan(todos(), after).changes
    assert (identity(change), change.hazard) == ("drop-operation delete_todo", "breaking")


def test_every_change_has_a_reverse_that_leads_back() -> None:
    after = model(
        replace(BOX, name="Crate", table="crate", was="Box", fields=(*BOX.fields[:3], flag("open", True))),
        entity("Lid", choice("kind", "round")),
    )
    for change in plan(START, after).changes:
        assert identity(reverse(reverse(change))) == identity(change)


def test_a_name_that_is_freed_and_taken_in_one_plan_is_refused() -> None:
    after = model(replace(BOX, name="Crate", table="crate", was="Box"), BOX)
    assert [diagnostic.code for diagnostic in plan(START, after).refused] == ["BW618"]
    assert plan(after, after).verdict == "empty"
    both = box(*BOX.fields[1:], scalar("deadline", "date", nullable=True, was="due"))
    assert [diagnostic.code for diagnostic in plan(START, both).refused] == ["BW618"]
    reused = model(replace(BOX, name="BOX", table="box"))
    assert "BW616" in {diagnostic.code for diagnostic in plan(START, reused).refused}
    lists = model(entity("Box", many("lids", "Lid")), entity("Lid"))
    holds = model(entity("Box"), entity("Lid"), replace(entity("BoxLids"), table="box_lids"))
    assert [diagnostic.code for diagnostic in plan(lists, holds).refused] == ["BW616"]
    assert plan(lists, lists).refused == ()


def test_the_text_shows_symbol_reason_hazard_place_and_reverse() -> None:
    weight = replace(number("weight", default=1), place=Place("backwright.yaml", 7, 5))
    shown = text(plan(START, box(*BOX.fields[1:], weight)))
    assert shown.splitlines()[2:] == [
        " + add-field Box.weight",
        "      why: Box.weight is in the specification; rows that exist get 1",
        "      type: integer",
        "      hazard: safe, rows that exist are filled",
        "      place: backwright.yaml:7",
        "      reverse: drop-field Box.weight",
        "",
        "Plan: 1 to add.",
    ]
