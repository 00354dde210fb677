"""Judging the gates themselves: the build is broken on purpose, and they have to notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from backwright.pipeline.building import build_digest
from backwright.pipeline.checking import check
from backwright.pipeline.planning import package, refuse
from backwright.project import Project
from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose
from backwright.verify.gates import GATES
from backwright.verify.mutation.operators import OPERATORS
from backwright.verify.mutation.results import Judged, MutationResult
from backwright.verify.mutation.run import Choice, Ready, run
from backwright.verify.runner import UNKNOWN

__all__ = ["Choice", "Judged", "MutationResult", "Ready", "mutate"]


def mutate(
    project: Project, choice: Choice, told: Callable[[Ready | Judged], None]
) -> tuple[MutationResult, Path]:
    """Break a copy of the build as chosen; the result, and the artifact that holds it. Raises SpecificationError."""
    _known("operator", choice.operators, [each.name for each in OPERATORS])
    _known("gate", choice.gates, [each.NAME for each in GATES])
    package(project)
    model = check(project).model
    refuse(model)
    digest = build_digest(project)
    assert digest is not None
    for each in run(project, model, digest, choice):
        if not isinstance(each, MutationResult):
            told(each)
            continue
        path = project.runs / each.started.strftime("%Y%m%dT%H%M%S.%fZ") / "mutation" / "result.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(each), indent=2) + b"\n")
        return each, path
    raise AssertionError("a run ends with its result")


def _known(what: str, names: tuple[str, ...], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        mend = f"choose from {', '.join(known)}"
        raise SpecificationError(
            diagnose(UNKNOWN, NOWHERE, f"there is no {what} {name!r}", mend) for name in unknown
        )
