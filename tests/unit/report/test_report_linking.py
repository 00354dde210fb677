"""Evidence in documents of others: between their marks, and not one byte elsewhere."""

import pytest
from unit.report.conftest import gate, scenario

from backwright.emit.project import Changed
from backwright.report import linking
from backwright.spec.diagnostics import SpecificationError
from backwright.task import features

SPEC = "specs/001-lending/spec.md"
RUN = ".backwright/runs/1/acceptance-sqlite.json"
MARKED = (
    b"\xef\xbb\xbf# Requirements \t\r\n\r\n"
    b"  <!-- backwright: FR-001 -->\t\r\n"
    b"old\r\n\r\n<!-- /backwright -->\r\n"
    b"mixed\n\x0bbytes \xe2\x80\xae\n"
    b"<!--backwright:report-->\n<!--/backwright-->  "
)


def put(workshop, data, path="docs/requirements.md"):
    file = workshop.project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


def link(workshop, *paths):
    return linking.link(workshop.project, workshop.report(), paths or ("docs/requirements.md",))


def refused(workshop, *paths):
    with pytest.raises(SpecificationError) as caught:
        link(workshop, *paths)
    return [(each.code, each.place.line) for each in caught.value.diagnostics]


def test_evidence_stands_between_the_marks_and_every_other_byte_stays(workshop):
    file = put(workshop, MARKED)
    file.chmod(0o640)
    assert link(workshop) == (linking.Linked(file="docs/requirements.md", parts=2, changed=True),)
    written = file.read_bytes()
    before, rest = written.split(b"- **FR-001**", 1)
    assert before == MARKED.partition(b"old")[0]
    assert written.endswith(b"\n<!--/backwright-->  ")
    between = (
        b"\r\n<!-- /backwright -->\r\nmixed\n\x0bbytes \xe2\x80\xae\n<!--backwright:report-->\n- **report**: "
    )
    assert between in rest
    told = rest.partition(b"<!--")[0].decode()
    assert told.startswith(": ✅ done — passed: AC-1 [acceptance-sqlite `")
    assert (
        f"](../{RUN})\r\n\r\nComputed for build `bbbbbbbbbbbb`: [report](../.backwright/report/report.md)."
        in told
    )
    assert "\n" not in told.replace("\r\n", "")
    assert file.stat().st_mode & 0o777 == 0o640


def test_linking_again_changes_nothing(workshop):
    file = put(workshop, MARKED)
    link(workshop)
    written, at = file.read_bytes(), file.stat().st_mtime_ns
    assert [each.changed for each in link(workshop)] == [False]
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (written, at)


def test_what_is_linked_follows_the_artifacts(workshop):
    file = put(workshop, "<!-- backwright: FR-001, AC-1 acceptance tests -->\n<!-- /backwright -->\n")
    (workshop.project.root / RUN).unlink()
    link(workshop)
    text = file.read_text("utf-8")
    assert [line.split(" — ")[0] for line in text.splitlines() if line.startswith("- ")] == [
        "- **FR-001**: ⚪ not run",
        "- **AC-1**: ⚪ not run",
        "- **acceptance**: ⚪ not run",
        "- **tests**: ✅ passed",
    ]
    assert RUN not in text.replace(f"artifact {RUN} is missing", "")
    workshop.run(
        gate("acceptance", database="sqlite", status="failed", scenarios=(scenario("failed"),)), "-sqlite"
    )
    link(workshop)
    assert "- **FR-001**: ❌ not done — failed: AC-1 [acceptance-sqlite" in file.read_text("utf-8")


def test_a_mark_without_a_name_is_about_its_section(workshop):
    file = put(
        workshop, "## Fees (FR-002)\n\n### Borrow: FR-001\n\n<!-- backwright: -->\n<!-- /backwright -->\n"
    )
    link(workshop)
    assert "**FR-001**" in file.read_text("utf-8")
    assert "**FR-002**" not in file.read_text("utf-8")


def test_what_is_linked_into_a_feature_folder_asks_for_nothing(workshop):
    root = workshop.project.root
    text = (root / SPEC).read_text(
        "utf-8"
    ) + "<!-- backwright: FR-001 FR-002 -->\n<!-- /backwright -->\n- **FR-003**: More\n"
    put(workshop, text, SPEC)
    before = asked(workshop)
    link(workshop, SPEC)
    assert "- **FR-002**: ❌ not done" in (root / SPEC).read_text("utf-8")
    assert asked(workshop) == before


