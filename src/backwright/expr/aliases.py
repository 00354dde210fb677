"""Names of tables inside a statement: short, unique, and never a word that SQL keeps for itself."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = """
add all alter and any array as asc at begin between both by case cast check collate column commit
create cross current default delete desc distinct do drop each else end escape except exists false
fetch for foreign from full glob grant group having if ilike in index indexed initially inner insert
intersect into is isnull join key lateral leading left like limit match natural no not notnull null
of offset on only or order outer over placing primary references regexp replace returning right row
rows select session_user set similar some symmetric table then to trailing transaction trigger true
union unique update user using values vacuum variadic verbose view virtual when where window with
"""
KEPT = frozenset(_WORDS.split())


class Aliases:
    """The aliases of one statement. `taken` are names that the statement has already."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = {name.strip('"').lower() for name in taken}

    def named(self, wanted: str) -> str:
        """An alias like the wanted name that nothing else in the statement has."""
        name = f"{wanted}_row" if wanted.lower() in KEPT else wanted
        free = next(
            found
            for n in range(1, len(self.taken) + 3)
            if (found := name if n == 1 else f"{name}{n}").lower() not in self.taken
        )
        self.taken.add(free.lower())
        return free

    def like(self, table: str) -> str:
        """An alias for a table that no variable names: its initial."""
        return self.named(table.strip('"')[:1])
