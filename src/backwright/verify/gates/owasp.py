"""The OWASP API Security Top 10 of 2023, id by id, as far as it can be seen from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from backwright.verify.gate import NotRun, Verdict, found
from backwright.verify.observed import Bounds, Observed
from backwright.verify.probes import (
    belonging,
    borrowed,
    bulk,
    configuration,
    consumption,
    credentials,
    cross_site,
    errors,
    fetching,
    fixation,
    functions,
    hiding,
    injection,
    inventory,
    lists,
    nesting,
    objects,
    passwords,
    properties,
    redirecting,
    reserved,
    revoking,
    signing_in,
    signing_out,
    sql,
    tokens,
    traces,
    uploads,
)
from backwright.verify.probes.probe import Outcome, Probe, world_of
from backwright.verify.results import Finding

NAME = "owasp"
TITLE = "OWASP API Security Top 10 (2023)"
WHY = "These ten are how APIs are broken into in practice; each has a question that the running backend can be asked."
EXAMPLE = "Sixty wrong passwords in a row are all answered 401: failed under API2:2023."

PROBES: tuple[Probe, ...] = cast(
    "tuple[Probe, ...]",
    (
        objects, nesting, lists, traces, hiding, credentials, tokens, cross_site, fixation, revoking, signing_out,
        passwords, properties, belonging, borrowed, bulk, functions, reserved, fetching, inventory, injection, sql,
        redirecting, errors, uploads, consumption, configuration, signing_in,
    ),
)  # fmt: skip
"""In this order: the last ones may leave the backend full, or its login locked."""

OUT_OF_SIGHT: Mapping[str, str] = {
    "API6:2023": "not observable from outside: which flows are worth abusing is known to the business only",
    "API10:2023": "not observable from outside: what the backend asks of other services does not pass by here",
}


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """Each id has probes, or a reason why it cannot be seen from outside; the figures say which and what came of it.

    A finding names its id. Headers and limits that production should have are advised, and fail nothing. An id whose
    probes could ask nothing is named as not run; if that is all of them, so is the gate.
    """
    outcomes: dict[str, list[Outcome]] = {}
    findings: list[Finding] = []
    advice: list[Finding] = []
    with world_of(seen, bounds) as world:
        for probe in PROBES:
            outcome = probe.run(world)
            advice += outcome.advice
            for each in probe.IDS:
                outcomes.setdefault(each, []).append(outcome)
            findings += [
                msgspec.structs.replace(finding, what=f"{probe.IDS[0]} {probe.NAME}: {finding.what}")
                for finding in outcome.findings
            ]
        requests = world.client.count
    if not any(outcome.tried for each in outcomes.values() for outcome in each):
        raise NotRun("no probe got an answer that it could judge")
    said = {f"API{number}:2023": _said(f"API{number}:2023", outcomes) for number in range(1, 11)}
    asked = [id for id, line in said.items() if not line.startswith(("not run", "not observable"))]
    passed = (
        f"{len(asked)} of 10 looked at, nothing found; not: {', '.join(id for id in said if id not in asked)}"
    )
    advised = {f"advised {number}": f"{each.where}: {each.what}" for number, each in enumerate(advice, 1)}
    passed += f"; {len(advice)} advised" if advice else ""
    return found(findings, passed, {"requests": requests, **said, **advised})


def _said(id: str, outcomes: Mapping[str, list[Outcome]]) -> str:
    if id in OUT_OF_SIGHT:
        return OUT_OF_SIGHT[id]
    tried = sum(outcome.tried for outcome in outcomes[id])
    findings = sum(len(outcome.findings) for outcome in outcomes[id])
    unjudged = [line for outcome in outcomes[id] for line in outcome.unjudged]
    if not tried:
        return f"not run: {'; '.join(unjudged[:3]) or 'there was nothing to ask'}"
    return f"{tried} asked, {findings} found" + (f", {len(unjudged)} not judged" if unjudged else "")
