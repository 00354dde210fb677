"""A change that is made on the condition that nothing else was changed does not overwrite what was."""

from __future__ import annotations

import msgspec

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Sent, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World

IDS: tuple[str, ...] = ()
NAME = "conditions"
WHY = "Two people edit the same page; whoever saves last wipes out the other, although both said what they had read."
REFUSED = {409, 412, 428}


def run(world: World) -> Outcome:
    """Where the contract knows `If-Match`, a thing is read, changed with its ETag, and changed with the same ETag
    again: that has to be refused with 412 (or 409), and so has one that never was. Where it knows `If-None-Match`, a
    reading with the ETag that was just read has to be answered 304.
    """
    notes = Notes(world)
    for reading in world.operations:
        if reading.method == "GET" and _knows(reading, "if-none-match") and not notes.late(reading.name):
            try:
                _judge_reading(world, notes, reading)
            except Unreachable as error:
                notes.unjudged(reading.name, f"no answer: {error}")
    for change in world.operations:
        if not _knows(change, "if-match") or change.method not in {"PUT", "PATCH"} or notes.late(change.name):
            continue
        try:
            _judge(world, notes, change)
        except Unreachable as error:
            notes.unjudged(change.name, f"no answer: {error}")
    return notes.outcome()


def _knows(operation: Operation, header: str) -> bool:
    return any(p.where == "header" and p.name.lower() == header for p in operation.parameters)


def _judge_reading(world: World, notes: Notes, reading: Operation) -> None:
    owner = next(iter(world.callers), None)
    path = world.path_for(reading, owner)
    read = world.send(reading, owner, path) if path is not None else None
    tag = read.answer.headers.get("etag") if read is not None and read.answer.accepted else None
    if read is None or tag is None:
        notes.unjudged(reading.name, "no answer of it shows an ETag")
        return
    kept = {name: value for name, value in read.sent.headers.items() if name.lower() != "if-none-match"}
    sent = msgspec.structs.replace(read.sent, headers={**kept, "If-None-Match": tag})
    answer = world.client.send(sent)
    notes.tried += 1
    if answer.accepted:
        what = f"answers {answer.status} to the ETag that it has just given, not 304"
        notes.found(reading.name, what, sent)


def _judge(world: World, notes: Notes, change: Operation) -> None:
    owner = next(iter(world.callers), None)
    path = world.path_for(change, owner)
    reading = world.operation("GET", change.path)
    read = world.send(reading, owner, path).answer if reading is not None and path is not None else None
    tag = read.headers.get("etag") if read is not None else None
    if path is None or tag is None:
        notes.unjudged(change.name, "no reading of the thing shows an ETag")
        return
    first = _with(world.request(change, owner, path, world.body(change)), tag)
    second = _with(world.request(change, owner, path, world.body(change)), tag)
    made_up = _with(second, '"no-such-version"')
    done = world.client.send(first)
    if not done.accepted:
        notes.unjudged(change.name, f"with the ETag that was read it is answered {done.status}")
        return
    for sent, what in ((second, "an ETag that is out of date"), (made_up, "an ETag that never was")):
        answer = world.client.send(sent)
        notes.tried += 1
        if answer.accepted:
            notes.found(change.name, f"is accepted with {what}: it overwrites what others changed", sent)
        elif answer.status not in REFUSED:
            notes.found(change.name, f"answers {answer.status} to {what}, not 412", sent)


def _with(sent: Sent, tag: str) -> Sent:
    kept = {name: value for name, value in sent.headers.items() if name.lower() != "if-match"}
    return msgspec.structs.replace(sent, headers={**kept, "If-Match": tag})
