"""Writes the functions that ask the database for one value, or whether a rule holds."""

from __future__ import annotations

from collections.abc import Sequence

from backwright.emit.names import pascal, snake, words
from backwright.emit.repositories.functions import Function, Repositories, function, passed, together
from backwright.emit.repositories.projections import value_kind
from backwright.emit.repositories.reading import called, database_call
from backwright.emit.repositories.statement import Writing, written
from backwright.emit.rules import mentions_row
from backwright.emit.source import Identifier, Source, imports, source
from backwright.emit.sql import described, quoted, where
from backwright.emit.storage import key_fields
from backwright.expr.typed import Expression, Linked, Member, Name, Related, Rows
from backwright.expr.walk import nodes
from backwright.model.types import Entity, Formula, Rule

_STRUCT = imports("msgspec", "Struct")


def value(
    formula: Formula, wanted: str, repositories: Repositories, *, signed_in: bool, about: str = ""
) -> Function:
    """The function that computes an expression over rows."""
    entity = repositories.model.entity(asked(formula.meaning))
    statement = written(
        repositories.model, lambda sql: f"SELECT {sql.value(formula.meaning)} AS value", signed_in=signed_in
    )
    given = passed(statement, repositories.model, repositories.names, signed_in=signed_in)
    kind = value_kind(formula.meaning.type, repositories.model)

    def write(name: Identifier) -> Source:
        row = Identifier(pascal(name))
        struct = source(
            f'class {row}(Struct, frozen=True):\n    """One value."""\n\n    value: {kind}', _STRUCT, kind
        )
        call = database_call("fetch_all", [row, name.upper(), *given.arguments])
        body = f"[found] = await {call}\nreturn found.value"
        text = function(name, given.parameters, kind, about or formula.source, body)
        return together(statement.declared(name.upper()), struct, text)

    name = repositories.add(entity.name, [snake(wanted)], write)
    return called(entity, name, given, repositories)


def judge(
    rule: Rule,
    entity: Entity,
    wanted: Sequence[str],
    repositories: Repositories,
    *,
    signed_in: bool,
    in_place: bool,
) -> Function:
    """The function that judges a rule over relations: on the stored row, or on a row that it is given."""
    model, names = repositories.model, repositories.names
    about_row = mentions_row(rule.condition)
    stored = in_place and about_row

    def write_statement(sql: Writing) -> str:
        clause = described(
            sql.condition(rule.condition, candidate=not stored), f"{entity.name}: {rule.source}"
        )
        if not stored:
            return "\n".join(["SELECT 1", *where([clause])])
        keys = [f"{quoted(field.column)} = :{field.column}" for field in key_fields(entity)]
        return "\n".join(["SELECT 1", f"FROM {quoted(entity.table)}", *where([*keys, clause])])

    statement = written(model, write_statement, signed_in=signed_in)
    row = names.row(entity.name)
    given = passed(statement, model, names, signed_in=signed_in, row=row)
    parameters = list(given.parameters)
    arguments = list(given.arguments)
    if about_row:
        kind = names.row_class(entity)
        imported = imports(f"{names.package}.entities", kind)
        parameters.insert(len(given.context), source(f"{row}: {kind}", imported))
    if stored:
        columns = [field.column for field in key_fields(entity)]
        arguments = [f"{column}={row}.{Identifier(column)}" for column in columns] + arguments

    def write(name: Identifier) -> Source:
        call = database_call("fetch_value", ["int", name.upper(), *arguments])
        about = (
            f"{rule.source}: whether it holds of this {words(entity.name)}, as things are before the write."
        )
        text = function(name, parameters, "bool", about, f"return await {call} is not None")
        return together(statement.declared(name.upper()), text)

    name = repositories.add(entity.name, wanted, write)
    return called(entity, name, given, repositories, extra=["row"] if about_row else [])


def asked(expression: Expression) -> str:
    """The entity whose rows an expression asks for first. Raises LookupError where it asks for none."""
    for node in nodes(expression):
        match node:
            case Rows(entity=entity) | Related(entity=entity):
                return entity
            case Linked(type=kind):
                return kind.entity or ""
            case Member(of=of, entity=entity) if isinstance(of, Member):
                return entity
            case _:
                pass
    for node in nodes(expression):
        match node:
            case Member(of=of, entity=entity) if not isinstance(of, Name) or of.root == "variable":
                return entity  # the row behind a key that was sent, or that is in a list
            case _:
                pass
    raise LookupError("an expression that asks for no rows")
