"""The command hands over the last build, and says so."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from handover_packs import copied, handed, packs_of
from typer.testing import CliRunner

from backwright.cli import app
from backwright.pipeline.building import build_digest
from backwright.project import Project
from backwright.task import events
from backwright.verify.results import GateResult


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copied("todos", tmp_path)


def run(project: Project, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["handover", "-p", str(project.root), *arguments])
    return done.exit_code, done.output


def test_the_packs_are_listed_and_those_of_others_are_not_written(project: Project) -> None:
    code, told = run(project, "--to", "DO-012", "--json")
    said = json.loads(told)
    assert (code, said["ok"], said["changed"]) == (0, True, True)
    assert said["packs"] == [{"kind": "DO", "tasks": ["DO-012"]}]
    folder = Path(said["folder"])
    assert folder == project.root / "handover"
    assert sorted(said["files"]) == sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )
    assert "DO-012" in (folder / "README.md").read_text()
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "do", "handover.json"]


def test_the_same_build_is_handed_over_in_the_same_bytes(tmp_path: Path) -> None:
    first = packs_of("todos")
    again = first.parent / "again"
    assert run(Project(first.parent), "--out", str(again))[0] == 0
    assert {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()} == {
        p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()
    }
    contract = (first.parent / "todos" / "openapi.json").read_bytes()
    assert (first / "fe" / "openapi.json").read_bytes() == contract


def test_a_claim_is_a_link_to_a_run_that_still_stands(project: Project) -> None:
    digest = build_digest(project)
    assert digest is not None
    passed = GateResult(
        gate="migrations",
        title="Up and down",
        database="sqlite",
        status="passed",
        build=digest,
        summary="12 checks",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1,
    )
    file = project.root / ".backwright" / "runs" / "1" / "migrations-sqlite.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(msgspec.json.encode(passed))
    events.append(
        project,
        events.GateFinished(
            gate="migrations",
            database="sqlite",
            status="passed",
            artifact=".backwright/runs/1/migrations-sqlite.json",
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            build=digest,
        ),
    )
    page = handed(project, "DO-001") / "do" / "README.md"
    claimed = re.search(r"with rows in the tables on sqlite \(\[[0-9a-f]{12}\]\((.*?)\)\)", page.read_text())
    assert claimed is not None
    assert (page.parent / claimed[1]).resolve() == file.resolve()
    assert "| sqlite | passed: 12 checks |" in page.read_text()
    file.write_bytes(file.read_bytes() + b" ")
    text = (handed(project, "DO-001") / "do" / "README.md").read_text()
    assert "**not run** for this build" in text
    assert "passed" not in text


def test_another_specification_than_the_built_one_is_not_handed_over(project: Project) -> None:
    text = project.specification.read_text()
    project.specification.write_text(text.replace("max: 200", "max: 201"))
    code, told = run(project)
    assert (code, "BW941" in told) == (1, True)
    assert not (project.root / "handover").exists()


def test_nothing_is_handed_over_to_a_task_without_pack(project: Project) -> None:
    code, told = run(project, "--to", "BE-002")
    assert (code, "BW940" in told) == (1, True)


@pytest.mark.parametrize("folder", ["backwright.yaml/packs", "x" * 300, "backwright.yaml"])
def test_a_place_that_cannot_be_written_is_no_defect(project: Project, folder: str) -> None:
    code, told = run(project, "--out", str(project.root / folder))
    assert (code, "defect" in told) == (1, False)
    assert "BW943" in told or "BW942" in told
    assert "--out" in told


def test_a_folder_of_the_users_is_left_alone(project: Project) -> None:
    (project.root / "handover").mkdir()
    (project.root / "handover" / "notes.txt").write_text("mine")
    code, told = run(project)
    assert (code, "BW942" in told) == (1, True)
    assert (project.root / "handover" / "notes.txt").read_text() == "mine"
