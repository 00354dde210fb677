"""Rules over relations mean the same to the reference, SQLite and PostgreSQL, for stored rows and candidates."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from expr_scope import Stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backwright.expr import sql
from backwright.expr.check import Scope, check_source
from backwright.expr.fold import fold
from backwright.expr.given import given as known_where_it_is
from backwright.expr.setwise import setwise
from backwright.expr.typed import BOOLEAN, Expression, Type, Within
from backwright.expr.walk import is_local
from backwright.reference.evaluate import Environment, evaluate
from backwright.spec.diagnostics import Place
from backwright_runtime.database.functions import register

FIELDS = {
    ("Org", "id"): Type("uuid"),
    ("Org", "owner"): Type("entity", True, entity="User"),
    ("Member", "id"): Type("uuid"),
    ("Member", "org"): Type("entity", True, entity="Org"),
    ("Member", "user"): Type("entity", entity="User"),
    ("Member", "rank"): Type("integer", True),
    ("Member", "active"): Type("boolean"),
    ("User", "id"): Type("uuid"),
    ("User", "name"): Type("string"),
    ("User", "home"): Type("entity", True, entity="Org"),
}
INVERSES = {
    ("Org", "members"): ("Member", "org"),
    ("User", "members"): ("Member", "user"),
    ("User", "owned"): ("Org", "owner"),
    ("Org", "residents"): ("User", "home"),
}
ENTITIES = ("User", "Org", "Member")
KEYS = {entity: [UUID(int=100 * n + k) for k in range(3)] for n, entity in enumerate(ENTITIES, 1)}
COMPUTED = {
    ("Org", "is_member"): "this.members.exists(m, m.user == caller)",
    ("User", "is_known"): "this.home.is_member == true || size(this.members) > 1",
}


def lookup(entity: str, field: str) -> Type | None:
    return FIELDS.get((entity, field))


def scope(this: str) -> Scope:
    return Scope(
        this=this,
        caller="User",
        lookup=lookup,
        related=lambda entity, name: INVERSES.get((entity, name)),
        computed=value,
    )


def value(entity: str, name: str) -> Expression | None:
    source = COMPUTED.get((entity, name))
    return None if source is None else check_source(source, Place("x", 1, 1), scope(entity))


def rule(source: str) -> Expression:
    return check_source(source, Place("x", 1, 1), scope("Member"), BOOLEAN)


def table(entity: str) -> str:
    return {"User": '"user"'}.get(entity, entity.lower())


STORAGE = Stored(lookup, table)


def condition(draw: Any, rows: dict[str, str], depth: int) -> str:
    """A condition over the rows in scope: their names to their entities."""

    def reached(entity: str) -> str:
        """A path to a row of an entity."""
        starts = {**rows, "caller": "User"}
        paths = [name for name, of in starts.items() if of == entity]
        for name, of in starts.items():
            for (holder, field), kind in FIELDS.items():
                if holder == of and kind.entity == entity:
                    paths.append(f"{name}.{field}")
                if holder == of and kind.entity:
                    paths += [
                        f"{name}.{field}.{last}"
                        for (second, last), end in FIELDS.items()
                        if second == kind.entity and end.entity == entity
                    ]
        return str(draw(st.sampled_from(paths)))

    def set_of_rows() -> tuple[str, str]:
        (target, name), (entity, _) = draw(st.sampled_from(sorted(INVERSES.items())))
        return f"{reached(target)}.{name}", entity

    def leaf() -> str:
        kind = draw(st.integers(0, 4))
        if kind == 0:
            entity = draw(st.sampled_from(["User", "Org"]))
            return f"{reached(entity)} {draw(st.sampled_from(['==', '!=']))} {reached(entity)}"
        if kind == 1:
            return f"size({set_of_rows()[0]}) {draw(st.sampled_from(['==', '<', '>']))} 1"
        if kind == 2:
            return f"{reached('User')}.name {draw(st.sampled_from(['<', '!=', '==']))} 'b'"
        if kind == 3:
            place = draw(st.sampled_from([("Org", "is_member"), ("User", "is_known")]))
            return f"({reached(place[0])}.{place[1]}) in [true]"
        ranked = [name for name, of in rows.items() if of == "Member"]
        return f"{draw(st.sampled_from(ranked))}.rank < 2" if ranked else "true"

    if depth == 0:
        return leaf()
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return f"!({condition(draw, rows, depth - 1)})"
    if kind == 1:
        op = draw(st.sampled_from(["&&", "||", "=="]))
        return f"(({condition(draw, rows, depth - 1)}) {op} ({condition(draw, rows, depth - 1)}))"
    if kind == 2 or len(rows) > 2:
        return leaf()
    source, entity = set_of_rows()
    variable = f"v{len(rows)}"
    inner = condition(draw, {**rows, variable: entity}, depth - 1)
    if kind == 3:
        return f"size({source}.filter({variable}, {inner})) {draw(st.sampled_from(['<', '==']))} 1"
    return f"{source}.{draw(st.sampled_from(['exists', 'all']))}({variable}, {inner})"


@st.composite
def sources(draw: Any) -> str:
    return condition(draw, {"this": "Member"}, 3)


def keys(entity: str) -> st.SearchStrategy[UUID]:
    return st.sampled_from(KEYS[entity])


ROWS = {
    "User": {"name": st.sampled_from(["a", "b", "C"]), "home": st.none() | keys("Org")},
    "Org": {"owner": st.none() | keys("User")},
    "Member": {
        "org": st.none() | keys("Org"),
        "user": keys("User"),
        "rank": st.none() | st.integers(1, 3),
        "active": st.booleans(),
    },
}
STATES = st.fixed_dictionaries(
    {
        entity: st.tuples(
            *(st.fixed_dictionaries({"id": st.just(key), **ROWS[entity]}) for key in KEYS[entity])
        ).map(list)
        for entity in ENTITIES
    }
)
CANDIDATES = st.fixed_dictionaries(
    {"id": st.sampled_from([KEYS["Member"][0], UUID(int=9)]), **ROWS["Member"]}
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLENTY = settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
Asked = Callable[[str, dict[str, Any]], Any]


def agreed(
    source: str, state: dict[str, list[Any]], caller: int | None, new: Any, ask: Asked, dialect: Any
) -> None:
    row = None if caller is None else state["User"][caller]
    plain = rule(source)
    folded = fold(plain, caller_known=row is not None, lookup=lookup)
    for expression in (plain, folded, setwise(plain), setwise(folded), known_where_it_is(folded)):
        for this in (*state["Member"], new):
            stored = any(this is each for each in state["Member"])
            world = Environment(
                now=NOW, keys=dict.fromkeys(ENTITIES, ("id",)), rows=state, this=this, caller=row
            )
            expected = evaluate(plain, world)
            assert evaluate(expression, world) == expected
            for exact in (True, False):
                compiled = sql.compile(
                    expression, STORAGE, dialect, value=exact, this="member", candidate=not stored
                )
                given = {name: evaluate(of, world) for name, of in compiled.parameters.items()}
                if exact and stored:
                    text = f"SELECT {compiled.text} FROM member WHERE member.id = '{this['id']}'"
                elif stored:
                    text = (
                        f"SELECT count(*) FROM member WHERE member.id = '{this['id']}' AND ({compiled.text})"
                    )
                else:
                    text = f"SELECT count(*) FROM (SELECT 1 AS one) AS o WHERE {compiled.text}"
                assert bool(ask(text, given)) == expected, (text, given)
                if exact and stored:
                    assert ask(text, given) is not None, text


CREATE = {
    '"user"': ("id {u}", "name text", "home_id {u}"),
    "org": ("id {u}", "owner_id {u}"),
    "member": ("id {u}", "org_id {u}", "user_id {u}", "rank {i}", "active {b}"),
}


def stored(entity: str, row: dict[str, Any]) -> list[Any]:
    """The row's values in the order of the columns."""
    return [row["id"], *(row[name] for name in ROWS[entity])]


