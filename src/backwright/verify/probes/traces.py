"""What one caller may not read shows nowhere: not within other things, not by another list, not in a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.lists import SEARCH, hidden, marks_of, shows
from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import best, noun_of, referred
from backwright.verify.target.order import ends

IDS = ("API1:2023",)
NAME = "traces of others"
WHY = "The thing itself is guarded, and shows all the same in the summary of another, in a search, or in a count."
TIMES, REFERRED = 3, 4


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that the stranger may send, with values for its path that are the stranger's own."""

    reading: Operation
    path: Mapping[str, str]


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A thing that the stranger may not read, and the texts by which it is told from all others."""

    made: Made
    marks: tuple[str, ...]


def run(world: World) -> Outcome:
    """One caller makes things that another may not read; then the other sends every reading that it may send: of its
    own things, of lists by what they can be searched for, and by the ids of these things.

    No answer may hold a text of theirs, and no number of an answer may grow with each that is made, or acted on.
    Exempt is what the target declares `shared`.
    """
    notes = Notes(world)
    pair = notes.strangers()
    if pair is None:
        return notes.outcome()
    owner, stranger = pair
    asked = list(_asked(world, notes, stranger))
    found = list(_hidden(world, notes, owner, stranger))
    if not found:
        notes.unjudged("callers", "nothing that one of them makes is hidden from the other")
        return notes.outcome()
    for each in asked:
        try:
            _judge(world, notes, each, found, owner, stranger)
        except Unreachable as error:
            notes.unjudged(each.reading.name, f"no answer: {error}")
    for each in asked:
        if not each.reading.path_names and each.reading.secured:
            _numbers(world, notes, each.reading, found, owner, stranger)
    return notes.outcome()


def _asked(world: World, notes: Notes, stranger: Caller) -> Iterator[Asked]:
    for reading in world.operations:
        if reading.method != "GET" or reading.name in world.seen.shared or notes.late(reading.name):
            continue
        allowed = world.seen.reserved.get(reading.name, ())
        if allowed and world.callers[0].name not in allowed:
            continue  # whom it is reserved for may see more
        path = world.path_for(reading, stranger)
        if path is not None:
            yield Asked(reading=reading, path=path)


def _hidden(world: World, notes: Notes, owner: Caller, stranger: Caller) -> Iterator[Hidden]:
    for creation in world.operations:
        if creation.method != "POST" or not creation.secured or notes.late(creation.name):
            continue
        path = world.path_for(creation, owner)
        made = world.attempt(creation, owner, path) if path is not None and creation.body else None
        if made is None or not made.answer.accepted:
            continue
        marks = marks_of(world, made)
        if marks and hidden(world, made, stranger):
            yield Hidden(made=made, marks=marks)


def _judge(
    world: World, notes: Notes, asked: Asked, found: list[Hidden], owner: Caller, stranger: Caller
) -> None:
    name = asked.reading.name
    for query, about in _queries(asked.reading, found):
        if notes.late(name):
            return
        tried = world.send(asked.reading, stranger, asked.path, query=query)
        notes.tried += 1
        for each in found:
            # The lists' own probe looks at these, but not within a thing of the stranger's own.
            listed = each.made.operation.path == asked.reading.path and not asked.reading.path_names
            if not listed and each in about and shows(tried.answer, each.marks):
                by = f", asked with `{next(iter(query))}`" if query else ""
                what = f"shows {stranger.name} a text of what {owner.name} made by {each.made.operation.name}"
                notes.found(name, f"{what} and {stranger.name} may not read{by}", tried.sent)


def _queries(reading: Operation, found: list[Hidden]) -> Iterator[tuple[dict[str, Any], list[Hidden]]]:
    """What a reading is asked with, and which things that could show."""
    yield {}, found
    for parameter in reading.parameters:
        if parameter.where != "query":
            continue
        if SEARCH.match(parameter.name):
            yield from (({parameter.name: each.marks[0]}, [each]) for each in found)
        elif noun := referred(parameter.name):
            for each in found[:REFERRED]:
                # What is made in another thing is found by the id of that one, too.
                own = best(
                    each.made.answer.json(), parameter.name, noun_of(each.made.operation.path + "/{x}", "x")
                )
                above = [value for key, value in each.made.path.items() if noun in {key, referred(key)}]
                yield from (
                    ({parameter.name: value}, found) for value in dict.fromkeys([*above, own]) if value
                )


def _numbers(
    world: World, notes: Notes, reading: Operation, found: list[Hidden], owner: Caller, stranger: Caller
) -> None:
    """No number of an answer to the stranger follows what the owner makes."""

    def shown() -> dict[str, int]:
        answer = world.send(reading, stranger, {}).answer
        return dict(_whole(answer.json(), "")) if answer.accepted else {}

    first, second = shown(), shown()
    steady = {
        name for name, value in first.items() if second.get(name) == value
    }  # it may count its own requests
    if not steady:
        return
    for name, done in _deeds(world, found, owner):
        counted = [shown()]
        for _ in range(TIMES):
            if notes.late(reading.name):
                return
            if not done():
                break
            counted.append(shown())
        notes.tried += len(counted) > TIMES
        for member in steady & set(counted[0]):
            start = counted[0][member]
            follows = all(count.get(member) == start + number for number, count in enumerate(counted))
            if follows and len(counted) > TIMES:
                what = f"`{member}` tells {stranger.name} how often {owner.name} sends {name}"
                notes.found(reading.name, what, world.request(reading, stranger, {}))


def _deeds(world: World, found: list[Hidden], owner: Caller) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What the owner makes, and what it does on new ones of it: of a charge may be counted what is captured."""
    creations = {each.made.operation.name: each.made for each in found}
    for name, made in creations.items():
        yield name, partial(_done, world, made.operation, owner, made.path)
    for act in world.operations:
        names = act.path_names
        if act.method != "POST" or act.body is not None or not names or ends(act):
            continue
        creation = world.creation(act, names[-1])
        if creation is not None and creation.name in creations:
            yield act.name, partial(_done, world, act, owner, None)


def _done(world: World, operation: Operation, owner: Caller, path: Mapping[str, str] | None) -> bool:
    """Is it accepted: at this place, or on a new thing?"""
    made = world.perform(operation, owner) if path is None else world.attempt(operation, owner, path)
    return made is not None and made.answer.accepted


def _whole(value: Any, place: str) -> Iterator[tuple[str, int]]:
    match value:
        case dict():
            for name, each in value.items():
                yield from _whole(each, f"{place}.{name}" if place else str(name))
        case bool():
            return
        case int():
            yield place, value
        case _:
            return
