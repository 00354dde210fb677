"""Task cards are read in whatever shape the team keeps them, and say what they lack."""

from pathlib import Path

import pytest

from backwright.project import Project
from backwright.spec.diagnostics import SpecificationError
from backwright.task import cards

HEADINGS = """# BE-001: Lend books

## Requirement Reference
FR-001, FR-002

## Description
Members borrow books.
They bring them back.

## Acceptance Criteria
- [ ] A member borrows a book
- [ ] A lent book cannot be lent
  a second time

## Dependencies
BE-000

## Estimate
3 days

## Priority
High
"""
BOLD = """# Lend books

**Task ID**: BE-001
- **Requirement:** FR-001, FR-002
**Description**: Members borrow books.
They bring them back.
**Acceptance criteria**:
1. A member borrows a book
2. A lent book cannot be lent a second time
**Depends on**: BE-000
**Estimate**: 3 days
**Priority**: High
"""
TABLE = """# Lend books

| Field | Value |
| --- | --- |
| ID | BE-001 |
| Requirement | FR-001, FR-002 |
| **Dependencies** | BE-000 |
| Estimate | 3 days |
| Priority | High |
| Acceptance criteria | - A member borrows a book<br>- A lent book cannot be lent a second time |

## Description

Members borrow books.
They bring them back.
"""
FRONT = """---
id: BE-001
title: Lend books
requirement: [FR-001, FR-002]
depends_on: [BE-000]
estimate: 3 days
priority: High
acceptance_criteria:
  - A member borrows a book
  - A lent book cannot be lent a second time
---

## Description

Members borrow books.
They bring them back.
"""


@pytest.mark.parametrize(
    "text", [HEADINGS, BOLD, TABLE, FRONT], ids=["headings", "bold", "table", "front matter"]
)
def test_every_shape_says_the_same(text):
    card = cards.parse(text, file="tasks/BE-001.md")
    assert card.id == "BE-001"
    assert card.name == "Lend books"
    assert card.requirement == "FR-001, FR-002"
    assert card.description == "Members borrow books.\nThey bring them back."
    assert card.criteria == ("A member borrows a book", "A lent book cannot be lent a second time")
    assert card.dependencies == ("BE-000",)
    assert (card.estimate, card.priority) == ("3 days", "High")
    assert card.missing == ()
    assert card.diagnostics == ()


def test_missing_fields_are_named_and_placeholders_are_missing():
    card = cards.parse("# BE-002: Reserve\n\n**Estimate**: TBD\n**Dependencies**: none\n", file="BE-002.md")
    assert card.missing == (
        "requirement reference",
        "description",
        "acceptance criteria",
        "estimate",
        "priority",
    )
    assert {d.code for d in card.diagnostics} == {"BW901"}
    assert all(d.severity == "warning" for d in card.diagnostics)


def test_a_card_without_any_id_is_known_by_its_file():
    assert cards.parse("just prose", file="tasks/BE-007.md").id == "BE-007"
    assert cards.parse("", file="card.md").id == "card"


def test_broken_front_matter_is_no_crash():
    card = cards.parse("---\n[: }\n---\n# BE-003: Name\n", file="BE-003.md")
    assert (card.id, card.name) == ("BE-003", "Name")


def test_a_binary_file_is_a_diagnostic(tmp_path: Path):
    (tmp_path / "BE-001.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecificationError, match="BW902"):
        cards.read(tmp_path / "BE-001.md", Project(tmp_path))


def test_cards_are_found_by_id_anywhere_and_unknown_ones_are_named(tmp_path: Path):
    (tmp_path / "tasks" / "deep").mkdir(parents=True)
    (tmp_path / "tasks" / "deep" / "BE-001.md").write_text(BOLD)
    (tmp_path / "README.md").write_text("not a card")
    project = Project(tmp_path)
    assert cards.find(project, "be-001").name == "Lend books"
    with pytest.raises(SpecificationError, match=r"BW903.*BE-009.*cards: BE-001"):
        cards.find(project, "BE-009")


def test_other_fields_and_free_text_are_not_taken_for_the_field_before():
    text = "# BE-004: Name\n**Priority**: High\n**Assignee**: Bob\n\n**Estimate**: 2 days\n\nSome prose.\n"
    card = cards.parse(text, file="BE-004.md")
    assert (card.priority, card.estimate) == ("High", "2 days")


def test_decision_records_and_requirements_are_not_cards(tmp_path: Path):
    for name in ("ADR-001.md", "FR-001.md", "BE-001.md"):
        (tmp_path / name).write_text("# a text about FR-001\n")
    assert [card.id for card in cards.every(Project(tmp_path))] == ["BE-001"]
