"""Mistakes of a newcomer, ten at once: each is said, at its place, and none hides another."""

from __future__ import annotations

from pathlib import Path

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError

WRITTEN = """\
service: {name: polls, version: 0.1.0}
auth: {identity: Voter, by: email, flows: [register, «BW205:logn]}
entities:
  Voter:
    fields:
      email: {type: email, unique: «BW118:yes}
      password: {type: «BW205:pasword}
    access: {create: public, read: «BW104:!this.email || this == caller, «BW201:updaet: none}
  Poll:
    fields:
      question: {type: string, «BW201:mx: 200, min: «BW202:few}
      owner: {ref: Voter, set: caller}
    access: {read: «BW107:this.question.startsWith(a, b), write: this.owner == caller}
operations:
  vote: {route: POST /polls/«BW123:{id}/vote, steps: [{find: Poll}], respond: «BW205:999}
"""
MEANT = """\
service: {name: polls, version: 0.1.0}
auth: {identity: Voter, by: email, flows: [register, login]}
entities:
  Voter:
    fields:
      email: {type: email, unique: true}
      password: password
    access: {create: public, read: this == «BW403:caler}
  Poll:
    fields:
      question: {type: string, max: 200, default: «BW408:5}
      owner: {ref: «BW301:Votr, set: caller}
      closes_at: timestamp
      votes: {type: integer, default: "0"}
    access: {read: public, write: this.«BW404:ownr == caller}
    crud: {path: «BW305:polls, filters: {open: «BW314:this.closes_at > now}, order: «BW302:closes}
    checks: {some: {that: «BW408:this.votes}}
  «BW501:Ballot:
    fields: {poll: {ref: «BW301:Pol}}
"""


def expected(text: str) -> tuple[str, set[tuple[str, int, int]]]:
    """The text without its marks, and what is to be said where."""
    found = set()
    while (at := text.find("«")) >= 0:
        colon = text.index(":", at)
        found.add((text[at + 1 : colon], text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)))
        text = text[:at] + text[colon + 1 :]
    return text, found


def said(folder: Path, text: str) -> set[tuple[str, int, int]]:
    (folder / "backwright.yaml").write_text(text, encoding="utf-8")
    try:
        found = examine(read(Project(folder)))[1]
    except SpecificationError as error:
        found = list(error.diagnostics)
    return {(each.code, each.place.line, each.place.column) for each in found}


def test_mistakes_of_writing_do_not_hide_each_other(tmp_path: Path) -> None:
    text, wanted = expected(WRITTEN)
    assert said(tmp_path, text) == wanted
    assert len(wanted) == 10


def test_mistakes_of_meaning_do_not_hide_each_other(tmp_path: Path) -> None:
    text, wanted = expected(MEANT)
    assert said(tmp_path, text) == wanted
    assert len(wanted) == 10
