"""What clients notice of an operation's policies: who may call, how often, what repeats and what is kept."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Deprecation, Operation, Rate
from backwright.plan.access import rule_effect
from backwright.plan.changes import Hazard
from backwright.plan.entities import Aspect
from backwright.plan.meaning import Renames
from backwright.plan.settings import answer_text


def policies(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    """The differences in words, each with its hazard."""
    found = rule_effect(before.access, after.access, renames, "")
    if found != "same":
        former = before.access.source if before.access else "everybody"
        later = after.access.source if after.access else "everybody"
        yield (
            f"may be called by `{later}` instead of `{former}`",
            ("breaking" if found == "narrows" else "widens_access"),
        )
    yield from _rates(before.rates, after.rates)
    if before.max_body != after.max_body:
        smaller = after.max_body is not None and (before.max_body is None or after.max_body < before.max_body)
        size = "the service's usual size" if after.max_body is None else f"{after.max_body} bytes"
        yield f"bodies have at most {size}", "breaking" if smaller else "safe"
    for header, old, new in (
        ("Idempotency-Key", before.idempotent, after.idempotent),
        ("If-Match", before.if_match, after.if_match),
    ):
        if old != new:
            hazard: Hazard = "breaking" if "required" in new or new == "no" else "safe"
            yield f"{header} is {'not looked at' if new == 'no' else new}", hazard
    if before.cache != after.cache:
        kept = "not kept" if after.cache is None else f"kept for {after.cache.seconds} s, {after.cache.scope}"
        yield f"answers are {kept}", "safe"
    if before.deprecated != after.deprecated:
        yield _deprecated(after.deprecated), "safe"
    if before.p95_ms != after.p95_ms:
        target = "the service's target" if after.p95_ms is None else f"{after.p95_ms} ms"
        yield f"p95 is held to {target}", "safe"
    old_answers = {each.category: answer_text(each) for each in before.answers}
    new_answers = {each.category: answer_text(each) for each in after.answers}
    for category in sorted(old_answers.keys() | new_answers.keys()):
        if old_answers.get(category) != new_answers.get(category):
            which = "failures" if category == "*" else category
            yield f"{which} answered: {new_answers.get(category, 'as the service says')}", "breaking"


def _rates(before: tuple[Rate, ...], after: tuple[Rate, ...]) -> Iterator[Aspect]:
    former = {(rate.seconds, rate.by): rate.count for rate in before}
    later = {(rate.seconds, rate.by): rate.count for rate in after}
    for window, count in later.items():
        if former.get(window) != count:
            fewer = window not in former or count < former[window]
            yield (
                f"at most {count} requests in {window[0]} s, by {window[1]}",
                "breaking" if fewer else "safe",
            )
    for window in former.keys() - later.keys():
        yield f"no limit any more in {window[0]} s, by {window[1]}", "safe"


def _deprecated(found: Deprecation | None) -> str:
    if found is None:
        return "no longer deprecated"
    until = f", until {found.sunset}" if found.sunset else ""
    return f"deprecated since {found.since}{until}"
