"""Files of a feature folder are input that nobody has checked: what must not be read is not, and it is said where."""

import os
from pathlib import Path

import pytest

from backwright.emit.project import OutsideProject
from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.task import documents, features, prose, ticking

SPEC = "# A\n\n- **FR-001**: something\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "project" / "specs" / "001-a").mkdir(parents=True)
    project = Project(tmp_path / "project")
    _file(project, "spec.md").write_text(SPEC)
    return project


def _file(project: Project, name: str) -> Path:
    return project.features / "001-a" / name


def _codes(project: Project) -> list[tuple[str, str, int]]:
    (found,) = features.every(project)
    return [(d.code, d.place.file, d.place.line) for d in found.diagnostics if d.code != "BW913"]


@pytest.mark.parametrize("name", ["spec.md", "plan.md", "tasks.md", "acceptance.yaml"])
def test_a_link_out_of_the_folder_is_not_followed(project, tmp_path, name):
    secret = tmp_path / "secret"
    secret.write_text("- **FR-666**: secret\n")
    _file(project, name).unlink(missing_ok=True)
    _file(project, name).symlink_to(secret)
    assert _codes(project) == [("BW906", f"specs/001-a/{name}", 1)]
    assert all(r.id != "FR-666" for r in features.every(project)[0].requirements)


def test_a_link_inside_the_folder_is_read_and_not_written(project):
    _file(project, "list.md").write_text("- [ ] T001 `unit` gate\n")
    _file(project, "tasks.md").symlink_to("list.md")
    (feature,) = features.every(project)
    assert [box.id for box in feature.boxes] == ["T001"]
    with pytest.raises(OutsideProject):
        ticking.tick(project, feature, {feature.boxes[0].offset: True})
    assert _file(project, "list.md").read_text() == "- [ ] T001 `unit` gate\n"


def test_a_folder_that_is_a_link_out_of_the_project_is_not_read(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "spec.md").write_text("- **FR-666**: secret\n")
    (project.features / "002-b").symlink_to(outside)
    found = features.every(project)[1]
    assert ([d.code for d in found.diagnostics], found.requirements) == (["BW906"], ())


def test_links_that_lead_to_themselves_are_told(project):
    _file(project, "plan.md").symlink_to("plan.md")
    assert [code for code, *_ in _codes(project)] in (["BW905"], ["BW906"])


def test_a_pipe_is_not_waited_for(project):
    os.mkfifo(_file(project, "tasks.md"))
    assert _codes(project) == [("BW905", "specs/001-a/tasks.md", 1)]


def test_a_folder_in_the_place_of_a_file_is_told(project):
    _file(project, "tasks.md").mkdir()
    assert _codes(project) == [("BW905", "specs/001-a/tasks.md", 1)]


def test_what_is_too_large_is_not_read(project):
    _file(project, "plan.md").write_bytes(b"x" * (documents.LARGEST + 1))
    _file(project, "tasks.md").write_bytes(b"\n" * (documents.MOST_LINES + 1))
    assert _codes(project) == [("BW907", "specs/001-a/plan.md", 1), ("BW907", "specs/001-a/tasks.md", 1)]


def test_another_encoding_is_told_with_its_line(project):
    _file(project, "plan.md").write_bytes("eins\nzwei\ndrei: größe\n".encode("utf-16-le"))
    _file(project, "tasks.md").write_bytes("eins\nzwei\ndrei: größe\n".encode("latin-1"))
    assert _codes(project) == [
        ("BW905", "specs/001-a/plan.md", 3),
        ("BW905", "specs/001-a/tasks.md", 3),
    ]


def test_lines_and_passages_have_their_limit(project):
    long = "- **FR-002**: " + "x" * prose.LONGEST
    many = "- **FR-003**: y\n" + "  z" * 10 + "\n" + ("  word\n" * 4000)
    _file(project, "spec.md").write_text(f"{SPEC}{long}\n{many}")
    assert _codes(project)[0] == ("BW907", "specs/001-a/spec.md", 4)
    assert {code for code, *_ in _codes(project)} == {"BW907"}
    assert [r.id for r in features.every(project)[0].requirements] == ["FR-001", "FR-003"]


def test_only_so_many_marks_are_asked(project):
    _file(project, "spec.md").write_text("".join(f"- [NEEDS CLARIFICATION: {n}?]\n" for n in range(201)))
    assert _codes(project) == [("BW907", "specs/001-a/spec.md", 1)]
    assert len(features.every(project)[0].clarifications) == 200


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 4_000,
        "`" * 19_000,
        "- " + "[" * 19_000,
        "[NEEDS CLARIFICATION " * 901,
        "\n".join("[NEEDS CLARIFICATION " * 900 for _ in range(25)),
        "\n".join("<!----> `` ` " * 1_500 for _ in range(25)),
        "a\n" * 19_000,
        "- [ ] T1\n" * 19_000,
        "- **FR-1**: " + " " * 19_000 + "x",
        "### User Story 1 " + " " * 19_000 + "x",
        "\n".join(f"- **FR-{n}**: x" for n in range(19_000)),
        "\n".join("| FR-1 |" + " " * 19_000 + "x" for _ in range(25)),
        "\n".join("**Given" + "*" * 19_000 for _ in range(25)),
        "".join(f"- [ ] T{n} FR-1 to FR-9{n} (depends on T1, T2) a/b.py x_y `lint`\n" for n in range(7_000)),
    ],
    ids=lambda text: text[:12].strip(),
)
def test_no_text_takes_long(project, text):
    """What is measured is that it ends: the suite stops a test that hangs."""
    for name in ("spec.md", "plan.md", "tasks.md"):
        _file(project, name).write_text(text)
    (found,) = features.every(project)
    assert len(found.diagnostics) < 500


def test_a_folder_that_somebody_names_has_to_be_one_of_the_projects(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project.features / "001-a")
    assert features.one(project, Path()).name == "001-a"
    assert features.one(project, project.features / "001-a" / "").name == "001-a"
    for folder in (tmp_path, project.features, project.features / "009-none"):
        with pytest.raises(SpecificationError) as error:
            features.one(project, folder)
        assert [d.code for d in error.value.diagnostics] == ["BW916"]


def test_a_name_that_cannot_be_shown_is_told(project):
    folder = Path(os.fsdecode(os.fsencode(project.features) + b"/002-\xff\x1b"))
    folder.mkdir()
    (folder / "spec.md").write_text(SPEC)
    found = features.every(project)[1]
    assert [d.code for d in found.diagnostics] == ["BW905"]
    assert found.name.isascii()
