"""The stages as consecutive calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from backwright.pipeline.building import carry_out, stop_at_questions
from backwright.pipeline.checking import check
from backwright.pipeline.migrating import migrate
from backwright.pipeline.planning import planned_from
from backwright.pipeline.reporting import report, verdict
from backwright.pipeline.verifying import Progress, title, verify
from backwright.project import Project
from backwright.spec.diagnostics import Diagnostic

STAGES = ("check", "plan", "build", "migrate", "verify", "report")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole run came to."""

    build: str
    passed: bool
    verdict: str
    report: str
    gates: dict[str, str]
    warnings: tuple[Diagnostic, ...]


def run(
    project: Project,
    progress: Progress,
    *,
    databases: Sequence[str] = (),
    seed: int = 1,
    requests: int = 2000,
    discard_edits: bool = False,
) -> Outcome:
    """Check, plan, build, migrate, verify, report. Raises what its stages raise."""
    of = len(STAGES)
    with progress.stage("check", 1, of) as notes:
        checked = check(project)
        notes.append(checked.summary())
    with progress.stage("plan", 2, of) as notes:
        planned = planned_from(project, checked.model)
        notes.append(f"{len(planned.plan.changes)} changes, plan {planned.plan.short}")
    with progress.stage("build", 3, of) as notes:
        stop_at_questions(project, checked)
        built = carry_out(project, planned, discard_edits=discard_edits)
        notes.append(f"{built.files} files, {len(built.written)} written, build {built.build[:12]}")
    with progress.stage("migrate", 4, of) as notes:
        applied = migrate(project, "up")
        notes.append(", ".join(applied) or "up to date")
    with progress.stage("verify", 5, of) as notes:
        results = verify(project, (), databases, progress, seed=seed, requests=requests)
        counts = Counter(result.status for result in results)
        notes.append(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()))
    with progress.stage("report", 6, of) as notes:
        computed, paths = report(project)
        said = verdict(computed)
        notes.append(computed.outcome)
    return Outcome(
        build=built.build,
        passed=counts["failed"] == 0,
        verdict=said,
        report=str(next(path for path in paths if path.suffix == ".html")),
        gates={title(result): result.status for result in results},
        warnings=checked.warnings,
    )
