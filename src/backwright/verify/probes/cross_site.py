"""What a browser sends by itself is not enough to change anything."""

from __future__ import annotations

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome, without
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS = ("API2:2023",)
NAME = "requests of other sites"
WHY = "A cookie goes along with whatever page makes the browser ask; only what the page has to know tells them apart."
ORIGIN = "https://attacker.example"


def run(world: World) -> Outcome:
    """Where callers have a cookie and another header with it (`X-CSRFToken`), each request that changes something is
    sent with the cookie alone, from another origin. It has to be refused; with the header it has to be accepted.
    """
    notes = Notes(world)
    caller = next((each for each in world.callers if _by_cookie(each)), None)
    if caller is None:
        notes.unjudged("callers", "none has a cookie, and a header with it")
        return notes.outcome()
    for operation in world.operations:
        if operation.method in {"POST", "PUT", "PATCH", "DELETE"} and operation.secured:
            try:
                _judge(world, notes, operation, caller)
            except Unreachable as error:
                notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _by_cookie(caller: Caller) -> bool:
    names = {name.lower() for name in caller.headers}
    return "cookie" in names and len(names) > 1 and "authorization" not in names


def _judge(world: World, notes: Notes, operation: Operation, given: Caller) -> None:
    caller = next(iter(world.callers_for(operation)), None) if given == world.callers[0] else given
    path = world.path_for(operation, caller) if caller is not None else None
    if caller is None or path is None or notes.late(operation.name):
        return
    known = [name for name in caller.headers if name.lower() != "cookie"]
    request = world.request(operation, caller, path, world.body(operation))
    forged = msgspec.structs.replace(request, headers={**without(request.headers, known), "Origin": ORIGIN})
    answer = world.client.send(forged)
    control = world.attempt(operation, caller, path)
    if answer.accepted:
        notes.tried += 1
        notes.found(operation.name, f"is accepted from another site, without `{known[0]}`", forged)
    elif control is not None and control.answer.accepted:
        notes.tried += 1
    else:
        notes.unjudged(operation.name, "its caller is refused, too, so a refusal shows nothing")
