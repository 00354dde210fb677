"""Breaks the specification on purpose: each rule weakened in turn, and whether some acceptance scenario notices.

A rule that can be weakened while every scenario holds is unspecified by any criterion: nobody wrote down an example
of what it is there for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.model.types import Model, Operation, Rule
from backwright.verify.acceptance import rehearse
from backwright.verify.branches import weakened
from backwright.verify.scenarios import Scenario

Known = tuple[str, str]
"""The place of a rule and its text."""


class Weakening(msgspec.Struct, frozen=True):
    """A model with one rule weaker: where the rule stands, its words, and the part that it lacks."""

    place: str
    source: str
    lost: str
    model: Model


def weakenings(model: Model) -> Iterator[Weakening]:
    """Every weakening of every rule that operations ask, in all operations at once."""
    known: dict[Known, int] = {}
    for operation in model.operations:
        for rule in _rules(operation):
            key = (str(rule.place), rule.source)
            known[key] = max(known.get(key, 0), len(list(weakened(rule))))
    for (place, source), ways in known.items():
        for way in range(ways):
            operations, lost = [], ""
            for operation in model.operations:
                weaker = _weaker(operation, (place, source), way)
                operations.append(weaker[0])
                lost = lost or weaker[1]
            yield Weakening(place, source, lost, msgspec.structs.replace(model, operations=tuple(operations)))


def survivors(model: Model, scenarios: list[Scenario]) -> tuple[list[Weakening], int]:
    """The weakenings that no scenario notices, and how many were tried. Scenarios that fail anyway notice nothing."""
    holding = [
        scenario
        for scenario, result in zip(scenarios, rehearse(scenarios, model), strict=True)
        if result.status == "passed"
    ]
    found, tried = [], 0
    for weakening in weakenings(model):
        tried += 1
        if all(_holds(scenario, weakening.model) for scenario in holding):
            found.append(weakening)
    return found, tried


def _holds(scenario: Scenario, model: Model) -> bool:
    return rehearse([scenario], model)[0].status == "passed"


def _rules(operation: Operation) -> Iterator[Rule]:
    """The rules of an operation, wherever it asks them."""
    for part in (operation, *operation.steps, *(operation.body.fields if operation.body is not None else ())):
        for name in part.__struct_fields__:
            value = getattr(part, name)
            if isinstance(value, Rule):
                yield value


def _weaker(operation: Operation, key: Known, way: int) -> tuple[Operation, str]:
    """The operation with one rule weakened wherever it asks it, and what the rule lacks."""
    lost: list[str] = []

    def changed(part: Any) -> Any:
        found = {}
        for name in part.__struct_fields__:
            value = getattr(part, name)
            if isinstance(value, Rule) and (str(value.place), value.source) == key:
                ways = list(weakened(value))
                if way < len(ways):
                    lost.append(ways[way][0])
                    found[name] = ways[way][1]
        return msgspec.structs.replace(part, **found) if found else part

    steps = tuple(changed(step) for step in operation.steps)
    made = msgspec.structs.replace(changed(operation), steps=steps)
    if operation.body is not None:
        body = msgspec.structs.replace(operation.body, fields=tuple(map(changed, operation.body.fields)))
        made = msgspec.structs.replace(made, body=body)
    return made, lost[0] if lost else ""
