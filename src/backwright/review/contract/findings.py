"""What a comparison finds: one change with its level, its places in both files, and what a client notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from backwright.review.contract.document import Node

Level = Literal["breaking", "potential", "compatible"]
Direction = Literal["request", "response", "either"]
Effect = Literal["narrows", "widens", "differs", "unknown", "none"]
"""What a change does to the set of values that are valid: fewer, more, others, undecided, or the same."""


class Spot(msgspec.Struct, frozen=True, order=True):
    """A place in a description: the JSON pointer (RFC 6901), and the line, counted from 1."""

    file: str
    line: int
    pointer: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Site(msgspec.Struct, frozen=True):
    """Where a change is met: an operation, and the place in what it takes or answers (`answer 200.lines[].note`)."""

    operation: str
    at: str


class Change(msgspec.Struct, frozen=True):
    """One change. A schema that several operations use is one change with all of them, and with each place."""

    id: str
    name: str
    level: Level
    direction: Direction
    message: str
    notices: str
    mend: str
    before: Spot | None
    after: Spot | None
    operations: tuple[str, ...]
    sites: tuple[Site, ...]


def spot(node: Node | None) -> Spot | None:
    return None if node is None else Spot(node.document.name, node.line, node.pointer)


def level_of(effect: Effect, direction: Direction) -> Level:
    """The level that follows from what happens to the valid values.

    A client writes requests, so it is broken when fewer are valid; it reads responses, so it is broken when
    more are possible.
    """
    match effect, direction:
        case "none", _:
            return "compatible"
        case "unknown", _:
            return "potential"
        case ("narrows", "response") | ("widens", "request"):
            return "compatible"
        case _:
            return "breaking"


def breaks(changes: Iterable[Change]) -> bool:
    return any(change.level == "breaking" for change in changes)


def as_text(change: Change) -> str:
    """Lines for a terminal."""
    places = " → ".join(str(s) if s else "(nothing)" for s in (change.before, change.after))
    pointer = (change.after or change.before or Spot("", 0, "")).pointer
    where = ", ".join(change.operations[:3]) + (
        f" and {len(change.operations) - 3} more" if len(change.operations) > 3 else ""
    )
    lines = [
        f"{change.level:<10} {change.id} {change.name}: {change.message}",
        f"    where  {where or 'the whole contract'} ({places})",
        f"    at     #{pointer}",
    ]
    if change.level != "compatible":
        lines += [f"    client {change.notices}", f"    mend   {change.mend}"]
    return "\n".join(lines)
