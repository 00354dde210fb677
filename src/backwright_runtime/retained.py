"""What migrations took away and kept: how long it can be restored, and what may be removed for good.

A migration sets aside what it drops under a name that begins with `backwright_retained_` and the migration's time.
`migrate down` restores it. After so many days as the service states `migrate purge` may remove it, never before; then
the migration cannot be rolled back any more.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

KEPT_DAYS = 90
"""For so many days after it was applied a migration can be rolled back with everything that it took away, where the
service states no other time."""

NAME = re.compile(r"backwright_retained_\d{14}_\w+")
Kind = Literal["table", "column", "index"]


class Found(Struct, frozen=True):
    """A table, column or index of the database whose name says that it is kept. A column is one of `table`."""

    name: str
    kind: Kind
    table: str


class Kept(Struct, frozen=True):
    """A table or column that a migration has set aside, and until when at least it stays."""

    migration: str
    found: Found
    until: datetime

    def may_go(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.until

    @property
    def removal(self) -> str:
        """The statement that removes it."""
        name = _quoted(self.found.name)
        if self.found.kind == "table":
            return f"DROP TABLE {name}"
        return f"ALTER TABLE {_quoted(self.found.table)} DROP COLUMN {name}"


def kept(found: Iterable[Found], moments: dict[str, datetime], days: int = KEPT_DAYS) -> list[Kept]:
    """What is kept for so many days, by the migrations that did it, oldest first. `moments`: when each was applied."""
    by_time = {name.partition("_")[0]: (name, moment) for name, moment in moments.items()}
    result = []
    for each in found:
        stamp = each.name.removeprefix("backwright_retained_")[:14]
        if each.kind != "index" and stamp in by_time:
            migration, moment = by_time[stamp]
            result.append(Kept(migration, each, moment + timedelta(days=days)))
    return sorted(result, key=lambda each: (each.migration, each.found.name))


def missing(down: Iterable[str], found: Iterable[Found]) -> list[str]:
    """What the way back would restore and is not there any more."""
    there = {each.name for each in found}
    return sorted({name for text in down for name in NAME.findall(text)} - there)


def now() -> datetime:
    """The clock that says whether a time is over."""
    return datetime.now(UTC)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
