"""Claims rest on artifacts: what is missing, altered or about another build is not run."""

import hashlib
import json
import re

import pytest
from unit.report.conftest import BUILD, gate, scenario

from backwright import report as reporting
from backwright.pipeline import EXPECTED
from backwright.pipeline.reporting import verdict
from backwright.report import markdown, page
from backwright.report.write import encode
from backwright.spec.diagnostics import Diagnostic, Place
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


def test_without_any_line_in_words_none_was_executed(workshop):
    assert _check(workshop.report(), "Given/When/Then").state == "done"
    (workshop.project.root / "specs/001-lending/spec.md").write_text("# Lending\n\n- **FR-001**: Borrow\n")
    assert _check(workshop.report(), "Given/When/Then").state == "not run"


def test_what_is_doubtful_in_the_specification_is_a_known_issue(workshop):
    doubt = Diagnostic(
        "BW329", Place("backwright.yaml", 3, 5), "book decides by a page", "why", "mend", "warning"
    )
    report = workshop.report(warnings=(doubt,))
    assert "backwright.yaml:3:5: BW329: book decides by a page" in report.known_issues


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


SAFE = "What it runs on is listed, and nothing of it has a known vulnerability"


def test_no_delivery_is_done_before_its_dependencies_were_held_against_advisories(workshop):
    """Everything else may have passed: what was not asked is not run, in words, and says how to ask."""
    spec = workshop.project.features / "001-lending/spec.md"
    spec.write_text(spec.read_text().replace("- **FR-002**: Members pay fees\n", ""))
    workshop.write(
        "specs/001-lending/acceptance.yaml",
        "- {id: AC-1, story: US-1, covers: [FR-001], title: Borrow, scenario: 1}\n",
    )
    named = {run.gate: run for run in EXPECTED}
    assert named["vulnerabilities"].named and not named["sbom"].named
    for each in EXPECTED:
        if each.gate not in ("vulnerabilities", "acceptance"):
            workshop.run(gate(each.gate, database=each.database), f"-{each.database}")
    workshop.run(gate("acceptance", database="postgresql", scenarios=(scenario(),)), "-postgresql")
    before = workshop.report(expected=EXPECTED)
    assert _check(before, SAFE).state == "not run"
    assert "vulnerabilities" in _check(before, SAFE).reason
    assert _check(before, "Every gate passed").state == "not run"
    assert before.outcome == "not run"
    assert any("backwright verify vulnerabilities" in issue for issue in before.known_issues)
    assert any(SAFE in step for step in before.next_steps)
    assert "vulnerabilities" in verdict(before)
    workshop.run(gate("vulnerabilities", status="failed"))
    assert _check(workshop.report(expected=EXPECTED), SAFE).state == "not done"
    workshop.run(gate("vulnerabilities"))
    after = workshop.report(expected=EXPECTED)
    assert _check(after, SAFE).state == "done"
    assert after.outcome == "done", [check for check in after.checklist if check.state != "done"]


BILL = '{"bomFormat": "CycloneDX"}\n'
LISTED = {"file": ".backwright/sbom.cdx.json", "sha256": hashlib.sha256(BILL.encode()).hexdigest()}


def test_the_bill_of_materials_is_linked_in_each_form(workshop):
    workshop.write(".backwright/sbom.cdx.json", BILL)
    workshop.run(gate("sbom", figures=LISTED))
    report = workshop.report()
    assert report.materials.link.path == ".backwright/sbom.cdx.json"
    assert not report.materials.problem
    assert json.loads(encode(report))["materials"]["link"]["sha256"] == LISTED["sha256"]
    assert "](../sbom.cdx.json)" in markdown.render(report)
    assert 'href="../sbom.cdx.json"' in page.render(report)


@pytest.mark.parametrize("stands", [None, BILL + " "])
def test_a_bill_that_is_not_the_one_that_was_written_is_a_known_issue(workshop, stands):
    if stands is not None:
        workshop.write(".backwright/sbom.cdx.json", stands)
    workshop.run(gate("sbom", figures=LISTED))
    report = workshop.report()
    assert "the file" in report.materials.problem
    assert any("bill of materials" in issue for issue in report.known_issues)
    for form in (markdown.render(report), page.render(report)):
        assert report.materials.problem in form


