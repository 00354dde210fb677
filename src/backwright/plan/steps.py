"""What the steps of an operation do otherwise, in words: what is required, which rows are meant, and the rest.

Access rules are changes of their own. What a step says of the caller itself is not one of them, and guards as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec

from backwright.expr.typed import TRUE
from backwright.expr.walk import callers
from backwright.model.types import (
    DeleteAll,
    Find,
    Formula,
    Group,
    Operation,
    Require,
    Select,
    Step,
    UpdateAll,
)
from backwright.plan.access import Effect, alike, effect, is_condition
from backwright.plan.changes import Hazard
from backwright.plan.entities import Aspect
from backwright.plan.meaning import Renames, meant

Choosing = Find | Select | Group | UpdateAll | DeleteAll
"""Steps that say which rows they are about."""
_VERBS = {Find: "finds", Select: "lists", Group: "counts", UpdateAll: "changes", DeleteAll: "deletes"}
_HOW: dict[Effect, str] = {"widens": "more rows", "narrows": "fewer rows", "unclear": "other rows"}
_TRUE: dict[str, Any] = {"node": "Constant", "type": {"kind": "boolean"}, "value": True}

# Rules are changes of their own; the rest is said elsewhere or has no effect of its own.
_SAID_ELSEWHERE = frozenset(
    {"allowed", "readable", "created", "updated", "after", "trusted", "paging", "lock", "changes", "type"}
)


def effects(before: Operation, after: Operation, renames: Renames) -> Iterator[Aspect]:
    """What is done otherwise, and what that means for clients. The bindings' names do not matter."""
    taken = _taken(before) & _taken(after)
    old, new = _Side(before.steps, renames, taken), _Side(after.steps, None, taken)
    yield from _required(old, new)
    yield from _chosen(old, new)
    if not alike(old.essence(), new.essence()):
        yield "does something else", "safe"


def numbered(steps: Sequence[Step]) -> dict[str, str]:
    """What each binding is called where its name does not matter: by its number among those that bind."""
    found: dict[str, str] = {}
    for number, step in enumerate(each for each in steps if getattr(each, "bind", "")):
        bind = getattr(step, "bind", "")
        found.setdefault(bind, f"#{number}")
        found.setdefault(f"{bind}_created", f"#{number}_created")
    return found


class _Side:
    """The steps of one of the two operations, as plain values that can be compared."""

    def __init__(self, steps: Sequence[Step], renames: Renames | None, taken: set[str]) -> None:
        self.steps, self.renames, self.taken = steps, renames, taken
        self.names = numbered(steps)

    def plain(self, value: object) -> Any:
        """Under the later names, without what is said elsewhere."""
        found = meant(value, self.renames) if self.renames else meant(value)
        return _bare(_kept(found, self.taken), self.names)

    def condition(self, formula: Formula | None) -> Any:
        return _TRUE if formula is None else self.plain(formula)["meaning"]

    @property
    def guards(self) -> list[Require]:
        return [step for step in self.steps if isinstance(step, Require)]

    @property
    def choosing(self) -> list[Choosing]:
        return [step for step in self.steps if isinstance(step, Choosing)]

    def kinds(self) -> list[str]:
        """By which the steps that choose rows are found again in the other operation."""
        after = [self.renames.entity_after(each.entity) for each in self.choosing] if self.renames else []
        entities = after or [each.entity for each in self.choosing]
        return [f"{type(e).__name__} {name}" for e, name in zip(self.choosing, entities, strict=True)]

    def essence(self) -> list[Any]:
        """What is left where what is required and which rows are meant has been said."""
        rest = [step for step in self.steps if not isinstance(step, Require)]
        return [
            [type(step).__name__, self.plain(_anywhere(step) if isinstance(step, Choosing) else step)]
            for step in rest
        ]


def _anywhere(step: Choosing) -> Choosing:
    return msgspec.structs.replace(step, where=Formula(source="true", meaning=TRUE))


