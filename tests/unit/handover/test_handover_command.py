"""The command hands over the last build, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from handover_packs import copied, handed
from typer.testing import CliRunner

from backwright.cli import app
from backwright.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copied("todos", tmp_path)


def run(project: Project, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["handover", "-p", str(project.root), *arguments])
    return done.exit_code, done.output


def test_the_packs_are_listed(project: Project) -> None:
    code, told = run(project, "--to", "FE-012", "--json")
    said = json.loads(told)
    assert (code, said["ok"], said["changed"]) == (0, True, True)
    assert said["packs"] == [{"kind": "FE", "tasks": ["FE-012"]}]
    folder = Path(said["folder"])
    assert folder == project.root / "handover"
    assert sorted(said["files"]) == sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )
    assert "FE-012" in (folder / "README.md").read_text()
    assert json.loads((folder / "fe" / "openapi.json").read_text()) == json.loads(
        (project.root / "todos" / "openapi.json").read_text()
    )


def test_the_same_build_is_handed_over_in_the_same_bytes(project: Project, tmp_path: Path) -> None:
    first = handed(project)
    assert run(project, "--out", str(tmp_path / "again" / "handover"))[0] == 0
    for path in first.rglob("*"):
        again = tmp_path / "again" / "handover" / path.relative_to(first)
        assert (
            path.is_dir()
            or path.name == "README.md"
            or path.read_bytes() == again.read_bytes()
            or (path.name == "handover.json")
        )
    assert "as they were" in run(project)[1]


def test_no_claim_is_made_without_a_run(project: Project) -> None:
    text = (handed(project) / "fe" / "README.md").read_text()
    assert "not run" in text
    assert "passed" not in text


def test_another_specification_than_the_built_one_is_not_handed_over(project: Project) -> None:
    text = project.specification.read_text()
    project.specification.write_text(text.replace("max: 200", "max: 201"))
    code, told = run(project)
    assert (code, "BW906" in told) == (1, True)
    assert not (project.root / "handover").exists()


def test_nothing_is_handed_over_to_a_task_without_pack(project: Project) -> None:
    code, told = run(project, "--to", "BE-002")
    assert (code, "BW905" in told) == (1, True)


def test_a_folder_of_the_users_is_left_alone(project: Project) -> None:
    (project.root / "handover").mkdir()
    (project.root / "handover" / "notes.txt").write_text("mine")
    code, told = run(project)
    assert (code, "BW907" in told) == (1, True)
    assert (project.root / "handover" / "notes.txt").read_text() == "mine"
