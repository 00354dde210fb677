"""Texts that a pattern accepts: written by going through the pattern once, and checked with RE2."""

from __future__ import annotations

import string
from collections.abc import Iterator

import msgspec
import re2

_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits,
    "s": " ",
    "D": string.ascii_lowercase,
    "W": "-",
    "S": string.ascii_lowercase,
}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_WORD = string.ascii_lowercase
_ANYTHING = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_. "


def matching(pattern: str, number: int, least: int = 0, most: int | None = None) -> str | None:
    """A text that the whole pattern accepts, another one for each number; None where none was found.

    It has between `least` and `most` code points. Understands what patterns of fields are made of (literals,
    classes, groups, repetitions); everything else gives None, as does a text that RE2 does not accept.
    """
    try:
        pieces = _Reader(pattern).alternatives()[0]
    except (IndexError, ValueError):
        return None
    for longer in range(max(least, 0) + 9):
        text = _text(pieces, number, longer)
        fits = len(text) >= least and (most is None or len(text) <= most)
        if fits and re2.fullmatch(pattern, text) is not None:
            return text
    return None


class _Piece(msgspec.Struct, frozen=True):
    """Characters of which one stands there, or a group; how often at least and at most."""

    of: str | tuple[_Piece, ...]
    least: int = 1
    most: int = 1


def _text(pieces: tuple[_Piece, ...], number: int, longer: int) -> str:
    """The text: choices differ by the number, from the last choice to the first; `longer` repeats more often."""
    slots: list[str] = list(_slots(pieces, longer))
    chosen: list[str] = []
    for options in reversed(slots):
        number, position = divmod(number, len(options))
        chosen.append(options[position])
    return "".join(reversed(chosen))


def _slots(pieces: tuple[_Piece, ...], longer: int) -> Iterator[str]:
    for piece in pieces:
        times = min(piece.most, piece.least + longer)
        for _ in range(times):
            if isinstance(piece.of, str):
                yield piece.of
            else:
                yield from _slots(piece.of, longer)


class _Reader:
    """Reads a pattern. Raises ValueError or IndexError for what it does not understand."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> list[tuple[_Piece, ...]]:
        found = [self.sequence()]
        while self.at < len(self.pattern) and self.pattern[self.at] == "|":
            self.at += 1
            found.append(self.sequence())
        return found

    def sequence(self) -> tuple[_Piece, ...]:
        pieces: list[_Piece] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            pieces += self.repeated()
        return tuple(pieces)

    def repeated(self) -> list[_Piece]:
        of = self.one()
        if of is None:
            return []
        least, most = self.times()
        return [_Piece(of, least, most)]

    def one(self) -> str | tuple[_Piece, ...] | None:
        character = self.next()
        match character:
            case "(":
                if self.pattern.startswith("?:", self.at):
                    self.at += 2
                elif self.pattern.startswith("?", self.at):
                    raise ValueError("a group with flags")
                inner = self.alternatives()[0]
                self.next()
                return inner
            case "[":
                return self.character_class()
            case "\\":
                return self.escaped()
            case ".":
                return _WORD
            case "^" | "$":
                return None
            case _:
                return character

    def escaped(self) -> str:
        letter = self.next()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _ESCAPED:
            return _ESCAPED[letter]
        if letter.isalnum():
            raise ValueError(f"\\{letter}")
        return letter

    def character_class(self) -> str:
        negated = self.pattern[self.at] == "^"
        self.at += negated
        found = ""
        while True:
            letter = self.next()
            if letter == "]" and found:
                break
            if letter == "[":
                raise ValueError("a named class")
            first = self.escaped() if letter == "\\" else letter
            if self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]" and len(first) == 1:
                self.at += 1
                last = self.next()
                first = "".join(map(chr, range(ord(first), min(ord(last), ord(first) + 100) + 1)))
            found += first
        return "".join(c for c in _ANYTHING if c not in found) if negated else found

    def times(self) -> tuple[int, int]:
        mark = self.pattern[self.at : self.at + 1]
        if not mark or mark not in "?*+{":
            return 1, 1
        self.at += 1
        least, most = {"?": (0, 1), "*": (0, 40), "+": (1, 40), "{": (0, 0)}[mark]
        if mark == "{":
            inside = self.pattern[self.at : self.pattern.index("}", self.at)]
            self.at += len(inside) + 1
            low, comma, high = inside.partition(",")
            least = int(low)
            most = int(high) if high else least + 40 if comma else least
        if self.pattern[self.at : self.at + 1] == "?":
            self.at += 1
        return least, most

    def next(self) -> str:
        self.at += 1
        return self.pattern[self.at - 1]
