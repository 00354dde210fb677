"""Who may do what, asked from outside: without credentials, with broken ones, and as somebody else."""

from __future__ import annotations

from backwright.verify.gate import NotRun, Verdict, found
from backwright.verify.observed import Bounds, Observed
from backwright.verify.probes import (
    belonging,
    borrowed,
    bulk,
    credentials,
    cross_site,
    fixation,
    hiding,
    lists,
    nesting,
    objects,
    passwords,
    properties,
    reserved,
    revoking,
    signing_out,
    traces,
)
from backwright.verify.probes.probe import merged, world_of

NAME = "access-from-outside"
TITLE = "Access, asked from outside"
WHY = "Whether the wrong person is refused is decided by the running backend, not by the rule that somebody wrote down."
EXAMPLE = "DELETE of another caller's comment is answered 204: failed, with the request."

PROBES = (
    credentials, objects, nesting, lists, traces, hiding, reserved, properties, belonging, borrowed, bulk, cross_site,
    fixation, revoking, signing_out, passwords,
)  # fmt: skip


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The probes of credentials, objects, lists and properties, of functions that are reserved, of other sites, and of
    sessions and keys that end, each with a control: the same request of somebody who may.

    What could not be judged is named in the figures. Without callers, or with nothing judged, it is not run.
    """
    if not seen.callers:
        raise NotRun("no callers are declared: nobody could be let in, so a refusal shows nothing")
    with world_of(seen, bounds) as world:
        outcome = merged(probe.run(world) for probe in PROBES)
        requests = world.client.count
    if not outcome.tried:
        raise NotRun(f"nothing could be judged: {'; '.join(outcome.unjudged[:5])}")
    figures: dict[str, int | float | str] = {
        "requests": requests,
        "judged": outcome.tried,
        "not judged": len(outcome.unjudged),
    }
    figures |= {f"not judged {number}": line for number, line in enumerate(outcome.unjudged, 1)}
    passed = (
        f"{outcome.tried} questions answered as they must be, {len(outcome.unjudged)} could not be judged"
    )
    return found(list(outcome.findings), passed, figures)
