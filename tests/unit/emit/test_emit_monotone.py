"""A check is left out where no request can break it, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backwright.emit.monotone import still_holds
from backwright.model.build import build
from backwright.model.types import Entity, Operation, Update
from backwright.project import Project
from backwright.spec import read

CHECKS = {
    "low": "this.have >= 0",
    "high": "this.have <= 9",
    "pair": "this.kept >= 0 && this.kept <= this.have",
    "either": "this.have > 3 || this.kept < 2",
    "other": "this.have != 3",
    "less": "this.have - this.kept >= 0",
}
SETS = {
    "more": "{have: this.have + body.some}",
    "fewer": "{have: this.have - body.some}",
    "keep": "{kept: this.kept + body.some}",
    "free": "{kept: this.kept - body.some}",
    "any": "{have: this.have + body.any}",
    "one": "{have: this.have + 1}",
    "exactly": "{have: body.some}",
    "across": "{have: this.kept + body.some}",
}
HOLD = {
    "more": {"low", "pair", "either"},
    "fewer": {"high"},
    "keep": {"low", "high", "other"},
    "free": {"low", "high", "other", "either"},
    "any": set[str](),
    "one": {"low", "pair", "either"},
    "exactly": set[str](),
    "across": set[str](),
}
SPECIFICATION = """
service: {{name: shelf, version: 1.0.0}}
entities:
  Item:
    fields: {{have: {{type: integer, default: 5}}, kept: {{type: integer, default: 1}}}}
    checks:
{checks}
    access: {{read: public, write: public}}
operations:
{operations}
"""
BODY = "{some: {type: integer, min: 0}, any: integer}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entity, dict[str, Operation]]:
    root: Path = tmp_path_factory.mktemp("shelf")
    checks = "\n".join(
        f"      {name}: {{that: '{each}', field: have, code: {name}}}" for name, each in CHECKS.items()
    )
    operations = "\n".join(
        f"  {name}:\n    route: POST /items/{{id}}/{name}\n    body: {BODY}\n"
        f"    steps: [{{find: Item}}, {{update: item, set: {each}}}]\n    respond: 204"
        for name, each in SETS.items()
    )
    text = SPECIFICATION.format(checks=checks, operations=operations)
    (root / "backwright.yaml").write_text(text, "utf-8")
    model = build(read(Project(root)))
    return model.entity("Item"), {each.name: each for each in model.operations}


def kept(entity: Entity, operation: Operation) -> Iterator[str]:
    [step] = [each for each in operation.steps if isinstance(each, Update)]
    for check in entity.checks:
        if still_holds(check.condition.meaning, step.values, operation):
            yield check.name


@pytest.mark.parametrize("name", SETS)
def test_what_a_change_cannot_break(name: str, made: tuple[Entity, dict[str, Operation]]) -> None:
    entity, operations = made
    assert set(kept(entity, operations[name])) == HOLD[name]
