"""Where a task stands: computed from the event log and the files as they are, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal as OneOf
from typing import TypeVar

import msgspec

from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic
from backwright.task.events import (
    AnswerRecorded,
    ApprovalRecorded,
    BuildFinished,
    CheckFinished,
    DecisionRecorded,
    Event,
    Log,
    MigrationApplied,
    MigrationRolledBack,
    PlanMade,
    ReportWritten,
    TaskAcknowledged,
    TaskReceived,
)
from backwright.task.evidence import Evidence, Expected, gather
from backwright.task.questions import Question
from backwright.task.roles import DEFAULT, Roles
from backwright.task.wording import count
from backwright.verify.results import Status as GateStatus

PhaseState = OneOf["done", "waiting", "blocked", "failed"]
Kind = TypeVar("Kind", bound=Event)
_MARKS: dict[PhaseState, str] = {"done": "[x]", "waiting": "[ ]", "blocked": "[!]", "failed": "[-]"}


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One phase of the protocol and how far it is."""

    name: str
    state: PhaseState
    detail: str = ""


class Blocker(msgspec.Struct, frozen=True, kw_only=True):
    """What stops the work, and who can remove it."""

    what: str
    who: str


class GateLine(msgspec.Struct, frozen=True, kw_only=True):
    """The last result of a gate. A stale one is about another build, or its artifact is gone or altered."""

    gate: str
    database: str | None
    status: GateStatus
    stale: bool
    detail: str


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was decided or taken back: when, what, and by whom where somebody did."""

    at: datetime
    kind: OneOf["answer", "decision", "approval", "rollback"]
    what: str
    who: str


class TaskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `backwright status` says. `progress` is the fraction of phases that are done."""

    task: str
    build: str | None
    progress: float
    phases: tuple[Phase, ...]
    blockers: tuple[Blocker, ...]
    gates: tuple[GateLine, ...]
    history: tuple[HistoryLine, ...]
    warnings: tuple[Diagnostic, ...]


def compute(
    project: Project,
    log: Log,
    questions: Iterable[Question],
    build: str | None = None,
    expected: Iterable[Expected] = (),
    decide: Roles = DEFAULT,
    warnings: Iterable[Diagnostic] = (),
) -> TaskStatus:
    """The status now. `build` is the digest of the files as they are; without it, that of the last build."""
    questions = tuple(questions)
    built = _last(log, BuildFinished)
    build = build or (built.build if built else None)
    evidence = gather(project, log, build, expected)
    received = _last(log, TaskReceived)
    phases = tuple(_phases(log, questions, evidence, build))
    return TaskStatus(
        task=received.task if received else "",
        build=build,
        progress=sum(phase.state == "done" for phase in phases) / len(phases),
        phases=phases,
        blockers=tuple(_blockers(log, questions, evidence, decide)),
        gates=tuple(
            GateLine(gate=e.gate, database=e.database, status=e.status, stale=e.stale, detail=e.reason)
            for e in evidence
        ),
        history=tuple(_history(log)),
        warnings=(*log.diagnostics, *warnings),
    )


def text(status: TaskStatus) -> str:
    """The status for a terminal."""
    filled = round(status.progress * 20)
    lines = [
        f"{status.task or 'no task'}  [{'#' * filled}{'.' * (20 - filled)}] {status.progress:.0%}",
        "",
        *(f"{_MARKS[p.state]} {p.name}{': ' + p.detail if p.detail else ''}" for p in status.phases),
    ]
    if status.blockers:
        lines += ["", "Blocked by:", *(f"  {b.what} ({b.who})" for b in status.blockers)]
    if status.gates:
        lines += ["", "Gates:"]
        for gate in status.gates:
            name = f"{gate.gate} on {gate.database}" if gate.database else gate.gate
            lines.append(f"  {gate.status.replace('_', ' '):8} {name}: {gate.detail}")
    if status.history:
        lines += ["", "Decided and taken back:"]
        for line in status.history:
            who = f" ({line.who})" if line.who else ""
            lines.append(f"  {line.at:%Y-%m-%d %H:%M} {line.kind}: {line.what}{who}")
    lines += [f"warning: {warning.text()}" for warning in status.warnings]
    return "\n".join(lines) + "\n"


