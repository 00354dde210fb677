"""What holds around an operation: its limits, caching, deprecation, idempotency and preconditions."""

from __future__ import annotations

import datetime
import re

import msgspec

from backwright.model.expand.building import Building
from backwright.model.expand.codes import DEPRECATED, IF_MATCH, RESPOND
from backwright.model.expand.draft import Draft
from backwright.model.types import (
    Cache,
    Delete,
    Demand,
    Deprecation,
    Deviation,
    Find,
    HandedOver,
    Performance,
    Rate,
    Step,
    Update,
)
from backwright.spec.nodes import At, CacheNode, ContractNode, DeprecatedNode, LimitsNode, PerformanceNode

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)")
_LINK = re.compile(r"https?://[!-;=?-~]+")  # no spaces, no angle brackets


def rates(own: LimitsNode | None, of_service: LimitsNode | None, building: Building) -> tuple[Rate, ...]:
    """The rates that hold for an operation: its own, and the service's where its own counts otherwise."""
    found = {rate.by: rate for node in (of_service, own) if (rate := _rate(node, building)) is not None}
    return tuple(found.values())


def _rate(node: LimitsNode | None, building: Building) -> Rate | None:
    if node is None or node.rate is None:
        return None
    matched = _RATE.fullmatch(node.rate.value.strip())
    by = "caller" if node.by is None else node.by.value
    if by == "caller" and node.by is None and building.auth is None:
        by = "address"
    assert matched is not None, "the grammar takes nothing else"
    return Rate(
        count=int(matched[1]), seconds=SECONDS[matched[2]], by="address" if by == "address" else "caller"
    )


def performance(node: PerformanceNode | None) -> Performance | None:
    """How fast the service has to answer, and at which rate."""
    if node is None:
        return None
    usual = Performance()
    matched = None if node.rate is None else _RATE.fullmatch(node.rate.value.strip())
    return Performance(
        p95_ms=usual.p95_ms if node.p95_ms is None else node.p95_ms.value,
        count=usual.count if matched is None else int(matched[1]),
        seconds=usual.seconds if matched is None else SECONDS[matched[2]],
        place=node.place,
    )


def handed_over(node: ContractNode | None) -> HandedOver | None:
    """The contract that the service has to keep."""
    if node is None:
        return None
    return HandedOver(
        file=node.file.value,
        sha256=node.sha256,
        deviations=tuple(
            Deviation(
                rule=each.rule.value,
                reason=each.reason.value,
                operation=None if each.operation is None else each.operation.value,
                at=None if each.at is None else each.at.value,
            )
            for each in node.deviations
        ),
        place=node.place,
    )


def p95(node: PerformanceNode | None) -> int | None:
    """An operation's own target in milliseconds."""
    return None if node is None or node.p95_ms is None else node.p95_ms.value


def max_body(node: LimitsNode | None) -> int | None:
    """The most bytes of a request's body."""
    return None if node is None or node.body is None else node.body.value


def cache(node: CacheNode | None, draft: Draft) -> Cache | None:
    """How long an answer may be kept. Only what changes nothing is kept."""
    if node is None:
        return None
    if draft.route.method != "GET":
        message = f"an answer to {draft.route.method} is not cached"
        draft.refuse(RESPOND, node.place, message, "remove `cache`")
        return None
    told = next((each for each in draft.query.values() if each.header), None)
    if told is not None:
        message = f"the answer depends on the header {told.wire}, which caches do not look at"
        draft.refuse(RESPOND, node.place, message, "remove `cache`")
        return None
    scope = "private" if node.scope is None else node.scope.value
    if scope not in ("public", "private") or not 0 <= node.seconds.value < 2**31:
        message = f"`cache: {{seconds: {node.seconds.value}, scope: {scope}}}` cannot be sent"
        draft.refuse(RESPOND, node.place, message, "give seconds of at least 0, and `public` or `private`")
        return None
    return Cache(seconds=node.seconds.value, scope="public" if scope == "public" else "private")


def deprecation(node: DeprecatedNode | None, building: Building) -> Deprecation | None:
    """Since when an operation is deprecated, and until when it answers."""
    if node is None:
        return None
    since = _date(node.since, building)
    sunset = None if node.sunset is None else _date(node.sunset, building)
    if node.sunset is not None and since is not None and sunset is not None and sunset < since:
        message = "the operation ends before it is deprecated"
        building.refuse(DEPRECATED, node.sunset.place, message, "make `sunset` later than `since`")
    link = node.link
    if link is not None and not _LINK.fullmatch(link.value):
        message = f"`{link.value}` is not a link"
        building.refuse(DEPRECATED, link.place, message, "write https://…")
        return None
    if since is None:
        return None
    return Deprecation(
        since=since.isoformat(),
        sunset=None if sunset is None else sunset.isoformat(),
        link=None if link is None else link.value,
    )


def _date(written: At[str], building: Building) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(written.value.strip())
    except ValueError:
        message = f"`{written.value}` is not a date"
        building.refuse(DEPRECATED, written.place, message, "write it as 2026-12-31")
        return None


def idempotent(draft: Draft) -> Demand:
    """Whether repeating a request is noticed by its key."""
    written = draft.node.idempotent
    found = _demand(written)
    if written is not None and found != "no" and draft.route.method == "GET":
        message = "GET changes nothing, so repeating it needs no key"
        draft.refuse(RESPOND, written.place, message, "remove `idempotent`")
        return "no"
    return found


def if_match(draft: Draft) -> Demand:
    """Whether a change has to name the version that the caller saw. Marks the step that compares."""
    written = draft.node.if_match
    found = _demand(written)
    if written is None or found == "no":
        return "no"
    for number, step in enumerate(draft.steps):
        if isinstance(step, Update | Delete) and draft.building.entities[step.entity].version is not None:
            draft.steps[number] = msgspec.structs.replace(step, match=True)
            return found
    message = "nothing that this operation writes has a version"
    draft.refuse(IF_MATCH, written.place, message, "add `version: true` to the entity, or remove `if_match`")
    return "no"


def _demand(written: At[str] | None) -> Demand:
    match written.value if written is not None else "false":
        case "required":
            return "required"
        case "true" | "optional":
            return "optional"
        case _:
            return "no"


def locked(steps: list[Step]) -> tuple[Step, ...]:
    """The steps, with the rows locked that a later step writes."""
    written = {step.bind for step in steps if isinstance(step, Update | Delete)}
    return tuple(
        msgspec.structs.replace(step, lock=True) if isinstance(step, Find) and step.bind in written else step
        for step in steps
    )
