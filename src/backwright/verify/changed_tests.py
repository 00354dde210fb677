"""What a plan does to the delivered tests: which come, which go, and which expect something else than before.

Both models are asked for the tests of an operation, where it or anything that it leads to has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.emit.names import module_name, names
from backwright.emit.testing import tests_by_name
from backwright.emit.testing.reach import setting
from backwright.model.types import Model, Operation
from backwright.plan.changes import Change, identity
from backwright.plan.meaning import plain
from backwright.plan.plan import Plan
from backwright.spec.diagnostics import NOWHERE, Place

DOCSTRING = re.compile(r'\n    """.*?"""', re.DOTALL)
SHOWN = 3
"""So many names of tests are listed for people; all are in the JSON."""


class TestsChange(msgspec.Struct, frozen=True, kw_only=True):
    """The tests of one operation: names of those that come, go, or expect something else, and the changes behind it."""

    __test__ = False

    operation: str
    file: str
    come: tuple[str, ...]
    go: tuple[str, ...]
    change: tuple[str, ...]
    reason: tuple[str, ...]
    place: Place
    hazard: str = "safe"

    @property
    def id(self) -> str:
        """`change-tests create_order`, in the manner of the other changes."""
        kind = (
            "drop" if not (self.come or self.change) else "add" if not (self.go or self.change) else "change"
        )
        return f"{kind}-tests {self.operation}"

    def as_data(self) -> dict[str, Any]:
        """The same for programs, all names included."""
        return {"id": self.id, **msgspec.to_builtins(self)}

    def text(self) -> str:
        """As lines for people."""
        sign = {"drop": "-", "add": "+", "change": "~"}[self.id.partition("-")[0]]
        kinds = (("come", self.come), ("go", self.go), ("expect something else", self.change))
        lines = [
            f"{sign:>2} {self.id}",
            f"      why: {', '.join(self.reason) or 'what it leads to has changed'}",
        ]
        lines += [f"      {len(found)} {words}: {_listed(found)}" for words, found in kinds if found]
        at = "" if self.place == NOWHERE else f"{self.place.file}:{self.place.line}, tested in "
        lines += [f"      hazard: {self.hazard}", f"      place: {at}{self.file}"]
        back = [f"{len(found)} {words}" for found, words in ((self.go, "come"), (self.come, "go")) if found]
        back += [f"{len(self.change)} expect what they did"] if self.change else []
        return "\n".join([*lines, f"      reverse: {', '.join(back)}"])


def _listed(found: tuple[str, ...]) -> str:
    more = len(found) - SHOWN
    return ", ".join(found[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def changed_tests(before: Model | None, after: Model, plan: Plan) -> list[TestsChange]:
    """By operation, in the order of the later model and then of what has gone; none for a first plan."""
    if before is None or not plan.changes:
        return []
    sides = [_Side(before), _Side(after)]
    order = [*(each.name for each in after.operations), *(each.name for each in before.operations)]
    found = (_of(name, sides[0], sides[1], plan) for name in dict.fromkeys(order))
    return [each for each in found if each is not None]


class _Side:
    """One of the two models."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.common = setting(model, names(model))
        self.operations = {each.name: each for each in model.operations}
        self.parts = {
            **{each.name: plain(each) for each in model.entities},
            **{f"view {each.name}": plain(each) for each in model.views},
        }

    def tests(self, name: str) -> dict[str, str]:
        operation = self.operations.get(name)
        return tests_by_name(operation, self.common) if operation is not None else {}

    def behind(self, operation: Operation) -> dict[str, Any]:
        """The operation, and the entities and views that it leads to, over as many steps as it takes."""
        found: dict[str, Any] = {"": plain(operation), "auth": plain(self.model.auth)}
        own = set(_mentioned(found[""]))
        for each in self.model.operations:  # a test may call others about the same rows first
            if each.name != operation.name and own & set(_mentioned(plain(each))):
                found[f"operation {each.name}"] = plain(each)
        waiting = list(found.values())
        while waiting:
            for name in set(_mentioned(waiting.pop())) - found.keys():
                if name in self.parts:
                    found[name] = self.parts[name]
                    waiting.append(found[name])
        return found


def _mentioned(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, each in value.items():
                if isinstance(each, str) and key in ("entity", "identity", "into", "of", "target", "view"):
                    yield from (each, f"view {each}")
                else:
                    yield from _mentioned(each)
        case list():
            for each in value:
                yield from _mentioned(each)


def _of(name: str, before: _Side, after: _Side, plan: Plan) -> TestsChange | None:
    old, new = before.operations.get(name), after.operations.get(name)
    if old is not None and new is not None and before.behind(old) == after.behind(new):
        return None
    was, now = before.tests(name), after.tests(name)
    come, go = (tuple(each for each in one if each not in other) for one, other in ((now, was), (was, now)))
    change = tuple(each for each in now if each in was and _wordless(was[each]) != _wordless(now[each]))
    operation = new or old
    if operation is None or not (come or go or change):
        return None
    behind = {*(before.behind(old) if old else ()), *(after.behind(new) if new else ())}
    return TestsChange(
        operation=name,
        file=f"tests/test_{module_name(operation.tag)}.py",
        come=come,
        go=go,
        change=change,
        reason=_reason(plan, name, behind),
        place=operation.place,
    )


def _reason(plan: Plan, operation: str, behind: set[str]) -> tuple[str, ...]:
    """The changes behind it; where there are none, those of other operations that its tests call."""
    own = tuple(identity(each) for each in plan.changes if _is_behind(each, operation, behind))
    others = (name for each in plan.changes if "-operation " in (name := identity(each)))
    return own or tuple(each for each in others if f"operation {each.partition(' ')[2]}" in behind)


def _wordless(text: str) -> str:
    """A test without what it says of itself, which has the author's words in it."""
    return DOCSTRING.sub("", text, count=1)


def _is_behind(change: Change, operation: str, behind: set[str]) -> bool:
    """Whether the tests of an operation follow this change: of it, or of an entity or a view that it leads to."""
    kind, _, name = identity(change).partition(" ")
    if kind.endswith("-operation"):
        return name == operation
    if kind.endswith("-view"):
        return f"view {name}" in behind
    owner = getattr(change, "entity", None)
    owners = {name.partition(".")[0], name.rpartition(" -> ")[2], owner if isinstance(owner, str) else ""}
    return bool(owners & behind)
