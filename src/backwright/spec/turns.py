"""Where the text of a YAML value stands in its file: YAML folds lines, doubles quotes and reads escapes.

Folding changes nothing but white space, so the characters beside it are found again one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backwright.spec.diagnostics import Place, Turn

BREAK = re.compile("\r\n|[\n\r]")
_SPACE = frozenset(" \t\n\r\x85\u2028\u2029")
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<joined>\r\n|[\n\r\x85\u2028\u2029])|(?P<one>.))"
)
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def turns_of(written: str, value: str, style: str, place: Place) -> tuple[Turn, ...]:
    """Where `value` goes on elsewhere than one column further; `written` begins at `place`, with its quote."""
    # Most values stand on one line as they are.
    if style == '"':
        plain = "\\" not in written and len(written) == len(value) + 2
    elif style == "'":
        plain = len(written) == len(value) + 2
    else:
        plain = not style and len(written) == len(value)
    if plain and BREAK.search(written) is None:
        return ()
    lines = _Lines(written, place)
    found: list[Turn] = []
    at, known = (1 if style in {"'", '"'} else 0), 0
    start_line = place.line
    pending: tuple[int, str] | None = None
    characters = _characters(written, style)
    for offset, character in enumerate(value):
        pending = pending or next(characters, None)
        if pending is None or (character in _SPACE and pending[1] != character):
            continue
        index, meant = pending
        if meant != character:
            return tuple(found)
        pending = None
        here = lines.place(index)
        if here.line != start_line or index - at != offset - known:
            found.append(Turn(offset, here))
            start_line, at, known = here.line, index, offset
    return tuple(found)


def place_in(text: str, offset: int, start: Place) -> Place:
    """The place of an offset in a text that begins at `start`."""
    return _Lines(text, start).place(offset)


class _Lines:
    """The places of growing offsets in a text."""

    def __init__(self, text: str, place: Place) -> None:
        self.breaks = [found.end() for found in BREAK.finditer(text)]
        self.start = place
        self.passed = 0

    def place(self, offset: int) -> Place:
        while self.passed < len(self.breaks) and self.breaks[self.passed] <= offset:
            self.passed += 1
        if not self.passed:
            return self.start.shifted(offset)
        column = offset - self.breaks[self.passed - 1] + 1
        return Place(self.start.file, self.start.line + self.passed, column)


def _characters(written: str, style: str) -> Iterator[tuple[int, str]]:
    """Offset and meaning of everything but the white space that YAML folds."""
    match style:
        case "'":
            index = 1
            while index < len(written) - 1:
                yield from _plain(written, index)
                index += 2 if written.startswith("''", index) else 1
        case '"':
            index = 1
            while index < len(written) - 1:
                escape = _ESCAPE.match(written, index)
                if escape is None:
                    yield from _plain(written, index)
                    index += 1
                    continue
                if escape["joined"] is None:
                    number = escape["x"] or escape["u"] or escape["U"]
                    one = escape["one"] or ""
                    yield index, chr(int(number, 16)) if number else _NAMED.get(one, one)
                index = escape.end()
        case "|" | ">":
            header = BREAK.search(written)
            for index in range(header.end() if header else len(written), len(written)):
                yield from _plain(written, index)
        case _:
            for index in range(len(written)):
                yield from _plain(written, index)


def _plain(written: str, index: int) -> Iterator[tuple[int, str]]:
    if written[index] not in _SPACE:
        yield index, written[index]
