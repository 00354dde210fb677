"""A plan says what it does to the delivered tests: all that differ between two builds, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backwright.emit.names import names
from backwright.emit.testing import test_files as files_of
from backwright.model.build import build
from backwright.model.types import Model
from backwright.plan import plan
from backwright.project import Project
from backwright.spec import read
from backwright.verify.changed_tests import TestsChange, changed_tests

SPECIFICATION = """
service: {name: kennels, version: 1.0.0}
auth: {identity: Account, by: email, flows: [login]}
entities:
  Account:
    fields: {email: {type: email, unique: true}, password: password, role: {enum: [guest, keeper], default: guest}}
    access: {read: this == caller}
  Kennel:
    fields: {name: {type: string, max: 20}, size: {type: integer, min: 1}}
    access: {read: public, write: caller.role == 'keeper'}
    crud: {path: /kennels, order: name}
  Stay:
    fields: {kennel: {ref: Kennel}, guest: {ref: Account, set: caller}, nights: {type: integer, min: 1, max: 30}}
    access: {read: this.guest == caller, write: this.guest == caller}
    crud: {path: /stays, order: nights, only: [list, create, get]}
"""


def model(folder: Path, *edits: tuple[str, str]) -> Model:
    text = SPECIFICATION
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    return build(read(Project(folder)))


def printed(of: Model) -> dict[str, str]:
    """The tests of operations in the files of a build, by name."""
    found = {}
    for path, text in files_of(of, names(of)).items():
        if path.startswith("tests/test_") and path != "tests/test_service.py":
            for piece in re.split(r"\n\n\n(?=@|async def)", text)[1:]:
                found[piece.partition("def ")[2].partition("(")[0]] = piece.strip()
    return found


CHECK = "checks: {short: this.nights != 13}"
EDITS: dict[str, tuple[tuple[str, str], ...]] = {
    "bounds": (("max: 30", "max: 20"),),
    "a rule": (("read: public", "read: caller != null"),),
    "a check": (("    access: {read: this.guest", f"    {CHECK}\n    access: {{read: this.guest"),),
    "an operation less": (("only: [list, create, get]", "only: [list, create]"),),
    "an operation more": (("only: [list, create, get]", "only: [list, create, get, delete]"),),
    "a role": (("[guest, keeper]", "[guest, keeper, owner]"),),
    "another word of the same": (("read: this.guest == caller", "read: caller == this.guest"),),
    "the version alone": (("1.0.0", "1.0.1"),),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_what_differs_between_two_builds_is_told(edit: str, tmp_path: Path) -> None:
    old, new = model(tmp_path), model(tmp_path, *EDITS[edit])
    told = changed_tests(old, new, plan(old, new))
    was, now = printed(old), printed(new)
    assert {each for one in told for each in one.come} == now.keys() - was.keys()
    assert {each for one in told for each in one.go} == was.keys() - now.keys()
    changed = {name for name in was.keys() & now.keys() if _body(was[name]) != _body(now[name])}
    assert {each for one in told for each in one.change} == changed


def _body(text: str) -> str:
    """Without the formatter's line breaks, and without the docstring, which has the author's words in it."""
    return re.sub(r"[\s,]+", "", re.sub(r'""".*?"""', "", text, count=1, flags=re.DOTALL))


def by_name(old: Model, new: Model) -> dict[str, TestsChange]:
    return {each.operation: each for each in changed_tests(old, new, plan(old, new))}


def test_each_has_its_reasons_place_and_way_back(tmp_path: Path) -> None:
    old = model(tmp_path)
    new = model(tmp_path, ("max: 30", "max: 20"), ("only: [list, create, get]", "only: [list, create]"))
    found = by_name(old, new)
    assert found.keys() == {"create_stay", "get_stay"}
    assert found["create_stay"].reason == ("change-field Stay.nights", "change-operation create_stay")
    assert found["create_stay"].place.line == 15
    assert found["create_stay"].id == "change-tests create_stay"
    gone = found["get_stay"]
    assert (gone.id, gone.come, gone.change) == ("drop-tests get_stay", (), ())
    assert "test_get_stay" in gone.go
    assert gone.text().endswith(f"reverse: {len(gone.go)} come")
    assert by_name(new, old)["get_stay"].id == "add-tests get_stay"
