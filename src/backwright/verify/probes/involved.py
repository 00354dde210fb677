"""The things that a request is about: the one in its path, and those that its body names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from backwright.verify.observed import Caller
from backwright.verify.probes.alike import told
from backwright.verify.target.contract import Operation
from backwright.verify.target.exploring import World
from backwright.verify.target.leading import number
from backwright.verify.target.naming import before, members, names_of, referred


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """How a thing is read, and by which member of the body it was named; empty: by the path."""

    member: str
    reading: Operation
    path: Mapping[str, str]

    def read(self, world: World, caller: Caller | None) -> Mapping[str, Any]:
        """What it shows, by the places in the answer. Raises Unreachable."""
        answer = world.send(self.reading, caller, self.path).answer
        return told(answer.json()) if answer.accepted else {}


def named(world: World, body: Any) -> Iterator[Thing]:
    """The things that a body names."""
    for member, value in members(body):
        noun = referred(member)
        if not noun or isinstance(value, list | None):
            continue
        for reading in world.operations:
            names = reading.path_names
            if reading.method != "GET" or len(names) != 1 or not reading.path.endswith("}"):
                continue
            if names_of(before(reading.path, names[0])) & {noun, noun.rpartition("_")[2]}:
                yield Thing(member=member, reading=reading, path={names[0]: str(value)})
                break


def above(world: World, operation: Operation, path: Mapping[str, str]) -> Iterator[Thing]:
    """The thing that an operation acts on."""
    reading = world.operation("GET", operation.path.rpartition("/")[0]) if operation.path_names else None
    if reading is not None and reading.path_names:
        yield Thing(member="", reading=reading, path={name: path[name] for name in reading.path_names})


def changed(before: Mapping[str, Any], after: Mapping[str, Any], again: Mapping[str, Any]) -> set[str]:
    """The places that changed in between; `again` is read right after `after`: what differs there does so by itself."""
    return {place for place in {*before, *after} if before.get(place) != after.get(place)
            and after.get(place) == again.get(place)}  # fmt: skip


def numbers(shown: Mapping[str, Any]) -> dict[str, float]:
    """The numbers among what a thing shows."""
    return {place: each for place, value in shown.items() if (each := number(value)) is not None}
