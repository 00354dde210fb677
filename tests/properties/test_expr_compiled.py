"""Every expression of the language has the value of the reference on SQLite, on PostgreSQL and, without other rows,
in Python.

Random well-typed expressions over random rows: as a value, as a condition that finds the row, and folded. Where
the reference overflows anything may happen but a wrong answer; where only a database does, the expression has to
be one that can. `BACKWRIGHT_EXAMPLES` asks for more than the few hundred of an ordinary run.
"""

from __future__ import annotations

import os
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from expr_random import typed_expressions
from expr_sql_world import STORAGE, Postgres, Sqlite
from expr_world import BINDINGS, SCOPE, World, environment, lookup, random_world
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from backwright.expr import python, sql
from backwright.expr.check import check_source
from backwright.expr.fold import fold
from backwright.expr.typed import Aggregate, Distinct, Expression, Sorted, Type
from backwright.expr.walk import can_fail, is_local, nodes
from backwright.reference.evaluate import Environment, Overflow, Page, evaluate
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
        found = found.rows if isinstance(found, Page) else found
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
    database.fill(world)
    certain = fold(expression, caller_known=True, lookup=lookup) if world.caller is not None else expression
    for each in (expression, fold(expression), certain):
        check(database, each, expected, around, world)


def check_rows(
    database: Databases, expression: Expression, expected: list[Any], around: Environment, key: Any
) -> None:
    """A set of rows as part of a statement about the row that it belongs to."""
    entity = expression.type.entity or ""
    kind = sql.key_type(STORAGE, entity)
    rows = sql.compile_rows(expression, STORAGE, database.dialect, "each", this="itself")
    supply = {name: value(of, around) for name, of in rows.parameters.items()}
    column = f"{rows.alias}.{STORAGE.column(entity, STORAGE.keys(entity)[0])}"
    statement = f"SELECT {column} FROM task AS itself {rows.joined} WHERE itself.id = '{key}'"
    assert sorted(database.ask_all(statement, supply, kind)) == expected, (statement, supply)


def check(
    database: Databases, expression: Expression, expected: Any, around: Environment, world: World
) -> None:
    key = world.this["id"]
    kind = expression.type
    alias = None if len(str(expression)) % 2 else "itself"
    compiled = sql.compile(expression, STORAGE, database.dialect, value=True, this=alias)
    given = supplied(compiled, around)
    source = "task" if alias is None else f"task AS {alias}"
    statement = f"SELECT {compiled.text} FROM {source} WHERE {alias or 'task'}.id = '{key}'"
    found = asked(database, statement, given, kind)
    if kind.kind == "rows":
        found, expected = sorted(found), sorted(expected)
        check_rows(database, expression, expected, around, key)
    fails = found is OVERFLOWS and can_fail(expression)
    assert fails or found == expected, (statement, given, found, expected)
    if not any(isinstance(node, Aggregate | Distinct | Sorted) for node in nodes(expression)):
        # Of equal decimals with unlike digits, 1.5 and 1.50, any may be the least.
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
    roots={
        "this": "task",
        "now": "ctx.now",
        "found": "page.rows",
        "found.total": "page.total",
        "found.next": "page.next",
    },
    attribute=STORAGE.column,
    keys=lambda entity: tuple(STORAGE.column(entity, name) for name in STORAGE.keys(entity)),
    inputs=lambda source, name: f"{'query' if source == 'params' else source}.{name}",
)


def as_object(row: Any, entity: str) -> Any:
    """A row as emitted code holds it."""
    if row is None:
        return None
    return SimpleNamespace(**{STORAGE.column(entity, name): each for name, each in row.items()})


def as_members(value: Any) -> Any:
    """Objects of a request as emitted code holds them."""
    match value:
        case dict():
            return SimpleNamespace(**{name: as_members(each) for name, each in value.items()})
        case list():
            return [as_members(each) for each in value]
        case _:
            return value


