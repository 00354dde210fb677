"""What a change says it did is there when the thing is read again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from backwright.verify.probes.objects import made_by
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.probes.properties import own
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import members

IDS: tuple[str, ...] = ()
NAME = "changes"
WHY = "An answer 200 to a change that was never stored is a loss that nobody is told of."
PARTS, MEMBERS = 2, 2
CHANGED = re.compile(
    r"^(updated|modified|changed)(_?(at|on|date|time))?$|^last_?(updated|modified|changed)", re.IGNORECASE
)
SECOND = 1.1
PLAIN = re.compile(r"[A-Za-z0-9-]{6,60}")


def run(world: World) -> Outcome:
    """Things are changed by their maker and read again: texts that were sent have to be read, and not the old ones.

    Only plain texts are looked at: letters, digits and hyphens, which no backend has a reason to rewrite but for case.
    When it says it was changed last (`updated_at`) has to be another time then.
    Besides, PATCH is sent with one member alone: what it can change and was not sent must not be empty afterwards.
    """
    notes = Notes(world)
    for change in world.operations:
        if change.method not in {"PUT", "PATCH"} or not change.path_names or notes.late(change.name):
            continue
        try:
            _judge(world, notes, change)
            if change.method == "PATCH":
                _judge_part(world, notes, change)
        except Unreachable as error:
            notes.unjudged(change.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, change: Operation) -> None:
    owner = next(iter(world.callers), None)
    reading = world.operation("GET", change.path)
    thing = made_by(world, change, owner) if owner is not None else None
    if thing is None or reading is None:
        notes.unjudged(change.name, "its things cannot be made, or not be read")
        return
    before_all = world.send(reading, owner, thing.path)
    before = texts(before_all.answer.json())
    if _changed(before_all):
        time.sleep(SECOND)  # it may be told in whole seconds
    done = world.attempt(change, owner, thing.path)
    after = world.send(reading, owner, thing.path)
    if done is None or not done.answer.accepted or done.answer.status == 202 or not after.answer.accepted:
        notes.unjudged(change.name, "it was not accepted, or cannot be read afterwards")
        return
    _judge_time(notes, change, before_all, after)
    sent, now = texts(done.body), texts(after.answer.json())
    judged = [name for name in sent if name in before and before[name] != sent[name]]
    notes.tried += bool(judged)
    lost = [name for name in judged if now.get(name) == before[name]]
    if lost:
        notes.found(
            change.name, f"is answered {done.answer.status} and does not change `{lost[0]}`", done.sent
        )


def _changed(read: Made) -> Mapping[str, str]:
    """When the thing says that it was changed last."""
    told = own(read.answer.json())
    return {name: each for name, each in told.items() if CHANGED.search(name) and isinstance(each, str)}


def _judge_time(notes: Notes, change: Operation, before: Made, after: Made) -> None:
    first, then = own(before.answer.json()), own(after.answer.json())
    other = any(first.get(name) != each for name, each in then.items() if not CHANGED.search(name))
    for name, told in _changed(before).items() if other else ():
        notes.tried += 1
        if then.get(name) == told:
            notes.found(change.name, f"changes the thing, and leaves `{name}` as it was", after.sent)


def _judge_part(world: World, notes: Notes, change: Operation) -> None:
    owner = next(iter(world.callers), None)
    reading = world.operation("GET", change.path)
    if owner is None or reading is None or change.body is None:
        return
    whole = world.sampler.value(change.body.schema)
    if (
        world.sampler.merged(change.body.schema).get("required")
        or not isinstance(whole, dict)
        or len(whole) < MEMBERS
    ):
        return  # a contract that requires members wants the whole thing
    thing = made_by(world, change, owner)
    if thing is None:
        return
    before = _inner(world.send(reading, owner, thing.path).answer.json(), whole)
    if not all(_full(before.get(each)) for each in whole):
        world.send(change, owner, thing.path, whole)
        before = _inner(world.send(reading, owner, thing.path).answer.json(), whole)
    given = world.sampler.defaults(change.body.schema)  # what is not sent may become what the contract says
    for name in [*whole][:PARTS]:
        tried = world.send(change, owner, thing.path, {name: whole[name]})
        after = _inner(world.send(reading, owner, thing.path).answer.json(), whole)
        if not tried.answer.accepted or not after:
            continue
        notes.tried += 1
        left = [each for each in whole if each != name and each not in given and _full(before.get(each))]
        lost = [each for each in left if not _full(after.get(each))]
        if lost:
            notes.found(change.name, f"empties `{lost[0]}`, which was not sent", tried.sent)
            return


def _full(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _inner(value: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """The object of an answer that has members of these names."""
    if not isinstance(value, dict):
        return {}
    if any(each in value for each in names):
        return value
    return next((found for each in value.values() if (found := _inner(each, names))), {})


def texts(value: Any) -> Mapping[str, str]:
    """The plain texts of a body or an answer by their names, in lower case."""
    return {
        name: each.lower() for name, each in members(value) if isinstance(each, str) and PLAIN.fullmatch(each)
    }