def asked(workshop):
    (feature,) = features.every(workshop.project)
    return [(each.id, each.text) for each in feature.requirements], len(feature.written), feature.diagnostics


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing\n", [("BW928", 1)]),
        ("<!-- backwright: FR-001 -->\n", [("BW927", 1)]),
        ("<!-- /backwright -->\n", [("BW927", 1)]),
        ("<!-- backwright: FR-001 -->\n<!-- backwright: AC-1 -->\n<!-- /backwright -->\n", [("BW927", 1)]),
        ("<!-- backwright: FR-001 -->\n```\n<!-- /backwright -->\n", [("BW927", 1), ("BW908", 2)]),
        ("```\n<!-- backwright: FR-001 -->\n<!-- /backwright -->\n```\n", [("BW928", 1)]),
        ("\n<!-- backwright: FR-001 FR-009 -->\n<!-- /backwright -->\n", [("BW926", 2)]),
        ("# Nothing\n<!-- backwright: -->\n<!-- /backwright -->\n", [("BW926", 2)]),
    ],
)
def test_marks_that_cannot_be_followed(workshop, text, found):
    file = put(workshop, text)
    assert refused(workshop) == found
    assert file.read_text("utf-8") == text


def test_a_name_of_several_features_has_to_say_which(workshop):
    workshop.write("specs/002-fees/spec.md", "- **FR-001**: Fees\n")
    put(workshop, "<!-- backwright: FR-001 -->\n<!-- /backwright -->\n")
    assert refused(workshop) == [("BW926", 1)]
    file = put(workshop, "<!-- backwright: 001-lending/FR-001 -->\n<!-- /backwright -->\n")
    link(workshop)
    assert "passed: AC-1" in file.read_text("utf-8")
    beside = put(
        workshop, "<!-- backwright: FR-001 -->\n<!-- /backwright -->\n", "specs/001-lending/notes.md"
    )
    link(workshop, "specs/001-lending/notes.md")
    assert "passed: AC-1" in beside.read_text("utf-8")


def test_only_documents_of_the_project_are_written(workshop, tmp_path_factory):
    marked = b"<!-- backwright: FR-001 -->\n<!-- /backwright -->\n"
    root, outside = workshop.project.root, tmp_path_factory.mktemp("outside") / "a.md"
    outside.write_bytes(marked)
    (root / "link.md").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    for path in (
        "../a.md",
        str(outside),
        "link.md",
        "folder/a.md",
        "missing.md",
        "library/app.py",
        ".git/a.md",
    ):
        assert refused(workshop, path) == [("BW928", 1)], path
    put(workshop, marked, ".backwright/report/report.md")
    assert refused(workshop, ".backwright/report/report.md") == [("BW928", 1)]
    put(workshop, b"\xff" + marked)
    assert refused(workshop) == [("BW905", 1)]
    put(workshop, marked + b"x" * 600_000)
    assert refused(workshop) == [("BW907", 1)]
    assert outside.read_bytes() == marked


def test_one_document_that_is_wrong_leaves_all_as_they_are(workshop):
    good = put(workshop, "<!-- backwright: FR-001 -->\n<!-- /backwright -->\n", "good.md")
    put(workshop, "<!-- backwright: FR-009 -->\n<!-- /backwright -->\n", "bad.md")
    before = good.read_bytes()
    assert refused(workshop, "good.md", "bad.md") == [("BW926", 1)]
    assert good.read_bytes() == before


def test_what_somebody_writes_meanwhile_is_not_lost(workshop, monkeypatch):
    file = put(workshop, "<!-- backwright: FR-001 -->\n<!-- /backwright -->\n")
    filled = linking._filled

    def meanwhile(*arguments):
        file.write_text("theirs")
        return filled(*arguments)

    monkeypatch.setattr(linking, "_filled", meanwhile)
    with pytest.raises(Changed):
        link(workshop)
    assert file.read_text() == "theirs"


def test_text_of_others_forms_no_mark_and_no_markup(workshop):
    title = "Borrow\\n<!-- /backwright -->\\n[x](http://evil) <b>"
    workshop.write(
        "specs/001-lending/acceptance.yaml",
        f'- {{id: AC-1, story: US-1, covers: [FR-001], title: "{title}"}}\n',
    )
    file = put(workshop, "<!-- backwright: AC-1 -->\n<!-- /backwright -->\nend\n")
    link(workshop)
    text = file.read_text("utf-8")
    assert text.count("\n<!-- /backwright -->\n") == 1
    assert r"Borrow \<!-- /backwright --> \[x](http://evil) \<b>" in text
    assert [each.changed for each in link(workshop)] == [False]
