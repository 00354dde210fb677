"""Each folder here is a project with a feature folder as people hand it over; `expected.md` is all that is said to it.

`evidence.yaml` is the world around it: the operations, which files a build wrote (`files`), which of them were
`edited`, what lies `beside` them, what the gates said, whose artifact was `altered` since, and which boxes results
`ticked` before. A new folder is a new test. BACKWRIGHT_UPDATE_CASES=1 rewrites the expected files.
"""

import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from backwright.emit.project import Lock
from backwright.project import Project
from backwright.report import progress
from backwright.task import (
    acknowledge,
    boxes,
    cards,
    documents,
    events,
    evidence,
    features,
    questions,
    roles,
    ticking,
)
from backwright.verify.results import GateResult, ScenarioResult

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/specs"))
GATES = ("integrity", "lint", "types", "logic", "contract", "migrations", "unit", "acceptance", "authorization",
         "behaviour", "load")  # fmt: skip
BUILD = "b" * 64


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def project(case: Path, tmp_path: Path) -> Project:
    """A copy of the case with what is around it."""
    shutil.copytree(case, tmp_path / "project")
    project = Project(tmp_path / "project")
    world = _world(case)
    for path, text in {**world.get("files", {}), **world.get("beside", {})}.items():
        file = project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + (" edited" if path in world.get("edited", ()) else ""))
    hashes = {path: _hash(text.encode()) for path, text in world.get("files", {}).items()}
    project.lock.write_bytes(msgspec.json.encode(Lock(files=hashes)))
    for name, status in world.get("gates", {}).items():
        _run(project, name, status, world)
    for feature, names in world.get("ticked", {}).items():
        events.append(project, events.BoxesSet(feature=feature, build=BUILD, ticked=tuple(names), opened=()))
    return project


def _world(case: Path) -> dict[str, Any]:
    file = case / "evidence.yaml"
    return YAML(typ="safe").load(file.read_text("utf-8")) if file.exists() else {}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _run(project: Project, name: str, status: str, world: dict[str, Any]) -> None:
    """A gate's artifact and event; one that was altered has other bytes than were recorded."""
    executed = [
        ScenarioResult(id=each.id, title=each.title, story=each.story, covers=each.covers, status=found)
        for feature in features.every(project)
        for each in feature.scenarios
        if (found := world.get("scenarios", {}).get(each.id))
    ]
    result = GateResult(
        gate=name,
        title=name.capitalize(),
        status=status,
        summary="as it should be" if status == "passed" else "something is wrong",
        build=BUILD,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.0,
        scenarios=tuple(executed) if name == "acceptance" else (),
    )
    data = msgspec.json.encode(result)
    path = f".backwright/runs/1/{name}.json"
    file = project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data + (b" " if name in world.get("altered", ()) else b""))
    events.append(
        project,
        events.GateFinished(
            gate=name, status=status, artifact=path, sha256=_hash(data), build=BUILD, seconds=1.0
        ),
    )


def _progress(project: Project, case: Path) -> tuple[progress.FeatureProgress, ...]:
    log, found = events.read(project), features.every(project)
    operations = [
        SimpleNamespace(name=name, method=call.split()[0], path=call.split()[1])
        for name, call in _world(case).get("operations", {}).items()
    ]
    asked = questions.compute((), found, log, decide=roles.read(project))
    proof = evidence.gather(project, log, BUILD)
    return progress.compute(project, SimpleNamespace(operations=operations), proof, found, asked, log, GATES)


def _said(project: Project, case: Path) -> str:
    """The acknowledgement of each folder, the progress, and the boxes as results set them."""
    log, decide = events.Log(), roles.read(project)
    parts = []
    for feature in features.every(project):
        card = cards.of_feature(feature)
        asked = questions.compute((), (feature,), log, card, decide)
        parts.append(acknowledge.markdown(acknowledge.acknowledge(card, None, (feature,), asked, log)))
    found = _progress(project, case)
    parts += [
        "# Progress",
        "",
        "```",
        progress.text(found).strip(),
        "```",
        "",
        "# Boxes afterwards",
        "",
        "```",
    ]
    for feature in features.every(project):
        _tick(project, feature, found)
        text = documents.read(project, project.root / feature.folder, "tasks.md").text
        parts += [text[box.offset - 3 : box.offset + 9].strip() for box in feature.boxes if text]
    return "\n".join([*parts, "```", ""]).replace("\r", "␍")


def _tick(project: Project, feature: features.Feature, found: tuple[progress.FeatureProgress, ...]) -> None:
    tasks = next(each.tasks for each in found if each.name == feature.name)
    wanted = {task.offset: task.state == "done" for task in tasks}
    if wanted:
        ticking.tick(project, feature, wanted)


def test_what_is_said_is_what_is_expected(project: Project, case: Path) -> None:
    text = _said(project, case)
    if os.environ.get("BACKWRIGHT_UPDATE_CASES"):
        (case / "expected.md").write_text(text, encoding="utf-8")
    assert text == (case / "expected.md").read_text(encoding="utf-8")


def test_ticking_changes_marks_and_not_another_byte(project: Project, case: Path) -> None:
    for feature in features.every(project):
        before = documents.read(project, project.root / feature.folder, "tasks.md")
        marks = {box.offset for box in feature.boxes}
        _tick(project, feature, _progress(project, case))
        after = documents.read(project, project.root / feature.folder, "tasks.md")
        assert len(after.text) == len(before.text)
        changed = {n for n, (old, new) in enumerate(zip(before.text, after.text, strict=True)) if old != new}
        assert changed <= marks
        for name in ("spec.md", "plan.md", "acceptance.yaml"):
            kept = documents.read(project, project.root / feature.folder, name)
            assert kept.data == documents.read(Project(case), case / feature.folder, name).data


def test_boxes_that_are_as_results_say_stay_so(project: Project, case: Path) -> None:
    for feature in features.every(project):
        _tick(project, feature, _progress(project, case))
    first = [(task.ticked, task.state == "done") for each in _progress(project, case) for task in each.tasks]
    assert all(ticked == done for ticked, done in first)
    assert boxes.ticked("- [x] a", {3: True}) == "- [x] a"
