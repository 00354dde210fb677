"""A request while it is being made."""

from __future__ import annotations

from backwright.model.types import Operation
from backwright.verify import values
from backwright.verify.people import Person
from backwright.verify.traffic import Text


class Draft:
    """A request that is being made: good first, then perhaps spoiled in one place."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.label = operation.name
        self.method: str = operation.method
        self.path = operation.path
        self.query: list[tuple[str, Text]] = []
        self.authorization: Text | None = None
        self.content_type: str | None = None
        self.members: list[tuple[str, str]] | None = None
        self.content: bytes | None = None
        self.caller: Person | None = None

    def body(self) -> bytes | None:
        if self.content is not None or self.members is None:
            return self.content
        inside = ", ".join(f"{values.source(name)}: {value}" for name, value in self.members)
        return f"{{{inside}}}".encode()
