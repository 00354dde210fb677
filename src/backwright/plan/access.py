"""Whether a rule that changed lets more callers through, fewer, or cannot be told by its shape.

Conditions are compared as branches of `||`, each a set of parts of `&&`. More parts in every branch, or fewer
branches, is narrower; the other way round is wider. Anything else is unclear and treated like wider.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import Literal as OneOf

import msgspec

from backwright.model.types import Entity, Rule, Verb
from backwright.plan.changes import ChangeRule
from backwright.plan.meaning import NO_RENAMES, Renames, carried_over, plain

Effect = OneOf["same", "widens", "narrows", "unclear"]
_VERBS: tuple[Verb, ...] = ("create", "read", "update", "delete")
_NONE = "none"


def rule_changes(before: Entity, after: Entity, renames: Renames = NO_RENAMES) -> Iterator[ChangeRule]:
    """The access rules of one entity that mean something else than before."""
    for verb in _VERBS:
        old, new = before.access.get(verb), after.access.get(verb)
        former = carried_over(old.condition, renames, before.name) if old else _FALSE
        later = plain(new.condition) if new else _FALSE
        result = effect(former, later)
        if result == "same":
            continue
        source, now = old.source if old else _NONE, new.source if new else _NONE
        yield ChangeRule(
            entity=after.name,
            verb=verb,
            before=source,
            after=now,
            effect=result,
            place=new.place if new else after.place,
            reason=f"{verb} of {after.name}: `{source}` becomes `{now}`; {_WORDS[result]}",
            hazard="safe" if result == "narrows" else "widens_access",
        )


_FALSE: dict[str, Any] = {"node": "Constant", "type": {"kind": "boolean"}, "value": False}
_TRUE: dict[str, Any] = {**_FALSE, "value": True}
_WORDS = {
    "widens": "callers reach more rows",
    "narrows": "callers reach fewer rows",
    "unclear": "whether callers reach more rows cannot be told",
}


def rule_effect(before: Rule | None, after: Rule | None, renames: Renames, entity: str) -> Effect:
    """The effect of replacing one rule by another, where none lets everybody through."""
    former = carried_over(before.condition, renames, entity) if before else _TRUE
    return effect(former, plain(after.condition) if after else _TRUE)


def effect(before: Any, after: Any) -> Effect:
    """The effect of replacing one condition by another, both as plain values."""
    if before == after:
        return "same"
    former, later = _branches(before), _branches(after)
    narrower, wider = _within(later, former), _within(former, later)
    if narrower and wider:
        return "same"
    if wider:
        return "widens"
    return "narrows" if narrower else "unclear"


def _within(inner: frozenset[frozenset[str]], outer: frozenset[frozenset[str]]) -> bool:
    """Whether every branch of `inner` demands at least what some branch of `outer` demands."""
    return all(any(branch >= other for other in outer) for branch in inner)


def _branches(condition: Any) -> frozenset[frozenset[str]]:
    parts = condition["parts"] if condition.get("node") == "Or" else [condition]
    found: set[frozenset[str]] = set()
    for part in parts:
        if part.get("node") == "Or":
            found |= _branches(part)
        elif not _is_constant(part, False):
            found.add(frozenset(_conjuncts(part)))
    return frozenset(found)


def _conjuncts(condition: Any) -> Iterator[str]:
    if condition.get("node") == "And":
        for part in condition["parts"]:
            yield from _conjuncts(part)
    elif not _is_constant(condition, True):
        yield msgspec.json.encode(condition, order="sorted").decode()


def _is_constant(condition: Any, value: bool) -> bool:
    return condition.get("node") == "Constant" and condition.get("value") is value
