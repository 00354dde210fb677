"""The steps that write many rows at once: judged all together, written by one statement, all or none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backwright.emit import removal
from backwright.emit.annotations import stored_as
from backwright.emit.judge import holds, is_public, known_from, local_access
from backwright.emit.names import snake, words
from backwright.emit.repositories import lookups
from backwright.emit.repositories.functions import Function, function, passed, together
from backwright.emit.repositories.projections import extended, selected, whole
from backwright.emit.repositories.reading import Reading, database_call
from backwright.emit.repositories.shown import by_keys, in_keys, key_arguments
from backwright.emit.repositories.statement import Statement, Writing, written
from backwright.emit.repositories.writing import taken_words, unique_keys
from backwright.emit.services.holding import recorded, repository
from backwright.emit.services.scope import Scope
from backwright.emit.source import NO_IMPORTS, Identifier, Imports, Source, imports, indented, literal, source
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields
from backwright.emit.structs import Member, struct_of
from backwright.expr.fold import substitute
from backwright.expr.typed import Arithmetic, Constant, Expression, Type
from backwright.model.types import (
    Assignment,
    DeleteAll,
    Entity,
    Field,
    FieldType,
    Rule,
    ScalarType,
    UpdateAll,
)

_RUNTIME = "backwright_runtime"


def update_all(step: UpdateAll, scope: Scope) -> list[str]:
    """Every matching row that the caller may read; all values speak of the rows as they were."""
    entity = scope.model.entity(step.entity)
    assigned = {each.field: _kept(each, entity) for each in step.values}
    questions = _questions(
        entity, step.allowed, step.after or step.allowed, assigned, step.where.meaning, scope
    )
    audited = entity.audit is not None and "update" in entity.audit.verbs
    reading = Reading(entity=entity, readable=step.readable, where=step.where.meaning)
    if not questions and not audited:
        return [_counted(step.bind, scope.call(_change(entity, step.values, scope, reading)), scope)]
    found, lines = _found(reading, questions, step.bind, scope)
    keys = _keys(entity, found)
    before = scope.variable("before") if audited else ""
    if audited:
        lines.append(f"{before} = {_by_key(entity, found, scope)}")
    lines.append(_counted(step.bind, scope.call(_change(entity, step.values, scope, None), keys), scope))
    if audited:
        lines += _records(entity, found, before, scope)
    return lines


def _kept(given: Assignment, entity: Entity) -> Expression:
    """A value as the column keeps it: a decimal rounded to its scale."""
    value, kind = given.value.meaning, entity.field(given.field).type
    if not isinstance(kind, ScalarType) or kind.scalar != "decimal" or value.type.kind != "decimal":
        return value
    if value.type.scale == kind.scale:
        return value
    rounded = msgspec.structs.replace(value.type, scale=kind.scale)
    one = Constant(type=Type("decimal", scale=0), value="1")
    return Arithmetic(type=rounded, op="*", left=value, right=one)


def delete_all(step: DeleteAll, scope: Scope) -> list[str]:
    """Every matching row that the caller may read; all are judged before one is removed."""
    entity = scope.model.entity(step.entity)
    questions = _questions(entity, step.allowed, None, {}, step.where.meaning, scope)
    reading = Reading(entity=entity, readable=step.readable, where=step.where.meaning)
    if removal.is_plain(entity, scope.model):
        if not questions:
            return [_counted(step.bind, scope.call(_remove(entity, scope, reading)), scope)]
        found, lines = _found(reading, questions, step.bind, scope)
        return [
            *lines,
            _counted(step.bind, scope.call(_remove(entity, scope, None), _keys(entity, found)), scope),
        ]
    found, lines = _found(reading, questions, step.bind, scope, rows=True)
    scope.statements += 1
    removal.need(entity, scope.package)
    scope.imports |= imports(scope.names.package, "removal")
    row = scope.variable(scope.names.row(entity.name))
    operation = f", {literal(scope.operation.name)}" if removal.records(entity, scope.model) else ""
    call = f"await removal.remove_{snake(entity.name)}(ctx, {scope.db}, {row}{operation})"
    if removal.goes_with_its_kind(entity, scope.model):  # it may have gone with an earlier one
        name = lookups.by_fields(entity, entity.keys, scope.repositories)
        keys = ", ".join(f"{row}.{Identifier(field.column)}" for field in key_fields(entity))
        there = f"await {repository(entity, scope)}.{name}({scope.db}, {keys}) is not None"
        call = f"if {there}:\n    {call}"
    lines.append(f"for {row} in {found}:\n{indented(call)}")
    if scope.mentions(step.bind):
        lines.append(f"{scope.bind(step.bind)} = len({found})")
    return lines


def _counted(bind: str, call: str, scope: Scope) -> str:
    """A call that tells how many rows there were, where anybody wants to know."""
    return f"{scope.bind(bind)} = {call}" if scope.mentions(bind) else call


class _Question:
    """Something that has to hold of every row: its name in the row that is read, and what is answered otherwise."""

    def __init__(self, name: str, condition: Expression, said: str, error: str) -> None:
        self.name = name
        self.condition = condition
        self.said = said
        self.error = error


def _questions(
    entity: Entity,
    allowed: Rule | None,
    after: Rule | None,
    assigned: dict[str, Expression],
    condition: Expression,
    scope: Scope,
) -> list[_Question]:
    """What is not certain already, by the condition that picks the rows out."""
    found: list[_Question] = []
    known = known_from(Rule(source="", condition=condition)) | known_from(local_access(scope.operation))

    def certain(rule: Expression) -> bool:
        return holds(rule, known=known, signed_in=scope.signed_in)

    if allowed is not None and not certain(allowed.condition):
        found.append(_Question("allowed", allowed.condition, allowed.source, "Forbidden"))
    if after is not None and not is_public(after) and assigned:
        later = substitute(after.condition, assigned)
        if (allowed is None or later != allowed.condition) and not certain(later):
            found.append(_Question("still_allowed", later, after.source, "Forbidden"))
    if assigned:
        for check in entity.checks:
            holding = substitute(check.condition.meaning, assigned)
            error = f"FieldError({literal(entity.wire(check.field or ''))}, {literal(check.code)})"
            found.append(_Question(f"is_{snake(check.name)}", holding, check.condition.source, error))
    return found


def _found(
    reading: Reading, questions: Sequence[_Question], bind: str, scope: Scope, *, rows: bool = False
) -> tuple[Identifier, list[str]]:
    """The variable that holds the rows, and the lines that find and judge them."""
    model, names, entity = scope.model, scope.names, reading.entity
    whole_row = rows
    fields = whole(entity, scope.model).fields if whole_row else tuple(key_fields(entity))

    def write_statement(sql: Writing) -> str:
        columns = [quoted(field.column) for field in fields]
        columns += [f"{described_value(sql, each)} AS {each.name}" for each in questions]
        keys = ", ".join(quoted(field.column) for field in key_fields(entity))
        return "\n".join(
            [
                selected(columns),
                f"FROM {quoted(entity.table)}",
                *where(reading.conditions(sql)),
                f"ORDER BY {keys}",
                "FOR UPDATE",
            ]
        )

    statement = written(model, write_statement, signed_in=scope.signed_in)
    given = passed(statement, model, names, signed_in=scope.signed_in)
    name = Identifier(f"{snake(scope.operation.name)}_{snake(bind)}")
    row = Identifier("".join(part.title() for part in name.split("_")) + "Row")

    def write(called: Identifier) -> Source:
        more = [Member(Identifier(each.name), source("bool")) for each in questions]
        if whole_row:
            own = names.row_class(entity)
            base = source(own, imports(f"{names.package}.entities", own))
            struct = base if not more else extended(base, row, more, scope.repositories, entity)
            kind = str(struct)
            pieces = [source("", struct)]
        else:
            kind = row
            members = [Member(Identifier(field.column), stored_as(field, model)) for field in fields]
            pieces = [
                struct_of(row, "A row that is to be changed, and whether it may be.", [*members, *more])
            ]
        call = database_call("fetch_all", [kind, called.upper(), *given.arguments])
        about = (
            f"The {words(names.plurals[entity.name])} that are changed, locked in the order of their keys."
        )
        text = function(called, given.parameters, f"list[{kind}]", about, f"return await {call}", *pieces)
        return together(statement.declared(called.upper()), *[p for p in pieces if p.text], text)

    added = scope.repositories.add(entity.name, [name], write)
    found = scope.variable("matched")
    call = scope.call(
        Function(module=names.repository(entity.name), name=added, context=given.context, values=given.values)
    )
    lines = [f"{found} = {call}"]
    groups: dict[str, list[_Question]] = {}
    for each in questions:
        groups.setdefault("Forbidden" if each.error == "Forbidden" else "Invalid", []).append(each)
    for kind_of, members in groups.items():
        scope.imports |= imports(_RUNTIME, kind_of)
        if kind_of == "Forbidden":
            test = " and ".join(f"row.{each.name}" for each in members)
            lines.append(f"if not all({test} for row in {found}):\n    raise Forbidden")
            continue
        lines.append(_checked(found, members, scope))
    return found, lines


def _checked(found: str, checks: Sequence[_Question], scope: Scope) -> str:
    """422 with every check that the first row does not satisfy for which there is one."""
    scope.imports |= imports(_RUNTIME, "FieldError")
    if len(checks) == 1:
        return f"if not all(row.{checks[0].name} for row in {found}):\n    raise Invalid({checks[0].error})"
    wrong = scope.variable("wrong")
    asked = "\n".join(f"if not row.{each.name}:\n    {wrong}.append({each.error})" for each in checks)
    body = f"{wrong}: list[FieldError] = []\n{asked}\nif {wrong}:\n    raise Invalid(*{wrong})"
    return f"for row in {found}:\n{indented(body)}"


def described_value(sql: Writing, question: _Question) -> str:
    """A condition as a value that is never null."""
    text = sql.value(question.condition)
    return f"COALESCE({text}, FALSE)" if question.condition.type.nullable else f"({text})"


def _keys(entity: Entity, found: str) -> str:
    columns = [Identifier(field.column) for field in key_fields(entity)]
    if len(columns) == 1:
        return f"[row.{columns[0]} for row in {found}]"
    return f"[({', '.join(f'row.{column}' for column in columns)}) for row in {found}]"


def _change(entity: Entity, given: Sequence[Assignment], scope: Scope, reading: Reading | None) -> Function:
    """The function that changes the rows with these keys, or those that a condition picks out."""
    model = scope.model

    def write_statement(sql: Writing) -> str:
        settings = []
        for each in given:
            field = entity.field(each.field)
            settings.append(f"{quoted(field.column)} = {stored(sql, each, field.type)}")
        if entity.version is not None:
            column = quoted(entity.field(entity.version).column)
            settings.append(f"{column} = {column} + 1")
        if not settings:  # nothing changes, but how many rows there are is told all the same
            column = quoted(key_fields(entity)[0].column)
            settings.append(f"{column} = {column}")
        return "\n".join(
            [
                f"UPDATE {quoted(entity.table)}",
                f"SET {(',' + chr(10) + '    ').join(settings)}",
                *where(_picked(entity, sql, reading)),
            ]
        )

    statement = written(model, write_statement, signed_in=scope.signed_in)
    wanted = f"{snake(scope.operation.name)}_rows"
    changed = {each.field for each in given}
    taken = [each for each in unique_keys(entity) if any(field.name in changed for field in each[1])]
    return _on_rows(entity, statement, wanted, "Change these rows.", scope, keys=reading is None, taken=taken)


def stored(sql: Writing, given: Assignment, kind: FieldType) -> str:
    """A value in the field's own type."""
    meaning = given.value.meaning
    if isinstance(kind, ScalarType) and kind.scalar == "decimal" and meaning.type.kind == "decimal":
        return sql.assigned(meaning, Type("decimal", scale=kind.scale, nullable=meaning.type.nullable))
    return sql.value(meaning)


