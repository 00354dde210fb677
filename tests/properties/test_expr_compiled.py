"""Every expression of the language has the value of the reference on SQLite, on PostgreSQL and, without other rows,
in Python.

Random well-typed expressions over random rows: as a value, as a condition that finds the row, and folded. Where
the reference overflows anything may happen but a wrong answer; where only a database does, the expression has to
be one that can. `BACKWRIGHT_EXAMPLES` asks for more than the few hundred of an ordinary run.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from expr_random import typed_expressions
from expr_sql_world import STORAGE, Postgres, Sqlite
from expr_world import BINDINGS, SCOPE, World, lookup, random_world
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from backwright.expr import python, sql
from backwright.expr.check import check_source
from backwright.expr.fold import can_fail, fold
from backwright.expr.typed import Expression, Type
from backwright.expr.walk import is_local
from backwright.reference.evaluate import Environment, Overflow, evaluate
from backwright.spec.diagnostics import Place, SpecificationError
from backwright_runtime import arithmetic, sequences

START = Place("backwright.yaml", 3, 10)
MANY = settings(
    deadline=None,
    derandomize="BACKWRIGHT_EXAMPLES" not in os.environ,
    max_examples=int(os.environ.get("BACKWRIGHT_EXAMPLES", "150")),
    suppress_health_check=list(HealthCheck),
)
OVERFLOWS = object()
Databases = Sqlite | Postgres


def environment(world: World) -> Environment:
    return Environment(
        now=world.now,
        keys={name: (key,) for name, key in world.keys.items()},
        rows=world.rows,
        this=world.this,
        caller=world.caller,
        params=world.params,
        bindings=world.bindings,
    )


def meaning(source: str, wanted: Type) -> Expression:
    try:
        return check_source(source, START, SCOPE, wanted)
    except SpecificationError:
        reject()


def value(expression: Expression, world: Environment) -> Any:
    try:
        found = evaluate(expression, world)
    except Overflow:
        return OVERFLOWS
    if expression.type.kind == "rows":
        return [world.key_of(row, expression.type.entity or "") for row in found]
    return found


def supplied(compiled: sql.SqlText, world: Environment) -> dict[str, Any]:
    return {name: value(of, world) for name, of in compiled.parameters.items()}


def asked(database: Databases, text: str, given: dict[str, Any], kind: Type) -> Any:
    try:
        return database.ask(text, given, kind)
    except Exception as error:
        if database.overflowed(error):
            return OVERFLOWS
        raise AssertionError(text, given) from error


def agrees(database: Databases, source: str, wanted: Type, world: World) -> None:
    expression = meaning(source, wanted)
    around = environment(world)
    expected = value(expression, around)
    if expected is OVERFLOWS:
        return
    database.fill(world.rows)
    certain = fold(expression, caller_known=True, lookup=lookup) if world.caller is not None else expression
    for each in (expression, fold(expression), certain):
        check(database, each, expected, around, world)


def check(
    database: Databases, expression: Expression, expected: Any, around: Environment, world: World
) -> None:
    key = world.this["id"]
    kind = expression.type
    compiled = sql.compile(expression, STORAGE, database.dialect, value=True)
    given = supplied(compiled, around)
    statement = f"SELECT {compiled.text} FROM task WHERE task.id = '{key}'"
    found = asked(database, statement, given, kind)
    if kind.kind == "rows":
        found, expected = sorted(found), sorted(expected)
    fails = found is OVERFLOWS and can_fail(expression)
    assert fails or found == expected, (statement, given, found, expected)
    assert fails or repr(found) == repr(expected) or kind.kind not in ("decimal", "list", "string")
    if kind.kind != "boolean" or kind.nullable:
        return
    for candidate in (False, True):
        compiled = sql.compile(expression, STORAGE, database.dialect, candidate=candidate)
        given = supplied(compiled, around)
        at = f"FROM task WHERE task.id = '{key}' AND" if not candidate else "WHERE"
        statement = f"SELECT (SELECT count(*) {at} ({compiled.text}))"
        if candidate:
            statement = f"SELECT count(*) FROM (SELECT 1 AS one) AS o WHERE {compiled.text}"
        found = asked(database, statement, given, Type("integer"))
        fails = found is OVERFLOWS and can_fail(expression)
        assert fails or bool(found) == expected, (statement, given, found, expected)


PYTHON = python.Names(
    roots={"this": "task", "now": "ctx.now"},
    attribute=STORAGE.column,
    keys=lambda entity: ("id",),
    inputs=lambda source, name: f"query.{name}",
)


def as_object(row: Any, entity: str) -> Any:
    """A row as emitted code holds it."""
    if row is None:
        return None
    return SimpleNamespace(**{STORAGE.column(entity, name): each for name, each in row.items()})


def in_python(expression: Expression, world: World) -> Any:
    source = python.compile(expression, PYTHON)
    needed = {name for names in python.needed(source).values() for name in names}
    known = {**vars(arithmetic), **vars(sequences), "date": date, "datetime": datetime, "UTC": UTC}
    known |= {"timedelta": timedelta, "Decimal": Decimal}
    scope = {
        "task": as_object(world.this, "Task"),
        "caller": as_object(world.caller, "User"),
        "query": SimpleNamespace(**world.params),
        "ctx": SimpleNamespace(now=world.now),
        **{name: as_object(row, BINDINGS[name].entity or "") for name, row in world.bindings.items()},
        **{name: known[name] for name in needed},
    }
    try:
        return eval(source, scope)
    except OverflowError:
        return OVERFLOWS


def agrees_in_python(source: str, wanted: Type, world: World) -> None:
    expression = meaning(source, wanted)
    expected = value(expression, environment(world))
    certain = fold(expression, caller_known=True, lookup=lookup) if world.caller is not None else expression
    for each in (expression, fold(expression), certain):
        if not is_local(each):
            with pytest.raises(python.NotLocal):
                python.compile(each, PYTHON)
            continue
        if expected is OVERFLOWS:
            continue
        found = in_python(each, world)
        fails = found is OVERFLOWS and can_fail(each)
        assert fails or repr(found) == repr(expected), (python.compile(each, PYTHON), found, expected)


@MANY
@given(typed_expressions(), st.data())
def test_compiled_python_agrees_with_the_reference(made: tuple[Type, str], data: Any) -> None:
    agrees_in_python(made[1], made[0], random_world(data.draw))


def test_sqlite_agrees_with_the_reference() -> None:
    database = Sqlite()

    @MANY
    @given(typed_expressions(), st.data())
    def agree(made: tuple[Type, str], data: Any) -> None:
        agrees(database, made[1], made[0], random_world(data.draw))

    agree()
    database.close()


@pytest.mark.postgres
def test_postgresql_agrees_with_the_reference(postgres_url: str) -> None:
    database = Postgres(postgres_url)

    @MANY
    @given(typed_expressions(), st.data())
    def agree(made: tuple[Type, str], data: Any) -> None:
        agrees(database, made[1], made[0], random_world(data.draw))

    agree()
    database.close()
