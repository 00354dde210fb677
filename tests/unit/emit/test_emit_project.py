"""Writing a project loses nothing: not the output before, not an edit, not a file of the user's."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from backwright.emit import project as emitted
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError

TREE = {
    "todos/app.py": "# Generated\nx = 1\n",
    "README.md": "one\n",
    "todos/logic/__init__.py": '"""Yours."""\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "backwright.yaml").write_text("service: {}\n")
    return Project(tmp_path)


def read(project: Project, path: str) -> str:
    return (project.root / path).read_text()


def test_a_build_writes_every_file_and_a_lock(project: Project):
    written = emitted.write(project, TREE)
    assert set(written.changed) == set(TREE)
    assert set(emitted.read_lock(project).files) == {"README.md", "todos/app.py"}
    assert emitted.drift(project, TREE) == []
    assert not (project.state / "build").exists()


def test_a_second_build_changes_nothing(project: Project):
    emitted.write(project, TREE)
    before = project.lock.stat().st_mtime_ns
    written = emitted.write(project, TREE)
    assert (written.changed, written.removed, written.kept) == ((), (), ())
    assert project.lock.stat().st_mtime_ns == before


def test_an_edit_by_hand_is_refused_by_name_and_nothing_is_written(project: Project):
    emitted.write(project, TREE)
    (project.root / "README.md").write_text("mine\n")
    with pytest.raises(emitted.EditedByHand, match=r"README\.md") as refused:
        emitted.write(project, TREE | {"README.md": "two\n", "todos/app.py": "# Generated\nx = 2\n"})
    assert refused.value.paths == ("README.md",)
    assert read(project, "README.md") == "mine\n"
    assert read(project, "todos/app.py") == TREE["todos/app.py"]


def test_an_edit_by_hand_can_be_discarded(project: Project):
    emitted.write(project, TREE)
    (project.root / "README.md").write_text("mine\n")
    assert emitted.write(project, TREE, discard_edits=True).changed == ("README.md",)
    assert read(project, "README.md") == "one\n"


def test_a_file_that_was_there_before_the_first_build_is_not_overwritten(project: Project):
    (project.root / "README.md").write_text("mine\n")
    with pytest.raises(emitted.EditedByHand):
        emitted.write(project, TREE)
    assert not (project.root / "todos").exists()


def test_custom_logic_is_written_once_and_then_belongs_to_the_user(project: Project):
    emitted.write(project, TREE)
    (project.root / "todos/logic/__init__.py").write_text("def mine(): ...\n")
    (project.root / "todos/logic/more.py").write_text("x = 1\n")
    emitted.write(project, TREE | {"README.md": "two\n"}, discard_edits=True)
    assert read(project, "todos/logic/__init__.py") == "def mine(): ...\n"
    assert read(project, "todos/logic/more.py") == "x = 1\n"


def test_a_file_that_is_not_generated_any_more_goes_unless_it_was_edited(project: Project):
    emitted.write(project, TREE | {"todos/old/a.py": "a\n", "todos/old/b.py": "b\n", "gone/c.py": "c\n"})
    (project.root / "todos/old/b.py").write_text("mine\n")
    written = emitted.write(project, TREE)
    assert set(written.removed) == {"todos/old/a.py", "gone/c.py"}
    assert written.kept == ("todos/old/b.py",)
    assert read(project, "todos/old/b.py") == "mine\n"
    assert not (project.root / "gone").exists()


def test_drift_tells_missing_edited_outdated_and_extra(project: Project):
    emitted.write(project, TREE | {"a.py": "a\n", "b.py": "b\n"})
    (project.root / "README.md").unlink()
    (project.root / "a.py").write_text("mine\n")
    found = emitted.drift(project, TREE | {"a.py": "a\n", "todos/app.py": "# Generated\nx = 2\n"})
    assert [(each.path, each.kind) for each in found] == [
        ("README.md", "missing"),
        ("a.py", "edited"),
        ("b.py", "extra"),
        ("todos/app.py", "outdated"),
    ]


def write_until(project: Project, tree: dict[str, str], move: int) -> None:
    """A build that is killed when it is about to move a file into its place for the nth time."""
    moves = 0
    whole = Path.replace

    def killed(self: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves == move:
            raise KeyboardInterrupt
        return whole(self, target)

    with pytest.MonkeyPatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(Path, "replace", killed)
        emitted.write(project, tree)


@pytest.mark.parametrize("first", range(1, 7))
@pytest.mark.parametrize("second", range(1, 7))
def test_interrupted_builds_are_repaired_by_the_next_even_of_another_specification(
    project: Project, first: int, second: int
):
    emitted.write(project, TREE | {"old.py": "o\n"})
    write_until(project, TREE | {"README.md": "2\n", "todos/app.py": "x = 2\n", "new.py": "n\n"}, first)
    write_until(project, TREE | {"README.md": "3\n", "todos/app.py": "x = 3\n"}, second)
    last = TREE | {"README.md": "4\n", "todos/app.py": "x = 4\n"}
    emitted.write(project, last)
    assert emitted.drift(project, last) == []
    assert not (project.root / "new.py").exists()
    assert not (project.root / "old.py").exists()
    assert not (project.state / "build").exists()


def test_a_build_that_fails_early_leaves_everything(project: Project, monkeypatch: pytest.MonkeyPatch):
    emitted.write(project, TREE)

    def full(self: Path, data: bytes) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        emitted.write(project, TREE | {"README.md": "two\n"})
    monkeypatch.undo()
    assert emitted.drift(project, TREE) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a\\b", ".git/hooks/post-commit"])
def test_a_path_outside_the_project_is_refused(project: Project, path: str):
    with pytest.raises(emitted.OutsideProject):
        emitted.write(project, {path: "x"})


@pytest.mark.parametrize("link", ["todos", "README.md", ".backwright"])
def test_a_symbolic_link_is_not_followed(
    project: Project, tmp_path_factory: pytest.TempPathFactory, link: str
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project.root / link).symlink_to(elsewhere)
    with pytest.raises(emitted.OutsideProject):
        emitted.write(project, TREE, discard_edits=True)
    assert list(elsewhere.iterdir()) == []


def test_the_digest_follows_specification_output_and_logic(project: Project):
    assert emitted.digest(project) is None
    emitted.write(project, TREE)
    seen = {emitted.digest(project)}
    for path in ("backwright.yaml", "README.md", "todos/logic/__init__.py"):
        (project.root / path).write_text("other\n")
        seen.add(emitted.digest(project))
    assert len(seen) == 4 and None not in seen


def test_a_lock_with_the_marks_of_a_merge_is_told_and_nothing_is_written(project: Project):
    emitted.write(project, TREE)
    project.lock.write_text("<<<<<<< HEAD\n" + project.lock.read_text())
    (project.root / "README.md").write_text("mine")
    with pytest.raises(SpecificationError) as refused:
        emitted.write(project, TREE, discard_edits=True)
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.place.file) == ("BW716", "backwright.lock")
    assert read(project, "README.md") == "mine"
