"""Writes the functions that store or judge many new rows in one statement: a list per column, put together by place."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.emit.entities import columns as columns_of
from backwright.emit.judge import row_fields
from backwright.emit.names import words
from backwright.emit.repositories.functions import Function, Repositories, function, passed, together
from backwright.emit.repositories.reading import called, database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.repositories.writing import (
    number_struct,
    numbered,
    refusing_taken,
    taken_words,
    unique_keys,
)
from backwright.emit.source import Identifier, Source, imports, indented, source
from backwright.emit.sql import described, quoted
from backwright.emit.storage import link_fields
from backwright.expr.sql import type_name
from backwright.model.types import Entity, Field, ReferenceType, Rule, ScalarType

_SCALARS = (
    *("string", "text", "email", "slug", "token", "enum", "boolean", "integer", "decimal", "double"),
    *("date", "timestamp", "uuid"),
)
_CANDIDATE = "candidate"


def is_one_statement(entity: Entity) -> bool:
    """Whether many new rows are stored at once: nothing goes with a row, and at most one unique key can be taken."""
    if entity.audit or link_fields(entity) or len(unique_keys(entity)) > 1:
        return False
    stored = [field for field in entity.fields if field.generated != "sequence"]
    return bool(stored) and all(field.generated != "slug" and _is_listable(field) for field in stored)


def is_judged_at_once(rule: Rule, entity: Entity) -> bool:
    """Whether a rule can be asked of many new rows at once: what it looks at of them can be listed."""
    looked_at = row_fields(rule.condition, entity.key)
    return bool(looked_at) and all(_is_listable(entity.field(name)) for name in looked_at)


def _is_listable(field: Field) -> bool:
    """Whether its values can be elements of a parameter: one value each, and none that JSON cannot hold."""
    kind = field.type
    if field.encrypted:
        return False
    return isinstance(kind, ReferenceType) or (isinstance(kind, ScalarType) and kind.scalar in _SCALARS)


def _rows(entity: Entity, fields: Sequence[Field], sql: Writing, alias: str = "") -> str:
    """A row for each place in the lists: what follows FROM, by the name of `alias` where there is one."""
    columns = [quoted(field.column) for field in fields]
    if sql.dialect == "postgresql":
        kinds = [type_name(sql.storage.kind(entity.name, field.name), sql.storage) for field in fields]
        lists = [f":{field.column}::{kind}[]" for field, kind in zip(fields, kinds, strict=True)]
        named = f" AS {alias} ({', '.join(columns)})" if alias else ""
        listed = lists[0] if len(lists) == 1 else "\n" + indented(",\n".join(lists)) + "\n"
        return f"unnest({listed}){named}"
    first, *others = (
        f"json_each(:{field.column}) AS {name}" for field, name in zip(fields, columns, strict=True)
    )
    joined = "".join([first, *(f"\nJOIN {other} USING (key)" for other in others)])
    if not alias:
        return f"{joined}\nORDER BY key"
    values = ", ".join(f"{name}.value AS {name}" for name in columns)
    selected = indented(f"SELECT {values}\nFROM {joined}")
    return f"(\n{selected}\n) AS {alias}"


def _given(fields: Sequence[Field], row: str, many: str) -> list[str]:
    return [
        f"{Identifier(field.column)}=[{row}.{Identifier(field.column)} for {row} in {many}]"
        for field in fields
    ]


def _parameter(entity: Entity, repositories: Repositories) -> tuple[Identifier, Source]:
    names = repositories.names
    many, row_class = Identifier(names.plurals[entity.name]), names.row_class(entity)
    return many, source(f"{many}: list[{row_class}]", imports(f"{names.package}.entities", row_class))


# Storing -------------------------------------------------------------------------------------------------


def insert_all(entity: Entity, repositories: Repositories) -> Identifier:
    """The name of the function; where the database numbers rows, it returns them with their numbers."""
    names, model = repositories.names, repositories.model
    number = numbered(entity)
    fields = [field for field in columns_of(entity, model) if field is not number]
    row = names.row(entity.name)
    many, parameter = _parameter(entity, repositories)

    def write_statement(sql: Writing) -> str:
        into = ", ".join(quoted(field.column) for field in fields)
        columns = ", ".join(f"{quoted(field.column)}.value" for field in fields)
        values = "*" if sql.dialect == "postgresql" else columns
        rows = f"SELECT {values}\nFROM {_rows(entity, fields, sql)}"
        returning = "" if number is None else f"\nRETURNING {quoted(number.column)}"
        return f"INSERT INTO {quoted(entity.table)} ({into})\n{rows}{returning}"

    statement = written(model, write_statement, signed_in=False)
    given = _given(fields, row, many)
    keys = unique_keys(entity)
    about = f"Store new {words(names.plurals[entity.name])}.{taken_words(keys)}"
    name = Identifier("insert_all")
    if number is None:
        body, needed = refusing_taken(
            f"await {database_call('execute', ['INSERT_ALL', *given])}", entity, keys
        )
        text = function(name, [parameter], "None", about, body, needed)
        repositories.once(entity.name, name, lambda: together(statement.declared("INSERT_ALL"), text))
        return name
    call = f"numbers = await {database_call('fetch_all', ['Number', 'INSERT_ALL', *given])}"
    body, needed = refusing_taken(call, entity, keys)
    body += (
        f"\nreturn [\n    replace({row}, {number.column}=number)\n"
        f"    for {row}, number in zip({many}, sorted(each.{number.column} for each in numbers), strict=True)\n]"
    )
    returned = f"list[{names.row_class(entity)}]"
    needed |= imports("msgspec.structs", "replace")
    text = function(name, [parameter], returned, f"{about} Returns them with their numbers.", body, needed)
    repositories.once(entity.name, "Number", lambda: number_struct(number.column))
    repositories.once(entity.name, name, lambda: together(statement.declared("INSERT_ALL"), text))
    return name


# Judging -------------------------------------------------------------------------------------------------


def judge_all(
    rule: Rule, entity: Entity, wanted: Sequence[str], repositories: Repositories, *, signed_in: bool
) -> Function:
    """The function that judges a rule over relations of many new rows."""
    model, names = repositories.model, repositories.names
    looked_at = row_fields(rule.condition, entity.key)
    fields = [field for field in columns_of(entity, model) if field.name in looked_at]
    many, parameter = _parameter(entity, repositories)

    def write_statement(sql: Writing) -> str:
        condition = sql.condition(rule.condition, this=_CANDIDATE)
        refused = described(f"({condition}) IS NOT TRUE", f"{entity.name}: {rule.source}")
        lines = ["SELECT 1", f"FROM {_rows(entity, fields, sql, _CANDIDATE)}", f"WHERE {refused}", "LIMIT 1"]
        return "\n".join(lines)

    statement = written(model, write_statement, signed_in=signed_in)
    given = passed(statement, model, names, signed_in=signed_in)
    parameters = list(given.parameters)
    parameters.insert(len(given.context), parameter)
    arguments = [*_given(fields, names.row(entity.name), many), *given.arguments]

    def write(name: Identifier) -> Source:
        call = database_call("fetch_value", ["int", name.upper(), *arguments])
        plural = words(names.plurals[entity.name])
        about = f"{rule.source}: whether it holds of all these {plural}, as things are before the write."
        text = function(name, parameters, "bool", about, f"return await {call} is None")
        return together(statement.declared(name.upper()), text)

    name = repositories.add(entity.name, wanted, write)
    return called(entity, name, given, repositories, extra=["row"])
