"""The done-checklist: each line is computed, and says what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.report.types import (
    Check,
    Coverage,
    File,
    Gate,
    Migration,
    Requirement,
    State,
    WrittenLine,
)
from backwright.task.events import Log
from backwright.task.questions import Question
from backwright.task.wording import count, listing

COVERAGE_WANTED = 80.0
BY_GATES = {
    "Every operation answers each caller as the rules say": ("authorization",),
    "Nothing unsafe is found in the code, and no secret in the files": ("static-analysis", "secrets"),
    "What it runs on is listed, and nothing of it has a known vulnerability": ("sbom", "vulnerabilities"),
    "Statements, latency and memory are within their limits": ("query-budget", "load", "memory"),
}
"""Lines that gates decide, each in its own words."""


def compute(
    requirements: tuple[Requirement, ...],
    written: tuple[WrittenLine, ...],
    gates: tuple[Gate, ...],
    coverage: tuple[Coverage, ...],
    files: tuple[File, ...],
    migrations: tuple[Migration, ...],
    questions: tuple[Question, ...],
    log: Log,
) -> tuple[Check, ...]:
    """Every line, in the order in which work is done."""
    return (
        _questions(questions),
        _requirements(requirements),
        _written(written),
        _files(files),
        _migrations(migrations, gates),
        *(_of(text, names, gates) for text, names in BY_GATES.items()),
        _gates(gates),
        _coverage(coverage),
        _log(log),
    )


def outcome(checks: Iterable[Check]) -> State:
    """Done when every line is; a line that failed outweighs one that was not run."""
    states = {check.state for check in checks}
    if "not done" in states:
        return "not done"
    return "not run" if "not run" in states else "done"


def _questions(questions: tuple[Question, ...]) -> Check:
    stopping = [question.id for question in questions if question.open and question.blocking]
    text = "No blocking question is open"
    if stopping:
        return Check(text=text, state="not done", reason=f"open: {', '.join(stopping)}")
    return Check(text=text, state="done", reason="none is open")


def _requirements(requirements: tuple[Requirement, ...]) -> Check:
    """A requirement left out by a recorded decision does not stop the build, but is not done either."""
    text = "Every requirement is done"
    wanted = [requirement for requirement in requirements if not requirement.decision]
    if not requirements:
        return Check(text=text, state="not done", reason="no requirement is written down")
    for state in ("not done", "not run"):
        found = [requirement.id for requirement in wanted if requirement.state == state]
        if found:
            return Check(text=text, state=state, reason=", ".join(found))
    links = {link: None for requirement in wanted for link in requirement.evidence}
    left = [requirement.id for requirement in requirements if requirement.decision]
    reason = f"{len(wanted)} done" + (f"; left out by decision: {', '.join(left)}" if left else "")
    return Check(text=text, state="not done" if left else "done", reason=reason, evidence=tuple(links))


def _written(written: tuple[WrittenLine, ...]) -> Check:
    text = "Every Given/When/Then line was executed"
    if not written:
        return Check(text=text, state="not run", reason="no line is written down")
    missing = sum(not line.scenario for line in written)
    if missing:
        return Check(text=text, state="not done", reason=f"{count(missing, 'line')} without a scenario")
    states = {line.state for line in written}
    for state in ("not done", "not run"):
        if state in states:
            return Check(text=text, state=state, reason=f"some scenarios are {state}")
    return Check(text=text, state="done", reason=f"{count(len(written), 'line')} executed")


def _files(files: tuple[File, ...]) -> Check:
    text = "Generated files are as generated"
    changed = [file.path for file in files if file.state != "as generated"]
    if not files:
        return Check(text=text, state="not run", reason="there is no lock")
    if changed:
        return Check(text=text, state="not done", reason=f"changed: {listing(changed)}")
    return Check(text=text, state="done", reason=f"{count(len(files), 'file')} compared with the lock")


def _migrations(migrations: tuple[Migration, ...], gates: tuple[Gate, ...]) -> Check:
    """Either a gate proved it, or the event log has each migration applied and taken back."""
    text = "Migrations were applied and rolled back"
    proofs = [gate for gate in gates if "migration" in gate.gate]
    links = tuple(gate.link for gate in proofs if gate.status != "not_run")
    if any(gate.status == "failed" for gate in proofs):
        return Check(text=text, state="not done", reason="the gate failed", evidence=links)
    if proofs and all(gate.status == "passed" for gate in proofs):
        return Check(text=text, state="done", reason=proofs[0].summary, evidence=links)
    if proofs:
        idle = [_name(gate) for gate in proofs if gate.status == "not_run"]
        return Check(text=text, state="not run", reason=f"not run: {', '.join(idle)}", evidence=links)
    idle = [m.name for m in migrations if not (m.applied and m.rolled_back)]
    if idle or not migrations:
        return Check(text=text, state="not run", reason=f"not run: {listing(idle) or 'there is none'}")
    return Check(text=text, state="done", reason=f"{count(len(migrations), 'migration')} recorded both ways")


def _of(text: str, names: tuple[str, ...], gates: tuple[Gate, ...]) -> Check:
    """What some gates decide together: each has to have passed, wherever it ran."""
    runs = [gate for gate in gates if gate.gate in names]
    links = tuple(gate.link for gate in runs if gate.status != "not_run")
    failed = [_name(gate) for gate in runs if gate.status == "failed"]
    idle = [_name(gate) for gate in runs if gate.status == "not_run"]
    idle += [name for name in names if all(gate.gate != name for gate in runs)]
    if failed:
        return Check(text=text, state="not done", reason=f"failed: {', '.join(failed)}", evidence=links)
    if idle:
        return Check(text=text, state="not run", reason=f"not run: {', '.join(idle)}", evidence=links)
    first = {gate.gate: gate.summary for gate in reversed(runs)}
    return Check(text=text, state="done", reason="; ".join(first[name] for name in names), evidence=links)


def _gates(gates: tuple[Gate, ...]) -> Check:
    text = "Every gate passed on this build"
    failed = [_name(gate) for gate in gates if gate.status == "failed"]
    idle = [_name(gate) for gate in gates if gate.status == "not_run"]
    links = tuple(gate.link for gate in gates if gate.status != "not_run")
    if failed:
        return Check(text=text, state="not done", reason=f"failed: {', '.join(failed)}", evidence=links)
    if idle or not gates:
        return Check(text=text, state="not run", reason=f"not run: {', '.join(idle) or 'no gate ran'}")
    return Check(text=text, state="done", reason=f"{len(gates)} passed", evidence=links)


def _coverage(coverage: tuple[Coverage, ...]) -> Check:
    text = f"Test coverage is above {COVERAGE_WANTED:.0f} %"
    links = tuple(figure.link for figure in coverage)
    if not coverage:
        return Check(text=text, state="not run", reason="no run on this build measured it")
    least = min(figure.percent for figure in coverage)
    state: State = "done" if least > COVERAGE_WANTED else "not done"
    return Check(text=text, state=state, reason=f"{least:.1f} % at least", evidence=links)


def _log(log: Log) -> Check:
    """What a killed write lost was never acknowledged: it is told, and stands in nobody's way."""
    text = "The event log is whole"
    wrong = [diagnostic for diagnostic in log.diagnostics if diagnostic.severity == "error"]
    if wrong:
        return Check(text=text, state="not done", reason=wrong[0].message)
    return Check(text=text, state="done", reason=f"{count(len(log.entries), 'event')} in one chain")


def _name(gate: Gate) -> str:
    return f"{gate.gate} on {gate.database}" if gate.database else gate.gate
