"""The gates that judge from outside, of a backend that was built here: no target file has to be written for it.

Callers, contract and start follow from the specification. These gates run where they are named, and shortly: what is
built here is judged more closely by those that know its meaning.
"""

from __future__ import annotations

from typing import cast

import msgspec

from backwright.verify.gate import Gate, GateInput, ObservingGate, Verdict
from backwright.verify.gates import access_from_outside, conformance, consistency, owasp
from backwright.verify.observed import Bounds
from backwright.verify.observing import observed

REQUESTS, SECONDS = 300, 60.0


class OfBuilt(msgspec.Struct, frozen=True):
    """A gate that looks from outside, as one that judges a project."""

    gate: ObservingGate
    DATABASE: bool = True

    @property
    def NAME(self) -> str:  # noqa: N802  as modules have it
        return self.gate.NAME

    @property
    def TITLE(self) -> str:  # noqa: N802
        return self.gate.TITLE

    @property
    def WHY(self) -> str:  # noqa: N802
        return self.gate.WHY

    @property
    def EXAMPLE(self) -> str:  # noqa: N802
        return self.gate.EXAMPLE

    def judge(self, given: GateInput) -> Verdict:
        """Start the project's backend, with its limits, and look at it as at anybody's."""
        bounds = Bounds(
            seed=given.seed, requests=min(given.requests, REQUESTS), seconds=min(given.seconds, SECONDS)
        )
        with observed(given, limited=True) as seen:
            return self.gate.observe(seen, bounds)


OUTSIDE_BUILT: tuple[Gate, ...] = tuple(
    cast("Gate", OfBuilt(cast("ObservingGate", gate)))
    for gate in (conformance, access_from_outside, consistency, owasp)
)
