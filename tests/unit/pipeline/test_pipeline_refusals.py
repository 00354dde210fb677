"""A specification with parts that cannot be emitted can be checked and served, and nothing is built of it.

The checker knows of none by now; here the emitters refuse one on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backwright.cli import app
from backwright.emit.refusals import MEND, NOT_EMITTED
from backwright.model.types import Model
from backwright.pipeline import planning
from backwright.spec.diagnostics import Diagnostic, Place, diagnose

PLAIN = """\
service: {name: shop, version: 1.0.0}
entities:
  Item:
    fields:
      title: {type: string, max: 80}
    access: public
    crud: {path: /items}
"""
PRICED = PLAIN.replace("max: 80}\n", "max: 80}\n      price: {type: decimal, scale: 2}\n")


def without_prices(model: Model) -> list[Diagnostic]:
    """What emitters say that cannot do prices."""
    priced = any(field.name == "price" for entity in model.entities for field in entity.fields)
    place = Place("backwright.yaml", 6, 7)
    return [diagnose(NOT_EMITTED, place, "a price cannot be emitted", MEND)] if priced else []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(planning, "not_emitted", without_prices)
    (tmp_path / "backwright.yaml").write_text(PRICED, encoding="utf-8")
    return tmp_path


def called(project: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON answer of a command."""
    done = CliRunner().invoke(app, [*arguments, "--project", str(project), "--json"])
    return done.exit_code, json.loads(done.stdout)


def files(project: Path) -> dict[str, bytes]:
    """Every file outside the tool's own state."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".backwright" not in path.parts
    }


def is_refused(project: Path, *arguments: str) -> bool:
    """Whether a command stops at the price: exit code, code and place."""
    code, answer = called(project, *arguments)
    found = [(each["code"], each["place"]["line"]) for each in answer["diagnostics"]]
    return code == 1 and ("BW803", 6) in found and {each for each, _ in found} == {"BW803"}


@pytest.mark.parametrize("command", ["build", "plan", "run"])
def test_nothing_is_planned_or_written(project: Path, command: str) -> None:
    before = files(project)
    assert is_refused(project, command)
    assert files(project) == before


@pytest.mark.parametrize(
    "arguments", [["check"], ["check", "--show"], ["status"], ["explain", "create_item"]]
)
def test_the_specification_is_understood_all_the_same(project: Path, arguments: list[str]) -> None:
    code, _ = called(project, *arguments)
    assert code == 0


def test_a_build_stays_as_it_is_while_the_specification_is_ahead_of_emission(project: Path) -> None:
    (project / "backwright.yaml").write_text(PLAIN, encoding="utf-8")
    assert called(project, "build")[0] == 0
    (project / "backwright.yaml").write_text(PRICED, encoding="utf-8")
    before = files(project)
    assert is_refused(project, "build")
    assert is_refused(project, "verify")
    assert files(project) == before
    assert called(project, "migrate", "up")[0] == 0
