"""Where the values of a model are, as `expr.sql` asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backwright.expr.once import Named
from backwright.expr.sql.storage import Link
from backwright.expr.typed import Type
from backwright.model.formulas import type_of
from backwright.model.storage import link_columns, link_table
from backwright.model.types import ManyType, Model


class Stored:
    """The tables and columns of a model; `quote` writes a name as SQL does."""

    def __init__(self, model: Model, quote: Callable[[str], str] = str) -> None:
        self.model = model
        self.quote = quote

    def table(self, entity: str) -> str:
        """The table of an entity."""
        return self.quote(self.model.entity(entity).table)

    def source(self, entity: str) -> str:
        """The same table."""
        return self.table(entity)

    def column(self, entity: str, field: str) -> str:
        """The column of a field."""
        return self.quote(self.model.entity(entity).field(field).column)

    def keys(self, entity: str) -> tuple[str, ...]:
        """The names of the fields that are an entity's key, in order."""
        return self.model.entity(entity).keys

    def kind(self, entity: str, field: str) -> Type:
        """The type of a stored field."""
        return type_of(self.model.entity(entity).field(field))

    def deleted(self, entity: str) -> str | None:
        """The column that says when a row was deleted; None where rows are really gone."""
        name = self.model.entity(entity).soft_delete
        return None if name is None else self.column(entity, name)

    def link(self, entity: str, field: str) -> Link | None:
        """The link table of a many-to-many field; None for every other field."""
        owner = self.model.entity(entity)
        kind = owner.field(field).type
        if not isinstance(kind, ManyType):
            return None
        holder, target = link_columns(owner, field, self.model.entity(kind.entity))
        return Link(self.quote(link_table(owner, field)), self.quote(holder), self.quote(target))

    def encrypted(self, entity: str, field: str) -> bool:
        """Whether the column holds what the service has encrypted."""
        return self.model.entity(entity).field(field).encrypted

    def named(self, entity: str) -> Sequence[Named]:
        """None: what is asked of this storage is whether a condition can be SQL, however long."""
        return ()
