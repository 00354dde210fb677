"""Runs gates one after another, each on every database that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from backwright.model.types import Model
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose, register
from backwright.verify.gate import DatabaseName, Gate, GateInput
from backwright.verify.gates import GATES, NAMED
from backwright.verify.judging import judged
from backwright.verify.results import GateResult

Chosen = TypeVar("Chosen")
DATABASES: Mapping[str, DatabaseName] = {"sqlite": "sqlite", "postgresql": "postgresql"}
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
    known = (*GATES, *NAMED, *_outside(gates)) if gates else GATES
    chosen = _chosen("gate", gates, {gate.NAME: gate for gate in known})
    on = _chosen("database", databases, DATABASES)
    for gate in chosen:
        for database in on if gate.DATABASE else [None]:
            given = GateInput(
                project=project, model=model, build=build, database=database, seed=seed, requests=requests
            )
            yield judged(gate, given)


def _outside(names: Sequence[str]) -> tuple[Gate, ...]:
    """Those that look from outside: they load libraries that no other gate needs, so only where one is named."""
    if set(names) <= {gate.NAME for gate in (*GATES, *NAMED)}:
        return ()
    from backwright.verify.outside_built import OUTSIDE_BUILT  # noqa: PLC0415

    return OUTSIDE_BUILT


def _chosen(what: str, names: Sequence[str], known: Mapping[str, Chosen]) -> list[Chosen]:
    unknown = [name for name in names if name not in known]
    if unknown:
        mend = f"choose from {', '.join(known)}"
        raise SpecificationError(
            diagnose(UNKNOWN, NOWHERE, f"there is no {what} {name!r}", mend) for name in unknown
        )
    return [value for name, value in known.items() if not names or name in names]
