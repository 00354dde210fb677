"""The completion report as a value. Its JSON form is versioned by the member `report`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal as OneOf

import msgspec

from backwright.model.types import Assumption
from backwright.task.events import DatabaseName, Role
from backwright.task.questions import Question
from backwright.verify.results import Finding, Status

State = OneOf["done", "not done", "not run"]


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Common settings of every part of the report."""


class Link(Value, frozen=True, kw_only=True):
    """A run's artifact: its path in the project and the hash that its bytes had.

    Both are empty when the run never took place.
    """

    path: str
    sha256: str


class Gate(Value, frozen=True, kw_only=True):
    """The last run of a gate on this build. `status` is "not_run" when its artifact cannot be believed."""

    gate: str
    title: str
    database: DatabaseName | None
    status: Status
    summary: str
    seconds: float
    figures: dict[str, int | float | str]
    findings: tuple[Finding, ...]
    link: Link


class ScenarioRun(Value, frozen=True, kw_only=True):
    """What happened when a scenario was executed on one database."""

    database: DatabaseName | None
    status: Status
    detail: str
    link: Link


class Scenario(Value, frozen=True, kw_only=True):
    """An acceptance scenario and every run of it."""

    id: str
    title: str
    feature: str
    story: str
    covers: tuple[str, ...]
    state: State
    runs: tuple[ScenarioRun, ...]


class Requirement(Value, frozen=True, kw_only=True):
    """A requirement, its scenarios, and what their runs say. `decision` left it out on purpose."""

    id: str
    text: str
    feature: str
    story: str
    state: State
    reason: str
    scenarios: tuple[str, ...]
    evidence: tuple[Link, ...]
    decision: str = ""


class WrittenLine(Value, frozen=True, kw_only=True):
    """A Given/When/Then line as people wrote it, and the scenario that executes it."""

    text: str
    feature: str
    story: str
    scenario: str
    state: State


class Decision(Value, frozen=True, kw_only=True):
    """A technical decision: what was chosen, what else was possible, and who may decide otherwise."""

    subject: str
    choice: str
    alternatives: tuple[str, ...]
    role: Role
    by: str


class File(Value, frozen=True, kw_only=True):
    """A generated file. `state` compares the bytes on disk with the lock."""

    path: str
    sha256: str
    state: OneOf["as generated", "edited", "missing"]


class Coverage(Value, frozen=True, kw_only=True):
    """A coverage figure of a gate, in percent."""

    name: str
    percent: float
    link: Link


class Endpoint(Value, frozen=True, kw_only=True):
    """One operation of the contract, with a sample of what is sent and answered."""

    method: str
    path: str
    summary: str
    statuses: tuple[str, ...]
    request: str = ""
    response: str = ""


class Migration(Value, frozen=True, kw_only=True):
    """A migration folder and where it ran."""

    name: str
    files: tuple[str, ...]
    steps: tuple[str, ...]
    applied: tuple[str, ...]
    rolled_back: tuple[str, ...]


class Variable(Value, frozen=True, kw_only=True):
    """An environment variable that the backend reads."""

    name: str
    example: str
    meaning: str


class Check(Value, frozen=True, kw_only=True):
    """One line of the done-checklist, computed."""

    text: str
    state: State
    reason: str
    evidence: tuple[Link, ...] = ()


class Materials(Value, frozen=True, kw_only=True):
    """The software bill of materials that a gate wrote: where it lies, and what is wrong with it now, if anything."""

    link: Link
    summary: str
    problem: str = ""


class Outcome(Value, frozen=True, kw_only=True):
    """What came of one cell of the authorization matrix on one database.

    `expected` and `observed` are statuses; `agrees` says that body and rows were alike, too. Without an observation
    `reason` says why the cell was not exercised.
    """

    database: DatabaseName | None
    expected: int | None
    observed: int | None
    agrees: bool
    reason: str


class Access(Value, frozen=True, kw_only=True):
    """One cell of the authorization matrix: who asks an operation for what, and what came of it on each database."""

    operation: str
    caller: str
    relation: str
    rule: str
    field: str
    place: str
    outcomes: tuple[Outcome, ...]


class Measured(Value, frozen=True, kw_only=True):
    """Figures of one operation (empty: of all) on one database, by their names."""

    operation: str
    database: DatabaseName | None
    figures: dict[str, int | float]
    link: Link


class Task(Value, frozen=True, kw_only=True):
    """The task that the report answers."""

    id: str
    name: str
    requirement: str
    dependencies: tuple[str, ...]


class Report(Value, frozen=True, kw_only=True):
    """Everything that is claimed about one build, with its evidence. `report` is the format's version."""

    report: int = 1
    generated_at: datetime
    service: str
    version: str
    build: str
    task: Task | None
    outcome: State
    summary: tuple[str, ...]
    decisions: tuple[Decision, ...]
    assumptions: tuple[Assumption, ...]
    files: tuple[File, ...]
    requirements: tuple[Requirement, ...]
    scenarios: tuple[Scenario, ...]
    written: tuple[WrittenLine, ...]
    coverage: tuple[Coverage, ...]
    access: tuple[Access, ...]
    latency: tuple[Measured, ...]
    statements: tuple[Measured, ...]
    gates: tuple[Gate, ...]
    api: tuple[Endpoint, ...]
    migrations: tuple[Migration, ...]
    environment: tuple[Variable, ...]
    materials: Materials | None
    questions: tuple[Question, ...]
    known_issues: tuple[str, ...]
    next_steps: tuple[str, ...]
    hand_over: tuple[str, ...]
    checklist: tuple[Check, ...]
