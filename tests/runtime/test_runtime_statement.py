"""`sql()`: parameters, optional clauses, and what is left alone."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from backwright_runtime import sql
from backwright_runtime.database.statement import Statement


def test_parameters_are_numbered_for_postgresql_and_named_for_sqlite() -> None:
    statement = sql("SELECT a FROM t WHERE a = :x AND b = :y AND c = :x")
    params = {"x": 1, "y": 2}
    assert statement.render("postgresql", params).text == "SELECT a FROM t WHERE a = $1 AND b = $2 AND c = $1"
    assert statement.render("postgresql", params).names == ("x", "y")
    assert statement.render("sqlite", params).text == "SELECT a FROM t WHERE a = :x AND b = :y AND c = :x"


@pytest.mark.parametrize(
    "literal",
    ["':x {a}'", "'it''s :x {'", '"a:x{"', "now()::text", "E'\\':x{'", "$$ :x { $$", "$f$ :x $$ { $f$"],
)
def test_quotes_casts_and_braces_in_literals_are_left_alone(literal: str) -> None:
    rendered = sql(f"SELECT {literal}, :real").render("postgresql", {"real": 1})
    assert rendered.text == f"SELECT {literal}, $1"
    assert rendered.names == ("real",)


def test_comments_mean_nothing() -> None:
    statement = sql("SELECT 1 -- what's this: {:x\n /* {:y */ WHERE a = :z")
    assert statement.render("postgresql", {"z": 1}).names == ("z",)


def test_a_clause_is_left_out_when_a_parameter_is_unset_or_absent() -> None:
    statement = sql("SELECT a FROM t WHERE a = :a {AND b = :b} {AND c = :c}")
    assert statement.render("postgresql", {"a": 1, "b": UNSET, "c": 3}).names == ("a", "c")
    assert "b =" not in statement.render("sqlite", {"a": 1, "c": 3}).text
    assert statement.render("sqlite", {"a": 1, "b": None, "c": False}).names == ("a", "b", "c")


def test_row_locks_are_dropped_on_sqlite_only() -> None:
    for lock in ("FOR UPDATE", "FOR NO KEY UPDATE"):
        statement = sql(f"SELECT a FROM t\n    {lock}  -- held until the end\n")
        assert statement.render("sqlite", {}).text == "SELECT a FROM t"
        assert statement.render("postgresql", {}).text.endswith(lock)


@pytest.mark.parametrize("text", ["SELECT {a = :a", "SELECT a}", "SELECT {a {b = :b} = :a}", "SELECT {a}"])
def test_clauses_that_are_not_well_formed_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="clause"):
        sql(text)


@given(
    st.text(alphabet="ab:{}'\"$-/* \n", max_size=30),
    st.text(max_size=20).filter(lambda text: "\x00" not in text),
)
def test_a_quoted_literal_reaches_the_database_as_it_is(inner: str, value: str) -> None:
    literal = "'" + inner.replace("'", "''") + "'"
    rendered = sql(f"SELECT {literal}, :value {{WHERE :absent}}").render("sqlite", {"value": value})
    with sqlite3.connect(":memory:") as connection:
        try:
            value.encode()
        except UnicodeEncodeError:
            return
        found = connection.execute(rendered.text, {"value": value}).fetchone()
    connection.close()
    assert found == (inner, value)


def test_reads_are_told_from_writes() -> None:
    assert sql("SELECT 'INSERT' FROM t -- DELETE").is_read
    assert sql("WITH a AS (SELECT 1) SELECT * FROM a").is_read
    assert not sql("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a").is_read
    assert not sql("DELETE FROM t RETURNING id").is_read


def test_where_true_is_left_out_where_nothing_needs_it() -> None:
    statement = sql("SELECT count(*) FROM t\n    WHERE TRUE\n      {AND a = :a}\n      {AND b = :b}")
    assert statement.render("sqlite", {}).text == "SELECT count(*) FROM t"
    for dialect in ("sqlite", "postgresql"):
        assert "TRUE" not in statement.render(dialect, {"b": 1}).text
    assert statement.render("sqlite", {"a": 1, "b": 2}).text.split() == (
        ["SELECT", "count(*)", "FROM", "t", "WHERE", "a", "=", ":a", "AND", "b", "=", ":b"]
    )
    assert sql("SELECT 'WHERE TRUE' {|| :a}").render("sqlite", {}).text == "SELECT 'WHERE TRUE'"
    ordered = sql("SELECT a FROM t WHERE TRUE {AND a = :a} ORDER BY a").render("sqlite", {}).text
    assert ordered.split() == ["SELECT", "a", "FROM", "t", "WHERE", "TRUE", "ORDER", "BY", "a"]


def postgresql(statement: Statement, **params: Any) -> tuple[str, list[Any]]:
    rendered = statement.render("postgresql", params)
    return " ".join(rendered.text.split()), rendered.arguments(params)


def test_a_list_of_one_key_is_that_key() -> None:
    of = sql("SELECT id FROM a WHERE id = ANY(:keys) {AND b = :b}")
    assert postgresql(of, keys=[7], b=UNSET) == ("SELECT id FROM a WHERE id = $1", [7])
    assert postgresql(of, keys=[7], b=1) == ("SELECT id FROM a WHERE id = $1 AND b = $2", [7, 1])
    assert postgresql(of, keys=[7, 8], b=UNSET) == ("SELECT id FROM a WHERE id = ANY($1)", [[7, 8]])
    assert postgresql(of, keys=[], b=UNSET) == ("SELECT id FROM a WHERE id = ANY($1)", [[]])
    twice = sql("SELECT id FROM a WHERE id = ANY(:keys) OR b = ANY(:keys)")
    assert "ANY" in postgresql(twice, keys=[7])[0]
    said = sql("SELECT id, '= ANY(:keys)' FROM a WHERE id = ANY(:keys)")
    assert postgresql(said, keys=[7])[1] == [[7]], "a string is left alone"
    of_rows = sql("SELECT id FROM a WHERE :tag = ANY(a.tags)")
    assert postgresql(of_rows, tag="x") == ("SELECT id FROM a WHERE $1 = ANY(a.tags)", ["x"])


def test_the_first_limits_are_written_into_a_page() -> None:
    page = sql("SELECT id FROM a ORDER BY id LIMIT :limit OFFSET :offset")
    assert postgresql(page, limit=20, offset=0) == ("SELECT id FROM a ORDER BY id LIMIT 20", [])
    assert postgresql(page, limit=20, offset=40) == ("SELECT id FROM a ORDER BY id LIMIT 20 OFFSET $1", [40])
    for limit in range(1, 4):
        assert f"LIMIT {limit}" in postgresql(page, limit=limit, offset=0)[0]
    assert postgresql(page, limit=5, offset=0) == ("SELECT id FROM a ORDER BY id LIMIT $1 OFFSET $2", [5, 0])
    assert "LIMIT 20" in postgresql(page, limit=20, offset=0)[0]
    assert "LIMIT :limit" in page.render("sqlite", {"limit": 20, "offset": 0}).text
