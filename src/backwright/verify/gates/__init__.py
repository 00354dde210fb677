"""The gates, one per file, in the order in which they run: what is quick and explains much comes first."""

from __future__ import annotations

from typing import cast

from backwright.verify.gate import Gate
from backwright.verify.gates import (
    acceptance,
    authorization,
    behaviour,
    contract,
    criteria,
    integrity,
    lint,
    load,
    log_redaction,
    logic,
    memory,
    migrations,
    query_budget,
    sbom,
    secrets,
    static_analysis,
    types,
    unit,
    vulnerabilities,
)

GATES: tuple[Gate, ...] = cast(
    "tuple[Gate, ...]",
    (
        integrity,
        lint,
        types,
        logic,
        contract,
        migrations,
        unit,
        acceptance,
        criteria,
        authorization,
        behaviour,
        query_budget,
        load,
        memory,
        static_analysis,
        secrets,
        log_redaction,
        sbom,
    ),
)

NAMED: tuple[Gate, ...] = cast("tuple[Gate, ...]", (vulnerabilities,))
"""Those that run only where they are named: they ask a service on the network."""
