"""Whether a rule that changed lets more callers through, fewer, the same, or cannot be told by its logic.

What cannot be told is treated like wider (`implication.py` says what can).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import Literal as OneOf

from backwright.model.types import Entity, Formula, Rule, Verb
from backwright.plan.changes import ChangeRule, ranked
from backwright.plan.implication import implies
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
            hazards=ranked("safe" if result == "narrows" else "widens_access"),
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


def condition_effect(before: Formula | None, after: Formula | None, renames: Renames, entity: str) -> Effect:
    """The effect of replacing one condition by another, where none always holds."""
    former = carried_over(before.meaning, renames, entity) if before else _TRUE
    return effect(former, plain(after.meaning) if after else _TRUE)


def is_condition(value: Any) -> bool:
    """Whether a plain value is a boolean expression that is never null, so that `effect` tells all about it."""
    match value:
        case {"node": str(), "type": {"kind": "boolean", **others}}:
            return not others.get("nullable", False)
        case _:
            return False


def alike(before: Any, after: Any) -> bool:
    """Whether two plain values mean the same, though conditions in them may be written otherwise."""
    if is_condition(before) and is_condition(after):
        return effect(before, after) == "same"
    match before, after:
        case dict(), dict():
            return before.keys() == after.keys() and all(alike(before[key], after[key]) for key in before)
        case list(), list():
            return len(before) == len(after) and all(map(alike, before, after))
        case _:
            return bool(before == after)


def effect(before: Any, after: Any) -> Effect:
    """The effect of replacing one condition by another, both as plain values."""
    if before == after:
        return "same"
    widens, narrows = implies(before, after), implies(after, before)
    if widens and narrows:
        return "same"
    if widens:
        return "widens"
    return "narrows" if narrows else "unclear"
