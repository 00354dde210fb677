"""What is deleted is gone: from its own place, from the lists, and with all that was in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.lists import SEARCH, marks_of, shows
from backwright.verify.probes.objects import Thing, longest_page, made_by
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made

IDS: tuple[str, ...] = ()
NAME = "deletions"
WHY = "What is marked as deleted is forgotten by one query of ten; what hung on it is forgotten by most."


KEPT = re.compile(
    r"audit|log|activit|histor|event|trash|archive|notification|deleted|export|outbox", re.IGNORECASE
)
"""Paths of what remembers things that are gone."""
CHILDREN = 6


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that has no thing in its path and shows a text of what was made in one."""

    reading: Operation
    query: Mapping[str, str]
    text: str

    def shown(self, world: World, owner: Caller) -> Made | None:
        """The answer, where it shows the text."""
        made = world.send(self.reading, owner, {}, query={**longest_page(self.reading), **self.query})
        return made if shows(made.answer, (self.text,)) else None


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """A reading of what is in the thing: of one, or of a list that is not empty."""

    reading: Operation
    path: Mapping[str, str]


def run(world: World) -> Outcome:
    """Things are made, with others in them, and deleted by their maker. Afterwards neither a reading nor a change of
    the thing is accepted, no list shows it, and what was in it is not shown either: not at its place, and not by
    another list or a search.

    Where the answer to the deletion is the thing itself, it was ended rather than deleted, and is not judged.
    """
    notes = Notes(world)
    for deletion in world.operations:
        if deletion.method != "DELETE" or not deletion.path.endswith("}") or notes.late(deletion.name):
            continue
        try:
            _judge(world, notes, deletion)
        except Unreachable as error:
            notes.unjudged(deletion.name, f"no answer: {error}")
    return notes.outcome()


def _gone(told: Any) -> bool:
    """Does the answer say that it is gone? One that shows the thing may have put it away only."""
    said = told.get("deleted") if isinstance(told, dict) else None
    return not told or said is True


def _judge(world: World, notes: Notes, deletion: Operation) -> None:
    owner = next(iter(world.callers), None)
    thing = made_by(world, deletion, owner) if owner is not None else None
    if thing is None:
        notes.unjudged(deletion.name, "its things cannot be made here")
        return
    reading = world.operation("GET", deletion.path)
    listing = world.operation("GET", thing.creation.path)
    count = len(world.made)
    inside = list(_inside(world, thing))
    elsewhere = list(_elsewhere(world, thing.owner, world.made[count:]))
    shown = reading is not None and world.send(reading, thing.owner, thing.path).answer.accepted
    listed = listing is not None and _lists(world, listing, thing)
    gone = world.attempt(deletion, thing.owner, thing.path)
    if gone is None or not gone.answer.accepted or gone.answer.status == 202 or not _gone(gone.answer.json()):
        notes.unjudged(deletion.name, f"was answered {gone.answer.status if gone else 'nothing'}")
        return
    if reading is not None and shown:
        notes.tried += 1
        after = world.send(reading, thing.owner, thing.path)
        if after.answer.accepted:
            notes.found(deletion.name, f"leaves the thing where it was ({reading.name} shows it)", gone.sent)
        elif after.answer.status >= 500:
            notes.found(reading.name, f"answers {after.answer.status} for what was deleted", after.sent)
    if listing is not None and listed:
        notes.tried += 1
        if _lists(world, listing, thing):
            notes.found(deletion.name, f"leaves the thing in {listing.name}", gone.sent)
    _judge_changes(world, notes, deletion, thing)
    for each in inside:
        notes.tried += 1
        after = world.send(each.reading, thing.owner, each.path)
        if _holds(after.answer):
            notes.found(deletion.name, f"leaves what was in it ({each.reading.name} shows it)", after.sent)
    for other in elsewhere:
        notes.tried += 1
        left = other.shown(world, thing.owner)
        if left is not None:
            notes.found(deletion.name, f"leaves what was in it ({other.reading.name} shows it)", left.sent)


def _elsewhere(world: World, owner: Caller, made: Sequence[Made]) -> Iterator[Elsewhere]:
    """Where texts of what was made are found: in lists, and by searching for them."""
    children = [each for each in made if each.operation.method == "POST" and each.answer.accepted]
    texts = [text for each in children[:CHILDREN] for text in marks_of(world, each)[:1]]
    for reading in world.operations:
        if reading.method != "GET" or reading.path_names or KEPT.search(reading.path):
            continue
        searched = next(
            (p.name for p in reading.parameters if p.where == "query" and SEARCH.match(p.name)), None
        )
        for text in texts:
            found = Elsewhere(reading=reading, query={searched: text} if searched else {}, text=text)
            if found.shown(world, owner) is not None:
                yield found


def _judge_changes(world: World, notes: Notes, deletion: Operation, thing: Thing) -> None:
    change = world.operation("PATCH", deletion.path)
    if change is None:
        return
    notes.tried += 1
    tried = world.send(change, thing.owner, thing.path, world.body(change))
    if tried.answer.accepted:
        notes.found(change.name, "is accepted for what was deleted", tried.sent)


def _inside(world: World, thing: Thing) -> Iterator[Inside]:
    """Make one of each thing that the contract lets be made in this one, and say how it is read."""
    for creation in world.operations:
        below = creation.path.removeprefix(thing.template + "/")
        if creation.method != "POST" or below == creation.path or "{" in below or creation.body is None:
            continue
        made = world.attempt(creation, thing.owner, thing.path)
        if made is None or not made.answer.accepted:
            continue
        for reading in world.operations:
            last = reading.path_names[-1] if reading.path.endswith("}") else ""
            own = last and world.creation(reading, last) is creation  # `/lines/{id}` of `/orders/{id}/lines`
            if reading.method != "GET" or not (own or reading.path.startswith(creation.path)):
                continue
            path: dict[str, str] | None = dict(thing.path)
            for name in [each for each in reading.path_names if each not in thing.path]:
                value = world.named(made, reading, name)
                path = {**path, name: value} if path is not None and value is not None else None
            if path is not None and _holds(world.send(reading, thing.owner, path).answer):
                yield Inside(reading=reading, path=path)


def _holds(answer: Answer) -> bool:
    """Does it show something? A list that is empty does not."""
    value = answer.json() if answer.accepted else None
    lists = [each for each in value.values() if isinstance(each, list)] if isinstance(value, dict) else []
    return any(lists) if lists else bool(value)


def _lists(world: World, listing: Operation, thing: Thing) -> bool:
    path = {name: thing.path[name] for name in listing.path_names}
    answer = world.send(listing, thing.owner, path, query=longest_page(listing)).answer
    return answer.accepted and thing.listed(answer.json())