def as_sqlite(given: Any) -> Any:
    return str(given) if isinstance(given, UUID) else given


@PLENTY
@given(sources(), STATES, st.none() | st.integers(0, 2), CANDIDATES)
def test_sqlite_agrees_with_the_reference(source: str, state: Any, caller: int | None, new: Any) -> None:
    connection = sqlite3.connect(":memory:")
    connection.create_collation("C", lambda a, b: (a > b) - (a < b))
    register(connection)
    for name, columns in CREATE.items():
        kinds = ", ".join(columns).format(u="TEXT", i="INTEGER", b="INTEGER")
        connection.execute(f"CREATE TABLE {name} ({kinds}) STRICT")
    for entity, rows in state.items():
        for row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT INTO {table(entity)} VALUES ({marks})", [*map(as_sqlite, stored(entity, row))]
            )

    def ask(text: str, given: dict[str, Any]) -> Any:
        return connection.execute(text, {name: as_sqlite(each) for name, each in given.items()}).fetchone()[0]

    agreed(source, state, caller, new, ask, "sqlite")
    connection.close()


@pytest.mark.postgres
def test_postgresql_agrees_with_the_reference(postgres_url: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(postgres_url))
        for name, columns in CREATE.items():
            kinds = ", ".join(columns).format(u="uuid", i="bigint", b="boolean")
            runner.run(connection.execute(f"CREATE TEMPORARY TABLE {name} ({kinds})"))

        def ask(text: str, given: dict[str, Any]) -> Any:
            order = list(given)
            numbered = re.sub(r"(?<!:):([a-z_]\w*)", lambda found: f"${order.index(found[1]) + 1}", text)
            return runner.run(connection.fetchval(numbered, *given.values()))

        @settings(PLENTY, max_examples=100)
        @given(sources(), STATES, st.none() | st.integers(0, 2), CANDIDATES)
        def agrees(source: str, state: Any, caller: int | None, new: Any) -> None:
            for entity, rows in state.items():
                runner.run(connection.execute(f"DELETE FROM {table(entity)}"))
                for row in rows:
                    marks = ", ".join(f"${n + 1}" for n in range(len(row)))
                    insert = f"INSERT INTO {table(entity)} VALUES ({marks})"
                    runner.run(connection.execute(insert, *stored(entity, row)))
            agreed(source, state, caller, new, ask, "postgresql")

        agrees()
        runner.run(connection.close())


