"""Where the values of a model are: the tables, columns and keys that compiled expressions name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backwright.emit.sql import quoted
from backwright.expr.fold import Lookup
from backwright.expr.once import Named
from backwright.expr.sql.storage import Link
from backwright.expr.typed import Kind, Type
from backwright.model.naming import snake
from backwright.model.storage import link_columns, link_table
from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    ListType,
    ManyType,
    Model,
    ReferenceType,
    ScalarType,
)
from backwright_runtime.database.names import shortened

KINDS: dict[str, Kind] = {
    "integer": "integer",
    "decimal": "decimal",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "uuid": "uuid",
    "enum": "enum",
    "json": "json",
    "bytes": "bytes",
}


def unfiltered(table: str) -> str:
    """The view of a table that shows rules what they look at, under row-level security (docs/row-level-security.md)."""
    return shortened(f"{table}_unfiltered")


MATCHING = "matching "
"""In front of an entity's name: those of its rows that a WITH clause has picked out already."""


class ModelStorage:
    """The tables of a model, as `expr.sql` asks for them."""

    def __init__(
        self,
        model: Model,
        *,
        unfiltered: bool = False,
        named: Callable[[Entity], Sequence[Named]] | None = None,
    ) -> None:
        self.model = model
        self.unfiltered = unfiltered
        self._named = named

    def table(self, entity: str) -> str:
        """The table of an entity; `matching` names the rows of a statement's own WITH clause."""
        if entity.startswith(MATCHING):
            return "matching"
        return quoted(self.model.entity(entity).table)

    def source(self, entity: str) -> str:
        """The table, or the view of it that shows what rules look at under row-level security."""
        if self.unfiltered and not entity.startswith(MATCHING):
            return quoted(unfiltered(self.model.entity(entity).table))
        return self.table(entity)

    def column(self, entity: str, field: str) -> str:
        """The column of a field, or of a computed value that a statement says beside the row."""
        of = self.model.entity(entity.removeprefix(MATCHING))
        return quoted(snake(field) if is_computed(of, field) else of.field(field).column)

    def keys(self, entity: str) -> tuple[str, ...]:
        """The names of the fields that are an entity's key, in order."""
        return self.model.entity(entity.removeprefix(MATCHING)).keys

    def kind(self, entity: str, field: str) -> Type:
        """The type of a stored field."""
        declared = self.model.entity(entity).field(field)
        kind = type_of(declared.type, nullable=declared.nullable)
        assert kind is not None
        return kind

    def deleted(self, entity: str) -> str | None:
        """The column that says when a row was deleted; None where rows are really gone."""
        if entity.startswith(MATCHING):
            return None
        of = self.model.entity(entity)
        return None if of.soft_delete is None else quoted(of.field(of.soft_delete).column)

    def link(self, entity: str, field: str) -> Link | None:
        """The link table of a many-to-many field; None for every other field."""
        of = self.model.entity(entity)
        kind = of.field(field).type
        if not isinstance(kind, ManyType):
            return None
        holder, target = link_columns(of, field, self.model.entity(kind.entity))
        table = link_table(of, field)
        source = quoted(unfiltered(table)) if self.unfiltered else ""
        return Link(quoted(table), quoted(holder), quoted(target), source)

    def encrypted(self, entity: str, field: str) -> bool:
        """Whether the column holds what the service has encrypted."""
        of = self.model.entity(entity.removeprefix(MATCHING))
        return not is_computed(of, field) and of.field(field).encrypted

    def named(self, entity: str) -> Sequence[Named]:
        """The computed values of the rows that statements may say beside them."""
        return () if self._named is None else self._named(self.model.entity(entity.removeprefix(MATCHING)))


def is_computed(entity: Entity, name: str) -> bool:
    """Whether a name is that of a computed value."""
    return any(each.name == name for each in entity.computed)


def field_types(model: Model) -> Lookup:
    """The type of an entity's field in expressions."""

    def field_type(entity: str, name: str) -> Type | None:
        field = model.entity(entity).field(name)
        return type_of(field.type, nullable=field.nullable)

    return field_type


def type_of(kind: FieldType, *, nullable: bool = False) -> Type | None:
    """The type in expressions of a field's values; None for what expressions do not know as a value."""
    match kind:
        case ScalarType():
            found: Kind = KINDS.get(kind.scalar, "string")
            return Type(found, nullable=nullable, values=kind.values, scale=kind.scale)
        case ReferenceType(entity=entity):
            return Type("entity", nullable=nullable, entity=entity)
        case ManyType(entity=entity):
            return Type("rows", entity=entity)
        case ListType(element=element):
            return Type("list", nullable=nullable, element=type_of(element))
        case _:
            return None


def link_fields(entity: Entity) -> list[Field]:
    """The many-to-many fields of an entity."""
    return [field for field in entity.fields if isinstance(field.type, ManyType)]


def key_fields(entity: Entity) -> list[Field]:
    """The fields that together are the key."""
    return [entity.field(name) for name in entity.keys]


def live(entity: Entity, row: str = "") -> list[str]:
    """The condition that a row has not been deleted softly, where it can be."""
    if entity.soft_delete is None:
        return []
    column = quoted(entity.field(entity.soft_delete).column)
    return [f"{row}.{column} IS NULL" if row else f"{column} IS NULL"]
