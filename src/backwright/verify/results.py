"""What a gate answers: one frozen value, stored as a JSON artifact that the report reads and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Literal as OneOf

import msgspec

Status = OneOf["passed", "failed", "not_run"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a gate found wrong: what, where, and how to see it again."""

    what: str
    where: str = ""
    replay: str = ""


class ScenarioResult(msgspec.Struct, frozen=True, kw_only=True):
    """One acceptance scenario as executed: identity, what it covers, and what happened at which step."""

    id: str
    title: str
    story: str
    covers: tuple[str, ...]
    status: Status
    detail: str = ""


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
