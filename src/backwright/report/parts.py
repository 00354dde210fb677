"""How what a task names stands: computed from the build, the lock and the runs that are still evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Literal as OneOf
from typing import assert_never

import msgspec

from backwright.emit.project import OutsideProject, confined, read_lock
from backwright.model.types import Model
from backwright.project import Project
from backwright.report.types import Requirement, Scenario
from backwright.task.evidence import Evidence
from backwright.task.features import Feature
from backwright.task.naming import Name
from backwright.task.wording import listing

PartState = OneOf["done", "not done", "not run", "not computable"]

OPERATION_GATES = ("contract", "authorization", "behaviour")
"""What has to have passed before an operation is called built."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a task names, how it stands, and why."""

    kind: str
    name: str
    state: PartState
    reason: str


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What parts are judged by; requirements by feature and id. `model` is None while there is none to build."""

    project: Project
    model: Model | None
    evidence: tuple[Evidence, ...]
    requirements: Mapping[tuple[str, str], list[Requirement]]
    scenarios: tuple[Scenario, ...]
    lock: Mapping[str, str]


def ground(
    project: Project,
    model: Model | None,
    evidence: tuple[Evidence, ...],
    requirements: tuple[Requirement, ...],
    scenarios: tuple[Scenario, ...],
) -> Ground:
    """The ground as the files are now."""
    by_id: dict[tuple[str, str], list[Requirement]] = {}
    for requirement in requirements:
        by_id.setdefault((requirement.feature, requirement.id), []).append(requirement)
    return Ground(
        project=project,
        model=model,
        evidence=evidence,
        requirements=by_id,
        scenarios=scenarios,
        lock=read_lock(project).files,
    )


def judged(on: Ground, feature: Feature, name: Name, story: str) -> Part:
    """One name of a task of a feature; `story` is the one that the task serves."""
    match name.kind:
        case "requirement":
            state, reason = _requirement(on, feature, name.name, story)
        case "criterion":
            state, reason = _criterion(on, feature, name.name)
        case "scenario":
            state, reason = _of([s for s in on.scenarios if s.feature == feature.name and s.id == name.name])
        case "operation":
            state, reason = _operation(on, name.name)
        case "gate":
            state, reason = gates(on.evidence, (name.name,))
        case "file":
            state, reason = _file(on, feature, name.name)
        case _:
            assert_never(name.kind)
    return Part(kind=name.kind, name=name.name, state=state, reason=reason)


def gates(evidence: Iterable[Evidence], names: Iterable[str]) -> tuple[PartState, str]:
    """Whether gates passed wherever a delivery needs them."""
    names = tuple(dict.fromkeys(names))
    evidence = tuple(evidence)
    for name in names:
        runs = [run for run in evidence if run.gate == name]
        for status, state in (("failed", "not done"), ("not_run", "not run")):
            for run in runs:
                if run.status == status:
                    where = f" on {run.database}" if run.database else ""
                    said = "failed" if status == "failed" else "was not run"
                    return ("not done" if state == "not done" else "not run"), (
                        f"the gate {name}{where} {said}: {run.reason}"
                    )
        if not runs:
            return "not run", f"the gate {name} was not run: it never ran"
    return "done", f"passed: {listing(names)}"


def _requirement(on: Ground, feature: Feature, identity: str, story: str) -> tuple[PartState, str]:
    """Of several with one id, the task's story says which is meant; where it does not, all of them are."""
    same = on.requirements.get((feature.name, identity), [])
    mine = [found for found in same if found.story == story] or same
    for found in mine:
        if found.state != "done":
            return found.state, f"{identity}: {found.decision or found.reason}"
    if not mine:
        return "not done", f"{identity} is not in {feature.folder}/spec.md"
    return "done", f"{identity}: {mine[0].reason}"


def _criterion(on: Ground, feature: Feature, identity: str) -> tuple[PartState, str]:
    covering = [s for s in on.scenarios if s.feature == feature.name and identity in s.covers]
    return _of(covering) if covering else ("not computable", f"no scenario covers {identity}")


def _of(executed: list[Scenario]) -> tuple[PartState, str]:
    for scenario in executed:
        if scenario.state != "done":
            runs = [run.detail for run in scenario.runs if run.status != "passed"]
            return scenario.state, f"{scenario.id}: {runs[0] if runs else 'it was not run'}"
    return "done", f"passed: {listing(scenario.id for scenario in executed)}"


def _operation(on: Ground, name: str) -> tuple[PartState, str]:
    if on.model is None:
        return "not done", f"{name}: the specification cannot be built"
    if all(operation.name != name for operation in on.model.operations):
        return "not done", f"{name} is no operation of the specification"
    state, reason = gates(on.evidence, OPERATION_GATES)
    return state, f"{name}: {reason}"


def _file(on: Ground, feature: Feature, path: str) -> tuple[PartState, str]:
    if "*" in path or "?" in path:
        return "not computable", f"{path} is a pattern and names no one file"
    try:
        there = confined(on.project.root, path)
        beside = confined(on.project.root, f"{feature.folder}/{path}")
    except OutsideProject:
        return "not computable", f"{path} leads out of the project"
    if path.endswith("/"):
        members = [each for each in on.lock if each.startswith(path)]
    else:
        members = [path] if path in on.lock else []
    for each in members:
        if (state := _as_generated(on, each)) != "as generated":
            return "not done", f"{each} is {state}"
    if members:
        state, reason = gates(on.evidence, [gate for each in members for gate in _gates_of(on, each)])
        return state, f"{path}: {reason}"
    if there.is_file() and (judges := _judges(on, path)):
        state, reason = gates(on.evidence, judges)
        return state, f"{path}: {reason}"
    if there.exists() or beside.exists():
        return "not computable", f"no gate judges {path}"
    return "not done", f"{path} is not there"


def _as_generated(on: Ground, path: str) -> str:
    try:
        data = confined(on.project.root, path).read_bytes()
    except (OSError, OutsideProject):
        return "missing"
    return "as generated" if hashlib.sha256(data).hexdigest() == on.lock[path] else "edited by hand"


def _gates_of(on: Ground, path: str) -> tuple[str, ...]:
    """The gates that judge a generated file."""
    first = PurePosixPath(path).parts[0]
    if first == "migrations":
        return ("integrity", "migrations")
    if first == "tests":
        return ("integrity", "unit")
    if path.endswith("openapi.json"):
        return ("integrity", "contract")
    if path.endswith(".py"):
        return ("integrity", "lint", "types", "unit")
    return ("integrity",)


def _judges(on: Ground, path: str) -> tuple[str, ...]:
    """The gates that judge a file of the user's, whose bytes are part of what results are bound to."""
    parts = PurePosixPath(path).parts
    packages = {PurePosixPath(each).parts[0] for each in on.lock if each.endswith("/app.py")}
    if parts[0] in packages and "logic" in parts[:-1] and path.endswith(".py"):
        return ("logic", "lint", "types", "unit")
    if parts[0] == "specs" and parts[-1] == "acceptance.yaml":
        return ("acceptance",)
    if path == "backwright.yaml" or (parts[0] == "spec" and path.endswith(".yaml")):
        return ("integrity",)
    return ()