def _required(old: _Side, new: _Side) -> Iterator[Aspect]:
    """Conditions without which an operation does not go on."""
    gone = list(old.guards)
    came: list[Require] = []
    for guard in new.guards:
        same = next((each for each in gone if alike(old.plain(each), new.plain(guard))), None)
        if same is None:
            came.append(guard)
        else:
            gone.remove(same)
    for guard in came:
        was = next((each for each in gone if _stands_for(each, guard, old, new)), None)
        if was is None:
            yield f"`{guard.condition.source}` is required", "breaking"
            continue
        gone.remove(was)
        yield from _guard(was, guard, old, new)
    for guard in gone:
        words = f"`{guard.condition.source}` is not required any more"
        yield words, _hazard("widens", guard.condition, None)


def _stands_for(was: Require, now: Require, old: _Side, new: _Side) -> bool:
    """Whether one condition took the place of the other: it fails in the same way, or asks the same."""
    fails = was.otherwise.code == now.otherwise.code
    return fails or effect(old.condition(was.condition), new.condition(now.condition)) == "same"


def _guard(was: Require, now: Require, old: _Side, new: _Side) -> Iterator[Aspect]:
    found = effect(old.condition(was.condition), new.condition(now.condition))
    if not alike(old.condition(was.when), new.condition(now.when)):
        found = "unclear"
    if found != "same":
        words = f"`{now.condition.source}` is required instead of `{was.condition.source}`"
        yield words, _hazard(found, was.condition, now.condition)
    if was.otherwise != now.otherwise:
        status = was.otherwise.category != now.otherwise.category
        yield f"answers otherwise where `{now.condition.source}` is false", "breaking" if status else "safe"


def _chosen(old: _Side, new: _Side) -> Iterator[Aspect]:
    """Which rows are found, listed, changed or deleted."""
    for one in SequenceMatcher(None, old.kinds(), new.kinds(), autojunk=False).get_matching_blocks():
        for step in range(one.size):
            was, now = old.choosing[one.a + step], new.choosing[one.b + step]
            found = effect(old.condition(was.where), new.condition(now.where))
            if found == "same":
                continue
            said = [f"`{each.where.source}`" if each.where else "all" for each in (was, now)]
            words = f"{_VERBS[type(now)]} {_HOW[found]} of {now.entity}: {said[0]} becomes {said[1]}"
            hazard = _hazard(found, was.where, now.where)
            trusted = now.trusted is not None and found != "narrows"
            yield words, "widens_access" if trusted else hazard


def _hazard(found: Effect, was: Formula | None, now: Formula | None) -> Hazard:
    """Less is noticed by clients; more widens access where it is said of the caller."""
    if found == "narrows":
        return "breaking"
    personal = any(True for each in (was, now) if each is not None for _ in callers(each.meaning))
    if personal:
        return "widens_access"
    return "safe" if found == "widens" else "breaking"


# Plain values ---------------------------------------------------------------------------------------


def _taken(operation: Operation) -> set[str]:
    """The members of the body. That one is new or gone is said of the body, and not again of what is done with it."""
    return {item.name for item in operation.body.fields} if operation.body else set()


def _kept(step: Any, taken: set[str]) -> Any:
    """The step without assignments of members that only one of the two bodies has."""
    if not isinstance(step, dict) or not isinstance(step.get("values"), list):
        return step
    return {**step, "values": [each for each in step["values"] if _assigned(each) in {None, *taken}]}


def _assigned(assignment: Any) -> str | None:
    """The member of the body that is assigned as it comes."""
    match assignment:
        case {"value": {"meaning": {"node": "Input", "source": "body", "name": str(name)}}}:
            return name
        case _:
            return None


def _bare(value: Any, names: dict[str, str], typed: bool = False) -> Any:
    """Without what is said elsewhere, and with bindings by number. Conditions keep their types, to be compared."""
    if isinstance(value, list):
        return [_bare(item, names, typed) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        if key in _SAID_ELSEWHERE and not (key == "after" and isinstance(item, str)) and not typed:
            continue
        bound = key in {"bind", "binding", "row"} and isinstance(item, str)
        result[key] = names.get(item, item) if bound else _bare(item, names, typed or is_condition(item))
    return result
