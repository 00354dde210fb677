"""The gates that judge a running backend of any make (`backwright verify --target`).

They are apart from the others because they load libraries that no other command needs.
"""

from __future__ import annotations

from typing import cast

from backwright.verify.gate import ObservingGate
from backwright.verify.gates import (
    access_from_outside,
    conformance,
    consistency,
    load,
    log_redaction,
    memory,
    owasp,
    query_budget,
)

OUTSIDE: tuple[ObservingGate, ...] = cast(
    "tuple[ObservingGate, ...]",
    (conformance, access_from_outside, consistency, log_redaction, query_budget, load, memory, owasp),
)
"""In the order in which they run."""
