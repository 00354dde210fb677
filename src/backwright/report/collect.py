"""Computes the completion report: claims come from artifacts that are still what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from backwright.model.types import Model
from backwright.project import Project
from backwright.report import alignment, checklist, delivered, measured
from backwright.report.types import (
    Check,
    Coverage,
    Decision,
    Gate,
    Materials,
    Report,
    Requirement,
    Scenario,
    Task,
)
from backwright.spec.diagnostics import Diagnostic
from backwright.task.cards import Card
from backwright.task.events import AnswerRecorded, DecisionRecorded, Log, MigrationRolledBack
from backwright.task.evidence import Evidence, Expected, gather
from backwright.task.features import Feature
from backwright.task.questions import Question
from backwright.task.wording import count, listing


def collect(
    project: Project,
    model: Model,
    build: str,
    *,
    log: Log,
    features: Iterable[Feature] = (),
    questions: Iterable[Question] = (),
    card: Card | None = None,
    expected: Iterable[Expected] = (),
    warnings: Iterable[Diagnostic] = (),
    at: datetime | None = None,
) -> Report:
    """The report on one build, as the files and the event log stand."""
    features, questions = tuple(features), tuple(questions)
    evidence = gather(project, log, build, expected)
    scenarios = alignment.scenarios(features, evidence)
    requirements = alignment.requirements(features, scenarios, questions)
    written = alignment.written_lines(features, scenarios)
    gates = tuple(_gate(e) for e in evidence)
    coverage = tuple(_coverage(evidence))
    files = delivered.files(project)
    migrations = delivered.migrations(project, log)
    materials = delivered.materials(project, evidence)
    checks = checklist.compute(requirements, written, gates, coverage, files, migrations, questions, log)
    outcome = checklist.outcome(checks)
    return Report(
        generated_at=at or datetime.now(UTC),
        service=model.service.name,
        version=model.service.version,
        build=build,
        task=_task(card),
        outcome=outcome,
        summary=tuple(_summary(model, requirements, scenarios, gates, outcome)),
        decisions=tuple(_decisions(model, log)),
        assumptions=model.assumptions,
        files=files,
        requirements=requirements,
        scenarios=scenarios,
        written=written,
        coverage=coverage,
        access=measured.access(evidence),
        latency=tuple(measured.measured(evidence, measured.LATENCY)),
        statements=tuple(measured.measured(evidence, measured.STATEMENTS)),
        gates=gates,
        api=delivered.endpoints(project, model),
        migrations=migrations,
        environment=delivered.environment(project),
        materials=materials,
        questions=tuple(question for question in questions if question.open),
        known_issues=(
            *_known_issues(model, requirements, gates, materials, log),
            *(f"{each.place}: {each.code}: {each.message}" for each in warnings),
        ),
        next_steps=tuple(_next_steps(checks, questions)),
        hand_over=tuple(_hand_over(project, model, card)),
        checklist=checks,
    )


def _task(card: Card | None) -> Task | None:
    if card is None:
        return None
    return Task(id=card.id, name=card.name, requirement=card.requirement, dependencies=card.dependencies)


def _gate(evidence: Evidence) -> Gate:
    result = evidence.result
    return Gate(
        gate=evidence.gate,
        title=evidence.title,
        database=evidence.database,
        status=evidence.status,
        summary=evidence.reason,
        seconds=evidence.seconds,
        figures=result.figures if result else {},
        findings=result.findings if result else (),
        link=alignment.link(evidence),
    )


def _coverage(evidence: Iterable[Evidence]) -> Iterator[Coverage]:
    """Figures that gates name `coverage…`, in percent."""
    for e in evidence:
        for name, value in e.result.figures.items() if e.result else ():
            if "coverage" in name and isinstance(value, int | float):
                where = f" on {e.database}" if e.database else ""
                title = f"{name.replace('_', ' ')}{where}"
                yield Coverage(name=title, percent=float(value), link=alignment.link(e))


def _summary(
    model: Model,
    requirements: tuple[Requirement, ...],
    scenarios: tuple[Scenario, ...],
    gates: tuple[Gate, ...],
    outcome: str,
) -> Iterator[str]:
    service = model.service
    yield (
        f"{service.name} {service.version}: {count(len(model.operations), 'operation')} over "
        f"{count(len(model.entities), 'entity', 'entities')}. By its checklist this delivery is {outcome}."
    )
    if requirements:
        done = sum(r.state == "done" for r in requirements)
        left = sum(bool(r.decision) and r.state != "done" for r in requirements)
        decided = f"; {left} left out by decision" if left else ""
        yield f"{done} of {count(len(requirements), 'requirement')} done{decided}."
    if scenarios:
        passed = sum(s.state == "done" for s in scenarios)
        yield f"{passed} of {count(len(scenarios), 'acceptance scenario')} passed."
    if gates:
        held = sum(g.status == "passed" for g in gates)
        yield f"{held} of {count(len(gates), 'gate run')} passed on this build."


def _decisions(model: Model, log: Log) -> Iterator[Decision]:
    """What was chosen: recorded decisions and answers, then the documented defaults that were applied."""
    for event in log.events:
        match event:
            case DecisionRecorded():
                yield Decision(
                    subject=event.subject,
                    choice=event.text,
                    alternatives=event.alternatives,
                    role=event.role,
                    by=event.by,
                )
            case AnswerRecorded():
                yield Decision(
                    subject=event.subject, choice=event.text, alternatives=(), role=event.role, by=event.by
                )
            case _:
                pass
    for assumption in model.assumptions:
        yield Decision(
            subject=assumption.subject,
            choice=assumption.text,
            alternatives=("any other value that the specification states",),
            role=assumption.role,
            by="documented default",
        )


def _known_issues(
    model: Model,
    requirements: tuple[Requirement, ...],
    gates: tuple[Gate, ...],
    materials: Materials | None,
    log: Log,
) -> Iterator[str]:
    for gate in gates:
        where = f" on {gate.database}" if gate.database else ""
        if gate.status == "not_run":
            yield f"{gate.gate}{where} counts as not run: {gate.summary}"
        elif gate.status == "failed" and not gate.findings:
            yield f"{gate.gate}{where} failed: {gate.summary}"
        for finding in gate.findings:
            place = f" ({finding.where})" if finding.where else ""
            yield f"{gate.gate}{where}: {finding.what}{place}"
    if materials is not None and materials.problem:
        yield f"The bill of materials {materials.link.path} is not that of the run: {materials.problem}"
    if model.security is not None:
        yield "Row-level security is PostgreSQL's: on SQLite the rules inside the queries are the only ones."
    for requirement in requirements:
        if requirement.state != "done":
            yield f"{requirement.id} is {requirement.state}: {requirement.decision or requirement.reason}"
    for event in log.events:
        if isinstance(event, MigrationRolledBack) and event.reason:
            yield f"Migration {event.migration} was rolled back on {event.database}: {event.reason}"
    for diagnostic in log.diagnostics:
        yield f"{diagnostic.code}: {diagnostic.message}"


def _next_steps(checks: Iterable[Check], questions: Iterable[Question]) -> Iterator[str]:
    for question in questions:
        if question.open:
            yield f"{question.role} answers {question.id}: {question.text}"
    for check in checks:
        if check.state != "done":
            yield f"{check.text}: {check.reason}"


def _hand_over(project: Project, model: Model, card: Card | None) -> Iterator[str]:
    package = model.service.package
    yield f"Start it with `python -m {package}`; its settings are the environment variables of this report."
    if (project.root / "README.md").exists():
        yield "`README.md` says how to install, migrate, run and test."
    if (project.root / package / "openapi.json").exists():
        yield f"Front end: the contract is `{package}/openapi.json`; the running service shows it at `/docs`."
    yield f"Your own code belongs in `{package}/logic/`, which is never overwritten."
    yield "Quality assurance: every scenario names the runs that executed it, in `.backwright/runs/`."
    if card is not None and card.hand_over:
        yield f"`backwright handover` writes the packs of the tasks that go on with it: {listing(card.hand_over)}."
    yield "Operations: `/health` says that the process lives, `/ready` that its database is migrated."
