"""A thing is reached by its own parent only: not by way of somebody else's."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.objects import made_by
from backwright.verify.probes.probe import Notes, Outcome, stranger_to
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API1:2023",)
NAME = "things of other parents"
WHY = "The parent in the path is checked and is the caller's own; the thing after it is looked up by its id alone."
NO_SUCH = {"integer": "987654321", "number": "987654321"}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An operation, with the path that leads to the owner's thing and the one that goes by the stranger's parent."""

    operation: Operation
    owner: Caller
    stranger: Caller
    right: Mapping[str, str]
    crossed: Mapping[str, str]
    absent: Mapping[str, str]


def run(world: World) -> Outcome:
    """One caller makes a thing under a parent of its own; another asks for it by way of its own parent.

    That has to be refused where the same request of the maker is accepted. A deletion that is answered alike for a
    thing that cannot exist is judged by whether the thing is still shown.
    """
    notes = Notes(world)
    for operation in world.operations:
        names = operation.path_names
        ours = operation.path.endswith(f"{{{names[-1]}}}") if names else False
        if len(names) < 2 or not ours or operation.method not in {"GET", "PUT", "PATCH", "DELETE"}:
            continue
        if operation.name in world.seen.shared or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    case = _case(world, operation)
    if case is None:
        notes.unjudged(operation.name, "no two callers could each make a parent, and a thing under it")
        return
    absent = world.send(operation, case.stranger, case.absent, world.body(operation)).answer
    tried = world.send(operation, case.stranger, case.crossed, world.body(operation))
    control = world.attempt(operation, case.owner, case.right)
    there = control is not None and control.answer.accepted
    if not there and operation.method != "DELETE":
        notes.unjudged(operation.name, "its maker is refused, too, so a refusal shows nothing")
        return
    notes.tried += 1
    if tried.answer.status >= 500:
        notes.found(operation.name, f"answers {tried.answer.status} by way of another parent", tried.sent)
    elif tried.answer.accepted and not (absent.accepted and there):
        what = f"{case.stranger.name} reaches what {case.owner.name} made by way of a parent of its own"
        notes.found(operation.name, f"{what} (answered {tried.answer.status})", tried.sent)


def _case(world: World, operation: Operation) -> Case | None:
    owner = next(iter(world.callers), None)
    stranger = stranger_to(world, owner) if owner is not None else None
    if owner is None or stranger is None:
        return None
    thing, other = made_by(world, operation, owner), made_by(world, operation, stranger)
    name = operation.path_names[-1]
    if thing is None or other is None or set(thing.path) != set(operation.path_names):
        return None
    if all(thing.path[each] == other.path.get(each) for each in operation.path_names[:-1]):
        return None  # the parent is not a thing of theirs
    schema = next((p.schema for p in operation.parameters if p.where == "path" and p.name == name), {})
    absent = NO_SUCH.get(str(schema.get("type")), "00000000-0000-4000-8000-000000000000")
    return Case(
        operation=operation,
        owner=owner,
        stranger=stranger,
        right=thing.path,
        crossed={**other.path, name: thing.value},
        absent={**other.path, name: absent},
    )
