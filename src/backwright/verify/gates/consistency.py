"""Answers of the running backend agree with each other."""

from __future__ import annotations

from typing import cast

from backwright.verify.gate import NotRun, Verdict, found
from backwright.verify.observed import Bounds, Observed
from backwright.verify.probes import (
    asking,
    balances,
    clocks,
    conditions,
    conflicts,
    counting,
    deletions,
    kept,
    pages,
    races,
    repetition,
    totals,
    written,
)
from backwright.verify.probes.probe import Probe, merged, world_of

NAME = "consistency"
TITLE = "Answers agree with each other"
WHY = "Each answer can be as the contract says, and yet a row is lost between two pages, or money is spent twice."
EXAMPLE = (
    "Of two transfers of the whole balance, sent at once, both are answered 201: failed, with the request."
)

PROBES: tuple[Probe, ...] = cast(
    "tuple[Probe, ...]",
    (
        pages,
        asking,
        totals,
        written,
        kept,
        deletions,
        conditions,
        repetition,
        races,
        conflicts,
        counting,
        balances,
        clocks,
    ),
)


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """Each probe makes things of its own, so that what others left behind does not matter.

    What could not be judged is named in the figures. With nothing judged, it is not run.
    """
    with world_of(seen, bounds) as world:
        outcome = merged(probe.run(world) for probe in PROBES)
        requests = world.client.count
    if not outcome.tried:
        raise NotRun(f"nothing could be judged: {'; '.join(outcome.unjudged[:5])}")
    figures: dict[str, int | float | str] = {"requests": requests, "judged": outcome.tried}
    figures |= {f"not judged {number}": line for number, line in enumerate(outcome.unjudged, 1)}
    passed = (
        f"{outcome.tried} questions answered as they must be, {len(outcome.unjudged)} could not be judged"
    )
    return found(list(outcome.findings), passed, figures)
