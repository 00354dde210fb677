"""Does the backend behave as its model means, request by request?"""

from __future__ import annotations

from backwright.verify.behaviour import compare_backends
from backwright.verify.gate import Gate, Given, Verdict
from backwright.verify.results import Finding
from backwright.verify.server import running
from backwright.verify.shrink import script

SECONDS = 120.0
LEAST_ACCEPTED = 33.0


def judge(given: Given) -> Verdict:
    with running(given.project.root, given.package, given.url) as server:
        found = compare_backends(
            given.model, server, seed=given.seed, requests=given.requests, seconds=SECONDS
        )
    findings = []
    figures = {"seed": given.seed, **found.figures}
    if found.disagreement is not None:
        what = "; ".join(found.disagreement.differences)
        findings.append(Finding(what=what, where=f"seed {given.seed}", replay=script(found.disagreement)))
    elif float(figures["accepted %"]) < LEAST_ACCEPTED:
        findings.append(
            Finding(what=f"only {figures['accepted %']} % of the requests were accepted: too few to tell")
        )
    return Verdict(
        status="failed" if findings else "passed",
        summary=f"{figures['requests']} requests compared with the reference, {figures['accepted %']} % accepted, "
        f"{len(findings)} findings",
        figures=figures,
        findings=tuple(findings),
    )


BEHAVIOUR = Gate(
    name="behaviour",
    title="Behaviour agrees with the reference",
    why="Tests that are generated from the same code as the backend repeat its mistakes; the reference shares none.",
    decides="Sends random requests by random callers to server and reference: status, headers, body, final rows.",
    example="A list that forgets its read rule when a filter is given.",
    on_database=True,
    judge=judge,
)
