"""What is wrong with a specification, said once, in one shape.

A `Diagnostic` names a stable code, the place in the user's file, what is wrong, why it matters and how to
mend it. Codes are registered where they are raised, are never reused, and are documented from the registry
(`docs/diagnostics.md`). The first digit is the stage: 1 reading, 2 shape, 3 names, 4 expressions,
5 access, 6 plan, 7 build, 8 migration, 9 task.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Place(msgspec.Struct, frozen=True, order=True):
    """A position in a file of the user's. Line and column count from 1; file is relative to the project."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def shifted(self, characters: int) -> Place:
        """The place `characters` further along the same line: points inside an expression."""
        return Place(self.file, self.line, self.column + characters)


class Turn(msgspec.Struct, frozen=True):
    """From `offset` on, a text stands at `place`: behind a line break, or behind what YAML takes out of it."""

    offset: int
    place: Place


def placed(place: Place, turns: Sequence[Turn], offset: int) -> Place:
    """Where `offset` of a text lies that begins at `place` and goes on at its turns."""
    known = bisect_right(turns, offset, key=lambda turn: turn.offset)
    if not known:
        return place.shifted(offset)
    turn = turns[known - 1]
    return turn.place.shifted(offset - turn.offset)


def turns_from(turns: Sequence[Turn], offset: int) -> tuple[Turn, ...]:
    """The turns of the part of a text that begins at `offset`."""
    return tuple(Turn(turn.offset - offset, turn.place) for turn in turns if turn.offset > offset)


NOWHERE = Place("", 0, 0)


class Code(msgspec.Struct, frozen=True):
    """One kind of diagnostic: its stable code, a title, and why it matters. `example` triggers it."""

    code: str
    title: str
    why: str
    example: str = ""


# Nothing says these any more. They are kept here because a code always means the same.
RETIRED = frozenset({"BW373", "BW381", "BW412"})
_registry: dict[str, Code] = {}


def register(code: str, title: str, why: str, example: str = "") -> Code:
    """Declare a diagnostic code. Raises ValueError when the code is or was taken: codes are never reused."""
    if code in _registry or code in RETIRED:
        raise ValueError(f"diagnostic code {code} is taken")
    _registry[code] = Code(code, title, why, example)
    return _registry[code]


def registered() -> list[Code]:
    """Every declared code in order, for the documentation."""
    return [_registry[code] for code in sorted(_registry)]


class Diagnostic(msgspec.Struct, frozen=True):
    """One finding about the user's files. `role` says who decides, where a person must (R4, R5)."""

    code: str
    place: Place
    message: str
    why: str
    mend: str
    severity: Severity = "error"

    def text(self) -> str:
        return f"{self.place}: {self.code}: {self.message}\n    why: {self.why}\n    mend: {self.mend}"


def diagnose(code: Code, place: Place, message: str, mend: str, severity: Severity = "error") -> Diagnostic:
    """A diagnostic of a registered kind."""
    return Diagnostic(code.code, place, message, code.why, mend, severity)


class SpecificationError(Exception):
    """The specification cannot be used; carries every diagnostic found, not only the first."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.place, d.code, d.message)))
        super().__init__("\n".join(d.text() for d in self.diagnostics))


def relative_to_project(path: Path, project: Path) -> str:
    """How a file is named in diagnostics: relative to the project where it lies inside, POSIX separators."""
    try:
        return path.resolve().relative_to(project.resolve()).as_posix()
    except ValueError:
        return path.as_posix()
