"""Where a page continues: cursors stand for the last row of the page before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from backwright.reference.failures import Failure


class Cursors(msgspec.Struct):
    """The cursors that were given out: what each is bound to, and the values after which it continues."""

    given: dict[str, tuple[Any, Sequence[Any]]]
    fresh: Callable[[str], str]

    def remember(self, bound: Any, last: Sequence[Any]) -> str:
        cursor = self.fresh("cursor")
        self.given[cursor] = (bound, last)
        return cursor

    def after(self, cursor: str, bound: Any, name: str) -> Sequence[Any]:
        """The values of the row after which to continue. Raises Failure for a cursor of something else."""
        known = self.given.get(cursor)
        if known is None or known[0] != bound:
            raise Failure("invalid", [(name, "cursor")])
        return known[1]
