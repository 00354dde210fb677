"""A request that looks at all rows of an entity that is declared large is blocked, and told which lines mend it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.plan.approval import approve, blocked
from backwright.plan.changes import Change, identity
from backwright.plan.show import text
from backwright.project import Project
from backwright.spec.reader import read

SPECIFICATION = """service: {{name: shop, version: 1.0.0}}
auth: {{identity: Person, by: email, flows: [register, login]}}
entities:
  Person:
    fields: {{email: {{type: email, unique: true}}, password: password}}
    access: {{create: public, read: this == caller}}
  Order:
    fields:
      number: string
      note: string
      at: timestamp
      state: {{enum: [open, paid]}}
      person: {{ref: Person}}
    access: {access}
    {rows}
    {indexes}
    crud:
      path: /orders
      only: [list]
      {listed}
"""
LARGE = "expected_rows: 1000000"
OPEN, OWN = "public", "this.person == caller"
LIST = " list_orders"


def modelled(
    folder: Path, listed: str = "", *, rows: str = LARGE, indexes: str = "", access: str = OPEN
) -> Model:
    filled = SPECIFICATION.format(listed=listed, rows=rows, indexes=indexes, access=access)
    (folder / "backwright.yaml").write_text(filled, "utf-8")
    return build(read(Project(folder)))


def of(changes: tuple[Change, ...], name: str) -> Change:
    [found] = [change for change in changes if identity(change).endswith(name)]
    return found


@pytest.mark.parametrize(
    ("listed", "indexes", "slow"),
    [
        ('filters: {numbered: "this.number == params.number"}', "", True),
        ('filters: {numbered: "this.number == params.number"}', "indexes: [[number]]", False),
        ('filters: {numbered: "this.number == params.number"}', "indexes: [[at, number]]", True),
        ('filters: {noted: "this.note.contains(params.text)"}', "indexes: [[note]]", True),
        ('filters: {since: "this.at >= params.since"}', "", True),
        ('filters: {since: "this.at >= params.since"}', "indexes: [[at]]", False),
        ('filters: {of: "this.person == params.person"}', "", False),  # references have one
        ('filters: {in: "this.state == params.state"}', "", False),  # few values: any index will do
        ("order: at desc", "", True),
        ("order: at desc", "indexes: [[at desc]]", False),
        ("sort: {at: [at], number: [number]}", "indexes: [[at]]", True),
        ("order: id desc", "", False),
    ],
)
def test_a_new_filter_or_order_needs_an_index(tmp_path: Path, listed: str, indexes: str, slow: bool) -> None:
    before = modelled(tmp_path)
    after = modelled(tmp_path, listed, indexes=indexes)
    change = of(plan(before, after).changes, LIST)
    assert (change.hazard == "needs_index") is slow, change.reason
    assert ("1000000 rows of Order" in change.reason) is slow
    assert ("needs an index, a narrower list or an approval" in text(plan(before, after))) is slow
    assert [identity(each) for each in plan(before, after).hazardous] == (
        ["change-operation list_orders"] if slow else []
    )
    small = plan(modelled(tmp_path, rows="expected_rows: 99999"), modelled(tmp_path, listed, rows=""))
    assert {change.hazard for change in small.changes} == {"safe"}


def test_a_list_that_is_narrowed_by_an_index_may_filter_and_order_as_it_likes(tmp_path: Path) -> None:
    listed = 'filters: {noted: "this.note.contains(params.text)"}\n      order: at desc'
    change = of(plan(modelled(tmp_path, access=OWN), modelled(tmp_path, listed, access=OWN)).changes, LIST)
    assert change.hazard == "safe"


def test_what_was_there_is_not_said_again_but_when_the_index_goes_or_the_rows_come(tmp_path: Path) -> None:
    index = "indexes: [[at]]"
    with_index, without = modelled(tmp_path, "order: at", indexes=index), modelled(tmp_path, "order: at")
    gone = of(plan(with_index, without).changes, LIST)
    assert (gone.hazard, "order sorts 1000000 rows" in gone.reason) == ("needs_index", True)
    small = modelled(tmp_path, "order: at", rows="")
    grown = of(plan(small, without).changes, LIST)
    assert (grown.hazard, "order sorts 1000000 rows" in grown.reason) == ("needs_index", True)
    relabelled = modelled(tmp_path, 'order: at\n      filters: {of: "this.person == params.person"}')
    assert of(plan(without, relabelled).changes, LIST).hazard == "safe"


def test_the_first_plan_says_it_too(tmp_path: Path) -> None:
    change = of(plan(None, modelled(tmp_path, "order: at")).changes, LIST)
    assert (change.hazard, "order sorts" in change.reason) == ("needs_index", True)


@pytest.mark.parametrize(
    ("listed", "had"),
    [
        ('filters: {numbered: "this.number == params.number"}', ""),
        ('filters: {both: "this.number == params.number && this.at >= params.since"}', "[note]"),
        ("order: at desc", ""),
        ("order: at", "[number]"),
        ("sort: {at: [at], number: [number desc]}", ""),
    ],
)
def test_the_lines_that_it_asks_for_are_enough(listed: str, had: str, tmp_path: Path) -> None:
    before = modelled(tmp_path, indexes=f"indexes: [{had}]" if had else "")
    made = plan(before, modelled(tmp_path, listed, indexes=f"indexes: [{had}]" if had else ""))
    (diagnostic,) = blocked(made, [])
    assert diagnostic.code == "BW623"
    assert diagnostic.mend.count("`indexes: [") == 1, "one line for one entity"
    asked = [part.split("`")[0] for part in diagnostic.mend.split("`indexes: [")[1:]]
    written = ", ".join(filter(None, [had, *(part.removesuffix("]") for part in asked)]))
    after = modelled(tmp_path, listed, indexes=f"indexes: [{written}]")
    assert blocked(plan(before, after), []) == []


def test_what_no_index_finds_is_to_be_narrowed_or_approved_by_name(tmp_path: Path) -> None:
    made = plan(modelled(tmp_path), modelled(tmp_path, 'filters: {noted: "this.note.contains(params.text)"}'))
    (diagnostic,) = blocked(made, [])
    assert "indexes:" not in diagnostic.mend
    assert "no index finds a part of a text" in diagnostic.message
    assert diagnostic.mend.startswith("Narrow it down to rows that an index finds")
    assert f"approve {made.short} --change 'change-operation list_orders'" in diagnostic.mend
    given = approve(
        made, made.short, ["change-operation list_orders"],
        by="ada", reason="few ask", rollback="build the former one", at=datetime(2030, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert blocked(made, [given]) == []


@pytest.mark.parametrize(
    ("access", "slow"),
    [
        ("public", True),
        ("this.person == caller", False),
        ("this.person.email == caller.email", False),
        ("this.person.email == caller.email || this.state == 'open'", True),
        ("this.state == 'open'", True),
        ("this.number == caller.email", True),
    ],
)
def test_nobody_is_blocked_whose_rows_an_index_finds(access: str, slow: bool, tmp_path: Path) -> None:
    """Over a reference, too; but a condition that leaves many rows, or that no index serves, narrows nothing."""
    made = plan(
        modelled(tmp_path, access=f'"{access}"'), modelled(tmp_path, "order: at", access=f'"{access}"')
    )
    assert [each.code for each in blocked(made, [])] == (["BW623"] if slow else [])


def test_a_rule_that_does_not_narrow_any_more_makes_a_list_slow(tmp_path: Path) -> None:
    before, after = (modelled(tmp_path, "order: at", access=access) for access in (OWN, OPEN))
    assert {each.code for each in blocked(plan(before, after), [])} >= {"BW602", "BW623"}


STEPS = """service: {name: shop, version: 1.0.0}
entities:
  Order:
    fields: {number: string, code: {type: string%s}, open: boolean}
    access: public
    expected_rows: 200000
    crud: {path: /orders, only: [list]}
