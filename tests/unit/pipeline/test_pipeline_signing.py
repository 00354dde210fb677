"""Approvals count only with a signature of somebody whom the base branch allows, where that demands it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from backwright import pipeline
from backwright.pipeline import signing
from backwright.plan.approval import Approval
from backwright.plan.changes import identity
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError

SPECIFICATION = """
service: {name: notes, version: 1.0.0}
entities:
  Note:
    fields: {title: string, due: date?}
    access: public
    crud: {path: /notes, order: title}
"""
SAID = {"reason": "nobody uses it", "rollback": "migrate down"}


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def key(folder: Path, name: str) -> Path:
    path = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A service in the subfolder of a repository; Ada may approve, Mallory may not. A field is gone since the build."""
    monkeypatch.delenv(signing.BASE, raising=False)
    root = tmp_path / "repository" / "service"
    root.mkdir(parents=True)
    ada = key(tmp_path, "ada")
    key(tmp_path, "mallory")
    (root / "backwright.yaml").write_text(SPECIFICATION, encoding="utf-8")
    pipeline.build(Project(root))
    (root / "approvals").mkdir()
    public = ada.with_suffix(".pub").read_text(encoding="utf-8")
    (root / "approvals" / "allowed_signers").write_text(f"ada@example.org {public}", encoding="utf-8")
    git(root.parent, "init", "-q", "-b", "main")
    git(root.parent, "add", "-A")
    git(root.parent, "commit", "-q", "-m", "first")
    git(root.parent, "checkout", "-q", "-b", "change")
    (root / "backwright.yaml").write_text(SPECIFICATION.replace(", due: date?", ""), encoding="utf-8")
    return Project(root)


def approve(project: Project, by: str, sign: Path | None) -> None:
    planned = pipeline.plan(project).plan
    names = [identity(change) for change in planned.hazardous]
    pipeline.approve(project, planned.hash, names, by=by, key=sign, **SAID)


def test_a_plan_says_that_it_compares_with_an_edited_model(project: Project) -> None:
    assert "BW622" not in {each.code for each in pipeline.plan(project).plan.warnings}
    snapshot = project.root / "migrations" / "model.json"
    snapshot.write_text(snapshot.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    planned = pipeline.plan(project)
    assert "BW622" in {each.code for each in planned.plan.warnings}
    assert "BW622" in {each.code for each in planned.blocked}


def test_a_signed_approval_counts(project: Project, tmp_path: Path) -> None:
    approve(project, "ada@example.org", tmp_path / "ada")
    assert pipeline.plan(project).blocked == ()


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("ada@example.org", None),
        ("ada@example.org", "mallory"),
        ("mallory@example.org", "mallory"),
        ("-fada@example.org", "ada"),
    ],
)
def test_no_other_does(project: Project, tmp_path: Path, by: str, name: str | None) -> None:
    with pytest.raises(SpecificationError) as raised:
        approve(project, by, None if name is None else tmp_path / name)
    assert {each.code for each in raised.value.diagnostics} == {"BW620"}
    assert pipeline.plan(project).blocked


def test_nobody_allows_themselves(project: Project, tmp_path: Path) -> None:
    mallory = (tmp_path / "mallory.pub").read_text(encoding="utf-8")
    signers = project.approvals / "allowed_signers"
    signers.write_text(f"mallory@example.org {mallory}", encoding="utf-8")
    git(project.root.parent, "commit", "-q", "-am", "let me in")
    with pytest.raises(SpecificationError):
        approve(project, "mallory@example.org", tmp_path / "mallory")


def test_an_approval_that_was_edited_or_written_by_hand_does_not_count(
    project: Project, tmp_path: Path
) -> None:
    approve(project, "ada@example.org", tmp_path / "ada")
    (path,) = project.approvals.glob("*.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("nobody uses it", "whatever"), encoding="utf-8")
    blocked = pipeline.plan(project).blocked
    assert "BW620" in {each.code for each in blocked}


def test_without_signers_on_the_base_branch_none_is_demanded(project: Project) -> None:
    git(project.root.parent, "checkout", "-q", "main")
    git(project.root.parent, "rm", "-q", "service/approvals/allowed_signers")
    git(project.root.parent, "commit", "-q", "-m", "no signatures")
    approve(project, "Ada", None)
    assert pipeline.plan(project).blocked == ()


def test_what_is_signed_is_all_that_is_said(tmp_path: Path) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    said = Approval(plan="p", changes=("c",), by="a", reason="r", rollback="b", at=at)
    for name, other in (("plan", "q"), ("changes", ("d",)), ("by", "m"), ("reason", "s"), ("rollback", "c")):
        assert signing.canonical(msgspec.structs.replace(said, **{name: other})) != signing.canonical(said)
