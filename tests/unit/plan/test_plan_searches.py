"""What a plan says of lists of entities that are declared large, where no index fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
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
    assert ("needs an index or a limit" in text(plan(before, after))) is slow
    assert not plan(before, after).hazardous  # it is stated, and nobody has to approve
    small = plan(modelled(tmp_path, rows="expected_rows: 99999"), modelled(tmp_path, listed, rows=""))
    assert {change.hazard for change in small.changes} == {"safe"}


def test_a_list_that_is_narrowed_by_an_index_may_filter_and_order_as_it_likes(tmp_path: Path) -> None:
    listed = 'filters: {noted: "this.note.contains(params.text)"}\n      order: at desc'
    change = of(plan(modelled(tmp_path, access=OWN), modelled(tmp_path, listed, access=OWN)).changes, LIST)
    assert change.hazard == "safe"


def test_what_was_there_is_not_said_again_but_when_the_index_goes_or_the_rows_come(tmp_path: Path) -> None:
    index = "indexes: [[at]]"
    with_index, without = modelled(tmp_path, "order: at", indexes=index), modelled(tmp_path, "order: at")
    gone = of(plan(with_index, without).changes, "_at_idx")
    assert (gone.hazard, "order sorts 1000000 rows" in gone.reason) == ("needs_index", True)
    small = modelled(tmp_path, "order: at", rows="")
    grown = of(plan(small, without).changes, "entity Order")
    assert (grown.hazard, "order sorts 1000000 rows" in grown.reason) == ("needs_index", True)
    relabelled = modelled(tmp_path, 'order: at\n      filters: {of: "this.person == params.person"}')
    assert of(plan(without, relabelled).changes, LIST).hazard == "safe"


def test_the_first_plan_says_it_too(tmp_path: Path) -> None:
    change = of(plan(None, modelled(tmp_path, "order: at")).changes, LIST)
    assert (change.hazard, "order sorts" in change.reason) == ("needs_index", True)
