"""Whoever may not see a thing is not told that it exists."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.objects import made_by
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made

IDS = ("API1:2023",)
NAME = "what exists"
WHY = "An answer that is another for what exists than for what does not lets numbers be tried until all are known."
METHODS = {"GET", "PUT", "PATCH", "DELETE"}
PASSING = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a stranger is told of somebody's thing, and of one that cannot exist."""

    operation: Operation
    there: Made
    absent: Answer


def run(world: World) -> Outcome:
    """A stranger asks for somebody's thing and for one that does not exist.

    403 for the one and 404 for the other is a finding where the contract names 404 and no 403 there; of readings, also
    where the backend hides other things with a 404. So are other words in two answers 404. Who says 403 everywhere has
    chosen so.
    """
    notes = Notes(world)
    pair = notes.strangers()
    if pair is None:
        return notes.outcome()
    owner, stranger = pair
    told: list[Told] = []
    for operation in world.operations:
        single = len(operation.path_names) == 1 and operation.path.endswith("}")
        if not single or operation.method not in METHODS or operation.name in world.seen.shared:
            continue
        if notes.late(operation.name):
            break
        try:
            if (each := _told(world, operation, owner, stranger)) is not None:
                told.append(each)
        except Unreachable as error:
            notes.unjudged(operation.name, f"no answer: {error}")
    hides = any(each.there.answer.status == 404 for each in told)
    for each in told:
        _judge(notes, each, hides=hides)
    return notes.outcome()


def _told(world: World, operation: Operation, owner: Caller, stranger: Caller) -> Told | None:
    thing = made_by(world, operation, owner)
    if thing is None:
        return None
    body = world.body(operation)
    there = world.send(operation, stranger, thing.path, body)
    absent = world.send(operation, stranger, _absent(thing.path, operation), body)
    return Told(operation=operation, there=there, absent=absent.answer)


def _absent(path: Mapping[str, str], operation: Operation) -> dict[str, str]:
    """A name of the same form that nothing has: other digits, as many of them."""
    name = operation.path_names[-1]
    head, mark, last = ("", "", path[name]) if path[name].isalnum() else _parted(path[name])
    turned = last.translate(str.maketrans("0123456789abcdef", "1234567809bcdefa"))
    return {**path, name: f"9{last}871" if path[name].isdigit() else f"{head}{mark}{turned}"}


def _parted(value: str) -> tuple[str, str, str]:
    """What stands before the last mark in a name, the mark, and what stands after it."""
    found = re.fullmatch(r"(.*)([^0-9A-Za-z])([0-9A-Za-z]*)", value)
    return (found[1], found[2], found[3]) if found else ("", "", value)


def _judge(notes: Notes, told: Told, *, hides: bool) -> None:
    name, there, absent = told.operation.name, told.there.answer, told.absent
    if absent.status != 404:
        return
    notes.tried += 1
    operation = told.operation
    unnamed = "404" in operation.statuses and not {"403", "4XX", "default"} & set(operation.statuses)
    if there.status == 403 and (unnamed or (hides and operation.method == "GET")):
        what = "answers 403 for what a stranger may not see, and 404 for what does not exist"
        notes.found(name, what, told.there.sent)
    elif there.status == 404 and _words(there) != _words(absent):
        notes.found(name, "says something else for what exists than for what does not", told.there.sent)


def _words(answer: Answer) -> str:
    return PASSING.sub("#", answer.text())