def in_python(expression: Expression, world: World) -> Any:
    source = python.compile(expression, PYTHON)
    needed = {name for names in python.needed(source).values() for name in names}
    known = {**vars(arithmetic), **vars(sequences), "date": date, "datetime": datetime, "UTC": UTC}
    known |= {"timedelta": timedelta, "Decimal": Decimal}
    scope = {
        "task": as_object(world.this, "Task"),
        "caller": as_object(world.caller, "User"),
        "query": as_members(world.params),
        "session": SimpleNamespace(**world.session),
        "page": SimpleNamespace(
            rows=[as_object(row, "Task") for row in world.found], total=world.total, next=world.next
        ),
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
        if not is_local(each) and not _is_local_after_all(each):
            continue
        if expected is OVERFLOWS:
            continue
        found = in_python(each, world)
        if each.type.kind == "rows":
            found = [row.id for row in found]
        fails = found is OVERFLOWS and can_fail(each)
        assert fails or repr(found) == repr(expected), (python.compile(each, PYTHON), found, expected)


def _is_local_after_all(expression: Expression) -> bool:
    """Whether all that would ask the database stands behind a guard that cannot hold here, and was left out."""
    try:
        python.compile(expression, PYTHON)
    except python.NotLocal:
        return False
    return True


@MANY
@given(typed_expressions(), st.data())
def test_compiled_python_agrees_with_the_reference(made: tuple[Type, str], data: Any) -> None:
    agrees_in_python(made[1], made[0], random_world(data.draw))


GROUPED = (
    "size(rows)",
    "size(rows.filter(r, r.rank > 1))",
    "size(rows.map(r, r.owner).distinct())",
    "rows.exists(r, r.rank > 1)",
    "rows.all(r, !(r.rank > 1))",
    "rows.all(r, r.labels.exists(l, l.weight > 0))",
    "rows.map(r, r.rank).max()",
    "rows.map(r, r.title).distinct().min()",
    "rows.filter(r, r.open).map(r, r.price).sum()",
    "rows.map(r, r.cost).avg()",
    "rows.map(r, size(r.labels)).sum()",
    "rows.filter(r, r.open).filter(r, r.checked == true).map(r, r.made_at).max()",
    "rows.map(r, r.owner.name).min()",
)


def grouped(database: Databases, source: str, world: World) -> None:
    """Aggregates of a grouped statement, and questions about the keys of a group."""
    expression = check_source(source, START, msgspec.structs.replace(SCOPE, group="Task"))
    database.fill(world)
    lite = database.dialect == "sqlite"
    listed = "json_group_array(task.id)" if lite else "array_agg(task.id)"
    keys = f"SELECT owner_id, {listed} AS keys FROM task WHERE gone_at IS NULL GROUP BY owner_id"
    forms = {
        "t": (
            "grouped",
            "FROM task AS t WHERE t.gone_at IS NULL AND t.owner_id = '{owner}' GROUP BY t.owner_id",
        ),
        "g.keys": ("group", f"FROM ({keys}) AS g WHERE g.owner_id = '{{owner}}'"),
    }
    for owner in {row["owner"] for row in world.rows["Task"]}:
        members = [row for row in world.rows["Task"] if row["owner"] == owner]
        around = msgspec.structs.replace(environment(world), group=members)
        expected = value(expression, around)
        for name, (option, origin) in forms.items():
            compiled = sql.compile(expression, STORAGE, database.dialect, value=True, **{option: name})
            statement = f"SELECT {compiled.text} {origin.format(owner=owner)}"
            found = asked(database, statement, supplied(compiled, around), expression.type)
            assert OVERFLOWS in (expected, found) or found == expected, (statement, found, expected)


def test_groups_on_sqlite_agree_with_the_reference() -> None:
    database = Sqlite()

    @MANY
    @given(st.sampled_from(GROUPED), st.data())
    def agree(source: str, data: Any) -> None:
        grouped(database, source, random_world(data.draw))

    agree()
    database.close()


@pytest.mark.postgres
def test_groups_on_postgresql_agree_with_the_reference(postgres_url: str) -> None:
    database = Postgres(postgres_url)

    @MANY
    @given(st.sampled_from(GROUPED), st.data())
    def agree(source: str, data: Any) -> None:
        grouped(database, source, random_world(data.draw))

    agree()
    database.close()


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


EDGES = {
    "this.count + 1": {"count": 2**63 - 1},
    "this.count - 2": {"count": -(2**63)},
    "this.count * 2": {"count": 2**62},
    "this.count / -1": {"count": -(2**63)},
    "0 - this.count": {"count": -(2**63)},
    "this.price + this.price": {"price": Decimal("9999999999999999.99")},
    "this.price * this.price": {"price": Decimal("1000000.00")},
    "this.price / 0.000001": {"price": Decimal("9999999999999999.99")},
    "decimal(this.count)": {"count": 10**18},
    "this.ratio * 2.0": {"ratio": 1e308},
    "this.ratio + this.ratio": {"ratio": 1e308},
    "this.ratio / 1e308": {"ratio": 1e-300},
    "this.ratio * this.ratio": {"ratio": 1e-300},
    "int(this.ratio)": {"ratio": 9223372036854775808.0},
    "int(this.ratio) ": {"ratio": -1e19},
    "timestamp(this.day) + duration('1d')": {"day": date(9999, 12, 31)},
    "this.made_at - duration('1s')": {"made_at": datetime(1, 1, 1, tzinfo=UTC)},
    "[this.count, this.count].sum()": {"count": 2**62},
    "this.prices.sum()": {"prices": [Decimal("9999999999999999.99"), Decimal("0.01")]},
}
NEARLY = {
    "this.count + 1": ({"count": 2**63 - 2}, 2**63 - 1),
    "this.count % -1": ({"count": -(2**63)}, 0),
    "this.count / 0": ({"count": 1}, None),
    "-7 / this.count": ({"count": 2}, -3),
    "-7 % this.count": ({"count": 2}, -1),
    "this.price / 3": ({"price": Decimal("0.01")}, Decimal("0.003333")),
    "this.price / 8000": ({"price": Decimal("-0.02")}, Decimal("-0.000003")),
    "this.price * 0.00005": ({"price": Decimal("0.01")}, Decimal("0.000001")),
    "this.price + this.price": ({"price": Decimal("4999999999999999.99")}, Decimal("9999999999999999.98")),
    "this.ratio / 0.0": ({"ratio": 1.0}, None),
    "int(this.ratio)": ({"ratio": -9223372036854775808.0}, -(2**63)),
    "int(this.ratio) ": ({"ratio": -2.9}, -2),
    "this.ratio / 1e308": ({"ratio": 1e-10}, 1e-10 / 1e308),
    "double(this.price)": ({"price": Decimal("1234567890123456.78")}, 1234567890123456.78),
    "double(this.count)": ({"count": 2**53 + 1}, float(2**53)),
    "[this.count, this.count, 0 - this.count].sum()": ({"count": 2**62}, 2**62),
    "timestamp(this.day)": ({"day": date(1, 1, 1)}, datetime(1, 1, 1, tzinfo=UTC)),
    "date(this.made_at)": (
        {"made_at": datetime.fromisoformat("2026-03-01T23:30:00-02:00")},
        date(2026, 3, 2),
    ),
    "this.made_at + duration('1d')": (
        {"made_at": datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)},
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ),
    "string(this.made_at)": ({"made_at": datetime(1, 2, 3, tzinfo=UTC)}, "0001-02-03T00:00:00.000000Z"),
    "size(this.title)": ({"title": "a😀\u0301"}, 3),
    "this.title.upperAscii()": ({"title": "aéß"}, "Aéß"),
    "this.title.trim()": ({"title": "\u00a0 a\u000b"}, "\u00a0 a"),
    "this.title < 'é'": ({"title": "z"}, True),
    "this.title.endsWith('')": ({"title": ""}, True),
}


