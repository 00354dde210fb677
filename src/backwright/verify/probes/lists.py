"""Lists, their filters and their totals show a caller nothing that it cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import inflection

from backwright.verify.observed import Caller
from backwright.verify.probes.objects import longest_page
from backwright.verify.probes.probe import Notes, Outcome, stranger_to
from backwright.verify.target.calling import Answer, Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made
from backwright.verify.target.naming import members

IDS = ("API1:2023",)
NAME = "lists of others"
WHY = "The rule stands in the query of one thing and is forgotten in that of the list, of its filter, or of its total."
SEARCH = re.compile(r"^(q|query|search|term|text|keyword|filter|name|title|.*_?contains)$", re.IGNORECASE)
ORDER = re.compile(
    r"^(sort|order|sort_?by|order_?by|ordering|sort_?(dir|order|direction)|direction|dir)$", re.IGNORECASE
)
TOTAL = re.compile(r"total|count", re.IGNORECASE)
TIMES = 3


def run(world: World) -> Outcome:
    """One caller makes things that another is refused to read: the other's list must not show them, whatever it is
    filtered by, and its totals must not grow.

    A filter counts where it shows the thing to its maker. Exempt is what the target declares `shared`.
    """
    notes = Notes(world)
    if notes.strangers() is None:
        return notes.outcome()
    for listing in world.operations:
        creation = world.operation("POST", listing.path)
        if listing.method != "GET" or creation is None or listing.name in world.seen.shared:
            continue
        if notes.late(listing.name):
            break
        try:
            _judge(world, notes, listing, creation)
        except Unreachable as error:
            notes.unjudged(listing.name, f"no answer: {error}")
    return notes.outcome()


def _judge(world: World, notes: Notes, listing: Operation, creation: Operation) -> None:
    owner = world.callers[0]
    stranger = stranger_to(world, owner)
    path = world.path_for(creation, owner)
    made = world.attempt(creation, owner, path) if path is not None else None
    if made is None or not made.answer.accepted or path is None or stranger is None:
        notes.unjudged(listing.name, "nothing could be made for it")
        return
    marks = marks_of(world, made)
    page = longest_page(listing)
    refused = bool(marks) and _refused(world, made, stranger)
    if not marks or not (
        refused
        or _unlisted(world, listing, path, marks, stranger)
        or _unknown(world, creation, path, stranger)
    ):
        notes.unjudged(listing.name, "no reading says that what it lists is hidden from others")
        return
    for query in ({}, *_filters(listing, made)):
        if not shows(world.send(listing, owner, path, query={**page, **query}).answer, marks):
            continue
        tried = world.send(listing, stranger, path, query={**page, **query})
        notes.tried += 1
        if shows(tried.answer, marks):
            by = f" filtered by `{next(iter(query))}`" if query else ""
            what = f"shows {stranger.name} what {owner.name} made and {stranger.name} may not read"
            notes.found(listing.name, f"{what}{by}", tried.sent)
            if not query:
                break  # what it shows by itself it shows by every filter
    _totals(world, notes, listing, creation, owner, stranger, path)


def hidden(world: World, made: Made, stranger: Caller) -> bool:
    """May the stranger not read the thing: neither by itself, nor in the list that shows it to its maker?"""
    if _refused(world, made, stranger):
        return True
    listing = world.operation("GET", made.operation.path)
    marks = marks_of(world, made)
    return listing is not None and bool(marks) and _unlisted(world, listing, made.path, marks, stranger)


def _refused(world: World, made: Made, stranger: Caller) -> bool:
    """Is the stranger refused to read the thing, where its maker is not?"""
    owner = world.callers[0]
    for reading in world.operations:
        name = reading.path.rstrip("/").rpartition("/")[2]
        if reading.method != "GET" or not name.startswith("{"):
            continue
        if world.creation(reading, name[1:-1]) is not made.operation:
            continue
        value = world.named(made, reading, name[1:-1])
        if value is None:
            continue
        path = {**made.path, name[1:-1]: value}
        if world.send(reading, owner, path).answer.accepted:
            return world.send(reading, stranger, path).answer.status in {401, 403, 404}
    return False


def _unlisted(
    world: World, listing: Operation, path: Mapping[str, str], marks: tuple[str, ...], stranger: Caller
) -> bool:
    """Does the whole list show the thing to its maker, and not to the stranger?"""
    page = longest_page(listing)
    shown = world.send(listing, world.callers[0], path, query=page).answer
    return shows(shown, marks) and not shows(world.send(listing, stranger, path, query=page).answer, marks)


def _unknown(world: World, creation: Operation, path: Mapping[str, str], stranger: Caller) -> bool:
    """Is the stranger told that there is no such thing when it changes or deletes one, as its maker then may?"""
    owner = world.callers[0]
    for change in world.operations:
        name = change.path.rstrip("/").rpartition("/")[2]
        if change.method not in {"DELETE", "PUT", "PATCH"} or not name.startswith("{"):
            continue
        if world.creation(change, name[1:-1]) is not creation:
            continue
        made = world.attempt(creation, owner, path)
        value = world.named(made, change, name[1:-1]) if made is not None and made.answer.accepted else None
        if value is None:
            continue
        place, body = {**path, name[1:-1]: value}, world.body(change)
        if world.send(change, stranger, place, body).answer.status != 404:
            continue
        if world.send(change, owner, place, body).answer.accepted:
            return True
    return False


def marks_of(world: World, made: Made) -> tuple[str, ...]:
    """Texts by which the thing is told from all others: what was sent for it, is shown of it, and does not stand in the
    contract.
    """
    shown = {value for _, value in members(made.answer.json()) if isinstance(value, str)}
    sent = [value for _, value in members(made.body) if isinstance(value, str) and len(value) >= 10]
    return tuple(value for value in sent if value in shown and value not in world.fixed)


def shows(answer: Answer, marks: tuple[str, ...]) -> bool:
    if not answer.accepted:
        return False
    if answer.headers.get("content-type", "").startswith("text/"):
        return any(mark in answer.text() for mark in marks)
    values = {value for _, value in _all(answer.json()) if isinstance(value, str)}
    return any(mark in values for mark in marks)


def _all(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, each in value.items():
                yield name, each
                yield from _all(each)
        case list():
            for each in value:
                yield from _all(each) if isinstance(each, dict | list) else [("", each)]
        case _:
            pass


def _filters(listing: Operation, made: Made) -> Iterator[Mapping[str, Any]]:
    """What the list can be filtered by, with values that fit the thing."""
    told = [*members(made.answer.json()), *members(made.body)]
    known = {name: value for name, value in told if isinstance(value, str | int)}
    texts = [value for _, value in members(made.body) if isinstance(value, str) and len(value) >= 10]
    for parameter in listing.parameters:
        if parameter.where != "query" or ORDER.match(parameter.name) or parameter.kind == "object":
            continue
        single = inflection.singularize(parameter.name) if parameter.kind == "array" else parameter.name
        about = next((each for each in (parameter.name, single) if each in known), None)
        if about is not None:
            yield {parameter.name: parameter.holding(known[about])}
        elif SEARCH.match(parameter.name):
            yield from ({parameter.name: text} for text in texts[:TIMES])
        else:
            yield from ({parameter.name: parameter.holding(each)} for each in parameter.offered[:TIMES])


def _totals(
    world: World,
    notes: Notes,
    listing: Operation,
    creation: Operation,
    owner: Caller,
    stranger: Caller,
    path: Mapping[str, str],
) -> None:
    """What a stranger's list counts must not follow what its maker does."""
    counted = [_counts(world.send(listing, stranger, path).answer)]
    for _ in range(TIMES):
        made = world.attempt(creation, owner, path)
        if made is None or not made.answer.accepted:
            return
        counted.append(_counts(world.send(listing, stranger, path).answer))
    notes.tried += bool(counted[0])
    for name, first in counted[0].items():
        if all(count.get(name) == first + number for number, count in enumerate(counted)):
            notes.found(listing.name, f"`{name}` tells {stranger.name} how many things {owner.name} makes")


def _counts(answer: Answer) -> dict[str, int]:
    if not answer.accepted:
        return {}
    found = {name: value for name, value in _all(answer.json()) if TOTAL.search(name) and type(value) is int}
    for name, value in answer.headers.items():
        if TOTAL.search(name) and value.isdigit():
            found[name] = int(value)
    return found
