"""Questions come from the current state, go to one role, and answers unblock."""

from pathlib import Path

import pytest

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic, Place, SpecificationError
from backwright.task import answers, cards, events, features, questions

SPEC = """# Lending

### User Story 1 - Borrow (Priority: P1)

1. **Given** a member, **When** she borrows, **Then** it is hers

- **FR-001**: Members borrow
- **FR-002**: Members pay [NEEDS CLARIFICATION: which currency?]
"""
OPEN_ENTITY = Diagnostic(
    "BW501", Place("backwright.yaml", 4, 3), "entity `Loan` has no access rule", "deny by default", "answer"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "specs" / "001-lending"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(SPEC)
    (folder / "acceptance.yaml").write_text("- {id: AC-1, story: US-1, covers: [FR-001], title: Borrow}\n")
    return Project(tmp_path)


def _now(project: Project, *diagnostics: Diagnostic) -> tuple[questions.Question, ...]:
    return questions.compute(diagnostics, features.every(project), events.read(project))


def _of(project: Project, kind: str, *diagnostics: Diagnostic) -> questions.Question:
    (found,) = [question for question in _now(project, *diagnostics) if question.kind == kind]
    return found


def test_ids_are_short_and_stay_the_same_when_lines_move(project):
    before = _of(project, "requirement")
    spec = project.features / "001-lending" / "spec.md"
    spec.write_text("\n\n" + SPEC)
    after = _of(project, "requirement")
    assert before.id == after.id
    assert before.place != after.place
    assert before.id.startswith("Q-") and len(before.id) == 8


def test_an_entity_without_a_rule_is_a_question_to_security(project):
    question = _of(project, "access", OPEN_ENTITY)
    assert (question.subject, question.role, question.form, question.blocking) == (
        "Loan",
        "security",
        "expression",
        True,
    )


def test_a_requirement_without_a_scenario_blocks_until_the_product_manager_decides(project):
    question = _of(project, "requirement")
    assert question.subject == "001-lending/FR-002"
    assert question.blocking and question.open

    answers.answer(
        project, _now(project), question.id, "not in this delivery", by="Ann", role="product-manager"
    )

    decided = _of(project, "requirement")
    assert not decided.open
    assert decided.answer == "not in this delivery"


def test_a_scenario_makes_the_question_disappear(project):
    acceptance = project.features / "001-lending" / "acceptance.yaml"
    acceptance.write_text(
        acceptance.read_text() + "- {id: AC-2, story: US-1, covers: [FR-002], title: Pay}\n"
    )
    assert [q for q in _now(project) if q.kind == "requirement"] == []


def test_a_clarification_is_blocking(project):
    question = _of(project, "clarification")
    assert "which currency?" in question.text
    assert question.blocking


def test_a_line_without_an_executable_scenario_is_told_and_does_not_block(project):
    (project.features / "001-lending" / "acceptance.yaml").unlink()
    question = _of(project, "scenario")
    assert not question.blocking


def test_a_card_without_criteria_blocks_only_when_nothing_else_could_judge(project):
    card = cards.parse("# BE-001: Lend\n", file="BE-001.md")
    about = {
        q.subject: q
        for q in questions.compute((), features.every(project), events.Log(), card)
        if q.kind == "card"
    }
    assert not about["BE-001/acceptance criteria"].blocking
    assert about["BE-001/priority"].role == "team-lead"
    (alone,) = [q for q in questions.compute((), (), events.Log(), card) if "criteria" in q.subject]
    assert alone.blocking


def test_asking_records_each_question_once(project):
    first = questions.ask(project, _now(project), events.read(project))
    again = questions.ask(project, _now(project), events.read(project))
    assert {q.kind for q in first} == {"requirement", "clarification"}
    assert again == ()


def test_an_unknown_question_is_refused_by_name(project):
    with pytest.raises(SpecificationError, match=r"BW920.*Q-nothing.*open: Q-"):
        answers.answer(project, _now(project), "Q-nothing", "yes", by="Ann", role="architect")


def test_a_role_that_does_not_decide_is_refused_and_nothing_is_recorded(project):
    question = _of(project, "access", OPEN_ENTITY)
    with pytest.raises(SpecificationError, match=r"BW921.*decided by security, not by product-manager"):
        answers.answer(project, [question], question.id, "public", by="Ann", role="product-manager")
    assert events.read(project).events == ()
    assert not project.answers.exists()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("this.member == caller", "access: this.member == caller"),
        ("!this.locked", "access: '!this.locked'"),
        ('{read: public, write: "this.member == caller"}', "read: public"),
        ("none", "access: none"),
    ],
)
def test_a_rule_becomes_part_of_the_specification(project, text, written):
    question = _of(project, "access", OPEN_ENTITY)
    answers.answer(project, [question], question.id, text, by="Sam", role="security")
    assert written in project.answers.read_text()
    assert "Loan:" in project.answers.read_text()
    assert [e.text for e in events.read(project).events] == [text]


def test_what_people_wrote_in_the_answers_file_stays(project):
    project.answers.parent.mkdir()
    project.answers.write_text("# decided on Monday\nentities:\n  Book:\n    access: public  # everyone\n")
    question = _of(project, "access", OPEN_ENTITY)
    answers.answer(project, [question], question.id, "this.member == caller", by="Sam", role="security")
    text = project.answers.read_text()
    assert "# decided on Monday" in text
    assert "access: public  # everyone" in text
    assert "access: this.member == caller" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "this.member ==",
        "a\nb",
        "{read: x.exists(a, a.b == c)}",
        "{peek: public}",
        "{read: [",
        "{read: {deep: public}}",
        "read: public\nwrite: [",
    ],
)
def test_an_answer_that_is_no_rule_is_refused_and_changes_nothing(project, text):
    question = _of(project, "access", OPEN_ENTITY)
    with pytest.raises(SpecificationError):
        answers.answer(project, [question], question.id, text, by="Sam", role="security")
    assert not project.answers.exists()
    assert events.read(project).events == ()


def test_an_answer_that_breaks_the_specification_is_taken_back(project):
    question = _of(project, "access", OPEN_ENTITY)
    unknown = Diagnostic("BW301", Place("spec/answers.yaml", 3, 5), "no field `nobody`", "", "")

    def examine(_: Project) -> list[Diagnostic]:
        return [unknown] if project.answers.exists() else [OPEN_ENTITY]

    with pytest.raises(SpecificationError, match="nobody"):
        answers.answer(
            project,
            [question],
            question.id,
            "this.nobody == caller",
            by="Sam",
            role="security",
            examine=examine,
        )
    assert not project.answers.exists()
    assert events.read(project).events == ()


@pytest.mark.parametrize(
    "message",
    [
        "entity `Loan` has no rule",
        "Entity Loan has no rule",
        "Loan has no `access`: nobody may",
        "the entity 'Loan' is open",
    ],
)
def test_the_entity_is_found_in_the_words_of_the_diagnostic(message):
    assert questions.entity_of(Diagnostic("BW501", Place("a", 1, 1), message, "", "")) == "Loan"


def test_what_blocks_is_computed_from_the_project_on_disk(project):
    assert {q.kind for q in questions.blocking(project, [OPEN_ENTITY])} == {
        "access",
        "requirement",
        "clarification",
    }
    spec = project.features / "001-lending" / "spec.md"
    spec.write_text("# Lending\n\n- **FR-001**: Members borrow\n")
    assert questions.blocking(project) == ()
