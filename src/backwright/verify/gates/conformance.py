"""The running backend keeps its contract, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING, Any

from backwright.verify.gate import NotRun, Verdict, found
from backwright.verify.observed import Bounds, Observed
from backwright.verify.probes import rules
from backwright.verify.probes.probe import LATER
from backwright.verify.results import Finding
from backwright.verify.target.calling import Client
from backwright.verify.target.exploring import World

if TYPE_CHECKING:
    from backwright.verify.fuzzing import Fuzzed

NAME = "conformance"
TITLE = "Conformance to the contract"
WHY = "Clients are written to the contract: a status or a member that it does not name is a crash in somebody's app."
EXAMPLE = "A creation answers 200 where the contract says 201: failed, with a line of curl."
MOST_ERRORS = 20


def observe(seen: Observed, bounds: Bounds) -> Verdict:
    """The document is valid by its own specification. Each rule of each body (required, type, length, bounds) is broken
    once. Then Schemathesis makes requests for each operation, in equal parts such that the contract allows and such
    that it forbids, of ids that exist and of others, the same ones for a seed.

    Held against the contract: status, headers, media type and body of each answer; no 5xx; what the contract forbids is
    refused. Too few accepted requests would show nothing: with none at all it is not run.

    Figures, not findings, are refusals with a status that the contract names for no operation at all (many leave out
    404), and bodies that are taken although a number is written as a text.
    """
    from backwright.verify.fuzzing import fuzzed  # noqa: PLC0415 (takes seconds)

    begun = monotonic()
    findings = list(invalid(seen.contract))
    with closing(Client(seen.url)) as client:
        world = World(seen, client, bounds.seed + LATER, bounds.seconds / 4)
        missing = world.explore()
        broken = rules.run(world)
        # What came before has taken of the time; most of it is for requests that are made at random.
        least = monotonic() + bounds.seconds * 2 / 3
        total = fuzzed(world, bounds, max(begun + bounds.seconds, least))
    findings += [*broken.findings, *total.findings()]
    if not total.sent:
        raise NotRun(
            f"no request could be made: {'; '.join(total.unjudged) or 'the contract has no operations'}"
        )
    if not total.accepted and not findings:
        raise NotRun(f"of {total.sent} requests none was accepted: refusals alone show nothing")
    told = f"{total.sent} requests, {total.accepted} accepted: all answers are as the contract says"
    return found(findings, told, _figures(total, missing))


def _figures(total: Fuzzed, missing: tuple[str, ...]) -> dict[str, int | float | str]:
    figures: dict[str, int | float | str] = {
        "requests": total.sent,
        "accepted": total.accepted,
        "allowed by the contract": total.positive,
        "forbidden by the contract": total.negative,
    }
    for status, operations in sorted(total.unnamed.items()):
        figures[f"{status}, which the contract names nowhere"] = ", ".join(sorted(operations))
    if total.converted:
        figures["numbers are taken from texts, or the other way round"] = ", ".join(sorted(total.converted))
    if missing:
        figures["never accepted"] = ", ".join(missing)
    return figures | {f"not judged {number}": line for number, line in enumerate(total.unjudged, 1)}


def invalid(document: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the document by the OpenAPI specification's own schema."""
    from openapi_spec_validator import (  # noqa: PLC0415 (takes seconds)
        OpenAPIV30SpecValidator,
        OpenAPIV31SpecValidator,
    )

    validator = (
        OpenAPIV30SpecValidator if str(document["openapi"]).startswith("3.0") else OpenAPIV31SpecValidator
    )
    for number, error in enumerate(validator(dict(document)).iter_errors()):
        if number == MOST_ERRORS:
            return
        yield Finding(where="/".join(["contract", *map(str, error.path)]), what=error.message[:500])
