"""The report as Markdown. All foreign text is escaped: a task card cannot add markup to its own report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backwright.report.links import short, stem, target
from backwright.report.measured import exercised, figure_names, reasons, relation, result, statuses
from backwright.report.types import Check, Gate, Link, Measured, Report, ScenarioRun
from backwright.task.wording import cell, clean, code, fence

_UNMEASURED = "Not measured by a run on this build."
MARKS = {
    "done": "✅ done",
    "not done": "❌ not done",
    "not run": "⚪ not run",
    "passed": "✅ passed",
    "failed": "❌ failed",
    "not_run": "⚪ not run",
}


def render(report: Report) -> str:
    """The whole report, in the order in which a reviewer asks."""
    parts = (
        _head(report),
        _section("Summary", _bullets(report.summary)),
        _section("Done-checklist", _checklist(report)),
        _section("Requirement alignment", _requirements(report)),
        _section("Acceptance evidence", _scenarios(report)),
        _section("Gates", _gates(report)),
        _section("Test coverage", _coverage(report)),
        _section("Authorization matrix", _access(report)),
        _section("Latency under load", _measured(report.latency, "milliseconds")),
        _section("Statements per request", _measured(report.statements, "with copies of every row")),
        _section("API", _api(report)),
        _section("Migrations", _migrations(report)),
        _section("Technical decisions", _decisions(report)),
        _section("Environment variables", _environment(report)),
        _section("Software bill of materials", _materials(report)),
        _section("Files", _files(report)),
        _section("Dependencies on other tasks", _bullets(report.task.dependencies if report.task else ())),
        _section("Open questions", _bullets(f"{q.id} ({q.role}): {q.text}" for q in report.questions)),
        _section("Known issues", _bullets(report.known_issues)),
        _section("Next steps", _bullets(report.next_steps)),
        _section("Hand-over", _bullets(report.hand_over)),
    )
    return "\n".join(line for part in parts for line in part)


def _head(report: Report) -> Iterator[str]:
    task = f"{report.task.id}: {report.task.name}" if report.task else report.service
    yield f"# Completion report: {clean(task)}"
    yield ""
    service = f"{clean(report.service)} {clean(report.version)}"
    yield f"**{MARKS[report.outcome]}** — {service}, build {code(short(report.build))},"
    yield f"{report.generated_at:%Y-%m-%d %H:%M} UTC"
    yield ""


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from list(lines) or ["None."]
    yield ""


def _bullets(items: Iterable[str]) -> list[str]:
    return [f"- {clean(item)}" for item in items]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines] if lines else []


def _links(links: Iterable[Link]) -> str:
    return ", ".join(
        f"[{clean(stem(link))} `{short(link.sha256)}`]({target(link)})" for link in links if link.path
    )


def _checklist(report: Report) -> list[str]:
    return [_check(check) for check in report.checklist]


def _check(check: Check) -> str:
    mark = "x" if check.state == "done" else " "
    reason = "" if check.state == "done" else f"**{check.state}**: "
    line = f"- [{mark}] {clean(check.text)} — {reason}{clean(check.reason)} {_links(check.evidence)}"
    return line.rstrip()


def _requirements(report: Report) -> list[str]:
    return _table(
        ("Requirement", "State", "Why", "Evidence"),
        (
            (
                f"{cell(r.id)} {cell(r.text)}",
                MARKS[r.state],
                cell(f"{r.reason}. Decided: {r.decision}" if r.decision else r.reason),
                _links(r.evidence) or "—",
            )
            for r in report.requirements
        ),
    )


def _scenarios(report: Report) -> list[str]:
    lines = _table(
        ("Scenario", "State", "Runs"),
        (
            (f"{cell(s.id)} {cell(s.title)}", MARKS[s.state], "; ".join(map(_run, s.runs)) or "—")
            for s in report.scenarios
        ),
    )
    missing = [line for line in report.written if not line.scenario]
    if missing:
        lines += ["", "Written lines without an executable scenario (not done):", ""]
        lines += _bullets(line.text for line in missing)
    return lines


def _run(run: ScenarioRun) -> str:
    return f"{run.database or 'run'}: {MARKS[run.status]} {_links([run.link])}"


def _gates(report: Report) -> list[str]:
    return _table(
        ("Gate", "Result", "What it found", "Seconds", "Run"),
        (
            (
                _gate_name(gate),
                MARKS[gate.status],
                cell(gate.summary),
                f"{gate.seconds:.1f}",
                _links([gate.link]) or "—",
            )
            for gate in report.gates
        ),
    )


def _gate_name(gate: Gate) -> str:
    return f"{cell(gate.title)} on {gate.database}" if gate.database else cell(gate.title)


def _coverage(report: Report) -> list[str]:
    return [f"- {clean(c.name)}: {c.percent:.1f} % {_links([c.link])}" for c in report.coverage] or [
        _UNMEASURED
    ]


def _access(report: Report) -> list[str]:
    rows = [
        (
            cell(each.operation),
            cell(each.caller or "—"),
            cell(relation(each)),
            cell(statuses(each, "expected")),
            cell(statuses(each, "observed")),
            f"{MARKS[result(each)]} {cell(reasons(each))}".rstrip(),
        )
        for each in report.access
    ]
    table = _table(("Operation", "Caller", "Relation", "Expected", "Observed", "Result"), rows)
    return _folded(exercised(report.access), table) if table else [_UNMEASURED]


def _measured(measures: tuple[Measured, ...], unit: str) -> list[str]:
    names = figure_names(measures)
    rows = [
        (
            cell(each.operation or "all"),
            each.database or "—",
            *(f"{each.figures.get(name, '—')}" for name in names),
            _links([each.link]),
        )
        for each in measures
    ]
    table = _table(("Operation", "Database", *map(cell, names), "Run"), rows)
    return _folded(f"{len(rows)} measurements ({unit})", table) if table else [_UNMEASURED]


def _folded(summary: str, lines: list[str]) -> list[str]:
    """A part that is opened by whoever wants to see it."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def _api(report: Report) -> Iterator[str]:
    for endpoint in report.api:
        yield f"### {code(f'{endpoint.method} {endpoint.path}')}"
        yield ""
        yield f"{clean(endpoint.summary)} Answers {', '.join(map(clean, endpoint.statuses))}."
        yield ""
        for title, sample in (("Request", endpoint.request), ("Response", endpoint.response)):
            if sample:
                yield from (f"{title}:", "", *fence(sample, "json"), "")


