"""How rows are shown: the functions of a view, as those who call them see them."""

from __future__ import annotations

import msgspec

from backwright.emit.repositories.projections import Projection
from backwright.emit.source import Identifier, Source


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """How rows are shown. `plain`: a function of one row of the class that `projection` says, in Python alone.

    `beside` says what is read where the row stands beside another, in the same statement.
    Otherwise a function of many rows of the class `row` (`projection` says which), and one by their keys.
    `context` are the parameters before the rows (`key_context`: before keys), `arguments` those behind them.
    """

    name: str
    kind: Source
    projection: Projection
    beside: Projection
    plain: bool
    context: tuple[str, ...]
    key_context: tuple[str, ...]
    arguments: tuple[tuple[str, Source], ...]
    one: Identifier
    many: Identifier
    by_key: Identifier
    depth: bool = False

    of_caller: bool = False
    """Whether callers are shown by it, too, as they are known already."""

    @property
    def of_row(self) -> bool:
        """Whether an entity's own row is all that it takes to show it."""
        return self.plain and self.projection.name is None
