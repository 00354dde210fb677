"""The completion report, computed from artifacts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backwright import report as reports
from backwright.pipeline.building import build_digest
from backwright.pipeline.checking import Checked, check
from backwright.pipeline.planning import package
from backwright.pipeline.progressing import set_boxes
from backwright.pipeline.tasks import EXPECTED, current_questions, received_card
from backwright.project import Project
from backwright.report import linking
from backwright.task import events, features
from backwright.task.cards import Card


def report(project: Project) -> tuple[reports.Report, tuple[Path, ...]]:
    """Compute the completion report from artifacts, write it, and bring the boxes of tasks.md in line with it."""
    package(project)
    checked = check(project)
    log = events.read(project)
    computed = collected(project, checked, log, received_card(project, log))
    written = reports.write(project, computed)
    set_boxes(project)
    return computed, written


def collected(project: Project, checked: Checked, log: events.Log, card: Card | None) -> reports.Report:
    """The report on the last build, as things stand; nothing is written."""
    digest = build_digest(project)
    assert digest is not None
    return reports.collect(
        project,
        checked.model,
        digest,
        log=log,
        features=features.every(project),
        questions=current_questions(project),
        card=card,
        expected=EXPECTED,
        warnings=checked.warnings,
    )


def link(project: Project, computed: reports.Report, files: Iterable[Path]) -> tuple[linking.Linked, ...]:
    """Write the evidence of a report into marked parts of documents. Raises SpecificationError, and Changed."""
    return linking.link(project, computed, [_in_project(project, file) for file in files])


def _in_project(project: Project, file: Path) -> str:
    """The path of a file in the project; as it was given where that is elsewhere, which `link` refuses."""
    there = file.parent.resolve() / file.name
    return there.relative_to(project.root).as_posix() if there.is_relative_to(project.root) else str(file)


def verdict(computed: reports.Report) -> str:
    """The outcome in words: what is not run is never silent."""
    if computed.outcome == "done":
        return "done"
    idle = [
        f"{gate.gate} on {gate.database}" if gate.database else gate.gate
        for gate in computed.gates
        if gate.status == "not_run"
    ]
    open_lines = [check.text.lower() for check in computed.checklist if check.state == "not done"]
    parts = [f"not run: {', '.join(idle)}"] if idle else []
    parts += [f"not so: {', '.join(open_lines)}"] if open_lines else []
    return f"not done yet ({'; '.join(parts)})"
