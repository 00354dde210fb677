"""Claims rest on artifacts: what is missing, altered or about another build is not run."""

import pytest
from unit.report.conftest import BUILD, gate, scenario

from backwright import report as reporting
from backwright.task import answers, events
from backwright.task.evidence import Expected


def _requirement(report, name="FR-001"):
    (found,) = [r for r in report.requirements if r.id == name]
    return found


def _check(report, text):
    (found,) = [c for c in report.checklist if text in c.text]
    return found


def _gate(report, name):
    (found,) = [g for g in report.gates if g.gate == name]
    return found


ARTIFACT = ".backwright/runs/1/acceptance-sqlite.json"


def test_a_requirement_whose_scenario_passed_is_done_and_links_to_the_run(workshop):
    requirement = _requirement(workshop.report())
    assert requirement.state == "done"
    assert [link.path for link in requirement.evidence] == [ARTIFACT]


def test_a_deleted_artifact_makes_its_claims_not_run(workshop):
    (workshop.project.root / ARTIFACT).unlink()
    report = workshop.report()
    assert _requirement(report).state == "not run"
    assert _requirement(report).evidence == ()
    assert "missing" in _requirement(report).reason
    assert _gate(report, "acceptance").status == "not_run"


def test_an_altered_artifact_makes_its_claims_not_run(workshop):
    file = workshop.project.root / ARTIFACT
    file.write_bytes(file.read_bytes().replace(b"Borrow", b"Burrow"))
    report = workshop.report()
    assert _requirement(report).state == "not run"
    assert "altered" in _gate(report, "acceptance").summary
    assert any("altered" in issue for issue in report.known_issues)


def test_an_artifact_whose_hash_was_recorded_for_another_result_does_not_count(workshop):
    """Writing a log line that claims "passed" for an artifact that says "failed" proves nothing."""
    workshop.run(
        gate("acceptance", database="sqlite", status="failed", scenarios=(scenario("failed"),)), "-sqlite"
    )
    last = events.read(workshop.project).events[-1]
    forged = {**{f: getattr(last, f) for f in last.__struct_fields__}, "status": "passed"}
    events.append(workshop.project, events.GateFinished(**forged))
    assert _gate(workshop.report(), "acceptance").status == "not_run"


def test_runs_of_another_build_do_not_count(workshop):
    report = workshop.report(build="c" * 64)
    assert {g.status for g in report.gates} == {"not_run"}
    assert _requirement(report).state == "not run"
    assert report.coverage == ()


def test_an_artifact_outside_the_project_is_not_read(workshop):
    last = events.read(workshop.project).events[-1]
    outside = {f: getattr(last, f) for f in last.__struct_fields__} | {"artifact": "../outside.json"}
    events.append(workshop.project, events.GateFinished(**outside))
    assert "outside" in _gate(workshop.report(), "migrations").summary


def test_a_failed_scenario_on_one_database_outweighs_a_pass_on_the_other(workshop):
    failed = gate("acceptance", database="postgresql", status="failed", scenarios=(scenario("failed"),))
    workshop.run(failed, "-postgresql")
    report = workshop.report()
    assert _requirement(report).state == "not done"
    assert report.scenarios[0].state == "not done"
    assert report.finished_stories("001-lending") == frozenset()


def test_a_scenario_that_the_run_left_out_is_not_run(workshop):
    workshop.run(gate("acceptance", database="sqlite", scenarios=()), "-sqlite")
    assert _requirement(workshop.report()).state == "not run"


def test_a_requirement_without_a_scenario_asks_blocks_and_after_the_decision_is_still_not_done(workshop):
    (question,) = [q for q in workshop.questions() if q.kind == "requirement"]
    assert question.blocking and question.open
    before = workshop.report()
    assert _check(before, "No blocking question").state == "not done"
    assert _requirement(before, "FR-002").state == "not done"
    assert before.outcome == "not done"

    answers.answer(
        workshop.project,
        workshop.questions(),
        question.id,
        "not in this delivery",
        by="Ann",
        role="product-manager",
    )

    after = workshop.report()
    assert _check(after, "No blocking question").state == "done"
    assert _requirement(after, "FR-002").state == "not done"
    assert "not in this delivery" in _requirement(after, "FR-002").decision
    assert any("1 left out by decision" in line for line in after.summary)
    assert after.outcome == "not done"


def test_a_failed_gate_shows_its_findings_and_spoils_the_outcome(workshop, finding):
    workshop.run(gate("load", status="failed", findings=(finding,)))
    report = workshop.report()
    assert report.outcome == "not done"
    assert "load: p95 is 900 ms (GET /loans)" in report.known_issues


