"""YAML as it was written: text, lists and tables, each with its place. Nothing is interpreted here.

Scalars stay text: `yes`, `1.0` and `2026-01-01` mean what the grammar says at that place, never what YAML
guesses.
"""

from __future__ import annotations

import msgspec

from backwright.spec.diagnostics import Place, Turn, placed

_NULL = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(msgspec.Struct, frozen=True):
    """One value. `comment` is the comment that follows a plain (unquoted) value on its line.

    `turns` say where the text goes on elsewhere than one column further: in values of several lines, and where
    YAML takes something out (`''`, escapes). A block's text begins at its first turn. `start` and `end` are
    offsets in the file.
    """

    value: str
    place: Place
    style: str = ""
    comment: str | None = None
    turns: tuple[Turn, ...] = ()
    start: int = 0
    end: int = 0

    @property
    def plain(self) -> bool:
        return not self.style

    @property
    def null(self) -> bool:
        """YAML's null: nothing, `~` or `null`, unquoted."""
        return self.plain and self.value in _NULL

    @property
    def content(self) -> Place:
        """Where the text itself begins: behind the opening quote or on the first line of a block."""
        inside = self.place.shifted(1) if self.style in {"'", '"'} else self.place
        return placed(inside, self.turns, 0)


class Items(msgspec.Struct, frozen=True):
    """A list. `flow` says that it was written in brackets."""

    items: tuple[Raw, ...]
    place: Place
    flow: bool = False


class Entry(msgspec.Struct, frozen=True):
    """One key of a table and its value."""

    key: Scalar
    value: Raw


class Table(msgspec.Struct, frozen=True):
    """A mapping in the order in which it was written. `flow` says that it was written in braces."""

    entries: tuple[Entry, ...]
    place: Place
    flow: bool = False

    def get(self, key: str) -> Raw | None:
        """The value of a key, if it is there."""
        for entry in self.entries:
            if entry.key.value == key:
                return entry.value
        return None


Raw = Scalar | Items | Table
