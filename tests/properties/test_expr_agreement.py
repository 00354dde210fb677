"""Four meanings of one expression agree: reference, Python, SQLite and PostgreSQL.

Random well-typed expressions over random rows. The reference is written from the semantics and shares no code
with the compilers; the databases are asked for the value and for whether the row is found.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from expr_scope import NAMES, STORAGE, column, lookup, meaning, rule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backwright.expr import python, sql
from backwright.expr.fold import fold
from backwright.expr.typed import Expression, Input, Member, Name
from backwright.reference.evaluate import Environment, Overflow, evaluate
from backwright.spec.diagnostics import SpecificationError
from backwright_runtime import arithmetic, sequences
from backwright_runtime.database.functions import register

KEEPERS = [UUID(int=n) for n in (1, 2)]
DAYS = [date(2026, 1, 1), date(2026, 1, 2)]
TIMES = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=n) for n in (0, 1)]
TEXTS = ["", "a", "B", "é", "ß", "😀", "\uffff", "it's", ":x {y}"]
NUMBERS = [-7, -1, 0, 1, 2, 9]
COLUMNS = {
    "id": ("uuid", "TEXT"),
    "label": ("text", "TEXT"),
    "note": ("text", "TEXT"),
    "weight": ("bigint", "INTEGER"),
    "rank": ("bigint", "INTEGER"),
    "open": ("boolean", "INTEGER"),
    "checked": ("boolean", "INTEGER"),
    "due": ("date", "TEXT"),
    "made_at": ("timestamptz", "TEXT"),
    "state": ("text", "TEXT"),
    "keeper_id": ("uuid", "TEXT"),
    "deputy_id": ("uuid", "TEXT"),
}


def either(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def combined(form: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(parts).map(lambda chosen: form.format(**chosen))


def integers(depth: int) -> st.SearchStrategy[str]:
    leaf = either(
        "this.weight", "this.rank", "params.rank", "params.least", "0", "2", "-3", "size(this.label)"
    )
    leaf |= either("size(this.note)", "size(caller.name)")
    if depth == 0:
        return leaf
    inner = integers(depth - 1)
    computed = combined("({a} {op} {b})", a=inner, b=inner, op=either("+", "-", "*", "/", "%"))
    chosen = combined("({c} ? {a} : {b})", c=conditions(depth - 1), a=inner, b=inner)
    return leaf | computed | chosen | combined("-{a}", a=leaf)


def conditions(depth: int) -> st.SearchStrategy[str]:
    equal, order = either("==", "!="), either("<", "<=", ">", ">=")
    text = either(
        "this.label", "this.note", "params.label", "params.note", "caller.name", "'B'", "'it\\'s :x'"
    )
    key = either("this.keeper", "this.deputy", "caller", "params.caller")
    leaf = either("this.open", "true", "caller.chief", "this.checked == true", "this.state == 'new'")
    leaf |= combined(
        "{a} {op} null",
        op=equal,
        a=either("this.rank", "caller", "this.deputy", "this.due", "params.note", "this.checked"),
    )
    leaf |= combined("{a} {op} {b}", a=text, b=text, op=equal | order) | combined(
        "{a} {op} {b}", a=key, b=key, op=equal
    )
    leaf |= either(
        "this.made_at < now",
        "now <= this.made_at",
        "this.made_at >= params.since",
        "this.open != params.open",
    )
    leaf |= either(
        "this.state in ['new', 'kept']",
        "this.rank in [1, null, params.rank]",
        "params.rank in [1, this.weight]",
    )
    if depth == 0:
        return leaf
    inner, number = conditions(depth - 1), integers(depth - 1)
    logic = combined("({a} {op} {b})", a=inner, b=inner, op=either("&&", "||")) | combined("!({a})", a=inner)
    logic |= combined("(({a}) == ({b}))", a=inner, b=inner) | combined(
        "(({c}) ? ({a}) == true : ({b}) == true)", c=inner, a=inner, b=inner
    )
    numeric = combined("{a} {op} {b}", a=number, b=number, op=equal | order)
    return (
        leaf
        | logic
        | logic
        | numeric
        | combined("{a} in [2, {b}]", a=either("this.weight", "this.rank"), b=number)
    )


def understood(source: str) -> Expression:
    """A condition where it is one, else a value."""
    try:
        return rule(source)
    except SpecificationError:
        return meaning(source)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


ROWS = st.fixed_dictionaries(
    {
        "id": st.just(UUID(int=9)),
        "label": st.sampled_from(TEXTS),
        "note": maybe(st.sampled_from(TEXTS)),
        "weight": st.sampled_from(NUMBERS),
        "rank": maybe(st.sampled_from(NUMBERS)),
        "open": st.booleans(),
        "checked": maybe(st.booleans()),
        "due": maybe(st.sampled_from(DAYS)),
        "made_at": st.sampled_from(TIMES),
        "state": st.sampled_from(["new", "kept"]),
        "keeper": st.sampled_from(KEEPERS),
        "deputy": maybe(st.sampled_from(KEEPERS)),
    }
)
CALLERS = maybe(
    st.fixed_dictionaries(
        {"id": st.sampled_from(KEEPERS), "name": st.sampled_from(TEXTS), "chief": st.booleans()}
    )
)
PARAMS = st.fixed_dictionaries(
    {
        "open": st.booleans(),
        "rank": maybe(st.sampled_from(NUMBERS)),
        "least": st.sampled_from(NUMBERS),
        "label": st.sampled_from(TEXTS),
        "note": maybe(st.sampled_from(TEXTS)),
        "since": st.sampled_from(TIMES),
        "until": st.sampled_from(TIMES),
        "caller": st.sampled_from(KEEPERS),
    }
)
WORLDS = st.builds(
    lambda this, caller, params: Environment(
        now=TIMES[1],
        keys={"Box": ("id",), "Keeper": ("id",)},
        rows={},
        this=this,
        caller=caller,
        params=params,
    ),
    ROWS,
    CALLERS,
    PARAMS,
)
SOURCES = conditions(3) | integers(2)
PLENTY = settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))


def in_python(expression: Expression, world: Environment, *, known: bool = False) -> Any:
    """The value that the compiled Python gives."""
    names = NAMES if not known else type(NAMES)(roots=NAMES.roots, attribute=column, caller_known=True)
    this = world.this or {}
    scope = {
        "box": SimpleNamespace(**{column("Box", field): value for field, value in this.items()}),
        "caller": None if world.caller is None else SimpleNamespace(**world.caller),
        "query": SimpleNamespace(**world.params),
        "ctx": SimpleNamespace(now=world.now),
        **vars(arithmetic),
        **vars(sequences),
    }
    return eval(python.compile(expression, names), scope)


def supplied(parameter: Expression, world: Environment) -> Any:
    """What an emitted repository passes for a parameter."""
    assert isinstance(parameter, Name | Input | Member)
    return evaluate(parameter, world)


def as_sqlite(value: Any) -> Any:
    match value:
        case bool():
            return int(value)
        case UUID():
            return str(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case _:
            return value


def ordered(world: Environment) -> list[Any]:
    """The row's values in the order of the columns."""
    this = world.this or {}
    return [this.get(name, this.get(name.removesuffix("_id"))) for name in COLUMNS]


