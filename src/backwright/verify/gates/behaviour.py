"""The backend behaves as its model means, request by request."""

from __future__ import annotations

from contextlib import closing

from backwright.verify.backends import RunningBackend
from backwright.verify.behaviour import compare_backends
from backwright.verify.gate import GateInput, Verdict, backend, found
from backwright.verify.results import Finding
from backwright.verify.schemas import Schemas
from backwright.verify.script import script
from backwright.verify.staged import TOKEN_KEYS, signing
from backwright.verify.staged_script import staged_script

NAME = "behaviour"
TITLE = "Behaviour agrees with the reference"
WHY = "Tests made from the same code as the backend repeat its mistakes; the reference shares none of it."
EXAMPLE = "A list forgets its read rule when a filter is given: failed, with a script of curl commands."
DATABASE = True
LEAST_ACCEPTED = 33.0


def judge(given: GateInput) -> Verdict:
    """Random requests by random callers go to server and reference: status, headers, body, final rows.

    Each answer is also held against openapi.json. Too few accepted requests would show nothing and fail.
    """
    schemas = Schemas(given.project, given.model)
    with (
        backend(given, token_keys=TOKEN_KEYS) as server,
        closing(RunningBackend(given.model, server)) as running,
    ):
        compared = compare_backends(
            given.model,
            running,
            seed=given.seed,
            requests=given.requests,
            seconds=given.seconds,
            inspect=schemas.differences,
            sign_in=signing(given.model),
        )
    figures = {"seed": given.seed, **compared.figures, "answers held against openapi.json": schemas.checked}
    findings = []
    if compared.disagreement is not None:
        what = "; ".join(compared.disagreement.differences)
        replay = script(compared.disagreement)
        findings.append(Finding(what=what, where=f"seed {given.seed}", replay=replay))
    elif compared.scene is not None:
        what = "; ".join(compared.scene.differences)
        where = f"{compared.scene.sent.operation}, in a scene"
        findings.append(
            Finding(what=what, where=where, replay=staged_script(compared.scene, given.model, what))
        )
    elif float(figures["accepted %"]) < LEAST_ACCEPTED:
        findings.append(Finding(what=f"only {figures['accepted %']} % of the requests were accepted"))
    told = f"{figures['requests']} requests agree with the reference, {figures['accepted %']} % accepted"
    return found(findings, told, figures)
