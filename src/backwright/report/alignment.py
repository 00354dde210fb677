"""Requirements against evidence: done is what every covering scenario passed, on this build."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.report.types import Link, Requirement, Scenario, ScenarioRun, State, WrittenLine
from backwright.task.evidence import Evidence
from backwright.task.features import Feature
from backwright.task.features import Requirement as Asked
from backwright.task.features import Scenario as Declared
from backwright.task.questions import Question

ACCEPTANCE = "acceptance"


def link(evidence: Evidence) -> Link:
    """Where a run's artifact lies."""
    return Link(path=evidence.artifact, sha256=evidence.sha256)


def scenarios(features: Iterable[Feature], evidence: Iterable[Evidence]) -> tuple[Scenario, ...]:
    """Every declared scenario with its runs."""
    runs = [e for e in evidence if e.gate == ACCEPTANCE or (e.result and e.result.scenarios)]
    return tuple(_scenario(feature, declared, runs) for feature in features for declared in feature.scenarios)


def _scenario(feature: Feature, declared: Declared, runs: list[Evidence]) -> Scenario:
    executed = tuple(_run(declared, evidence) for evidence in runs)
    return Scenario(
        id=declared.id,
        title=declared.title,
        feature=feature.name,
        story=declared.story,
        covers=declared.covers,
        state=_state(run.status for run in executed),
        runs=executed,
    )


def _run(declared: Declared, evidence: Evidence) -> ScenarioRun:
    """The scenario in one run: found by id and title, since two features may both have an AC-1."""
    status, detail = evidence.status, evidence.reason
    if evidence.result:
        status, detail = "not_run", "the run did not execute this scenario"
        for result in evidence.result.scenarios:
            if (result.id, result.title) == (declared.id, declared.title):
                status, detail = result.status, result.detail
    return ScenarioRun(database=evidence.database, status=status, detail=detail, link=link(evidence))


def _state(statuses: Iterable[str]) -> State:
    """A failure outweighs a missing run, and a missing run outweighs a success."""
    found = set(statuses)
    if "failed" in found:
        return "not done"
    return "done" if found == {"passed"} else "not run"


def requirements(
    features: Iterable[Feature], executed: tuple[Scenario, ...], questions: Iterable[Question]
) -> tuple[Requirement, ...]:
    """Every requirement of every feature, with its state and why."""
    decided = {
        q.subject: f"{q.answer} — {q.answered_by}" for q in questions if q.kind == "requirement" and q.answer
    }
    return tuple(
        _requirement(feature, asked, executed, decided.get(feature.subject(asked), ""))
        for feature in features
        for asked in feature.requirements
    )


def _requirement(
    feature: Feature, asked: Asked, executed: tuple[Scenario, ...], decision: str
) -> Requirement:
    wanted = {scenario.id for scenario in feature.covering(asked)}
    covering = [s for s in executed if s.feature == feature.name and s.id in wanted]
    state, reason = _judged(covering)
    links = {run.link: None for scenario in covering for run in scenario.runs if run.status != "not_run"}
    return Requirement(
        id=asked.id,
        text=asked.text,
        feature=feature.name,
        story=asked.story,
        state=state,
        reason=reason,
        scenarios=tuple(scenario.id for scenario in covering),
        evidence=tuple(links),
        decision=decision,
    )


def _judged(covering: list[Scenario]) -> tuple[State, str]:
    if not covering:
        return "not done", "no acceptance scenario covers it"
    failed = [scenario.id for scenario in covering if scenario.state == "not done"]
    if failed:
        return "not done", f"failed: {', '.join(failed)}"
    idle = [scenario for scenario in covering if scenario.state == "not run"]
    if idle:
        details = [run.detail for scenario in idle for run in scenario.runs if run.status == "not_run"]
        why = details[0] if details else "acceptance was not run on this build"
        return "not run", f"{', '.join(scenario.id for scenario in idle)}: {why}"
    return "done", f"passed: {', '.join(scenario.id for scenario in covering)}"


def written_lines(features: Iterable[Feature], executed: tuple[Scenario, ...]) -> tuple[WrittenLine, ...]:
    """Every Given/When/Then line: without an executable scenario it is not done."""
    states = {(scenario.feature, scenario.id): scenario.state for scenario in executed}
    return tuple(
        WrittenLine(
            text=line.text,
            feature=feature.name,
            story=line.story,
            scenario=line.scenario,
            state=states.get((feature.name, line.scenario), "not done"),
        )
        for feature in features
        for line in feature.written
    )
