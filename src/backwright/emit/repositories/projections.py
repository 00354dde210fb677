"""Which columns a statement reads, and the struct that its rows become."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from backwright.emit.annotations import listed, of_expression, optional, stored_as
from backwright.emit.entities import columns
from backwright.emit.repositories.functions import Repositories
from backwright.emit.repositories.statement import Writing
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.sql import below, described, hanging, quoted
from backwright.emit.storage import live
from backwright.emit.structs import Member, struct_of
from backwright.expr.typed import Expression, Type
from backwright.model.types import Entity, Field, Model, Rule

_LINE = 88


class Extra(msgspec.Struct, frozen=True):
    """A value that the database computes for each row: `favorited`."""

    name: str
    value: Expression


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the rows of an entity. `extras` are about `this`, the row; what is `asked`, too.

    `name` is the class of the rows, in `rows.py`, whose first field is the key; None is the entity's own row, whole.
    """

    entity: Entity
    fields: tuple[Field, ...]
    extras: tuple[Extra, ...] = ()
    joins: tuple[Joined, ...] = ()
    asked: tuple[Extra, ...] = ()
    name: str | None = None

    def values(self) -> list[Expression]:
        """All that the database computes of the row itself."""
        return [each.value for each in (*self.extras, *self.asked)]

    @property
    def row(self) -> str:
        """What the row is called where it is the only one of its table: nothing, unless others stand beside it."""
        return quoted(self.entity.table) if self.joins else ""

    def columns(self, sql: Writing, *, row: str = "", within: str = "") -> list[str]:
        """The texts of SELECT for one database; `row` is the row's alias where there are others."""
        row = row or self.row
        front = f"{row}." if row else ""
        plain = [f"{front}{quoted(field.column)}" for field in self.fields]
        beside: list[str] = []
        for each in self.joins:
            alias = each.alias(within)
            beside += each.projection.columns(sql, row=quoted(alias), within=alias)
        return [*plain, *computed(self.extras, sql, row), *beside, *computed(self.asked, sql, row)]

    def joined(self, sql: Writing, *, row: str = "", within: str = "", optional: bool = False) -> list[str]:
        """The lines of FROM behind the row's own table. `optional`: that row may be missing itself."""
        row = row or self.row
        lines: list[str] = []
        for each in self.joins:
            of, alias = each.projection.entity, each.alias(within)
            key = f"{quoted(alias)}.{quoted(of.field(of.key).column)}"
            conditions = [f"{key} = {row}.{quoted(each.field.column)}", *live(of, quoted(alias))]
            if each.readable is not None:
                clause = sql.condition(each.readable.condition, this=quoted(alias))
                if clause != "TRUE":
                    conditions.append(described(clause, f"{of.name} read: {each.readable.source}"))
            table = f"{sql.storage.source(of.name)} AS {quoted(alias)}"
            first, *more = conditions
            missing = optional or each.nullable
            lines.append(f"{'LEFT JOIN' if missing else 'JOIN'} {table} ON {first}")
            lines += [f"  AND {hanging(condition, below(condition, 6))}" for condition in more]
            lines += each.projection.joined(sql, row=quoted(alias), within=alias, optional=missing)
        return lines

    def everything(self) -> Iterator[Extra]:
        """All that the database computes: of the row, and of those that are read beside it."""
        yield from (*self.extras, *self.asked)
        for each in self.joins:
            yield from each.projection.everything()

    def aliases(self, within: str = "") -> list[str]:
        """What the joined rows are called."""
        found: list[str] = []
        for each in self.joins:
            alias = each.alias(within)
            found += [alias, *each.projection.aliases(alias)]
        return found


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """The row behind a reference, read in the same statement: `author`. `nullable`: there may be none.

    `called` is what it is called in statements, where no table has that name. `readable`: the rule that has to hold of
    it; None where everyone may read it.
    """

    name: str
    called: str
    field: Field
    projection: Projection
    nullable: bool
    readable: Rule | None = None

    def alias(self, within: str) -> str:
        """What the row is called in a statement; `within`: what the joined row that refers to it is called."""
        return f"{within}_{self.name}" if within else self.called


def computed(extras: Sequence[Extra], sql: Writing, row: str) -> list[str]:
    """Values that the database computes, as SELECT names them."""
    return [_called(sql.value(each.value, this=row or None), quoted(each.name), row) for each in extras]


def _called(text: str, name: str, row: str) -> str:
    """A value under its name, which a column has already."""
    return text if text in (name, f"{row}.{name}") else f"{text} AS {name}"


def whole(entity: Entity, model: Model) -> Projection:
    """Every column."""
    return Projection(entity=entity, fields=columns(entity, model))


def selected(columns: Sequence[str]) -> str:
    """`SELECT a, b` with what is computed on lines of its own."""
    parts: list[str] = []
    for computed_here, group in groupby(columns, key=lambda column: " AS " in column):
        if computed_here:
            parts += [hanging(each, 7) for each in group]
        else:
            lines = textwrap.wrap(", ".join(group), _LINE, break_long_words=False, break_on_hyphens=False)
            parts.append("\n       ".join(lines))
    return f"SELECT {f',{chr(10)}       '.join(parts)}"


def row_class(projection: Projection, repositories: Repositories) -> Source:
    """The class of a projection's rows; its definition is written where it is new."""
    names, entity = repositories.names, projection.entity
    if projection.name is None:
        name = names.row_class(entity)
        return source(name, imports(f"{names.package}.entities", name))
    name = Identifier(projection.name)
    repositories.row(name, lambda: projection_struct(projection, repositories))
    return source(name, imports(f"{names.package}.rows", name))


def projection_struct(projection: Projection, repositories: Repositories) -> Source:
    """The struct of what a view reads of a row."""
    model = repositories.model
    members = [Member(Identifier(field.column), stored_as(field, model)) for field in projection.fields]
    members += [
        Member(Identifier(each.name), value_kind(each.value.type, model)) for each in projection.extras
    ]
    members += [
        Member(Identifier(each.name), optional(_beside(each.projection, repositories), each.nullable))
        for each in projection.joins
    ]
    about = f"What is shown of a row of `{projection.entity.table}`."
    return struct_of(Identifier(projection.name or ""), about, members)


def _beside(projection: Projection, repositories: Repositories) -> Source:
    """The class of a projection's rows, as `rows.py` names it."""
    kind = row_class(projection, repositories)
    return kind if projection.name is None else source(str(kind))


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
