"""Which columns a statement reads, and the struct that its rows become."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import msgspec

from backwright.emit.annotations import of_expression
from backwright.emit.entities import column_member
from backwright.emit.names import Names
from backwright.emit.repositories.functions import Repositories
from backwright.emit.repositories.statement import Writing
from backwright.emit.source import Identifier, Source, docstring, imports, indented, source
from backwright.emit.sql import hanging, quoted
from backwright.emit.storage import stored_fields
from backwright.expr.typed import Expression
from backwright.model.types import Entity, Field, Model

_STRUCT = imports("msgspec", "Struct")
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


def whole(entity: Entity) -> Projection:
    """Every column."""
    return Projection(entity=entity, fields=tuple(stored_fields(entity)))


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
    members = [column_member(field, model) for field in projection.fields]
    for each in projection.extras:
        kind = of_expression(each.value.type, model)
        members.append(source(f"{Identifier(each.name)}: {kind}", kind))
    return struct_source(projection.name or "", f"What `{projection.entity.table}` shows of a row.", members)


def extended(base: Source, name: str, members: Sequence[Source], repositories: Repositories, entity: Entity) -> Source:
    """A row with something more: what orders it, or the row that it was found for."""

    def write() -> Source:
        body = "\n".join(str(each) for each in members)
        text = (
            f"class {Identifier(name)}({base}, frozen=True, kw_only=True):\n"
            f"    {docstring(f'A row of `{entity.table}`, and why it is here.', 4)}\n\n{indented(body)}"
        )
        return source(text, base, *members)

    repositories.once(entity.name, name, write)
    return source(Identifier(name))


def struct_source(name: str, about: str, members: Sequence[Source]) -> Source:
    """A frozen struct."""
    body = "\n".join([docstring(about, 4), "", *(member.text for member in members)]).strip()
    return source(f"class {Identifier(name)}(Struct, frozen=True, kw_only=True):\n{indented(body)}", _STRUCT, *members)


def in_module(kind: Source, entity: Entity, names: Names) -> Source:
    """A class of a repository, as other modules name it."""
    if kind.imports:
        return kind
    return source(str(kind), imports(f"{names.package}.repositories.{names.repository(entity.name)}", str(kind)))
