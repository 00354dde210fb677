"""Where a contract says that something is refused as a conflict, there is a conflict that is refused."""

from __future__ import annotations

import re

import inflection

from backwright.verify.observed import Caller
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import members, referred
from backwright.verify.target.order import ends

IDS: tuple[str, ...] = ()
NAME = "conflicts"
WHY = "A bill is closed twice and an address has two accounts, although the contract promised that it cannot be."
CONFLICT = 409
UNIQUE = re.compile(
    r"(^|_)(e_?mail|username|user_name|login|handle|slug|sku|code|name|number|domain|phone|isbn|iban)$",
    re.IGNORECASE,
)
"""Members of which there may be one of a kind."""


def run(world: World) -> Outcome:
    """An operation whose contract names 409 and that was never answered so is sent twice: a creation with the same
    body, which names nothing else that is made and has a member of which there may be one (`email`, `code`); what acts
    on a thing and has no body, on the same new thing, and on things on which another has acted.

    That all of these are accepted is a finding. A contract that names 409 everywhere says nothing by it.
    """
    notes = Notes(world)
    writing = [each for each in world.operations if each.method in {"POST", "PUT", "PATCH"}]
    promised = [each for each in writing if str(CONFLICT) in each.statuses and each.method == "POST"]
    if len(promised) == len(writing):
        notes.unjudged("the contract", "names 409 everywhere, or nowhere")
        return notes.outcome()
    for operation in promised:
        if ends(operation) or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation) -> None:
    if _answered(world, operation):
        notes.tried += 1
        return
    caller = None if operation.open else next(iter(world.callers), None)
    sent = _again(world, operation, caller) if operation.body is not None else _act(world, operation, caller)
    if sent is None:
        notes.unjudged(operation.name, "nothing says what its 409 is about")
        return
    notes.tried += 1
    if sent.answer.accepted and not _answered(world, operation):
        what = f"is accepted a second time for the same, and never answered {CONFLICT}, which its contract promises"
        notes.found(operation.name, what, sent.sent)


def _answered(world: World, operation: Operation) -> bool:
    return any(each.operation == operation and each.answer.status == CONFLICT for each in world.made)


def _again(world: World, operation: Operation, caller: Caller | None) -> Made | None:
    """A second creation with the same body. None: that says nothing."""
    keyed = any("idempotency" in each.name.lower() for each in operation.parameters)
    path = world.path_for(operation, caller)
    made = world.attempt(operation, caller, path) if path is not None and not keyed else None
    if made is None or path is None or not made.answer.accepted:
        return None
    names = [name for name, _ in members(made.body)]
    if any(referred(name) for name in names) or not any(
        UNIQUE.search(inflection.underscore(name)) for name in names
    ):
        return None
    return world.send(operation, caller, path, made.body)


def _act(world: World, operation: Operation, caller: Caller | None) -> Made | None:
    """The operation once more on what it has been done on, after it was tried after each of its like."""
    if not operation.path_names or operation.path.endswith("}"):
        return None
    above = operation.path.rpartition("/")[0]
    for other in world.operations:
        like = other.method == "POST" and other.body is None and other.path.rpartition("/")[0] == above
        path = (
            world.path_for(operation, caller) if like and other is not operation and not ends(other) else None
        )
        if path is not None and world.send(other, caller, path).answer.accepted:
            world.send(operation, caller, path)
    path = world.path_for(operation, caller)
    if path is None or not world.send(operation, caller, path).answer.accepted:
        return None
    return world.send(operation, caller, path)
