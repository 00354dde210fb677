"""YAML as it was written: text, lists and tables, each with its place. Nothing is interpreted here.

Scalars stay text: `yes`, `1.0` and `2026-01-01` mean what the grammar says at that place, never what YAML
guesses.
"""

from __future__ import annotations

import msgspec

from backwright.spec.diagnostics import Place

_NULL = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(msgspec.Struct, frozen=True):
    """One value. `comment` is the comment that follows a plain (unquoted) value on its line.

    `source` is a value of several lines as it stands in the file, with its line breaks and indentation, and
    `source_place` where it begins; None where the value says all there is, or where the two differ in meaning.
    """

    value: str
    place: Place
    style: str = ""
    comment: str | None = None
    source: str | None = None
    source_place: Place | None = None

    @property
    def plain(self) -> bool:
        return not self.style

    @property
    def null(self) -> bool:
        """YAML's null: nothing, `~` or `null`, unquoted."""
        return self.plain and self.value in _NULL

    @property
    def content(self) -> Place:
        """Where the text itself begins: behind the opening quote, if there is one."""
        return self.place.shifted(1) if self.style in {"'", '"'} else self.place


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
