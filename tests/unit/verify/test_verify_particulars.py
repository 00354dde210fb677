"""What a scenario needs not say of a person, and how persons come about whom nobody could register."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.reader import read
from backwright.verify.acceptance import rehearse
from backwright.verify.scenarios import parse_scenarios

SERVICE = """\
service: {name: club, version: 1.0.0}
auth: {identity: Member, by: email, flows: [register, login, me]}
entities:
  Skill:
    fields: {name: {type: string, unique: true}}
    access: public
  Member:
    fields:
      email: {type: email, unique: true}
      password: {type: password, min: 12}
      role: {enum: [guest, chief], default: guest, write: caller.role == 'chief'}
      skills: {refs: Skill}
      names: {list: {type: string, min: 4}, min: 2}
      fee: {type: decimal, min: 3}
      card: bytes
    access: {create: public, read: caller != null, update: this == caller}
"""


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Model:
    root: Path = tmp_path_factory.mktemp("club")
    (root / "backwright.yaml").write_text(SERVICE, encoding="utf-8")
    return build(read(Project(root)))


def played(given: str, then: str, model: Model) -> str:
    """What is wrong with a scenario of one person; empty: nothing."""
    text = f"- id: AC-1\n  title: One\n  given: [{given}]\n  when: {{as: ann, do: me}}\n  then: [{then}]\n"
    scenarios, found = parse_scenarios(text, "acceptance.yaml")
    assert found == []
    (result,) = rehearse(scenarios, model)
    return result.detail


def test_whoever_registers_needs_no_more_than_a_name(club: Model) -> None:
    """Lists of rows, lists of texts, amounts and files are thought up as texts are."""
    wanted = "{status: 200, body: {role: guest, skills: [], names: [annx, annx], fee: '3.00'}}"
    assert played("{user: ann}", wanted, club) == ""


def test_what_only_some_may_send_comes_with_the_row(club: Model) -> None:
    """The first chief cannot be made by a chief: whoever registers is nobody yet."""
    assert played("{user: ann, with: {role: chief}}", "{status: 200, body: {role: chief}}", club) == ""
