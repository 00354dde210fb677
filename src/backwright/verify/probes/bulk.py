"""What is done to many things at once is done to those of the caller alone."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.verify.observed import Caller
from backwright.verify.probes.alike import told
from backwright.verify.probes.involved import changed
from backwright.verify.probes.objects import Thing, made_by
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.naming import before, names_of, referred
from backwright.verify.target.references import replaced

IDS = ("API1:2023",)
NAME = "many of others"
WHY = "Each thing by itself is guarded; the operation that takes a list of ids asks for all of them in one statement."


def run(world: World) -> Outcome:
    """One caller makes a thing that another may not read. The other sends what acts on many (`ids`, `order_ids`) with
    its id: whatever is answered, its maker has to find it as it was.

    The maker's own request has to have an effect: else the question shows nothing.
    """
    notes = Notes(world)
    pair = notes.strangers()
    if pair is None:
        return notes.outcome()
    for operation in world.operations:
        if (
            operation.method == "GET"
            or not operation.secured
            or operation.path_names
            or notes.late(operation.name)
        ):
            continue
        for name, reading in _many(world, operation):
            try:
                _judge(world, notes, operation, name, reading, *pair)
            except Unreachable as error:
                notes.unjudged(operation.name, f"no answer: {error}")
    return notes.outcome()


def _many(world: World, operation: Operation) -> Iterator[tuple[str, Operation]]:
    """Members of the body that list ids, each with the reading of one of the things."""
    if operation.body is None or operation.name in world.seen.shared:
        return
    body = world.small(operation)
    above = operation.path.rpartition("/")[0]
    for name, value in body.items() if isinstance(body, dict) else ():
        if not isinstance(value, list) or any(isinstance(each, dict | list) for each in value):
            continue
        nouns = {referred(name)} if referred(name) else names_of(above) | names_of(operation.path)
        if not referred(name) and name.lower() not in {"ids", "uuids", "keys"}:
            continue
        for reading in world.operations:
            kind = before(reading.path, reading.path_names[-1]) if reading.path_names else ""
            ends = reading.path.endswith("}") and len(reading.path_names) == 1
            if reading.method == "GET" and ends and names_of(kind) & nouns:
                yield name, reading
                break


def _judge(
    world: World,
    notes: Notes,
    operation: Operation,
    name: str,
    reading: Operation,
    owner: Caller,
    stranger: Caller,
) -> None:
    thing = made_by(world, reading, owner)
    if thing is None or world.send(reading, stranger, thing.path).answer.accepted:
        notes.unjudged(operation.name, "nothing can be made that is hidden from a stranger")
        return
    shown = world.send(reading, owner, thing.path).answer
    tried = world.send(operation, stranger, {}, _with(world, operation, name, thing))
    if _differs(world, reading, owner, thing, shown):
        notes.tried += 1
        what = f"does to what {owner.name} made what {stranger.name} asks for, who may not read it"
        notes.found(operation.name, what, tried.sent)
        return
    world.send(operation, owner, {}, _with(world, operation, name, thing))
    if not _differs(world, reading, owner, thing, shown):
        notes.unjudged(operation.name, "it has no effect that can be read, whoever sends it")
        return
    notes.tried += 1


def _differs(world: World, reading: Operation, owner: Caller, thing: Thing, shown: Answer) -> bool:
    """Whether its maker finds it otherwise than it was; what differs each time that it is read is nobody's doing."""
    after, again = (world.send(reading, owner, thing.path).answer for _ in range(2))
    if shown.status != after.status:
        return True
    return bool(changed(told(shown.json()), told(after.json()), told(again.json())))


def _with(world: World, operation: Operation, name: str, thing: Thing) -> object:
    body = world.small(operation)
    listed = body[name] if isinstance(body, dict) else []
    number = any(isinstance(each, int) for each in listed) and thing.value.isdigit()
    return replaced(body, {name: [int(thing.value) if number else thing.value]})