def _picked(entity: Entity, sql: Writing, reading: Reading | None) -> list[str]:
    return in_keys(entity, sql) if reading is None else reading.conditions(sql)


def _remove(entity: Entity, scope: Scope, reading: Reading | None) -> Function:
    """The function that removes the rows with these keys, or those that a condition picks out."""
    statement = written(
        scope.model,
        lambda sql: "\n".join([f"DELETE FROM {quoted(entity.table)}", *where(_picked(entity, sql, reading))]),
        signed_in=scope.signed_in,
    )
    wanted = "delete_all" if reading is None else f"{snake(scope.operation.name)}_rows"
    return _on_rows(entity, statement, wanted, "Remove these rows.", scope, keys=reading is None)


def _on_rows(
    entity: Entity,
    statement: Statement,
    wanted: str,
    about: str,
    scope: Scope,
    *,
    keys: bool,
    taken: Sequence[tuple[str, list[Field]]] = (),
) -> Function:
    names = scope.names
    given = passed(statement, scope.model, names, signed_in=scope.signed_in)
    of_keys, arguments = key_arguments(entity, scope.repositories) if keys else (source(""), [])

    def write(name: Identifier) -> Source:
        call = database_call("execute", [name.upper(), *arguments, *given.arguments])
        parameters = [*given.parameters[: len(given.context)], *([of_keys] if keys else [])]
        parameters += given.parameters[len(given.context) :]
        said = f"{about} Returns how many there were.{taken_words(taken)}"
        body, needed = _refusing(f"return await {call}", taken, entity)
        text = function(name, parameters, "int", said, body, needed)
        return together(statement.declared(name.upper()), text)

    name = scope.repositories.add(entity.name, [wanted], write)
    return Function(
        module=names.repository(entity.name),
        name=name,
        context=given.context,
        given=("keys",) if keys else (),
        values=given.values,
    )


