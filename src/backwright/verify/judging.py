"""Runs a gate so that whatever happens has an answer: a crash is a failure, never a pass."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from types import ModuleType
from typing import cast

from backwright.verify.gate import Gate, GateInput, NotRun, Verdict, stamped
from backwright.verify.results import Finding, GateResult


def judged(module: ModuleType | Gate, given: GateInput) -> GateResult:
    """The result of one gate."""
    gate = cast("Gate", module)
    started, clock = datetime.now(UTC), perf_counter()
    return stamped(gate, given, _verdict(gate.judge, given), started, round(perf_counter() - clock, 3))


def _verdict(judge: Callable[[GateInput], Verdict], given: GateInput) -> Verdict:
    try:
        return judge(given)
    except NotRun as missing:
        return Verdict(status="not_run", summary=str(missing))
    except Exception as error:  # a gate that crashes has shown nothing, and must not look as if it had
        lines = traceback.format_exception(error)
        last = lines[-1].strip()
        finding = Finding(what=f"the gate crashed: {last}", replay="".join(lines[-3:]))
        return Verdict(status="failed", summary=f"the gate crashed: {last}", findings=(finding,))
