"""Status is computed from events and files; it names what blocks and who can remove it."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from backwright.project import Project
from backwright.task import events, questions, roles, status
from backwright.verify.results import GateResult


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _gate(project: Project, build: str, outcome: str = "passed") -> Path:
    result = GateResult(
        gate="tests",
        title="Tests",
        status=outcome,
        summary="12 tests",
        build=build,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=2.0,
    )
    data = msgspec.json.encode(result)
    file = project.runs / "1" / "tests.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    events.append(
        project,
        events.GateFinished(
            gate="tests",
            status=outcome,
            artifact=".backwright/runs/1/tests.json",
            sha256=hashlib.sha256(data).hexdigest(),
            build=build,
            seconds=2.0,
        ),
    )
    return file


def _finish(project: Project) -> None:
    for event in (
        events.TaskReceived(task="BE-001", name="Lend", file="BE-001.md", sha256=""),
        events.TaskAcknowledged(task="BE-001"),
        events.CheckFinished(errors=0),
        events.PlanMade(plan="p" * 64, changes=2, needs_approval=False),
        events.BuildFinished(build="b1", files=3),
        events.MigrationApplied(migration="1_start", database="sqlite"),
    ):
        events.append(project, event)
    _gate(project, "b1")
    events.append(project, events.ReportWritten(build="b1", files={}))


def _status(
    project: Project, *open_questions: questions.Question, build: str | None = None
) -> status.TaskStatus:
    return status.compute(project, events.read(project), open_questions, build)


def _states(found: status.TaskStatus) -> dict[str, str]:
    return {phase.name: phase.state for phase in found.phases}


def test_nothing_has_happened_in_a_new_project(project):
    found = _status(project)
    assert found.progress == 0
    assert set(_states(found).values()) == {"waiting"}
    assert "no task card was received" in status.text(found)


def test_a_finished_task_is_done_in_every_phase(project):
    _finish(project)
    found = _status(project)
    assert _states(found) == dict.fromkeys(_states(found), "done")
    assert found.progress == 1.0
    assert found.blockers == ()
    assert "100%" in status.text(found)


def test_a_blocking_question_names_who_decides(project):
    question = questions.Question(
        id="Q-123456",
        kind="access",
        subject="Loan",
        role="security",
        form="expression",
        text="Who may read Loan?",
        why="",
        blocking=True,
    )
    found = _status(project, question)
    assert _states(found)["questions"] == "blocked"
    assert [(b.who, b.what) for b in found.blockers] == [("security", "Q-123456: Who may read Loan?")]
    assert "Blocked by:" in status.text(found)


def test_a_plan_that_needs_approval_blocks_until_exactly_that_plan_is_approved(project):
    events.append(project, events.PlanMade(plan="new", changes=1, needs_approval=True))
    events.append(project, events.ApprovalRecorded(plan="old", by="Ann"))
    assert _states(_status(project))["approved"] == "blocked"
    events.append(project, events.ApprovalRecorded(plan="new", by="Ann"))
    assert _states(_status(project))["approved"] == "done"


def test_errors_of_the_last_check_block(project):
    events.append(project, events.CheckFinished(errors=2))
    found = _status(project)
    assert _states(found)["checked"] == "failed"
    assert found.blockers[0].what == "the specification has 2 errors"
    events.append(project, events.CheckFinished(errors=0))
    assert _states(_status(project))["checked"] == "done"


def test_results_are_stale_after_another_build(project):
    _finish(project)
    events.append(project, events.BuildFinished(build="b2", files=3))
    found = _status(project)
    assert found.gates[0].stale and found.gates[0].status == "not_run"
    assert _states(found)["verified"] == "waiting"
    assert _states(found)["reported"] == "waiting"


def test_results_are_stale_when_the_files_are_no_longer_those_of_the_build(project):
    _finish(project)
    assert _states(_status(project, build="other"))["built"] == "waiting"
    assert _status(project, build="other").gates[0].stale


def test_a_lost_artifact_is_a_gate_that_did_not_run(project):
    _finish(project)
    (project.runs / "1" / "tests.json").unlink()
    assert "missing" in _status(project).gates[0].detail


def test_a_failed_gate_blocks(project):
    _finish(project)
    _gate(project, "b1", "failed")
    found = _status(project)
    assert _states(found)["verified"] == "failed"
    assert "tests" in found.blockers[0].what


def test_a_migration_that_was_rolled_back_is_waiting_again(project):
    _finish(project)
    events.append(project, events.MigrationRolledBack(migration="1_start", database="sqlite"))
    assert _states(_status(project))["migrated"] == "waiting"


def test_what_was_decided_and_taken_back_is_told_in_order_with_who(project):
    for event in (
        events.AnswerRecorded(question="Q-1", subject="x", text="Yes", by="Ann", role="security"),
        events.BuildFinished(build="b1", files=3),
        events.ApprovalRecorded(plan="p" * 64, by="Lee"),
        events.MigrationRolledBack(migration="1_start", database="sqlite", reason="it was slow"),
        events.DecisionRecorded(subject="Storage", text="SQLite", by="Ada", role="architect"),
    ):
        events.append(project, event)
    found = _status(project)
    assert [(line.kind, line.what, line.who) for line in found.history] == [
        ("answer", "Q-1: Yes", "Ann, security"),
        ("approval", "plan pppppppppppp", "Lee"),
        ("rollback", "1_start on sqlite: it was slow", ""),
        ("decision", "Storage: SQLite", "Ada, architect"),
    ]
    assert "rollback: 1_start on sqlite: it was slow" in status.text(found)


def test_a_failed_gate_is_the_veto_of_who_decides_about_it(project):
    _finish(project)
    _gate(project, "b1", "failed")
    assert [b.who for b in _status(project).blockers] == ["team-lead"]
    decide = roles.Roles(vetoes={"tests": "security"})
    found = status.compute(project, events.read(project), (), None, (), decide)
    assert [b.who for b in found.blockers] == ["security"]


def test_the_status_is_plain_json(project):
    _finish(project)
    assert b'"progress":1.0' in msgspec.json.encode(_status(project))