def _migrations(report: Report) -> Iterator[str]:
    for migration in report.migrations:
        ran = f"applied on {', '.join(migration.applied) or 'no database'}"
        back = f"rolled back on {', '.join(migration.rolled_back) or 'no database'}"
        yield f"- {code(migration.name)}: {ran}, {back}"
        yield from (f"  - {clean(step)}" for step in migration.steps)


def _decisions(report: Report) -> list[str]:
    return _table(
        ("Subject", "Chosen", "Instead of", "Decided by", "Belongs to"),
        (
            (cell(d.subject), cell(d.choice), cell("; ".join(d.alternatives)) or "—", cell(d.by), d.role)
            for d in report.decisions
        ),
    )


def _environment(report: Report) -> list[str]:
    return _table(
        ("Variable", "Example", "Meaning"),
        ((code(v.name), code(v.example) or "—", cell(v.meaning)) for v in report.environment),
    )


def _materials(report: Report) -> list[str]:
    bill = report.materials
    if bill is None:
        return ["**Not run**: no run on this build has listed what the backend runs on."]
    problem = f" **{clean(bill.problem)}**" if bill.problem else ""
    return [f"CycloneDX: {clean(bill.summary)} {_links([bill.link])}{problem}"]


def _files(report: Report) -> list[str]:
    return _table(
        ("File", "SHA-256", "State"),
        ((cell(code(f.path)), f"`{short(f.sha256)}`", f.state) for f in report.files),
    )