def test_rows_that_belong_to_one_name_it() -> None:
    once = setwise(check_source("this.members.all(m, m.org.owner == caller)", Place("x", 1, 1), scope("Org")))
    assert "field='org'" not in repr(once).split("condition=")[1]


def test_a_row_behind_a_reference_is_found_by_its_field() -> None:
    assert isinstance(setwise(rule("this.user.name == 'a'")), Within)
    assert isinstance(setwise(rule("'a' == this.user.name")), Within)
    assert not isinstance(setwise(rule("this.user.name != 'a'")), Within)
    assert not isinstance(setwise(rule("this.user.name == this.org.owner.name")), Within)


def test_a_path_through_a_reference_is_not_local() -> None:
    assert not is_local(rule("this.org.owner == caller"))
    assert is_local(rule("this.user == caller && caller.name == 'a'"))


def test_a_choice_that_ends_in_null_is_two_conditions() -> None:
    chosen = "(this.org != null ? this.org.owner == caller : null) == true"
    assert fold(rule(chosen)) == fold(rule("this.org != null && this.org.owner == caller"))
    may_fail = "(this.rank != null ? this.rank + 1 > 2 : null) == true"
    assert fold(rule(may_fail)) != fold(rule("this.rank != null && this.rank + 1 > 2"))
