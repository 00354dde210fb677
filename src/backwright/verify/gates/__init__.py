"""The gates, one per file, in the order in which they run: what is quick and explains much comes first."""

from __future__ import annotations

from typing import cast

from backwright.verify.gate import Gate
from backwright.verify.gates import (
    acceptance,
    behaviour,
    contract,
    integrity,
    lint,
    logic,
    migrations,
    types,
    unit,
)

GATES: tuple[Gate, ...] = cast(
    "tuple[Gate, ...]",
    (integrity, lint, types, logic, contract, migrations, unit, acceptance, behaviour),
)
