"""Names of tables inside a statement: short, unique, and never a word that SQL keeps for itself."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = """
add all alter analyse analyze and any array as asc asymmetric at authorization autoincrement begin
between binary both by case cast check collate collation column commit concurrently constraint
create cross current current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable delete desc distinct do drop each else end escape
except exists false fetch for foreign freeze from full glob grant group having if ilike in index
indexed initially inner insert intersect into is isnull join key lateral leading left like limit
localtime localtimestamp match natural no not nothing notnull null of offset on only or order outer
over overlaps placing primary raise references regexp replace returning right row rows select
session_user set similar some symmetric system_user table tablesample then to trailing transaction
trigger true union unique update user using vacuum values variadic verbose view virtual when where
window with
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