def _refusing(call: str, taken: Sequence[tuple[str, list[Field]]], entity: Entity) -> tuple[str, Imports]:
    """A call that answers a taken unique key as a conflict, with its fields where there is one key to meet."""
    if len(taken) != 1:  # which of several it was depends on the row to which the database comes first
        return call, NO_IMPORTS
    [(_, fields)] = taken
    errors = ", ".join(f"FieldError({literal(entity.wire(field.name))}, 'taken')" for field in fields)
    caught = f"except UniqueViolation as violation:\n    raise Conflict({errors}) from violation"
    needed = imports(_RUNTIME, "Conflict", "FieldError", "UniqueViolation")
    return f"try:\n    {call}\n{caught}", needed


def _by_key(entity: Entity, found: str, scope: Scope) -> str:
    """The rows as they are, by their keys, for their records."""
    rows = by_keys(whole(entity, scope.model), scope.repositories, signed_in=scope.signed_in)
    return f"{{{_key_of(entity, 'row')}: row for row in {scope.call(rows.function, _keys(entity, found))}}}"


def _records(entity: Entity, found: str, before: str, scope: Scope) -> list[str]:
    after = scope.variable("after")
    lines = [f"{after} = {_by_key(entity, found, scope)}"]
    record = recorded(entity, "updated", "before_row", f"{after}[key]", scope)
    body = "\n".join([f"before_row = {before}[key]", *record])
    lines.append(f"for key in {_keys(entity, found)}:\n{indented(body)}")
    return lines


def _key_of(entity: Entity, row: str) -> str:
    columns = [f"{row}.{Identifier(field.column)}" for field in key_fields(entity)]
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})"