@pytest.mark.parametrize(("percent", "state"), [(93.5, "done"), (80.0, "not done"), (12, "not done")])
def test_coverage_has_to_be_above_the_limit(workshop, percent, state):
    workshop.run(gate("tests", figures={"line_coverage": percent}))
    assert _check(workshop.report(), "coverage").state == state


def test_an_edited_or_missing_generated_file_is_told(workshop):
    (workshop.project.root / "library/app.py").write_text("app = 2\n")
    assert workshop.report().files[0].state == "edited"
    (workshop.project.root / "library/app.py").unlink()
    report = workshop.report()
    assert report.files[0].state == "missing"
    assert _check(report, "Generated files").state == "not done"


def test_the_contract_gives_samples_even_when_schemas_recur(workshop):
    (endpoint,) = workshop.report().api
    assert (endpoint.method, endpoint.path, endpoint.statuses) == ("POST", "/loans", ("201", "422"))
    assert '"book": "01890a5d' in endpoint.request
    assert '"due": "2026-01-01"' in endpoint.response


def test_migrations_tell_their_steps_and_where_they_ran(workshop):
    name = "20260101000000_start"
    events.append(workshop.project, events.MigrationApplied(migration=name, database="sqlite"))
    events.append(
        workshop.project, events.MigrationRolledBack(migration=name, database="sqlite", reason="wrong column")
    )
    report = workshop.report()
    (migration,) = report.migrations
    assert migration.steps == ("create loan",)
    assert (migration.applied, migration.rolled_back) == (("sqlite",), ("sqlite",))
    assert any("wrong column" in issue for issue in report.known_issues)


def test_variables_have_the_comment_above_them(workshop):
    (variable,) = workshop.report().environment
    assert (variable.name, variable.meaning) == ("DATABASE_URL", "Where the data lies.")


def test_an_edited_event_log_is_a_known_issue(workshop):
    file = workshop.project.events
    file.write_bytes(file.read_bytes().replace(b'"seconds":2.0', b'"seconds":1.0'))
    report = workshop.report()
    assert _check(report, "event log").state == "not done"
    assert any("BW911" in issue for issue in report.known_issues)


def test_decisions_name_what_else_was_possible(workshop):
    events.append(
        workshop.project,
        events.DecisionRecorded(
            subject="database", text="PostgreSQL", by="Ada", role="architect", alternatives=("SQLite",)
        ),
    )
    decision = workshop.report().decisions[0]
    assert (decision.choice, decision.alternatives, decision.by) == ("PostgreSQL", ("SQLite",), "Ada")


def test_finished_stories_are_those_of_which_everything_is_done(workshop):
    spec = workshop.project.features / "001-lending/spec.md"
    assert workshop.report().finished_stories("001-lending") == frozenset()  # FR-002 of US-1 is not done
    spec.write_text(spec.read_text().replace("- **FR-002**: Members pay fees\n", ""))
    assert workshop.report().finished_stories("001-lending") == {"US-1"}
    assert workshop.report().finished_stories("002-other") == frozenset()


def test_the_report_is_about_the_build_it_was_asked_for(workshop):
    assert workshop.report().build == BUILD


def test_an_expected_gate_that_never_ran_is_not_run_everywhere(workshop):
    """Otherwise a lint alone would let every gate pass."""
    names = ("acceptance", "migrations", "tests")
    wanted = tuple(
        Expected(name, name.capitalize(), database)
        for name in names
        for database in (("sqlite", "postgresql") if name != "tests" else (None,))
    )
    report = workshop.report(expected=wanted)
    assert [(g.gate, g.database, g.status) for g in report.gates][:2] == [
        ("acceptance", "sqlite", "passed"),
        ("acceptance", "postgresql", "not_run"),
    ]
    assert _check(report, "Every gate").state == "not run"
    assert _check(report, "Migrations").state == "not run"
    assert _requirement(report).state == "not run"
    for path in reporting.write(workshop.project, report):
        assert path.stat().st_size > 0


def test_the_tasks_that_go_on_with_it_are_told_of_their_packs(workshop):
    assert not any("backwright handover" in line for line in workshop.report().hand_over)
    card = (workshop.project.root / "tasks" / "BE-001.md").read_text()
    workshop.write("tasks/BE-001.md", f"{card}**Hand-over**: FE-002, QA-001\n")
    (told,) = [line for line in workshop.report().hand_over if "backwright handover" in line]
    assert told.endswith("FE-002 and QA-001.")