def test_without_a_bill_it_is_said_that_there_is_none(workshop):
    report = workshop.report()
    assert report.materials is None
    assert "**Not run**: no run on this build has listed" in markdown.render(report)
    assert "No run on this build has listed" in page.render(report)


def cell(relation, **more):
    known = {"operation": "get_loan", "caller": "stranger", "rule": "this.member == caller", "requests": 1}
    return {**known, "relation": relation, "expected": 404, "observed": 404, **more}


def test_the_authorization_matrix_is_part_of_every_form(workshop):
    cells = [
        cell("not this.member == caller"),
        cell("this.member == caller", expected=200, observed=200),
        cell("<b>every</b> | relation", observed=None, requests=0, reason="the time was over"),
    ]
    leaks = cell("not this.member == caller", observed=200, agrees=False)
    workshop.run(gate("authorization", database="sqlite", matrix=cells), "-sqlite")
    workshop.run(gate("authorization", database="postgresql", status="failed", matrix=[leaks]), "-postgresql")
    report = workshop.report()
    first, second, third = report.access
    assert [(o.database, o.expected, o.observed, o.agrees) for o in first.outcomes] == [
        ("sqlite", 404, 404, True),
        ("postgresql", 404, 200, False),
    ]
    assert (second.operation, second.caller, second.relation) == (
        "get_loan",
        "stranger",
        "this.member == caller",
    )
    assert third.outcomes[0].reason == "the time was over"
    told = json.loads(encode(report))["access"]
    assert [each["outcomes"][0]["expected"] for each in told] == [404, 200, 404]
    text, html = markdown.render(report), page.render(report)
    rows = [line for line in text.splitlines() if line.startswith("| get_loan")]
    assert len(rows) == 3
    assert "404 on sqlite, 200 on postgresql" in rows[0] and "failed" in rows[0]
    assert "| 200 | 200 | ✅ passed |" in rows[1]
    assert "not run the time was over" in rows[2]
    for form in (text, html):
        assert "3 cells, 2 exercised" in form[form.index("<details>") :]
        assert not re.search(r"(?<!\\)<b>every", form)
        assert "404 on sqlite, 200 on postgresql" in form


def test_cells_that_are_called_alike_stay_apart(workshop):
    twice = [cell("the same request"), cell("the same request", expected=200, observed=200)]
    for database in ("sqlite", "postgresql"):
        workshop.run(gate("authorization", database=database, matrix=twice), f"-{database}")
    found = workshop.report().access
    assert [[(o.database, o.observed) for o in each.outcomes] for each in found] == [
        [("sqlite", 404), ("postgresql", 404)],
        [("sqlite", 200), ("postgresql", 200)],
    ]


def test_latencies_and_statements_are_part_of_every_form(workshop):
    latency = {"requests": 100, "p50 ms": 3.1, "p95 ms": 7.5, "p99 ms": 12.25, "target p95 ms": 500}
    counted = {"with 1": 3, "with 50": 4}
    workshop.run(gate("load", database="sqlite", measures=[{"operation": "", "figures": latency}]), "-sqlite")
    workshop.run(
        gate("query-budget", database="sqlite", measures=[{"operation": "GET /loans", "figures": counted}]),
        "-sqlite",
    )
    report = workshop.report()
    assert [(each.operation, each.database, each.figures) for each in report.latency] == [
        ("", "sqlite", latency)
    ]
    assert [each.figures for each in report.statements] == [counted]
    assert json.loads(encode(report))["latency"][0]["figures"]["p99 ms"] == 12.25
    for form in (markdown.render(report), page.render(report)):
        assert "12.25" in form and "p99 ms" in form and "with 50" in form
    assert "| GET /loans | sqlite | 3 | 4 |" in markdown.render(report)


def test_what_was_not_measured_is_said(workshop):
    report = workshop.report()
    assert (report.access, report.latency, report.statements) == ((), (), ())
    assert markdown.render(report).count("Not measured by a run on this build.") == 3


def test_the_tasks_that_go_on_with_it_are_told_of_their_packs(workshop):
    assert not any("backwright handover" in line for line in workshop.report().hand_over)
    card = (workshop.project.root / "tasks" / "BE-001.md").read_text()
    workshop.write("tasks/BE-001.md", f"{card}**Hand-over**: FE-002, QA-001\n")
    (told,) = [line for line in workshop.report().hand_over if "backwright handover" in line]
    assert told.endswith("FE-002 and QA-001.")
