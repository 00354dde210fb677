"""A mutation operator, and a mutant that it makes: the same project with one mistake in it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from msgspec import Struct

from backwright.verify.mutation.sources import Sources


class Edit(Struct, frozen=True):
    """One file of the project, before and after."""

    path: str
    before: str
    after: str

    def diff(self) -> str:
        """The change as a unified diff with one line of context."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), self.path, self.path, n=1, lineterm=""
        )
        return "\n".join(lines)


class Mutant(Struct, frozen=True):
    """One way to be wrong: what it changes, and a line that says what was done."""

    operator: str
    edits: tuple[Edit, ...]
    what: str

    def diff(self) -> str:
        """All that it changes, as a unified diff."""
        return "\n".join(each.diff() for each in self.edits)


Made = Iterator[tuple[tuple[Edit, ...], str]]
Make = Callable[[Sources], Made]


class Operator(Struct, frozen=True):
    """A mistake that people and agents make, as a function of any project.

    `blind`: written from the emitted code alone, before its author had seen a gate. `harmless`: why a mutant of
    it may mean the same as the original, where that is so; `on_sqlite`: why it does there. A survivor of such an
    operator says this and is not counted. `seldom`: why gates may not notice a mutant that does mean something else;
    a survivor says this, and counts.
    """

    name: str
    family: str
    about: str
    make: Make
    blind: bool = False
    harmless: str | None = None
    on_sqlite: str | None = None
    seldom: str = ""

    def mutants(self, sources: Sources) -> list[Mutant]:
        """Every mutant of this project, in the order of its files."""
        return [Mutant(self.name, edits, what) for edits, what in self.make(sources)]


class Family:
    """The operators of one subject, as they register themselves."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.operators: list[Operator] = []

    def operator(
        self,
        about: str,
        *,
        blind: bool = False,
        harmless: str | None = None,
        on_sqlite: str | None = None,
        seldom: str = "",
    ) -> Callable[[Make], Make]:
        """Registers a function under its own name, in words joined by hyphens."""

        def register(make: Make) -> Make:
            name = make.__name__.strip("_").replace("_", "-")
            self.operators.append(Operator(name, self.name, about, make, blind, harmless, on_sqlite, seldom))
            return make

        return register
