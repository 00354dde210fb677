"""What a gate answers: one frozen value, stored as a JSON artifact that the report reads and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Literal as OneOf

import msgspec

Status = OneOf["passed", "failed", "not_run"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a gate found wrong: what, where, and how to see it again.

    `case` is what is kept in the project, to be played first by every later run (`verify/regressions.py`).
    """

    what: str
    where: str = ""
    replay: str = ""
    case: str = ""


class ScenarioResult(msgspec.Struct, frozen=True, kw_only=True):
    """One acceptance scenario as executed: identity, what it covers, and what happened at which step."""

    id: str
    title: str
    story: str
    covers: tuple[str, ...]
    status: Status
    detail: str = ""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the authorization matrix: who asks an operation for what, and what they are answered.

    `caller` is "anonymous", "stranger" (an account that no row knows), a role, or "account". `relation` says what holds
    between caller and row, in words of the rule; `rule` is the rule's text and `place` where it stands (both empty: the
    operation as it is). `field` is the one that a field rule is about. `expected` is the reference's status, `observed`
    the backend's, and `agrees` says that body and stored rows were alike, too. `requests` is how many were sent; where
    that is 0, `reason` says why the cell was not exercised.
    """

    operation: str
    caller: str
    relation: str
    rule: str = ""
    place: str = ""
    field: str = ""
    expected: int | None = None
    observed: int | None = None
    requests: int = 0
    agrees: bool = True
    reason: str = ""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one operation (empty: of all together), by the name of the figure with its unit."""

    operation: str
    figures: dict[str, int | float]


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one gate on one database (or none).

    `build` is the digest of the specification and the generated files that were judged: a result for another
    build counts as not run. `started` is UTC, `seconds` is wall time. `figures` are the numbers behind the claim.
    """

    gate: str
    title: str
    status: Status
    summary: str
    build: str
    started: datetime
    seconds: float
    database: OneOf["sqlite", "postgresql"] | None = None
    figures: dict[str, int | float | str] = {}
    findings: tuple[Finding, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    matrix: tuple[Cell, ...] = ()
    measures: tuple[Measure, ...] = ()
