"""Judging a build by its gates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from backwright.pipeline.building import build_digest
from backwright.pipeline.checking import check
from backwright.pipeline.planning import package, refuse
from backwright.project import Project
from backwright.task import events
from backwright.verify import regressions, runner
from backwright.verify.results import GateResult


class Progress(Protocol):
    """Where a run says what it is doing."""

    def stage(self, name: str, number: int, of: int) -> AbstractContextManager[list[str]]: ...

    def gate(self, status: str, title: str, seconds: float, summary: str) -> None: ...


def verify(
    project: Project,
    gates: Sequence[str],
    databases: Sequence[str],
    progress: Progress,
    *,
    seed: int = 1,
    requests: int = 2000,
) -> list[GateResult]:
    """Judge the build by its gates; each result becomes an artifact and an event. Raises SpecificationError."""
    package(project)
    model = check(project).model
    refuse(model)
    digest = build_digest(project)
    assert digest is not None
    run = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    results = []
    for found in runner.run(project, model, digest, gates, databases, seed=seed, requests=requests):
        result = with_cases(project, found)
        _keep(project, run, result)
        progress.gate(result.status, title(result), result.seconds, result.summary)
        results.append(result)
    return results


def with_cases(project: Project, result: GateResult) -> GateResult:
    """The result, and in its summary where the cases are that it found: they are files of the project from now on."""
    kept = [regressions.keep(project, each.case, each.replay) for each in result.findings if each.case]
    if not kept:
        return result
    return msgspec.structs.replace(result, summary=f"{result.summary}; kept as {', '.join(kept)}")


def title(result: GateResult) -> str:
    """What a result is called: its gate, and the database it was for."""
    return f"{result.title} ({result.database})" if result.database else result.title


def _keep(project: Project, run: str, result: GateResult) -> None:
    """Store a result as an artifact, and its hash in the event log."""
    name = f"{result.gate}-{result.database}.json" if result.database else f"{result.gate}.json"
    path = project.runs / run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
    path.write_bytes(data)
    events.append(
        project,
        events.GateFinished(
            gate=result.gate,
            database=result.database,
            status=result.status,
            artifact=path.relative_to(project.root).as_posix(),
            sha256=hashlib.sha256(data).hexdigest(),
            build=result.build,
            seconds=result.seconds,
        ),
    )
