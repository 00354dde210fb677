"""Judges a target by every gate that looks from outside, each on a backend that was started for it."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import msgspec

from backwright.spec.diagnostics import NOWHERE, SpecificationError, diagnose
from backwright.verify.gate import NotRun, ObservingGate, Verdict
from backwright.verify.observed import Bounds, Observed
from backwright.verify.outside import OUTSIDE
from backwright.verify.results import Finding, GateResult
from backwright.verify.runner import UNKNOWN
from backwright.verify.target.file import Target
from backwright.verify.target.observing import observed

UNREACHED = "not reached"


def judge(
    target: Target, names: Sequence[str], out: Path, bounds: Bounds, gates: Sequence[ObservingGate] = OUTSIDE
) -> Iterator[GateResult]:
    """The result of each gate as it comes. Raises SpecificationError: an unknown gate, or a backend that
    does not start.

    What a gate leaves behind is not seen by the next: the backend is started anew for each, after its database's reset.
    """
    build = digest(target)
    for gate in chosen(names, gates):
        started, clock = datetime.now(UTC), perf_counter()
        with observed(target, out / f"{gate.NAME}.log", bounds.seed) as seen:
            verdict = _verdict(gate, seen, bounds)
            reached: dict[str, int | float | str] = {
                "operations reached": len({exchange.operation for exchange in seen.accepted()})
            }
            if seen.unreached:
                reached[UNREACHED] = ", ".join(seen.unreached)
        yield GateResult(
            gate=gate.NAME,
            title=gate.TITLE,
            status=verdict.status,
            summary=verdict.summary,
            build=build,
            started=started,
            seconds=round(perf_counter() - clock, 3),
            figures=reached | verdict.figures,
            findings=verdict.findings,
        )


def chosen(names: Sequence[str], gates: Sequence[ObservingGate] = OUTSIDE) -> list[ObservingGate]:
    """The gates of these names; all where there are none. Raises SpecificationError (BW980)."""
    known: Mapping[str, ObservingGate] = {gate.NAME: gate for gate in gates}
    mend = f"from outside, choose from {', '.join(known)}"
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SpecificationError(
            diagnose(UNKNOWN, NOWHERE, f"there is no gate {name!r} that looks from outside", mend)
            for name in unknown
        )
    return [gate for name, gate in known.items() if not names or name in names]


def _verdict(gate: ObservingGate, seen: Observed, bounds: Bounds) -> Verdict:
    try:
        return gate.observe(seen, bounds)
    except NotRun as missing:
        return Verdict(status="not_run", summary=str(missing))
    except Exception as error:  # a gate that crashes has shown nothing, and must not look as if it had
        lines = traceback.format_exception(error)
        last = lines[-1].strip()
        finding = Finding(what=f"the gate crashed: {last}", replay="".join(lines[-3:]))
        return Verdict(status="failed", summary=f"the gate crashed: {last}", findings=(finding,))


def digest(target: Target) -> str:
    """What was judged, as far as it is known: the target file and the contract."""
    content = target.file.read_bytes() + msgspec.json.encode(target.contract, order="deterministic")
    return hashlib.sha256(content).hexdigest()
