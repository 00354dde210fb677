"""The acknowledgement says what was understood, what is open and by whom, and estimates only from records."""

from pathlib import Path

import msgspec
import pytest

from backwright.expr.typed import TRUE
from backwright.model.types import (
    Assumption,
    Entity,
    Field,
    Model,
    Operation,
    Respond,
    Rule,
    ScalarType,
    Service,
    ShowNothing,
)
from backwright.project import Project
from backwright.task import acknowledge, answers, cards, events, features, questions

SPEC = """# Lending

- **FR-001**: Members borrow
- **FR-002**: Members <b>pay</b>
"""
RULE = Rule(source="this.member == caller", condition=TRUE)
MODEL = Model(
    service=Service(name="library", version="1.0.0", package="library"),
    entities=(
        Entity(
            name="Loan",
            plural="loans",
            table="loan",
            key="id",
            fields=(Field(name="id", column="id", type=ScalarType(scalar="uuid")),),
            access={"create": RULE, "read": RULE, "update": RULE, "delete": RULE},
        ),
    ),
    operations=(
        Operation(
            name="delete_loan",
            tag="loans",
            summary="",
            method="DELETE",
            path="/loans/{id}",
            caller="required",
            steps=(),
            respond=Respond(status=204, show=ShowNothing()),
        ),
    ),
    assumptions=(Assumption(subject="Loan.id", text="keys are uuid7", role="architect"),),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "specs" / "001-lending"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(SPEC)
    (folder / "acceptance.yaml").write_text("- {id: AC-1, covers: [FR-001], title: Borrow}\n")
    (tmp_path / "BE-001.md").write_text("# BE-001: Lend <script>books</script>\n")
    return Project(tmp_path)


def _acknowledged(project: Project, model: Model | None = MODEL) -> acknowledge.Acknowledgement:
    log, found, card = events.read(project), features.every(project), cards.find(project, "BE-001")
    return acknowledge.acknowledge(card, model, found, questions.compute((), found, log, card), log)


def test_it_says_in_its_own_words_what_the_model_means(project):
    text = acknowledge.markdown(_acknowledged(project))
    assert "stores 1 kind of rows and answers 1 operation" in text
    assert "Loan has `id`. Access is create `this.member == caller`" in text
    assert "Endpoints: `DELETE /loans/{id}`" in text
    assert "Loan.id: keys are uuid7 (architect decides otherwise)" in text


def test_missing_fields_are_named(project):
    ack = _acknowledged(project)
    assert "description" in ack.missing
    assert "BW901" in {note.code for note in ack.notes}
    assert "The card does not say its requirement reference, description," in acknowledge.markdown(ack)


def test_questions_stand_under_the_role_that_decides(project):
    text = acknowledge.markdown(_acknowledged(project))
    assert text.index("### product-manager") < text.index("FR-002 of 001-lending has no acceptance scenario")


def test_what_was_decided_out_is_out_of_scope(project):
    found = features.every(project)
    (question,) = [q for q in questions.compute((), found, events.Log()) if q.kind == "requirement"]
    answers.answer(project, [question], question.id, "not in this delivery", by="Ann", role="product-manager")
    ack = _acknowledged(project)
    assert [line[:6] for line in ack.in_scope] == ["FR-001"]
    assert ack.out_of_scope[0].endswith("not in this delivery (Ann (product-manager))")


def test_open_blocking_questions_are_the_first_step(project):
    steps = _acknowledged(project).steps
    assert [step.id for step in steps] == [
        "questions",
        "check",
        "plan",
        "build",
        "migrate",
        "verify",
        "report",
    ]
    assert steps[1].after == ("questions",)


def test_without_records_nothing_is_estimated(project):
    assert _acknowledged(project).estimate == "not estimated"


def test_the_estimate_comes_from_recorded_durations(project):
    for event in (
        events.CheckFinished(errors=0, seconds=1.0),
        events.PlanMade(plan="p", changes=1, needs_approval=False, seconds=1.0),
        events.BuildFinished(build="b", files=1, seconds=2.0),
        events.BuildFinished(build="b", files=1, seconds=4.0),
        events.MigrationApplied(migration="m", database="sqlite", seconds=1.0),
        events.GateFinished(gate="tests", status="passed", artifact="a", sha256="", build="b", seconds=10.0),
        events.GateFinished(gate="types", status="passed", artifact="a", sha256="", build="b", seconds=5.0),
    ):
        events.append(project, event)
    estimate = _acknowledged(project).estimate
    assert estimate.startswith("21 s of machine time once the questions are answered")
    text = acknowledge.markdown(_acknowledged(project))
    assert "Write the migrations and the backend. (after plan) — about 3 s" in text
    assert "Write the completion report and hand over. (after verify) — not estimated" in text


def test_a_specification_that_cannot_be_built_is_acknowledged_too(project):
    ack = _acknowledged(project, None)
    assert ack.deliverables == ()
    assert "cannot be built yet" in acknowledge.markdown(ack)


def test_foreign_text_adds_no_html(project):
    text = acknowledge.markdown(_acknowledged(project))
    assert "\\<script>" in text and "\\<b>" in text
    assert "<script>" not in text.replace("\\<", "")


def test_the_json_form_has_the_same_parts(project):
    data = msgspec.json.decode(msgspec.json.encode(_acknowledged(project)))
    assert {
        "understanding",
        "in_scope",
        "deliverables",
        "assumptions",
        "questions",
        "steps",
        "estimate",
    } <= set(data)