@cache
def some_world() -> World:
    drawn: list[World] = []

    @settings(max_examples=1, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def draw(data: Any) -> None:
        drawn.append(random_world(data.draw))

    draw()
    return drawn[0]


def edge_world(**fields: Any) -> World:
    """A world with one task whose fields are these."""
    world = deepcopy(some_world())
    world.this.update(fields)
    return world


def answers(database: Databases, source: str, world: World) -> list[Any]:
    """What a database says, and what Python says."""
    expression = check_source(source, START, SCOPE)
    database.fill(world)
    compiled = sql.compile(expression, STORAGE, database.dialect, value=True)
    statement = f"SELECT {compiled.text} FROM task WHERE id = '{world.this['id']}'"
    return [
        asked(database, statement, supplied(compiled, environment(world)), expression.type),
        in_python(expression, world),
        value(expression, environment(world)),
    ]


def edges(database: Databases) -> None:
    for source, fields in EDGES.items():
        assert answers(database, source, edge_world(**fields)) == [OVERFLOWS] * 3, source
    for source, (fields, expected) in NEARLY.items():
        found = answers(database, source, edge_world(**fields))
        assert list(map(repr, found)) == [repr(expected)] * 3, (source, found)


def test_sqlite_and_python_stop_where_the_reference_stops() -> None:
    database = Sqlite()
    edges(database)
    database.close()


@pytest.mark.postgres
def test_postgresql_stops_where_the_reference_stops(postgres_url: str) -> None:
    database = Postgres(postgres_url)
    edges(database)
    database.close()
