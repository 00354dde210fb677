"""Who has signed out is not let in any more."""

from __future__ import annotations

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.order import TOKEN, ends, token_of

IDS = ("API2:2023",)
NAME = "signing out"
WHY = "A token that outlives the session is what a thief has after the victim has noticed."


def run(world: World) -> Outcome:
    """Somebody signs in anew, reads, sends what ends a session or an account, and reads again with the same
    credentials.

    What was answered 2xx has to be refused now.
    """
    notes = Notes(world)
    endings = [each for each in world.operations if ends(each) and each.method in {"POST", "DELETE"}]
    reads = [
        each for each in world.operations if each.method == "GET" and each.secured and not each.path_names
    ]
    for operation in endings:
        if world.seen.renew is None:
            notes.unjudged(operation.name, "nobody can be signed in anew")
            continue
        try:
            _judge(world, notes, operation, reads, world.seen.renew())
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(
    world: World, notes: Notes, operation: Operation, reads: list[Operation], caller: Caller | None
) -> None:
    if caller is None:
        notes.unjudged(operation.name, "nobody could be signed in for it")
        return
    shown = next((each for each in reads if world.send(each, caller, {}).answer.accepted), None)
    path = world.path_for(operation, caller)
    ended = world.attempt(operation, caller, path) if path is not None else None
    if shown is None or ended is None or not ended.answer.accepted:
        notes.unjudged(operation.name, "it was not accepted, or there is nothing to be read afterwards")
        return
    named = [name for name in ended.body if TOKEN.match(name)] if isinstance(ended.body, dict) else []
    if named and not any(token_of(caller, name) for name in named):
        notes.unjudged(
            operation.name, f"nothing says which `{named[0]}` the caller has (`keep` it by this name)"
        )
        return
    again = world.send(shown, caller, {})
    notes.tried += 1
    if again.answer.accepted:
        what = f"the credentials are accepted afterwards ({shown.name} is answered {again.answer.status})"
        notes.found(operation.name, what, ended.sent)
