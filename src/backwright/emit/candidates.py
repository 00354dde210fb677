"""Writes `may_create`, `may_update` and `may_delete`: rules over relations, judged by the database.

A row that is to be created or changed is given as parameters, so the same statement judges it as it is stored
and as it would become: always against what is stored before the write. A row that is to go is judged in place.
"""

from __future__ import annotations

from collections.abc import Sequence

from backwright.emit import sql
from backwright.emit.access import Judge
from backwright.emit.conditions import Clause, arguments, clause
from backwright.emit.names import Names, words
from backwright.emit.rules import mentions_row
from backwright.emit.source import Identifier, Source, docstring, imports, indented, source, sql_block
from backwright.model.types import Entity, Model

_RUNTIME = "backwright_runtime"


def candidate_clause(judge: Judge, model: Model, entity: Entity, *, signed_in: bool) -> Clause:
    """The rule, with the row's fields as parameters where it is not judged in place."""
    candidate = not in_place(judge)
    return clause(judge.rule.condition, model, entity.name, signed_in=signed_in, candidate=candidate)


def in_place(judge: Judge) -> bool:
    """Whether the rule is judged on the stored row."""
    return judge.verb == "delete" and mentions_row(judge.rule.condition)


def judging(
    judge: Judge, model: Model, entity: Entity, names: Names, context: Sequence[str], *, signed_in: bool
) -> Source:
    """One statement and its function. `context` are the parameters `caller` and `now`, where they are needed."""
    compiled = candidate_clause(judge, model, entity, signed_in=signed_in)
    rule = f"{entity.name} {judge.verb}: {judge.rule.source}"
    name, row = Identifier(judge.function), names.row(entity.name)
    given = arguments([compiled], model, caller_known=signed_in, inputs={}, row=row)
    lines, conditions = ["SELECT 1"], [sql.described(compiled.text, rule)]
    if in_place(judge):
        key = entity.field(entity.key).column
        lines.append(f"FROM {sql.quoted(entity.table)}")
        conditions.insert(0, f"{sql.quoted(key)} = :{key}")
        given.insert(0, f"{key}={row}.{key}")
    text = "\n".join([*lines, *sql.where(conditions)])
    statement = f"{name.upper()} = sql({sql_block(text)})"
    call = f"db.fetch_one(Holds, {', '.join([name.upper(), *given])})"
    needed = imports(_RUNTIME, "Queries", "sql")
    parameters = ["db: Queries", *context]
    if mentions_row(judge.rule.condition):
        row_class = names.row_class(entity.name)
        parameters.append(f"{row}: {row_class}")
        needed |= imports(f"{names.package}.entities", row_class)
    about = f"Whether the caller may {judge.verb} this {words(entity.name)}, as things are before the write."
    function = (
        f"async def {name}({', '.join(parameters)}) -> bool:\n"
        f"    {docstring(about, 4)}\n{indented(f'return await {call} is not None')}"
    )
    return source(f"{statement}\n\n\n{function}", needed)


def holds() -> Source:
    """What a judging statement answers where the rule holds."""
    about = '"""The answer of a statement that judges: a row where the rule holds."""'
    text = f"class Holds(Struct, frozen=True):\n    {about}\n\n    yes: int"
    return source(text, imports("msgspec", "Struct"))
