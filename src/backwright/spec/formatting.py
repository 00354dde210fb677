"""`backwright fmt`: one specification file, with quotes where YAML needs them and without stray white space.

Comments, order, braces and blocks stay as they are, and what could be read before means the same afterwards.
"""

from __future__ import annotations

import msgspec

from backwright.spec.diagnostics import Diagnostic
from backwright.spec.mending import mended
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.turns import BREAK
from backwright.spec.yamltext import parse


class Formatted(msgspec.Struct, frozen=True):
    """A file's text as it should be, and what is still wrong with it as YAML (then it may be as it was)."""

    text: str
    found: tuple[Diagnostic, ...]


def formatted(text: str, file: str) -> Formatted:
    """The text of a specification file, formatted. What cannot be understood at all stays as it is."""
    better = mended(text.removeprefix("\ufeff"), file)
    table, found = parse(better, file)
    if table is None:
        return Formatted(text, tuple(parse(text, file)[1]))
    if found:
        return Formatted(better, tuple(found))
    tidy = _tidied(better, table)
    again, _ = parse(tidy, file)
    return Formatted(tidy if again is not None and _same(table, again) else better, ())


def _tidied(text: str, table: Table) -> str:
    """Without white space at the end of lines, and with one line break at the end of each line and of the file.

    Lines that a value of several lines spans stay as they are.
    """
    kept: set[int] = set()
    for scalar in _scalars(table):
        first = len(BREAK.findall(text, 0, scalar.start))
        kept.update(range(first, first + len(BREAK.findall(text, scalar.start, scalar.end))))
    lines = BREAK.split(text)
    tidy = [line if number in kept else line.rstrip(" \t") for number, line in enumerate(lines)]
    return "\n".join(tidy).rstrip("\n") + "\n"


def _scalars(raw: Raw) -> list[Scalar]:
    match raw:
        case Scalar():
            return [raw] if raw.turns or raw.style in {"|", ">"} else []
        case Items(items=items):
            return [scalar for item in items for scalar in _scalars(item)]
        case Table(entries=entries):
            return [s for entry in entries for part in (entry.key, entry.value) for s in _scalars(part)]


def _same(one: Raw, other: Raw) -> bool:
    """Whether both are the same values in the same order, however they are written."""
    match one, other:
        case Scalar(), Scalar():
            return one.value == other.value
        case Items(items=mine), Items(items=others):
            return len(mine) == len(others) and all(map(_same, mine, others))
        case Table(entries=mine), Table(entries=others):
            return len(mine) == len(others) and all(
                _same(a.key, b.key) and _same(a.value, b.value) for a, b in zip(mine, others, strict=True)
            )
        case _:
            return False
