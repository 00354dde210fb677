"""Where in a request something is, as the Python that says so: `"lines"`, `f"lines[{place}].item"`."""

from __future__ import annotations

import msgspec

from backwright.emit.source import literal


class Place(msgspec.Struct, frozen=True):
    """The place of a value of a body. `text` is that of an f-string; `level` counts the lists it lies in."""

    text: str
    level: int = 0

    @classmethod
    def of(cls, wire: str) -> Place:
        """The place of a member of the body itself."""
        return cls(_plain(wire))

    def member(self, wire: str) -> Place:
        """A member of the object at this place."""
        return Place(f"{self.text}.{_plain(wire)}", self.level)

    def element(self) -> Place:
        """An element of the list at this place: the one whose number is in the variable `number`."""
        return Place(f"{self.text}[{{{self.number}}}]", self.level + 1)

    @property
    def number(self) -> str:
        """The variable that counts the elements of the list at this place."""
        return f"place_{self.level + 1}" if self.level else "place"

    @property
    def one(self) -> str:
        """The variable that holds one element of the list at this place."""
        return f"each_{self.level + 1}" if self.level else "each"

    def __str__(self) -> str:
        if self.level:
            return f"f{literal(self.text)}"
        return literal(self.text.replace("{{", "{").replace("}}", "}"))


def _plain(wire: str) -> str:
    return wire.replace("{", "{{").replace("}", "}}")
