"""Runs gates one after another. What a gate raises is a failure of that gate, never a pass and never the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar

from backwright.migrate import disposable
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register
from backwright.verify.gate import DATABASES, DatabaseName, Gate, Given, Verdict, not_run
from backwright.verify.gates import GATES
from backwright.verify.results import GateResult

Chosen = TypeVar("Chosen")
UNKNOWN = register(
    "BW980",
    "There is no such gate or database",
    "A gate that was misspelt would silently not run.",
    "backwright verify behavior",
)


def run(
    project: Project,
    model: Model,
    build: str,
    gates: Sequence[str] = (),
    databases: Sequence[str] = (),
    *,
    seed: int = 1,
    requests: int = 2000,
) -> Iterator[GateResult]:
    """The result of each gate as it comes; all gates on all databases unless named. Raises SpecificationError."""
    chosen = _chosen("gate", gates, {gate.name: gate for gate in GATES})
    on = _chosen("database", databases, {name: name for name in DATABASES})
    for gate in chosen:
        for database in on if gate.on_database else [None]:
            yield _result(gate, database, project, model, build, seed, requests)


def _chosen(what: str, names: Sequence[str], known: Mapping[str, Chosen]) -> list[Chosen]:
    unknown = [name for name in names if name not in known]
    if unknown:
        mend = f"choose from {', '.join(known)}"
        raise SpecificationError(
            diagnose(UNKNOWN, NOWHERE, f"there is no {what} {name!r}", mend) for name in unknown
        )
    return [value for name, value in known.items() if not names or name in names]


def _result(
    gate: Gate,
    database: DatabaseName | None,
    project: Project,
    model: Model,
    build: str,
    seed: int,
    requests: int,
) -> GateResult:
    started, clock = datetime.now(UTC), perf_counter()
    with _disposable(database) as (url, reason):
        if url is None:
            verdict = not_run(reason)
        else:
            given = Given(project=project, model=model, url=url, seed=seed, requests=requests)
            verdict = _judged(gate, given)
    return GateResult(
        gate=gate.name,
        title=gate.title,
        status=verdict.status,
        summary=verdict.summary,
        build=build,
        started=started,
        seconds=round(perf_counter() - clock, 3),
        database=database,
        figures=verdict.figures,
        findings=verdict.findings,
        scenarios=verdict.scenarios,
    )


def _judged(gate: Gate, given: Given) -> Verdict:
    try:
        return gate.judge(given)
    except Exception as error:  # whatever it is, the gate did not pass
        return Verdict(status="failed", summary=f"the gate ended with {type(error).__name__}: {error}")


def _disposable(database: DatabaseName | None) -> AbstractContextManager[tuple[str | None, str]]:
    """The URL of an empty database, or None and why there is none."""
    match database:
        case None:
            return nullcontext(("", ""))
        case "postgresql":
            return disposable.postgres_url()
        case "sqlite":
            return _sqlite()


@contextmanager
def _sqlite() -> Iterator[tuple[str, str]]:
    with disposable.sqlite_url() as url:
        yield url, ""
