"""Which columns a statement reads, and the struct that its rows become."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import msgspec

from backwright.emit.annotations import listed, of_expression, optional, stored_as
from backwright.emit.entities import columns
from backwright.emit.names import Names
from backwright.emit.repositories.functions import Repositories
from backwright.emit.repositories.statement import Writing
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.sql import hanging, quoted
from backwright.emit.structs import Member, struct_of
from backwright.expr.typed import Expression, Type
from backwright.model.types import Entity, Field, Model

_LINE = 88


class Extra(msgspec.Struct, frozen=True):
    """A value that the database computes for each row: `favorited`."""

    name: str
    value: Expression


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the rows of an entity. `extras` are about `this`, the row.

    `name` is the class of the rows, in the entity's repository; None is the entity's own row, whole.
    """

    entity: Entity
    fields: tuple[Field, ...]
    extras: tuple[Extra, ...] = ()
    name: str | None = None

    def columns(self, sql: Writing, *, row: str = "") -> list[str]:
        """The texts of SELECT for one database; `row` is the row's alias where there are others."""
        front = f"{row}." if row else ""
        plain = [f"{front}{quoted(field.column)}" for field in self.fields]
        computed = [
            f"{sql.value(each.value, this=row or None)} AS {quoted(each.name)}" for each in self.extras
        ]
        return [*plain, *computed]


def whole(entity: Entity, model: Model) -> Projection:
    """Every column."""
    return Projection(entity=entity, fields=columns(entity, model))


def selected(columns: Sequence[str]) -> str:
    """`SELECT a, b` with what is computed on lines of its own."""
    plain = ", ".join(each for each in columns if " AS " not in each)
    lines = textwrap.wrap(plain, _LINE, break_long_words=False, break_on_hyphens=False)
    parts = ["\n       ".join(lines)] if lines else []
    parts += [hanging(each, 7) for each in columns if " AS " in each]
    return f"SELECT {f',{chr(10)}       '.join(parts)}"


def row_class(projection: Projection, repositories: Repositories) -> Source:
    """The class of a projection's rows; its definition is written where it is new."""
    names, model, entity = repositories.names, repositories.model, projection.entity
    if projection.name is None:
        name = names.row_class(entity)
        return source(name, imports(f"{names.package}.entities", name))
    name = Identifier(projection.name)
    repositories.once(entity.name, name, lambda: projection_struct(projection, model))
    return source(name)


def projection_struct(projection: Projection, model: Model) -> Source:
    """The struct of what a view reads of a row."""
    members = [Member(Identifier(field.column), stored_as(field, model)) for field in projection.fields]
    members += [
        Member(Identifier(each.name), value_kind(each.value.type, model)) for each in projection.extras
    ]
    about = f"What is shown of a row of `{projection.entity.table}`."
    return struct_of(Identifier(projection.name or ""), about, members)


def value_kind(kind: Type, model: Model) -> Source:
    """The type of a value that the database computes: decimals say their digits."""
    match kind:
        case Type(kind="decimal", scale=scale, nullable=nullable):
            return optional(scaled(scale), nullable)
        case Type(kind="list", element=Type(kind="decimal", scale=scale), nullable=nullable):
            return optional(listed(scaled(scale)), nullable)
        case _:
            return of_expression(kind, model)


def scaled(scale: int | None) -> Source:
    """A decimal with its digits behind the point."""
    needed = (
        imports("typing", "Annotated")
        | imports("decimal", "Decimal")
        | imports("backwright_runtime", "Scale")
    )
    return source(f"Annotated[Decimal, Scale({scale or 0})]", needed)


def extended(
    base: Source, name: str, members: Sequence[Member], repositories: Repositories, entity: Entity
) -> Source:
    """A row with something more: what orders it, or the row that it was found for."""
    about = f"A row of `{entity.table}`, and what else is asked of it."
    repositories.once(entity.name, name, lambda: struct_of(Identifier(name), about, list(members), base=base))
    return source(Identifier(name))


def in_module(kind: Source, entity: Entity, names: Names) -> Source:
    """A class of a repository, as other modules name it."""
    if kind.imports:
        return kind
    return source(
        str(kind), imports(f"{names.package}.repositories.{names.repository(entity.name)}", str(kind))
    )