def _phases(
    log: Log, questions: tuple[Question, ...], evidence: tuple[Evidence, ...], build: str | None
) -> Iterator[Phase]:
    received = _last(log, TaskReceived)
    yield _phase("received", received is not None, received.file if received else "no task card was received")
    yield _phase("acknowledged", _last(log, TaskAcknowledged) is not None)
    stopping = [question for question in questions if question.open and question.blocking]
    if stopping:
        yield Phase(
            name="questions", state="blocked", detail=f"{count(len(stopping), 'blocking question')} open"
        )
    else:
        left = sum(question.open for question in questions)
        yield _phase("questions", received is not None, f"{left} open, none blocks" if left else "")
    check = _last(log, CheckFinished)
    if check and check.errors:
        yield Phase(name="checked", state="failed", detail=count(check.errors, "error"))
    else:
        yield _phase("checked", check is not None)
    yield from _planning(log)
    built = [event for event in log.events if isinstance(event, BuildFinished) and event.build == build]
    yield _phase("built", bool(built), built[-1].build[:12] if built else "")
    yield _migrated(log)
    yield _verified(evidence)
    reports = [event for event in log.events if isinstance(event, ReportWritten)]
    current = bool(reports) and reports[-1].build == build
    yield _phase("reported", current, "the report is about another build" if reports and not current else "")


def _planning(log: Log) -> Iterator[Phase]:
    plan = _last(log, PlanMade)
    yield _phase("planned", plan is not None, count(plan.changes, "change") if plan else "")
    if plan is None or not plan.needs_approval:
        yield _phase("approved", plan is not None, "no approval needed" if plan else "")
        return
    approvals = [e for e in log.events if isinstance(e, ApprovalRecorded) and e.plan == plan.plan]
    if approvals:
        yield _phase("approved", True, f"by {approvals[-1].by}")
    else:
        yield Phase(name="approved", state="blocked", detail=f"plan {plan.plan[:12]} waits for an approval")


def _migrated(log: Log) -> Phase:
    moves = [e for e in log.events if isinstance(e, MigrationApplied | MigrationRolledBack)]
    applied: dict[tuple[str, str], bool] = {}
    for move in moves:
        applied[move.migration, move.database] = isinstance(move, MigrationApplied)
    taken_back = [f"{name} on {database}" for (name, database), up in applied.items() if not up]
    if taken_back:
        return Phase(name="migrated", state="waiting", detail=f"rolled back: {', '.join(taken_back)}")
    return _phase("migrated", bool(applied))


def _verified(evidence: tuple[Evidence, ...]) -> Phase:
    failed = sum(e.status == "failed" for e in evidence)
    idle = sum(e.status == "not_run" for e in evidence)
    if failed:
        return Phase(name="verified", state="failed", detail=f"{count(failed, 'gate')} failed")
    if idle:
        return Phase(name="verified", state="waiting", detail=f"{count(idle, 'gate')} not run on this build")
    return _phase("verified", bool(evidence), f"{count(len(evidence), 'gate')} passed" if evidence else "")


def _blockers(
    log: Log, questions: tuple[Question, ...], evidence: tuple[Evidence, ...], decide: Roles
) -> Iterator[Blocker]:
    for question in questions:
        if question.open and question.blocking:
            yield Blocker(what=f"{question.id}: {question.text}", who=question.role)
    check = _last(log, CheckFinished)
    if check and check.errors:
        yield Blocker(what=f"the specification has {count(check.errors, 'error')}", who="architect")
    for phase in _planning(log):
        if phase.state == "blocked":
            yield Blocker(what=phase.detail, who=decide.decides["plan"])
    for e in evidence:
        if e.status == "failed":
            yield Blocker(what=f"the gate {e.gate} failed: {e.reason}", who=decide.vetoed_by(e.gate))


def _history(log: Log) -> Iterator[HistoryLine]:
    """What was decided and what was taken back, oldest first."""
    for entry in log.entries:
        match entry.event:
            case AnswerRecorded(question=question, text=text, by=by, role=role):
                yield HistoryLine(at=entry.at, kind="answer", what=f"{question}: {text}", who=f"{by}, {role}")
            case DecisionRecorded(subject=subject, text=text, by=by, role=role):
                yield HistoryLine(
                    at=entry.at, kind="decision", what=f"{subject}: {text}", who=f"{by}, {role}"
                )
            case ApprovalRecorded(plan=plan, by=by):
                yield HistoryLine(at=entry.at, kind="approval", what=f"plan {plan[:12]}", who=by)
            case MigrationRolledBack(migration=migration, database=database, reason=reason):
                why = f": {reason}" if reason else ""
                what = f"{migration} on {database}{why}"
                yield HistoryLine(at=entry.at, kind="rollback", what=what, who="")
            case _:
                pass


def _phase(name: str, done: bool, detail: str = "") -> Phase:
    return Phase(name=name, state="done" if done else "waiting", detail=detail)


def _last(log: Log, kind: type[Kind]) -> Kind | None:
    return next((event for event in reversed(log.events) if isinstance(event, kind)), None)
