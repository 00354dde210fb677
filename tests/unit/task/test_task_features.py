"""Feature folders in Spec Kit's layout are read as people write them."""

from pathlib import Path

import pytest

from backwright.emit.project import Changed
from backwright.project import Project
from backwright.task import features, ticking

SPEC = """# Feature Specification: Lending

**Status**: Draft

## User Scenarios & Testing *(mandatory)*

### User Story 1 - Borrow a book (Priority: P1)

**Acceptance Scenarios**:

1. **Given** a member, **When** she borrows a book,
   **Then** it is hers
2. **Given** a lent book, **When** another borrows it, **Then** the answer is 409

### User Story 2 - Return a book (Priority: P2)

1. **AC-9** **Given** a lent book, **When** it is returned, **Then** it is free

### Edge Cases

- What happens when a book is lost?

## Requirements

### Functional Requirements

- **FR-001**: A member MUST be able to borrow a book
- **FR-002**: A fee of [NEEDS CLARIFICATION: which currency?]
  is charged
- NFR-001: Answers come within 500 ms
<!-- - **FR-999**: a commented example -->

## Success Criteria

- **SC-001**: 95 % of loans take one request
"""
ACCEPTANCE = """- id: AC-1
  story: US1
  covers: [FR-001]
  title: A member borrows a book
- {id: AC-9, story: US-2, covers: FR-001, title: Return}
"""
TASKS = """## Phase 3
- [ ] T001 Set up
- [ ] T010 [P] [US1] Endpoint to borrow
- [x] T011 [US2] Endpoint to return
"""


@pytest.fixture
def feature(tmp_path: Path) -> features.Feature:
    folder = tmp_path / "specs" / "001-lending"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(SPEC)
    (folder / "acceptance.yaml").write_text(ACCEPTANCE)
    (folder / "tasks.md").write_text(TASKS)
    (found,) = features.every(Project(tmp_path))
    return found


def test_stories_have_number_title_and_priority(feature):
    assert [(s.id, s.title, s.priority) for s in feature.stories] == [
        ("US-1", "Borrow a book", "P1"),
        ("US-2", "Return a book", "P2"),
    ]


def test_requirements_have_their_text_and_place_and_comments_do_not_count(feature):
    assert [r.id for r in feature.requirements] == ["FR-001", "FR-002", "NFR-001"]
    assert feature.requirements[1].text.endswith("is charged")
    line = SPEC.splitlines().index("- **FR-001**: A member MUST be able to borrow a book") + 1
    assert str(feature.requirements[0].place).startswith(f"specs/001-lending/spec.md:{line}:")


def test_open_clarifications_edge_cases_and_success_criteria_are_found(feature):
    assert [c.text for c in feature.clarifications] == ["which currency?"]
    assert feature.edge_cases == ("What happens when a book is lost?",)
    assert feature.success_criteria == ("SC-001: 95 % of loans take one request",)


def test_written_lines_are_paired_by_id_else_in_the_order_of_their_story(feature):
    assert [(w.story, w.scenario) for w in feature.written] == [
        ("US-1", "AC-1"),
        ("US-1", ""),
        ("US-2", "AC-9"),
    ]
    assert "it is hers" in feature.written[0].text


def test_scenarios_are_read_with_what_they_cover(feature):
    first, second, *_ = feature.requirements
    assert [s.id for s in feature.covering(first)] == ["AC-1", "AC-9"]
    assert feature.covering(second) == ()


def test_a_broken_acceptance_file_is_a_diagnostic(tmp_path: Path):
    folder = tmp_path / "specs" / "001-lending"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(SPEC)
    (folder / "acceptance.yaml").write_text("- {id: AC-1")
    (found,) = features.every(Project(tmp_path))
    assert [d.code for d in found.diagnostics] == ["BW913", "BW913", "BW904"]


def test_boxes_have_id_story_mark_and_place(feature):
    assert [(t.id, t.story, t.done, t.place.line) for t in feature.boxes] == [
        ("T001", "", False, 2),
        ("T010", "US-1", False, 3),
        ("T011", "US-2", True, 4),
    ]


def test_ticking_changes_marks_and_nothing_else(tmp_path, feature):
    project = Project(tmp_path)
    by_id = {box.id: box.offset for box in feature.boxes}
    ticking.tick(project, feature, {by_id["T010"]: True, by_id["T011"]: False})
    text = (tmp_path / "specs/001-lending/tasks.md").read_text()
    assert text == TASKS.replace("[ ] T010", "[x] T010").replace("[x] T011", "[ ] T011")


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path, feature):
    file = tmp_path / "specs/001-lending/tasks.md"
    file.write_text("- [ ] T001 Somebody else wrote this\n")
    with pytest.raises(Changed):
        ticking.tick(Project(tmp_path), feature, {feature.boxes[0].offset: True})
    assert file.read_text() == "- [ ] T001 Somebody else wrote this\n"


def test_several_written_lines_may_name_one_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "specs" / "001-x"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(
        "### User Story 1 - A (Priority: P1)\n\n"
        "1. **Given** a, **When** b, **Then** c (AC-7).\n"
        "2. **Given** a, **When** d, **Then** e (AC-7).\n"
    )
    (folder / "acceptance.yaml").write_text("- {id: AC-7, story: US-1, covers: [], title: t}\n")
    feature = features.read(folder, Project(tmp_path))
    assert [line.scenario for line in feature.written] == ["AC-7", "AC-7"]
    assert feature.scenarios[0].covers == ()


def test_a_scenario_that_names_no_requirement_covers_none(tmp_path: Path) -> None:
    folder = tmp_path / "specs" / "001-x"
    folder.mkdir(parents=True)
    (folder / "acceptance.yaml").write_text("- {id: AC-7, title: t}\n- {id: AC-8, covers: null}\n")
    assert [each.covers for each in features.read(folder, Project(tmp_path)).scenarios] == [(), ()]
