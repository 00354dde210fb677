"""What only some may call is refused to everybody else."""

from __future__ import annotations

from itertools import product

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API5:2023",)
NAME = "reserved functions"
WHY = (
    "The page hides the button of administrators; the operation behind it answers whoever sends the request."
)

MOST = 4
"""Of how many of those who may, things are asked for."""


def run(world: World) -> Outcome:
    """What the target declares `reserved` is accepted from those whom it names, and sent by each of the others.

    These have to be refused with 401, 403 or 404. Who is answered 404 is asked again about a thing of its own.
    """
    notes = Notes(world)
    if not world.seen.reserved:
        notes.unjudged("reserved functions", "the target declares none (`reserved`)")
    for operation in world.operations:
        if operation.name in world.seen.reserved:
            try:
                _judge(world, notes, operation, world.seen.reserved[operation.name])
            except Unreachable as error:
                notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation, names: tuple[str, ...]) -> None:
    allowed = [caller for caller in world.callers if caller.name in names]
    controls = [
        made for each in allowed if (made := world.perform(operation, each)) is not None and made.done
    ]
    if not controls:
        notes.unjudged(operation.name, f"it was not accepted from {', '.join(names)}")
        return
    # Of somebody of another organisation it says nothing that the thing cannot be found.
    others = [caller for caller in world.callers if caller.name not in names]
    asked = controls if operation.path_names else controls[:1]
    for caller, control in product(others, asked[:MOST]):
        path = control.path
        if operation.method == "DELETE":
            owner = next(each for each in allowed if each.name == control.caller)
            path = world.path_for(operation, owner) or path
        tried = world.send(operation, caller, path, world.body(operation))
        if tried.answer.status == 404 and (own := world.path_for(operation, caller)):
            # It may only be unknown there; of its own things it shows whether the role is looked at.
            tried = world.send(operation, caller, own, world.body(operation))
        notes.tried += 1
        if tried.answer.status not in {401, 403, 404}:
            what = f"is reserved for {', '.join(names)}, and answers {tried.answer.status} to {caller.name}"
            notes.found(operation.name, what, tried.sent)
