"""Writes the functions that store many new rows in one statement: a list per column, put together again by place."""

from __future__ import annotations

from backwright.emit.entities import columns as columns_of
from backwright.emit.names import words
from backwright.emit.repositories.functions import Repositories, function, together
from backwright.emit.repositories.reading import database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.repositories.writing import number_struct, numbered, unique_keys
from backwright.emit.source import Identifier, imports, source
from backwright.emit.sql import quoted
from backwright.emit.storage import link_fields
from backwright.expr.sql import type_name
from backwright.model.types import Entity, ReferenceType, ScalarType

_RUNTIME = "backwright_runtime"
_SCALARS = ("string", "text", "email", "slug", "token", "integer", "date", "timestamp", "uuid")


def is_plain(entity: Entity) -> bool:
    """Whether nothing but their columns is to be stored, and no row can be in the way of another."""
    if entity.checks or entity.audit or link_fields(entity) or unique_keys(entity):
        return False
    if any(
        field.same or field.write or field.encrypted or field.generated == "slug" for field in entity.fields
    ):
        return False
    stored = [field.type for field in entity.fields if field.generated != "sequence"]
    return bool(stored) and all(
        isinstance(kind, ReferenceType) or (isinstance(kind, ScalarType) and kind.scalar in _SCALARS)
        for kind in stored
    )


def insert_all(entity: Entity, repositories: Repositories) -> Identifier:
    """The name of the function; where the database numbers rows, it returns them with their numbers."""
    names, model = repositories.names, repositories.model
    number = numbered(entity)
    fields = [field for field in columns_of(entity, model) if field is not number]
    row, row_class = names.row(entity.name), names.row_class(entity)
    many = Identifier(names.plurals[entity.name])
    first, *others = (Identifier(field.column) for field in fields)

    def write_statement(sql: Writing) -> str:
        into = ", ".join(quoted(field.column) for field in fields)
        if sql.dialect == "postgresql":
            kinds = [type_name(sql.storage.kind(entity.name, field.name), sql.storage) for field in fields]
            arrays = ",\n    ".join(
                f":{field.column}::{kind}[]" for field, kind in zip(fields, kinds, strict=True)
            )
            taken = f"SELECT * FROM unnest(\n    {arrays}\n)"
        else:
            joins = "".join(
                f"\nJOIN json_each(:{column}) AS {quoted(column)} USING (key)" for column in others
            )
            values = ", ".join(f"{quoted(column)}.value" for column in (first, *others))
            taken = f"SELECT {values}\nFROM json_each(:{first}) AS {quoted(first)}{joins}\nORDER BY key"
        lines = [f"INSERT INTO {quoted(entity.table)} ({into})", taken]
        return "\n".join([*lines, *([] if number is None else [f"RETURNING {quoted(number.column)}"])])

    statement = written(model, write_statement, signed_in=False)
    given = [f"{column}=[{row}.{column} for {row} in {many}]" for column in (first, *others)]
    parameter = source(f"{many}: list[{row_class}]", imports(f"{names.package}.entities", row_class))
    about = f"Store new {words(names.plurals[entity.name])}."
    name = Identifier("insert_all")
    if number is None:
        text = function(
            name, [parameter], "None", about, f"await {database_call('execute', ['INSERT_ALL', *given])}"
        )
        repositories.once(entity.name, name, lambda: together(statement.declared("INSERT_ALL"), text))
        return name
    call = database_call("fetch_all", ["Number", "INSERT_ALL", *given])
    body = (
        f"numbers = await {call}\n"
        f"return [\n    replace({row}, {number.column}=number)\n"
        f"    for {row}, number in zip({many}, sorted(each.{number.column} for each in numbers), strict=True)\n]"
    )
    needed = imports("msgspec.structs", "replace")
    text = function(
        name, [parameter], f"list[{row_class}]", f"{about} Returns them with their numbers.", body, needed
    )
    repositories.once(entity.name, "Number", lambda: number_struct(number.column))
    repositories.once(entity.name, name, lambda: together(statement.declared("INSERT_ALL"), text))
    return name