operations:
  close_orders:
    route: POST /close
    body: {number: {type: string, max: 200}}
    steps:
      - {update: Order, where: "this.%s == body.number%s", set: {open: "false"}, as: closed}
    respond: 204
"""


@pytest.mark.parametrize(
    ("unique", "field", "more", "slow"),
    [
        (", unique: true", "code", "", False),
        ("", "code", "", True),
        (", unique: true", "number", "", True),
        (", unique: true", "number", " && this.code == 'x'", False),
    ],
)
def test_so_are_conditions_of_steps(unique: str, field: str, more: str, slow: bool, tmp_path: Path) -> None:
    def stepping(*words: str) -> Model:
        (tmp_path / "backwright.yaml").write_text(STEPS % words, "utf-8")
        return build(read(Project(tmp_path)))

    made = plan(stepping(", unique: true", "code", ""), stepping(unique, field, more))
    found = [each for each in blocked(made, []) if each.code == "BW623"]
    assert bool(found) is slow
    assert all(f"`indexes: [[{field}]]` in Order" in each.mend for each in found)


def test_a_new_name_makes_nothing_new(tmp_path: Path) -> None:
    before = modelled(tmp_path, "order: at")
    text_of = SPECIFICATION.replace("      at: timestamp", "      moment: {{type: timestamp, was: at}}")
    filled = text_of.format(listed="order: moment", rows=LARGE, indexes="", access=OPEN)
    (tmp_path / "backwright.yaml").write_text(filled, "utf-8")
    made = plan(before, build(read(Project(tmp_path))))
    assert "needs_index" not in {hazard for change in made.changes for hazard in change.hazards}
