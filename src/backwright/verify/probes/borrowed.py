"""What somebody makes names things of its own, and not those of others that it may not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backwright.verify.observed import Caller
from backwright.verify.probes.lists import hidden
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import best, members, names_of, noun_of, referred
from backwright.verify.target.references import replaced

IDS = ("API1:2023",)
NAME = "ids of others in a body"
WHY = "The id in the path is checked; the one in the body is looked up: a bill is written for somebody else's patient."

MEANT = re.compile(
    r"(^|_)(to|target|destination|dest|recipient|receiver|payee|beneficiary|counterparty|invitee|invited|peer|other)(_|$)"
)
"""Names of what is another's by intention: an account that is paid into."""


def run(world: World) -> Outcome:
    """One caller makes things that another may not read. The other sends what makes something else with the id of such
    a thing in its body (`customer_id`), where the same with an id of its own is accepted: that has to be refused.
    """
    notes = Notes(world)
    pair = notes.strangers()
    if pair is None:
        return notes.outcome()
    for operation in world.operations:
        if operation.method != "POST" or not operation.secured or operation.body is None:
            continue
        if operation.name in world.seen.shared or notes.late(operation.name):
            continue
        try:
            _judge(world, notes, operation, *pair)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    if not notes.tried:
        notes.unjudged("bodies", "none names a thing that one may make and the other not read")
    return notes.outcome()


def _judge(world: World, notes: Notes, operation: Operation, owner: Caller, stranger: Caller) -> None:
    for name, creation in _named(world, operation):
        foreign = _made(world, creation, owner, name)
        if foreign is None:
            continue
        own = _made(world, creation, stranger, name)  # what is known last is what bodies name
        path = world.path_for(operation, stranger)
        control = world.attempt(operation, stranger, path) if path is not None and own is not None else None
        like = world.leads.body(operation, stranger) if control is not None else None
        if control is None or path is None or own is None or not _takes(world, control, name, own, like):
            notes.unjudged(operation.name, f"it was not accepted with a `{name}` of the caller's own")
            continue
        body = replaced(world.leads.body(operation, stranger), {name: _as(like, name, foreign)})
        tried = world.send(operation, stranger, path, body)
        notes.tried += 1
        if tried.answer.accepted:
            what = f"takes a `{name}` of {owner.name}'s from {stranger.name}, who may not read it"
            notes.found(operation.name, what, tried.sent)
        elif tried.answer.status >= 500:
            notes.found(
                operation.name, f"answers {tried.answer.status} to a `{name}` of another's", tried.sent
            )


def _takes(world: World, control: Made, name: str, own: str, body: Any) -> bool:
    """Is it accepted with a thing of the caller's own: as it was sent, or with a small body that names one?"""
    if control.answer.accepted and any(member == name for member, _ in members(control.body)):
        return True
    caller = next(each for each in world.callers if each.name == control.caller)
    sent = replaced(body, {name: _as(body, name, own)})
    return world.send(control.operation, caller, control.path, sent).answer.accepted


def _named(world: World, operation: Operation) -> Iterator[tuple[str, Operation]]:
    """The members of a body that name things, each with what makes such things."""
    creations = [
        each
        for each in world.operations
        if each.method == "POST" and not each.path_names and each.secured and each is not operation
    ]
    for name, _ in members(world.small(operation)):
        noun = referred(name)
        if not noun or MEANT.search(noun):
            continue
        for creation in creations:
            if names_of(creation.path) & {noun, noun.rpartition("_")[2]}:
                yield name, creation


def _made(world: World, creation: Operation, caller: Caller, name: str) -> str | None:
    """The id of a thing that the caller makes; of the first caller only where it is hidden from the other."""
    made = world.attempt(creation, caller, {})
    if made is None or not made.answer.accepted:
        return None
    if caller is world.callers[0] and not hidden(world, made, world.callers[1]):
        return None
    world.leads.supply(creation, made, caller)  # what has nothing in it is refused for that
    return best(made.answer.json(), "id", noun_of(f"{creation.path}/{{id}}", "id"))


def _as(body: Any, name: str, value: str) -> Any:
    """The id in the type in which the body has it."""
    like = next((each for member, each in members(body) if member == name), value)
    return int(value) if isinstance(like, int) and value.isdigit() else value
