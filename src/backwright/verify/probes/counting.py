"""What is done at once counts as much as what is done one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.repetition import together
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import members
from backwright.verify.target.order import ends

IDS: tuple[str, ...] = ()
NAME = "counting"
WHY = "Two read the same balance, each adds to it, and the one who writes last wipes out what the other paid in."
AT_ONCE, ROUNDS = 6, 2


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request that changes numbers of a thing, and how the thing is read."""

    sent: Sent
    reading: Operation
    owner: Caller
    path: Mapping[str, str]

    def numbers(self, world: World) -> dict[str, Decimal]:
        """The numbers that the thing shows, by their names."""
        answer = world.send(self.reading, self.owner, self.path).answer
        found = {name: _number(value) for name, value in members(answer.json())} if answer.accepted else {}
        return {name: value for name, value in found.items() if value is not None}


def run(world: World) -> Outcome:
    """What can be done on a thing (`POST /accounts/{id}/deposits`) is done twice, and the thing is read each time:
    numbers that change by the same step count it. Done six times at once, each has to change by a step for each that is
    accepted.
    """
    notes = Notes(world)
    owner = next(iter(world.callers), None)
    for operation in world.operations if owner is not None else ():
        acts = operation.method == "POST" and operation.path_names and not operation.path.endswith("}")
        if owner is None or not acts or ends(operation) or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation, owner)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation, owner: Caller) -> None:
    reading = world.operation("GET", operation.path.rpartition("/")[0])
    path = world.prepared(operation, owner) if reading is not None else None
    if reading is None or path is None:
        return
    made = world.send(operation, owner, path, world.small(operation))
    made = made if made.answer.accepted else world.attempt(operation, owner, path) or made
    if not made.answer.accepted:
        return
    case = Case(sent=made.sent, reading=reading, owner=owner, path=path)
    for _ in range(ROUNDS):
        steps = _steps(world, case)
        before = case.numbers(world)
        done = sum(each.accepted for each in together(world, [case.sent] * AT_ONCE))
        after = case.numbers(world)
        for name, step in steps.items():
            if name not in before or name not in after:
                continue
            notes.tried += 1
            if after[name] != before[name] + step * done:
                by = after[name] - before[name]
                what = f"{done} that are accepted at once change `{name}` by {by}, not {step * done}"
                notes.found(operation.name, what, case.sent)
                return


def _steps(world: World, case: Case) -> dict[str, Decimal]:
    """The numbers that change by the same step twice in a row."""
    seen = [case.numbers(world)]
    for _ in range(2):
        if not world.client.send(case.sent).accepted:
            return {}
        seen.append(case.numbers(world))
    first, second, third = seen
    return {
        name: step
        for name in set(first) & set(second) & set(third)
        if (step := second[name] - first[name]) and step == third[name] - second[name]
    }


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
