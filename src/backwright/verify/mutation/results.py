"""What came of the mutants: one frozen value, stored as a JSON artifact. `version` counts its shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal as OneOf

import msgspec

VERSION = 1
Outcome = OneOf["caught", "survived", "equivalent", "stillborn"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One mutant and what noticed it.

    `equivalent`: nothing noticed it, and it means the same; `reason` says why. `stillborn`: the backend does not
    even load, so that no gate has to be good to notice. Neither counts. Of one that survived, `reason` says why gates
    seldom notice its like, where that is known. `tests`: whether the backend's own tests notice it without any other
    gate, None where they were not run.
    """

    operator: str
    what: str
    diff: str
    outcome: Outcome
    gate: str | None = None
    finding: str = ""
    reason: str = ""
    tests: bool | None = None
    seconds: float = 0.0


class Unused(msgspec.Struct, frozen=True, kw_only=True):
    """A gate that did not judge, and why."""

    gate: str
    reason: str


class OperatorUse(msgspec.Struct, frozen=True, kw_only=True):
    """An operator and how many mutants it could make of this project; none is `not applicable`."""

    name: str
    family: str
    about: str
    blind: bool
    possible: int


class MutationResult(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run. `build` is the digest of what was broken; `started` is UTC, `seconds` wall time.

    `note` is what whoever publishes it has to say about it.
    `again`: so many requests the behaviour gate had for what nothing had noticed, 0 where it was not asked again.
    `left`: how many more mutants were drawn, and not judged since the time was over.
    """

    version: int = VERSION
    service: str
    build: str
    tool: str
    started: datetime
    seconds: float
    seed: int
    per_operator: int
    requests: int
    again: int = 0
    database: OneOf["sqlite", "postgresql"]
    gates: tuple[str, ...]
    unused: tuple[Unused, ...]
    operators: tuple[OperatorUse, ...]
    mutants: tuple[Judged, ...]
    left: int = 0
    note: str = ""

    @property
    def counted(self) -> tuple[Judged, ...]:
        """The mutants that are wrong and run."""
        return tuple(each for each in self.mutants if each.outcome in ("caught", "survived"))

    @property
    def caught(self) -> float:
        """The share of them that some gate noticed, in percent."""
        return _percent([each.outcome == "caught" for each in self.counted])

    @property
    def caught_by_tests(self) -> float:
        """The share of them that the backend's own tests noticed alone, in percent."""
        return _percent([each.tests is True for each in self.counted])


def _percent(noticed: list[bool]) -> float:
    return round(100 * sum(noticed) / len(noticed), 1) if noticed else 0.0