def opened_sqlite() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.create_collation("C", lambda a, b: (a > b) - (a < b))
    register(connection)
    types = ", ".join(f"{name} {kind}" for name, (_, kind) in COLUMNS.items())
    connection.execute(f"CREATE TABLE box ({types}) STRICT")
    return connection


def in_sqlite(
    connection: sqlite3.Connection, compiled: sql.SqlText, world: Environment, statement: str
) -> Any:
    connection.execute("DELETE FROM box")
    marks = ", ".join("?" * len(COLUMNS))
    connection.execute(f"INSERT INTO box VALUES ({marks})", [as_sqlite(value) for value in ordered(world)])
    parameters = {name: as_sqlite(supplied(of, world)) for name, of in compiled.parameters.items()}
    return connection.execute(statement.replace("%", compiled.text, 1), parameters).fetchone()[0]


def numbered(compiled: sql.SqlText) -> tuple[str, list[str]]:
    """`:name` as `$1`, outside of strings."""
    order: list[str] = []

    def mark(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match.group()
        if match["name"] not in order:
            order.append(match["name"])
        return f"${order.index(match['name']) + 1}"

    return re.sub(r"'(?:[^']|'')*'|::|:(?P<name>\w+)", mark, compiled.text), order


def agreed(
    source: str, world: Environment, database: Callable[[sql.SqlText, Environment, str], Any], dialect: Any
) -> None:
    """The database computes the value of the reference, and finds the row exactly when a condition holds."""
    expression = understood(source)
    try:
        expected = evaluate(expression, world)
    except Overflow:
        return
    for known in (expression, fold(expression, caller_known=world.caller is not None, lookup=lookup)):
        value = sql.compile(known, STORAGE, dialect, value=True)
        if not value.text.startswith(":") or " " in value.text:  # SET types a bare parameter, SELECT cannot
            assert database(value, world, "SELECT % FROM box") == expected, value.text
        if known.type.kind == "boolean":
            where = sql.compile(known, STORAGE, dialect)
            found = database(where, world, "SELECT count(*) FROM box WHERE %")
            assert found == int(expected is True), where.text


@PLENTY
@given(SOURCES, WORLDS)
def test_compiled_python_agrees_with_the_reference(source: str, world: Environment) -> None:
    expression = understood(source)
    try:
        expected = evaluate(expression, world)
    except Overflow:
        return
    assert in_python(expression, world) == expected
    assert in_python(fold(expression), world) == expected
    if world.caller is not None:
        certain = fold(expression, caller_known=True, lookup=lookup)
        assert in_python(certain, world, known=True) == expected
        assert evaluate(certain, world) == expected


@PLENTY
@given(SOURCES, WORLDS)
def test_sqlite_agrees_with_the_reference(source: str, world: Environment) -> None:
    connection = opened_sqlite()
    agreed(source, world, lambda *asked: in_sqlite(connection, *asked), "sqlite")
    connection.close()


@pytest.mark.postgres
def test_postgresql_agrees_with_the_reference(postgres_url: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(postgres_url))
        types = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
        runner.run(connection.execute(f"CREATE TEMPORARY TABLE box ({types})"))
        marks = ", ".join(f"${n + 1}" for n in range(len(COLUMNS)))

        def asked(compiled: sql.SqlText, world: Environment, statement: str) -> Any:
            text, order = numbered(compiled)
            values = [supplied(compiled.parameters[name], world) for name in order]
            runner.run(connection.execute("DELETE FROM box"))
            runner.run(connection.execute(f"INSERT INTO box VALUES ({marks})", *ordered(world)))
            return runner.run(connection.fetchval(statement.replace("%", text, 1), *values))

        @settings(PLENTY, max_examples=400)
        @given(SOURCES, WORLDS)
        def agrees(source: str, world: Environment) -> None:
            agreed(source, world, asked, "postgresql")

        agrees()
        runner.run(connection.close())


BIG = 2**63 - 1


@pytest.mark.parametrize(
    "source",
    [
        "this.weight + 1 > 0",
        "this.weight * 2 - this.weight > 0",
        "(this.weight + 1) / 0 == null",
        "-(-this.weight - 1) > 0",
        "(-this.weight - 1) / -1 > 0",
        "(this.weight + 1) % 2 == 1",
    ],
)
def test_overflow_fails_everywhere(source: str) -> None:
    """SQLite would go on with a rounded number."""
    world = Environment(now=TIMES[0], keys={}, rows={}, this=dict.fromkeys(COLUMNS) | {"weight": BIG})
    expression = meaning(source)
    with pytest.raises(Overflow):
        evaluate(expression, world)
    with pytest.raises(OverflowError):
        in_python(expression, world)
    connection = opened_sqlite()
    with pytest.raises(sqlite3.Error, match=r"integer overflow|too big"):
        in_sqlite(connection, sql.compile(expression, STORAGE, "sqlite"), world, "SELECT % FROM box")
    connection.close()


def test_the_least_integer_is_a_literal_everywhere() -> None:
    world = Environment(now=TIMES[0], keys={}, rows={}, this=dict.fromkeys(COLUMNS) | {"weight": -(2**63)})
    expression = meaning("this.weight == -9223372036854775808")
    assert evaluate(expression, world) is True
    assert in_python(expression, world) is True
    connection = opened_sqlite()
    assert in_sqlite(connection, sql.compile(expression, STORAGE, "sqlite"), world, "SELECT % FROM box") == 1
    connection.close()
