"""Pages, bodies and nesting have limits, and what is over them is refused, not failed at."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec

from backwright.verify.probes.probe import Notes, Outcome
from backwright.verify.target.calling import Unreachable
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.made import Made

IDS = ("API4:2023",)
NAME = "consumption"
WHY = "One request that asks for everything, or sends a gigabyte, is what takes a service down that has no limits."
LIMIT = re.compile(
    r"^(limit|per_?page|page_?size|size|count|take|first|max_?results|top|\$top)$", re.IGNORECASE
)
FEW, MANY = 110, 1010
SECONDS = 20.0
LARGE = 10 * 1024 * 1024
DEEP = 100_000


def run(world: World) -> Outcome:
    """Lists are asked for a million things when there are 110, and when all of these come, when there are 1010.

    A body of 10 MB and one nested 100,000 deep have to be refused with 4xx (or the connection closed), and
    the backend has to answer afterwards. That one is accepted or failed at is a finding where the contract speaks of
    413, and else advised: what stands before the backend may have a limit.
    """
    notes = Notes(world)
    deadline = time.monotonic() + SECONDS
    for listing in world.operations:
        creation = world.operation("POST", listing.path)
        if listing.method == "GET" and creation is not None and creation.body is not None:
            _pages(world, notes, listing, creation, deadline)
    for made in _accepted_bodies(world):
        _large(world, notes, made)
        _padded(world, notes, made)
        _deep(world, notes, made)
    return notes.outcome()


def _pages(world: World, notes: Notes, listing: Operation, creation: Operation, deadline: float) -> None:
    caller = next(iter(world.callers), None)
    path = world.path_for(listing, caller)
    if path is None:
        return
    limit = next((p.name for p in listing.parameters if p.where == "query" and LIMIT.match(p.name)), None)
    query = {limit: 1_000_000} if limit else {}
    count = 0
    for wanted in (FEW, MANY):
        while count < wanted:
            if time.monotonic() > deadline:
                notes.unjudged(listing.name, f"only {count} things were made in time")
                return
            made = world.send(creation, caller, path, world.body(creation))
            if made.answer.status == 429:
                notes.unjudged(listing.name, f"{creation.name} has a rate limit: {count} things were made")
                return
            if not made.answer.accepted:
                notes.unjudged(listing.name, f"{creation.name} was answered {made.answer.status}")
                return
            count += 1
        tried = world.send(listing, caller, path, query=query)
        notes.tried += 1
        if tried.answer.status >= 500:
            notes.found(listing.name, f"answers {tried.answer.status} when asked for a million", tried.sent)
        if longest(tried.answer.json()) < wanted:
            return
    told = f"answers with {longest(tried.answer.json())} things at once: its pages have no limit"
    notes.found(listing.name, told, tried.sent)


def longest(value: Any) -> int:
    """The length of the longest list in an answer."""
    match value:
        case dict():
            return max((longest(each) for each in value.values()), default=0)
        case list():
            return max(len(value), *(longest(each) for each in value[:3])) if value else 0
        case _:
            return 0


def _accepted_bodies(world: World) -> list[Made]:
    """One accepted request with a JSON body for each operation."""
    found: dict[str, Made] = {}
    for made in world.made:
        if made.answer.accepted and isinstance(made.body, dict) and made.operation.method == "POST":
            found.setdefault(made.operation.name, made)
    return list(found.values())


def _large(world: World, notes: Notes, made: Made) -> None:
    body = _enlarged(made.body)
    if body is None:
        return
    _refused(world, notes, made, msgspec.json.encode(body), "a body of 10 MB")


def _padded(world: World, notes: Notes, made: Made) -> None:
    """What no member is too long for: spaces around the body are JSON, too."""
    if made.sent.content is not None and "json" in made.sent.headers.get("Content-Type", ""):
        _refused(world, notes, made, made.sent.content + b" " * LARGE, "a body of 10 MB")


def _enlarged(body: Any) -> Any:
    if not isinstance(body, dict):
        return None
    for name, value in body.items():
        if isinstance(value, str):
            return {**body, name: "x" * LARGE}
        inner = _enlarged(value)
        if inner is not None:
            return {**body, name: inner}
    return None


def _deep(world: World, notes: Notes, made: Made) -> None:
    _refused(world, notes, made, b"[" * DEEP + b"]" * DEEP, "JSON nested 100,000 deep")
    _refused(world, notes, made, b'{"a":' * DEEP + b"1" + b"}" * DEEP, "JSON nested 100,000 deep")


def _refused(world: World, notes: Notes, made: Made, content: bytes, what: str) -> None:
    sent = msgspec.structs.replace(made.sent, content=content)
    notes.tried += 1
    try:
        answer = world.client.send(sent)
    except Unreachable:
        if not alive(world):
            notes.found(made.operation.name, f"{what} ends the backend", sent)
        return  # it closed the connection, which is a refusal
    limited = any("413" in each.statuses for each in world.operations)
    tell = notes.found if limited else notes.advise
    if answer.status >= 500:
        tell(made.operation.name, f"{what} is answered {answer.status}", sent)
    elif answer.accepted:
        tell(made.operation.name, f"{what} is accepted ({answer.status})", sent)


def alive(world: World) -> bool:
    """Does the backend still answer?"""
    operation = world.operations[0]
    try:
        world.send(operation, None, dict.fromkeys(operation.path_names, "x"))
    except Unreachable:
        return False
    return True
