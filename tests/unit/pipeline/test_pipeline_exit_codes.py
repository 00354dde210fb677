"""How `plan` ends says which classes of changes wait for an approval, alone and together."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backwright.agent.mcp.commands import meaning
from backwright.cli import app
from backwright.console import PLAN_BITS, Exit, blocked_by, hazards_of
from backwright.plan.plan import NEEDS_APPROVAL

SPECIFICATION = """\
service: {name: shop, version: 1.0.0}
entities:
  Item:
    fields:
      title: {type: string, max: 80}
      hidden: boolean
    access: {read: this.hidden == false, write: public}
    crud: {path: /items, only: [list, get, create]}
  Entry:
    fields: {text: string, more: string?}
    access: none
"""
DESTRUCTIVE = (", more: string?", "")
BREAKING = ("only: [list, get, create]", "only: [get, create]")
WIDENS = ("read: this.hidden == false", "read: public")
SAFE = ("text: string,", "text: string, later: string?,")
SLOW = (
    "access: none\n",
    "access: none\n    expected_rows: 1000000\n    crud: {path: /entries, only: [list], order: text}\n",
)
UNFIT = ("{type: string, max: 80}", "integer")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that is built."""
    root = tmp_path_factory.mktemp("shop")
    (root / "backwright.yaml").write_text(SPECIFICATION, "utf-8")
    assert called(root, "build")[0] == 0
    return root


def called(project: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, [*arguments, "--project", str(project), "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("edits", "code", "classes"),
    [
        ([], 0, []),
        ([SAFE], 0, []),
        ([DESTRUCTIVE], 11, ["destructive"]),
        ([BREAKING], 19, ["breaking"]),
        ([WIDENS, SAFE], 35, ["widens_access"]),
        ([DESTRUCTIVE, BREAKING], 27, ["breaking", "destructive"]),
        ([DESTRUCTIVE, WIDENS], 43, ["widens_access", "destructive"]),
        ([BREAKING, WIDENS], 51, ["breaking", "widens_access"]),
        ([DESTRUCTIVE, BREAKING, WIDENS], 59, ["breaking", "widens_access", "destructive"]),
        ([SLOW], 67, ["needs_index"]),
        ([DESTRUCTIVE, SLOW], 75, ["needs_index", "destructive"]),
        (
            [DESTRUCTIVE, BREAKING, WIDENS, SLOW],
            123,
            ["needs_index", "breaking", "widens_access", "destructive"],
        ),
    ],
)
def test_each_set_of_classes_has_a_code(
    edits: list[tuple[str, str]], code: int, classes: list[str], project: Path
) -> None:
    text = SPECIFICATION
    for old, new in edits:
        text = text.replace(old, new)
    (project / "backwright.yaml").write_text(text, "utf-8")
    ended, answer = called(project, "plan")
    assert (ended, answer["exit_code"], answer["blocked_by"]) == (code, code, classes)
    assert answer["ok"] is (code == 0)
    assert code in (0, 3 + sum(PLAN_BITS[each] for each in classes))
    if code:
        assert called(project, "build")[0] == Exit.BLOCKED, "who builds only asks whether it is blocked"


def test_what_is_approved_waits_no_longer(project: Path) -> None:
    text = SPECIFICATION.replace(*DESTRUCTIVE).replace(*BREAKING)
    (project / "backwright.yaml").write_text(text, "utf-8")
    plan = called(project, "plan")[1]["plan"]["hash"]
    said = ["--by", "ada", "--reason", "unused", "--rollback", "migrate down"]
    assert called(project, "approve", plan, "--change", "drop-field Entry.more", *said)[0] == 0
    ended, answer = called(project, "plan")
    assert (ended, answer["blocked_by"]) == (19, ["breaking"])
    assert called(project, "approve", plan, "--change", "drop-operation list_items", *said)[0] == 0
    assert called(project, "plan")[0] == 0


def test_a_code_says_its_classes_and_no_other_code_does() -> None:
    assert set(PLAN_BITS) == NEEDS_APPROVAL
    sets = [each for size in range(5) for each in combinations(PLAN_BITS, size)]
    assert [hazards_of(blocked_by(each)) for each in sets] == sets
    assert all(blocked_by(each) % 8 == Exit.BLOCKED for each in sets)
    others = set(range(-9, 256)) - {blocked_by(each) for each in sets}
    assert not any(hazards_of(code) for code in others)
    assert {int(each) for each in Exit} & {blocked_by(each) for each in sets} == {int(Exit.BLOCKED)}
    assert "destructive and widens access" in meaning(43)
    assert (meaning(3), meaning(-9), meaning(12)) == (
        "somebody has to answer a question or approve a plan; you cannot",
        "it was killed",
        "it ended in an unknown way",
    )


def test_the_documentation_lists_them() -> None:
    text = (Path(__file__).parents[3] / "docs" / "plan.md").read_text("utf-8")
    for size in range(1, 5):
        for each in combinations(PLAN_BITS, size):
            assert f"| {blocked_by(each)} |" in text
