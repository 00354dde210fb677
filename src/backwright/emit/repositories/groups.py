"""Writes the functions that read groups of rows: a record for each combination of the keys."""

from __future__ import annotations

import re

import msgspec

from backwright.emit.inputs import query_attribute
from backwright.emit.judge import inputs_of
from backwright.emit.layout import laid_out
from backwright.emit.names import pascal, snake, words
from backwright.emit.repositories.functions import Function, Repositories, function, passed, together
from backwright.emit.repositories.projections import selected, value_kind
from backwright.emit.repositories.reading import Reading, called, database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.source import Identifier, Source, imports, indented, source
from backwright.emit.sql import hanging, quoted, where
from backwright.emit.storage import MATCHING
from backwright.emit.structs import Member, struct_of
from backwright.expr.fold import rebuilt
from backwright.expr.inline import inlined
from backwright.expr.typed import And, Compare, Expression, Filtered, Name, Rows, Type
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Group, Operation, OrderTerm

_BOOLEAN = Type("boolean")


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """The function that reads groups, and the class of their records."""

    function: Function
    record: Source


def group(step: Group, operation: Operation, repositories: Repositories, *, signed_in: bool) -> Groups:
    """The function that reads the groups of a step, in the order of their keys."""
    model, names = repositories.model, repositories.names
    entity = model.entity(step.entity)
    reading = Reading(
        entity=entity, readable=step.readable, where=None if step.where is None else step.where.meaning
    )
    path = {each.name for each in operation.path_parameters}
    filtered = {
        given.name: query_attribute(operation, given.name)
        for each in step.filters
        for given in inputs_of(each.condition.meaning)
        if given.source == "params" and given.name not in path
    }

    def write_statement(sql: Writing) -> str:
        conditions = reading.conditions(sql)
        for each in step.filters:
            clause = "AND " + hanging(sql.condition(each.condition.meaning), 4)
            conditions.append(f"{{{clause}}}" if filtered else clause.removeprefix("AND "))
        if conditions and conditions[0].startswith("{"):
            conditions.insert(0, "TRUE")
        lines = ["WITH matching AS (", "    SELECT *", f"    FROM {quoted(entity.table)}"]
        lines += [hanging(f"    {line}", 4) for line in where(conditions)] + [")"]
        keys = [f"{sql.value(key.value.meaning, this='matching')} AS {quoted(key.name)}" for key in step.keys]
        columns = [f"grouped.{quoted(key.name)}" for key in step.keys]
        for value in step.values:
            text = sql.value(_about_members(value.value.meaning, step, entity))
            text = re.sub(r":grouped_(\w+)(::\w+(\[\])?)?", lambda hit: f"grouped.{quoted(hit[1])}", text)
            columns.append(f"{text} AS {quoted(value.name)}")
        lines.append(selected(columns))
        if step.keys:
            chosen = laid_out(f"SELECT DISTINCT {', '.join(keys)} FROM matching")
            lines.append(f"FROM (\n{indented(chosen)}\n) AS grouped")
            lines += [f"ORDER BY {', '.join(_order(step))}", f"LIMIT {step.max}"]
        return "\n".join(lines)

    statement = written(model, write_statement, signed_in=signed_in, for_caller=step.readable is not None)
    for key in step.keys:
        statement.parameters.pop(f"grouped_{key.name}", None)
    given = passed(statement, model, names, signed_in=signed_in, in_query=filtered)
    record = Identifier(f"{pascal(snake(operation.name))}{pascal(snake(step.bind))}")
    members = [
        Member(Identifier(each.name), value_kind(each.value.meaning.type, model))
        for each in (*step.keys, *step.values)
    ]

    def write(name: Identifier) -> Source:
        rows = words(names.plurals[entity.name])
        if step.keys:
            struct = struct_of(record, f"A group of {rows}.", members)
            how = "in groups, in the order of their keys" if not step.order else "in groups, in their order"
            result = f"list[{record}]"
        else:
            struct = struct_of(record, f"What there is to say of {rows}.", members)
            how, result = "as one", str(record)
        call = f"await {database_call('fetch_all', [record, name.upper(), *given.arguments])}"
        body = f"return {call}" if step.keys else f"[found] = {call}\nreturn found"
        parameters = list(given.parameters)
        if filtered:
            query = names.query_class(operation)
            parameters.insert(
                len(given.context), source(f"query: {query}", imports(f"{names.package}.inputs", query))
            )
        text = function(name, parameters, result, f"The {rows} {how}.", body)
        return together(statement.declared(name.upper()), struct, text)

    name = repositories.add(entity.name, [f"{snake(operation.name)}_{snake(step.bind)}"], write)
    module = f"{names.package}.repositories.{names.repository(entity.name)}"
    return Groups(
        function=called(entity, name, given, repositories, extra=["query"] if filtered else []),
        record=source(record, imports(module, record)),
    )


def _order(step: Group) -> list[str]:
    """The terms of ORDER BY: those that are said, then what the groups differ in; null is least."""
    keys = {key.name for key in step.keys}
    nullable = {each.name for each in (*step.keys, *step.values) if each.value.meaning.type.nullable}
    named = {term.field for term in step.order}
    terms = [*step.order, *(OrderTerm(field=key.name) for key in step.keys if key.name not in named)]
    written = []
    for term in terms:
        column = f"grouped.{quoted(term.field)}" if term.field in keys else quoted(term.field)
        descends = term.direction == "desc"
        nulls = (" NULLS LAST" if descends else " NULLS FIRST") if term.field in nullable else ""
        written.append(f"{column}{' DESC' if descends else ''}{nulls}")
    return written


def _about_members(value: Expression, step: Group, entity: Entity) -> Expression:
    """A value about the rows of a group, as one about the matching rows with the group's keys."""
    taken = {node.binding for node in nodes(value) if isinstance(node, Name) and node.binding}
    member = "member"
    while member in taken:
        member += "_"
    row = Name(type=Type("entity", entity=entity.name), root="variable", binding=member)
    used: set[str] = {member, *(name for name in taken if name)}
    parts: list[Expression] = []
    for key in step.keys:
        kind = key.value.meaning.type
        parts.append(
            Compare(
                type=_BOOLEAN,
                op="==",
                left=inlined(key.value.meaning, row, used),
                right=Name(type=kind, root="variable", binding=f"grouped_{key.name}"),
            )
        )
    rows: Expression = Rows(type=Type("rows", entity=entity.name), entity=f"{MATCHING}{entity.name}")
    if parts:
        condition = parts[0] if len(parts) == 1 else And(type=_BOOLEAN, parts=tuple(parts))
        rows = Filtered(type=rows.type, of=rows, variable=member, condition=condition)
    return rebuilt(value, lambda node: rows if isinstance(node, Name) and node.root == "group" else node)
