"""What the steps of an operation do otherwise is said in words; what they say of the caller guards like a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.plan.changes import ChangeOperation
from backwright.project import Project
from backwright.spec import read

SPECIFICATION = """
service: {name: shifts, version: 1.0.0}
auth: {identity: Person, by: email, flows: [login]}
entities:
  Person:
    fields: {email: {type: email, unique: true}, password: password, role: {enum: [hand, lead], default: hand}}
    access: {read: caller != null}
  Shift:
    fields: {person: {ref: Person}, hours: integer, open: {type: boolean, default: true}, note: string?}
    access: {read: caller != null, write: caller != null}
operations:
  list_shifts:
    route: GET /shifts
    steps:
      - {select: Shift, WHERE, order: hours}
    respond: {body: shifts}
  close:
    route: POST /shifts/{id}/close
    parent: {shift: Shift}
    steps:
GUARDS
      - {update: shift, set: {VALUES}}
    respond: {body: shift}
"""
LEAD = "      - {require: caller.role == 'lead', else: {error: forbidden, code: no_lead}}"
OPEN = "      - {require: shift.open, else: {error: conflict, code: closed}}"
FULL = "      - {require: shift.hours > 3, else: {error: conflict, code: short}}"


def made(folder: Path, where: str = "", guards: str = "", values: str = "open: false") -> Model:
    text = SPECIFICATION.replace("GUARDS\n", f"{guards}\n" if guards else "").replace("VALUES", values)
    text = text.replace("WHERE", f'where: "{where}"' if where else "trusted: everybody plans")
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return build(read(Project(folder)))


def said(before: Model, after: Model) -> list[tuple[str, str]]:
    return [
        (word, change.hazard)
        for change in plan(before, after).changes
        if isinstance(change, ChangeOperation)
        for word in change.aspects
        if not word.startswith(("may fail", "never fails", "reaches", "credentials"))
    ]


OWN = "this.person == caller"
LISTS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("this.open", "this.open && this.hours > 2"): [
        ("lists fewer rows of Shift: `this.open` becomes `this.open && this.hours > 2`", "breaking")
    ],
    ("this.open && this.hours > 2", "this.open"): [
        ("lists more rows of Shift: `this.open && this.hours > 2` becomes `this.open`", "safe")
    ],
    ("this.open", "this.hours > 2"): [
        ("lists other rows of Shift: `this.open` becomes `this.hours > 2`", "breaking")
    ],
    ("this.person == caller", "this.person == caller || this.open"): [
        (f"lists more rows of Shift: `{OWN}` becomes `{OWN} || this.open`", "widens_access")
    ],
    ("this.person == caller", "this.open"): [
        ("lists other rows of Shift: `this.person == caller` becomes `this.open`", "widens_access")
    ],
    ("!(this.open && this.hours > 2)", "!this.open || this.hours <= 2"): [],
    ("this.open", ""): [("lists more rows of Shift: `this.open` becomes all", "widens_access")],
}  # fmt: skip


@pytest.mark.parametrize("pair", LISTS)
def test_which_rows_are_listed_is_told(pair: tuple[str, str], tmp_path: Path) -> None:
    """Past the access rules (the last one is trusted), and by a condition about the caller, more is wider access."""
    assert said(made(tmp_path, pair[0]), made(tmp_path, pair[1])) == LISTS[pair]


GUARDS: dict[tuple[str, str], list[tuple[str, str]]] = {
    (LEAD, ""): [("`caller.role == 'lead'` is not required any more", "widens_access")],
    ("", LEAD): [("`caller.role == 'lead'` is required", "breaking")],
    (LEAD, LEAD.replace("caller.role == 'lead'", "\"caller.role in ['lead', 'hand']\"")): [
        ("`caller.role in ['lead', 'hand']` is required instead of `caller.role == 'lead'`", "widens_access")
    ],
    (LEAD, LEAD.replace("caller.role == 'lead'", "\"!(caller.role != 'lead')\"")): [],
    (OPEN, ""): [("`shift.open` is not required any more", "safe")],
    ("", OPEN): [("`shift.open` is required", "breaking")],
    (FULL, FULL.replace("> 3", "> 5")): [
        ("`shift.hours > 5` is required instead of `shift.hours > 3`", "breaking")
    ],
    (FULL, FULL.replace("> 3", "> 1")): [
        ("`shift.hours > 1` is required instead of `shift.hours > 3`", "safe")
    ],
    (f"{LEAD}\n{OPEN}", f"{OPEN}\n{LEAD}"): [],
    (OPEN, OPEN.replace("error: conflict", "error: forbidden")): [
        ("answers otherwise where `shift.open` is false", "breaking")
    ],
}  # fmt: skip


@pytest.mark.parametrize("pair", GUARDS)
def test_what_is_required_is_told(pair: tuple[str, str], tmp_path: Path) -> None:
    old, new = (made(tmp_path, "this.open", guards) for guards in pair)
    assert said(old, new) == GUARDS[pair]


def test_what_is_done_with_the_rows_is_something_else(tmp_path: Path) -> None:
    """Also beside a condition that is new: it is not all that changes."""
    old = made(tmp_path, "this.open")
    new = made(tmp_path, "this.open", OPEN, "open: false, note: \"'by hand'\"")
    assert said(old, new) == [("`shift.open` is required", "breaking"), ("does something else", "breaking")]
