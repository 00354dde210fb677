"""The parts of a document that belong to Backwright: the lines between two marks, which are comments of Markdown.

    <!-- backwright: FR-001, AC-2 -->
    <!-- /backwright -->

What stands between them is written by `backwright report --link`, and says nothing to whoever reads the document for
requirements, tasks and questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

_BEGINS = re.compile(r"[ \t]*<!--[ \t]*backwright:(?P<names>[^<>]*)-->[ \t]*")
_ENDS = re.compile(r"[ \t]*<!--[ \t]*/backwright[ \t]*-->[ \t]*")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is a mark; lines count from 1. `names` is None in a mark that ends a part."""

    line: int
    names: tuple[str, ...] | None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The lines between two marks: those behind `begins` and before `ends`."""

    begins: int
    ends: int
    names: tuple[str, ...]


def mark(line: str, number: int) -> Mark | None:
    """The mark that a line is, if it is one."""
    if found := _BEGINS.fullmatch(line):
        return Mark(line=number, names=tuple(found["names"].replace(",", " ").split()))
    return Mark(line=number, names=None) if _ENDS.fullmatch(line) else None


def parts(marks: Sequence[Mark]) -> tuple[tuple[Part, ...], tuple[Mark, ...]]:
    """The parts, and the marks that have no counterpart right behind or before them."""
    found: list[Part] = []
    lonely: list[Mark] = []
    begun: Mark | None = None
    for each in marks:
        if each.names is not None:
            lonely += [begun] if begun else []
            begun = each
        elif begun is None or begun.names is None:
            lonely.append(each)
        else:
            found.append(Part(begins=begun.line, ends=each.line, names=begun.names))
            begun = None
    return tuple(found), (*lonely, *([begun] if begun else []))
