"""Writes the look-ups that steps make by themselves: a row by a unique key, and a slug that is free."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.emit.annotations import annotation
from backwright.emit.names import snake, words
from backwright.emit.repositories.functions import Repositories, function, together
from backwright.emit.repositories.projections import selected, whole
from backwright.emit.repositories.reading import database_call
from backwright.emit.repositories.writing import plain_statement
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields, live
from backwright.model.types import Entity, Field, ScalarType

_RUNTIME = "backwright_runtime"


def by_fields(entity: Entity, by: Sequence[str], repositories: Repositories) -> Identifier:
    """The name of the function that finds a row by a unique key, whoever may read it; it waits for its writers."""
    names = repositories.names
    fields = [entity.field(name) for name in by]
    name = f"find_existing_by_{'_and_'.join(snake(field.name) for field in fields)}"
    conditions = [f"{quoted(field.column)} = :{field.column}" for field in fields] + live(entity)
    columns = [quoted(field.column) for field in whole(entity, repositories.model).fields]
    statement = plain_statement(
        name.upper(), [selected(columns), f"FROM {quoted(entity.table)}", *where(conditions), "FOR UPDATE"]
    )
    row = names.row_class(entity)
    kinds = [annotation(field.type, repositories.model, nullable=field.nullable) for field in fields]
    parameters = [
        source(f"{Identifier(field.column)}: {kind}", kind) for field, kind in zip(fields, kinds, strict=True)
    ]
    given = [f"{Identifier(field.column)}={field.column}" for field in fields]
    call = database_call("fetch_one", [row, name.upper(), *given])
    result = source(f"{row} | None", imports(f"{names.package}.entities", row))
    about = (
        f"The {words(entity.name)} with this {' and '.join(words(field.name) for field in fields)}, or None."
    )
    text = function(Identifier(name), parameters, result, about, f"return await {call}")
    repositories.once(entity.name, name, lambda: together(statement, text))
    return Identifier(name)


def longest(field: Field) -> int:
    """The most characters of a slug."""
    return field.type.max if isinstance(field.type, ScalarType) and field.type.max is not None else 80


def free_slug(entity: Entity, field: Field, repositories: Repositories) -> Identifier:
    """The name of the function that makes a slug of a text: with a suffix where another row has it already."""
    model = repositories.model
    name = f"free_{snake(field.name)}"
    keys = key_fields(entity)
    column = quoted(field.column)
    own = {key.column: f"own_{key.column}" for key in keys}  # a key may be called like what is used here
    other = " OR ".join(f"{quoted(column)} <> :{name}" for column, name in own.items())
    apart = f"{{AND {other}}}" if len(keys) == 1 else f"{{AND ({other})}}"
    statement = plain_statement(
        f"{field.name.upper()}_TAKEN",
        [
            "SELECT 1",
            f"FROM {quoted(entity.table)}",
            *where([f"{column} = :base", apart, *live(entity)]),
        ],
    )
    kinds = [annotation(key.type, model) for key in keys]
    unset = imports("msgspec", "UNSET", "UnsetType")
    parameters: list[Source] = [
        source("text: str"),
        source("new_suffix: Callable[[], str]", imports("collections.abc", "Callable")),
    ]
    parameters += [
        source(f"{Identifier(name)}: {kind} | UnsetType = UNSET", kind, unset)
        for name, kind in zip(own.values(), kinds, strict=True)
    ]
    given = [f"{name}={Identifier(name)}" for name in own.values()]
    call = database_call("fetch_value", ["int", f"{field.name.upper()}_TAKEN", "base=base", *given])
    body = (
        f"base = slug(text, {longest(field)})\n"
        f"if base and await {call} is None:\n    return base\n"
        f"return suffixed(base, new_suffix(), {longest(field)})"
    )
    about = f"The words of a text as a {words(field.name)}, with a suffix where another row has it or there are none."
    text = function(Identifier(name), parameters, "str", about, body, imports(_RUNTIME, "slug", "suffixed"))
    repositories.once(entity.name, name, lambda: together(statement, text))
    return Identifier(name)


def slug_after(entity: Entity, field: Field, repositories: Repositories) -> Identifier:
    """The name of the function that gives the slug of a changed row: a new one where its words changed."""
    names = repositories.names
    made = free_slug(entity, field, repositories)
    name = f"{snake(field.name)}_after"
    row = names.row_class(entity)
    of = Identifier(entity.field(field.source or "").column)
    empty = " or ''" if entity.field(field.source or "").nullable else ""
    keys = ", ".join(f"before.{Identifier(key.column)}" for key in key_fields(entity))
    body = (
        f"if slug(after.{of}{empty}, {longest(field)}) == slug(before.{of}{empty}, {longest(field)}):\n"
        f"    return before.{Identifier(field.column)}\n"
        f"return await {made}(db, after.{of}{empty}, new_suffix, {keys})"
    )
    imported = imports(f"{names.package}.entities", row)
    parameters = [
        source(f"before: {row}", imported),
        source(f"after: {row}", imported),
        source("new_suffix: Callable[[], str]", imports("collections.abc", "Callable")),
    ]
    about = f"The {words(field.name)} of a changed {words(entity.name)}: another one where its words changed."
    text = function(Identifier(name), parameters, "str", about, body, imports(_RUNTIME, "slug"))
    repositories.once(entity.name, name, lambda: text)
    return Identifier(name)
