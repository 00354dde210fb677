"""Writes the functions that read what views show: rows by their keys, and the rows that belong to each of several."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backwright.emit.annotations import annotation, key
from backwright.emit.names import pascal, snake, words
from backwright.emit.repositories import orders
from backwright.emit.repositories.functions import Function, Repositories, function, passed, together
from backwright.emit.repositories.projections import Projection, extended, row_class, selected
from backwright.emit.repositories.reading import called, database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.sql import hanging, quoted, where
from backwright.emit.storage import key_fields, live
from backwright.emit.structs import Member
from backwright.expr.fold import rebuilt
from backwright.expr.given import facts_of_rows
from backwright.expr.sql import RowsSql, type_name
from backwright.expr.typed import Expression, Filtered, Name, Related, Rows, Type
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Model, OrderTerm, ReferenceType

_COLLECTION = imports("collections.abc", "Collection")


class RowsOf(msgspec.Struct, frozen=True, kw_only=True):
    """A function that reads rows, and their class. `parent`: each row says whose it is."""

    function: Function
    row: Source


def by_keys(projection: Projection, repositories: Repositories, *, signed_in: bool) -> RowsOf:
    """The function that reads rows by their keys, in no order."""
    entity, model, names = projection.entity, repositories.model, repositories.names

    def write_statement(sql: Writing) -> str:
        table = sql.source(entity, projection.row, projection.values())
        return "\n".join(
            [
                selected(projection.columns(sql)),
                f"FROM {table}",
                *projection.joined(sql),
                *where([*in_keys(entity, sql, projection.row), *live(entity, projection.row)]),
            ]
        )

    statement = written(model, write_statement, signed_in=signed_in)
    given = passed(statement, model, names, signed_in=signed_in)
    kind = row_class(projection, repositories)
    keys, arguments = key_arguments(entity, repositories)
    result = source(f"list[{kind}]", kind)

    def write(name: Identifier) -> Source:
        call = database_call("fetch_all", [str(kind), name.upper(), *arguments, *given.arguments])
        parameters = [*given.parameters[: len(given.context)], keys, *given.parameters[len(given.context) :]]
        about = f"The {words(names.plurals[entity.name])} with these keys, in no order."
        text = function(name, parameters, result, about, f"return await {call}")
        return together(statement.declared(name.upper()), text)

    wanted = "by_keys" if projection.name is None else f"{snake(projection.name.removesuffix('Row'))}_rows"
    name = repositories.add(entity.name, [wanted], write)
    return RowsOf(function=called(entity, name, given, repositories, extra=["keys"]), row=kind)


def in_keys(entity: Entity, sql: Writing, row: str = "") -> list[str]:
    """The condition that a row has one of the keys."""
    front = f"{row}." if row else ""
    columns = [field.column for field in key_fields(entity)]
    if len(columns) == 1:
        return [any_of(f"{front}{quoted(columns[0])}", "keys", sql)]
    listed = ", ".join(f"{front}{quoted(column)}" for column in columns)
    if sql.dialect == "postgresql":
        kinds = (sql.storage.kind(entity.name, field.name) for field in key_fields(entity))
        types = (type_name(kind, sql.storage) for kind in kinds)
        arrays = ", ".join(f":keys_{column}::{kind}[]" for column, kind in zip(columns, types, strict=True))
        return [f"({listed}) IN (\n    SELECT * FROM unnest({arrays})\n)"]
    first, *others = columns
    joins = "".join(f"\n    JOIN json_each(:keys_{column}) AS {column} USING (key)" for column in others)
    values = ", ".join(f"{column}.value" for column in columns)
    return [f"({listed}) IN (\n    SELECT {values}\n    FROM json_each(:keys_{first}) AS {first}{joins}\n)"]


def any_of(column: str, parameter: str, sql: Writing) -> str:
    """The condition that a column has one of the values of a parameter."""
    if sql.dialect == "postgresql":
        return f"{column} = ANY(:{parameter})"
    return f"{column} IN (SELECT value FROM json_each(:{parameter}))"


def key_arguments(entity: Entity, repositories: Repositories) -> tuple[Source, list[str]]:
    """The parameter that holds keys, and the arguments that the statement gets of it."""
    kind = key(entity.name, repositories.model)
    parameter = source(f"keys: Collection[{kind}]", _COLLECTION, kind)
    if not entity.composite:
        return parameter, ["keys=list(keys)"]
    columns = [field.column for field in key_fields(entity)]
    return parameter, [
        f"keys_{column}=[key[{place}] for key in keys]" for place, column in enumerate(columns)
    ]


# Rows that belong to rows ------------------------------------------------------------------------------


PARENT = "parent"
"""The column that says to which row others belong; one for each part of its key, where that has several."""


def parent_of(parent: Entity, row: str) -> str:
    """The key of the row that a row belongs to."""
    if not parent.composite:
        return f"{row}.{PARENT}"
    return f"({', '.join(f'{row}.{PARENT}_{field.column}' for field in key_fields(parent))})"


def belonging(
    rows: Expression,
    order: Sequence[OrderTerm],
    parent: Entity,
    projection: Projection,
    repositories: Repositories,
    *,
    wanted: str,
    signed_in: bool,
) -> RowsOf:
    """The function that reads, for each of several rows of `parent`, the rows of an expression about it."""
    entity, model, names = projection.entity, repositories.model, repositories.names
    base = row_class(projection, repositories)
    own = [
        (f"{PARENT}_{field.column}" if parent.composite else PARENT, field) for field in key_fields(parent)
    ]
    members = [Member(Identifier(name), annotation(field.type, model)) for name, field in own]
    if not parent.composite:
        members = [Member(Identifier(PARENT), key(parent.name, model))]
    called_row = f"{pascal(wanted)}Row"
    if called_row == str(base):
        called_row = f"{pascal(wanted)}ItemRow"
    kind = extended(base, called_row, members, repositories, entity)
    direct = _direct(rows, model)

    def write_statement(sql: Writing) -> str:
        alias = _alias(entity, parent, names.plurals[entity.name])
        owner = quoted(parent.table)
        total = orders.total(entity, order)
        asked = [*projection.values(), *orders.values(total)]
        if direct is not None:
            field, free = direct
            found = _with_values(sql.rows(free, alias), sql, entity, asked, free)
            column = f"{alias}.{quoted(entity.field(field).column)}"
            lines = [
                selected([*projection.columns(sql, row=alias), f"{column} AS parent"]),
                f"FROM {beside(found.tables, projection)}",
                *projection.joined(sql, row=alias),
                *where([any_of(column, "keys", sql), *found.conditions]),
            ]
        else:
            found = _with_values(sql.rows(rows, alias, this=owner), sql, entity, asked)
            own_keys = [f"{owner}.{quoted(field.column)} AS {name}" for name, field in own]
            lines = [
                selected([*projection.columns(sql, row=alias), *own_keys]),
                f"FROM {owner}",
                *joined(found),
                *projection.joined(sql, row=alias),
                *where(in_keys(parent, sql, owner)),
            ]
        return "\n".join([*lines, orders.order_by(orders.terms(entity, total, sql, row=alias))])

    statement = written(model, write_statement, signed_in=signed_in)
    given = passed(statement, model, names, signed_in=signed_in)
    keys, arguments = key_arguments(parent, repositories)

    def write(name: Identifier) -> Source:
        call = database_call("fetch_all", [str(kind), name.upper(), *arguments, *given.arguments])
        parameters = [*given.parameters[: len(given.context)], keys, *given.parameters[len(given.context) :]]
        plurals = [words(names.plurals[each.name]) for each in (entity, parent)]
        about = f"The {plurals[0]} of each of these {plurals[1]}, in order."
        text = function(name, parameters, source(f"list[{kind}]", kind), about, f"return await {call}")
        return together(statement.declared(name.upper()), text)

    name = repositories.add(entity.name, [wanted], write)
    return RowsOf(function=called(entity, name, given, repositories, extra=["keys"]), row=kind)


def listing(
    rows: Expression,
    order: Sequence[OrderTerm],
    projection: Projection,
    repositories: Repositories,
    *,
    wanted: str,
    signed_in: bool,
    limit: int | None = None,
) -> RowsOf:
    """The function that reads the rows of an expression that is about no row."""
    entity, model, names = projection.entity, repositories.model, repositories.names
    kind = row_class(projection, repositories)

    def write_statement(sql: Writing) -> str:
        alias = _alias(entity, None, names.plurals[entity.name])
        total = orders.total(entity, order)
        asked = [*projection.values(), *orders.values(total)]
        found = _with_values(sql.rows(rows, alias), sql, entity, asked, rows)
        return "\n".join(
            [
                selected(projection.columns(sql, row=alias)),
                f"FROM {beside(found.tables, projection)}",
                *projection.joined(sql, row=alias),
                *where(found.conditions),
                orders.order_by(orders.terms(entity, total, sql, row=alias)),
                *([f"LIMIT {limit}"] if limit is not None else []),
            ]
        )

    statement = written(model, write_statement, signed_in=signed_in)
    given = passed(statement, model, names, signed_in=signed_in)

    def write(name: Identifier) -> Source:
        call = database_call("fetch_all", [str(kind), name.upper(), *given.arguments])
        about = f"The {words(names.plurals[entity.name])} that are shown, in order."
        text = function(name, given.parameters, source(f"list[{kind}]", kind), about, f"return await {call}")
        return together(statement.declared(name.upper()), text)

    name = repositories.add(entity.name, [wanted], write)
    return RowsOf(function=called(entity, name, given, repositories), row=kind)


def _with_values(
    found: RowsSql, sql: Writing, entity: Entity, asked: Sequence[Expression], rows: Expression | None = None
) -> RowsSql:
    """The rows, with what is asked of them more than once beside them. `rows` say what is known of each."""
    *before, table = found.tables
    this = Name(type=Type("entity", entity=entity.name), root="this")
    conditions = [] if rows is None else list(facts_of_rows(rows, this))
    source = sql.source(entity, found.alias, asked, conditions=conditions, table=table)
    return msgspec.structs.replace(found, tables=(*before, source))


def beside(tables: Sequence[str], projection: Projection) -> str:
    """Tables in FROM. A comma binds looser than a JOIN, which could not speak of the first of them."""
    return (" CROSS JOIN " if projection.joins else ", ").join(tables)


def joined(found: RowsSql) -> list[str]:
    """The rows beside those that they belong to, each condition on a line of its own."""
    *between, _ = found.tables
    own = (
        [each for each in found.conditions if f"{found.alias}." in each]
        if between
        else list(found.conditions)
    )
    others = [each for each in found.conditions if each not in own]
    lines: list[str] = []
    for table, conditions in [*((each, others) for each in between), (found.tables[-1], own)]:
        first, *more = conditions or ["TRUE"]
        lines.append(f"JOIN {table} ON {hanging(first, 4)}")
        lines += [
            f"  AND {hanging(each, 2 if each.partition(chr(10))[0].endswith('(') else 6)}" for each in more
        ]
    return lines


def _direct(rows: Expression, model: Model) -> tuple[str, Expression] | None:
    """The reference that leads from the rows to `this`, and the same rows of anyone, where that is all."""
    base = rows
    while isinstance(base, Filtered):
        base = base.of
    if not isinstance(base, Related) or not isinstance(base.of, Name) or base.of.root != "this":
        return None
    if not isinstance(model.entity(base.entity).field(base.field).type, ReferenceType):
        return None  # the rows know the others by links
    if sum(isinstance(node, Name) and node.root == "this" for node in nodes(rows)) > 1:
        return None
    anyone = Rows(type=Type("rows", entity=base.entity), entity=base.entity)
    return base.field, rebuilt(rows, lambda node: anyone if node == base else node)


def _alias(entity: Entity, parent: Entity | None, plural: str) -> str:
    taken = {entity.table, parent.table if parent is not None else ""}
    return quoted(f"{plural}_" if plural in taken else plural)
