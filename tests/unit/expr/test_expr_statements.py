"""What expressions about relations, lists, decimals and groups become on each database."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from expr_sql_world import STORAGE, WorldStorage
from expr_world import FIELDS, SCOPE, row_of

from backwright.expr import sql
from backwright.expr.check import check_source
from backwright.expr.typed import Expression, Type
from backwright.spec.diagnostics import Place
from backwright_runtime.database.statement import for_sqlite

START = Place("backwright.yaml", 3, 10)


def meaning(source: str, **scope: Any) -> Expression:
    return check_source(source, START, msgspec.structs.replace(SCOPE, **scope))


def both(source: str, **options: Any) -> sql.Both:
    return sql.both(meaning(source), STORAGE, **options)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("params.word in this.tags", ":word = ANY(tags)"),
        ("this.title.startsWith(params.word)", "starts_with(title, :word::text)"),
        ("this.title.endsWith('a')", "starts_with(reverse(title), reverse('a'))"),
        ("this.title.contains('a')", "strpos(title, 'a') > 0"),
        ("this.price < params.limit", "price < :limit"),
        ("this.day == date('2026-01-31')", "day = '2026-01-31'"),
        ("session.expires_at < now", ":session_expires_at::timestamptz < :now::timestamptz"),
        ("total > 1", ":found_total::bigint > 1"),
        (
            "this.team.lead == params.user",
            "(SELECT t.lead_id FROM team AS t WHERE t.code = task.team_id) = :user",
        ),
        (
            "this.labels.exists(l, l.weight > 3)",
            "EXISTS (SELECT 1 FROM task_labels, label AS l WHERE task_labels.task_id = task.id"
            " AND l.id = task_labels.label_id AND l.gone_at IS NULL AND l.weight > 3)",
        ),
        (
            "this.seats.exists(s, s.user == params.user)",
            "EXISTS (SELECT 1 FROM seat AS s WHERE s.task_id = task.id AND s.user_id = :user)",
        ),
        (
            "params.user in this.team.members",
            ':user IN (SELECT u.id FROM "user" AS u WHERE u.team_id = task.team_id)',
        ),
        (
            "this.seats.exists(s, this.owner.seats.exists(t, t == s))",
            "EXISTS (SELECT 1 FROM seat AS s WHERE s.task_id = task.id AND EXISTS (SELECT 1 FROM seat AS t"
            " WHERE t.user_id = task.owner_id AND (t.task_id, t.user_id) = (s.task_id, s.user_id)))",
        ),
        (
            "size(this.team.members.filter(m, m.chief))",
            '(SELECT count(*) FROM "user" AS m WHERE m.team_id = task.team_id AND m.chief)',
        ),
        ("string(this.mark)", "CAST(mark AS text)"),
    ],
)
def test_one_text_serves_both(source: str, text: str) -> None:
    found = both(source)
    assert found.postgresql.text == text
    assert found.portable, found.sqlite.text


@pytest.mark.parametrize(
    ("source", "postgresql", "sqlite"),
    [
        ("this.price < 1.5", "price < 1.5", "price < 150"),
        (
            "this.price != this.cost",
            "price IS DISTINCT FROM cost",
            "decimal_rank(decimal_text(price, 2)) IS DISTINCT FROM decimal_rank(decimal_text(cost, 4))",
        ),
        (
            "this.price * 1.5",
            "CAST(price * 1.5 AS numeric(18, 6))",
            "decimal_multiply(price, 2, 15, 1, 6)",
        ),
        (
            "this.team.members.map(m, m.tasks.map(t, t.price).sum()).max()",
            "(SELECT max((SELECT CAST(COALESCE(sum(t.price), 0) AS numeric(18, 2)) FROM task AS t"
            " WHERE t.owner_id = m.id AND t.gone_at IS NULL))"
            ' FROM "user" AS m WHERE m.team_id = task.team_id)',
            "(SELECT max((SELECT COALESCE(decimal_sum(t.price, 2, 2), 0) FROM task AS t"
            " WHERE t.owner_id = m.id AND t.gone_at IS NULL))"
            ' FROM "user" AS m WHERE m.team_id = task.team_id)',
        ),
        (
            "Task.map(t, t.tags).flatten().distinct().sort()",
            'ARRAY(SELECT DISTINCT element.value COLLATE "C" FROM task AS t, unnest(t.tags) AS element(value)'
            " WHERE t.gone_at IS NULL ORDER BY 1 NULLS FIRST)",
            "list_sorted(list_distinct((SELECT json_group_array(listed.value) FROM (SELECT element.value AS value"
            " FROM task AS t, json_each(t.tags) AS element WHERE t.gone_at IS NULL ORDER BY t.id, element.key)"
            " AS listed)))",
        ),
        (
            "params.lines.map(l, l.count).sum()",
            "(SELECT CAST(COALESCE(sum(CAST(l.value ->> 'count' AS bigint)), 0) AS bigint)"
            " FROM jsonb_array_elements(:lines::jsonb) AS l(value))",
            "(SELECT COALESCE(integer_sum((l.value ->> 'count')), 0) FROM json_each(:lines) AS l)",
        ),
        ("this.count + 1", "count + 1", "integer_add(count, 1)"),
        (
            "now + duration('1d')",
            ":now::timestamptz + interval '86400 seconds'",
            "timestamp_add(:now, 86400000000)",
        ),
    ],
)
def test_each_database_has_its_own_text(source: str, postgresql: str, sqlite: str) -> None:
    found = both(source, value=True)
    assert found.postgresql.text == postgresql
    assert found.sqlite.text == sqlite
    assert not found.portable


def test_a_set_of_rows_is_joined_to_the_rows_that_it_belongs_to() -> None:
    found = sql.compile_rows(
        meaning("this.labels.filter(l, l.weight > params.least)"), STORAGE, "postgresql", "tag", this="task"
    )
    assert (found.table, found.alias, list(found.parameters)) == ("label", "tag", ["least"])
    assert found.joined == (
        "JOIN task_labels ON task_labels.task_id = task.id\n"
        "JOIN label AS tag ON tag.id = task_labels.label_id AND tag.gone_at IS NULL AND tag.weight > :least"
    )
    children = sql.compile_rows(meaning("this.children"), STORAGE, "sqlite", "child", this="parent")
    assert children.joined == "JOIN task AS child ON child.parent_id = parent.id AND child.gone_at IS NULL"
    assert children.alone == "FROM task AS child\nWHERE child.parent_id = parent.id AND child.gone_at IS NULL"


def test_a_name_is_a_row_of_the_statement_where_it_has_an_alias() -> None:
    expression = meaning("seat.user == this.owner", variables={"seat": row_of("Seat")})
    found = sql.compile(expression, STORAGE, "sqlite", this="task", variables={"seat": "s"})
    assert found.text == "s.user_id = task.owner_id"
    assert sql.compile(expression, STORAGE, "sqlite").text == ":seat_user = owner_id"


@pytest.mark.parametrize(
    ("source", "postgresql", "sqlite"),
    [
        ("size(rows)", "count(*)", "count(*)"),
        ("size(rows.filter(r, r.open))", "count(*) FILTER (WHERE t.open)", "count(*) FILTER (WHERE t.open)"),
        (
            "rows.exists(r, r.rank > 1)",
            "count(*) FILTER (WHERE t.rank > 1) > 0",
            "count(*) FILTER (WHERE t.rank > 1) > 0",
        ),
        (
            "rows.all(r, r.open)",
            "count(*) FILTER (WHERE NOT t.open) = 0",
            "count(*) FILTER (WHERE NOT t.open) = 0",
        ),
        ("rows.map(r, r.count).max()", "max(t.count)", "max(t.count)"),
        (
            "rows.filter(r, r.open).map(r, r.price).sum()",
            "CAST(COALESCE(sum(CASE WHEN t.open THEN t.price END), 0) AS numeric(18, 2))",
            "COALESCE(decimal_sum(CASE WHEN t.open THEN t.price END, 2, 2), 0)",
        ),
        ("size(rows.map(r, r.owner).distinct())", "count(DISTINCT t.owner_id)", "count(DISTINCT t.owner_id)"),
    ],
)
def test_what_is_asked_of_a_group_is_an_aggregate(source: str, postgresql: str, sqlite: str) -> None:
    expression = meaning(source, group="Task")
    found = sql.both(expression, STORAGE, value=True, grouped="t", this="t")
    assert (found.postgresql.text, found.sqlite.text) == (postgresql, sqlite)


@pytest.mark.parametrize("source", ["rows.map(r, r.count).sort()", "size(rows.map(r, r.rank).distinct())"])
def test_what_no_aggregate_says_is_asked_of_the_keys_of_a_group(source: str) -> None:
    expression = meaning(source, group="Task")
    with pytest.raises(sql.NotCompiled):
        sql.compile(expression, STORAGE, "postgresql", value=True, grouped="t")
    found = sql.compile(expression, STORAGE, "postgresql", value=True, group="g.keys")
    assert "unnest(g.keys) WITH ORDINALITY AS given(value, key)" in found.text


class Sealed(WorldStorage):
    """Where the notes are encrypted."""

    def encrypted(self, entity: str, field: str) -> bool:
        return (entity, field) == ("Task", "note")


def test_an_encrypted_column_is_compared_with_what_is_encrypted_alike() -> None:
    found = sql.compile(
        meaning("this.note == params.hint && this.title != params.hint"), Sealed(), "postgresql"
    )
    assert found.text == "note IS NOT DISTINCT FROM :sealed_hint AND title IS DISTINCT FROM :hint"
    assert found.sealed == {"sealed_hint": ("Task", "note")}
    assert list(found.parameters) == ["sealed_hint", "hint"]
    listed = sql.compile(meaning("this.note in ['a', params.word]"), Sealed(), "sqlite")
    assert listed.text == "note IN (:sealed_constant, :sealed_word)"
    assert sql.compile(meaning("this.note == null"), Sealed(), "sqlite").text == "note IS NULL"


@pytest.mark.parametrize(
    "source", ["this.note < 'a'", "this.note.startsWith('a')", "this.note == this.title"]
)
def test_an_encrypted_column_is_nothing_else(source: str) -> None:
    with pytest.raises(sql.NotCompiled):
        sql.compile(meaning(source), Sealed(), "postgresql")


@pytest.mark.parametrize(
    ("source", "kind", "postgresql", "sqlite"),
    [
        ("this.count + 1", Type("integer"), "count + 1", "count + 1"),
        ("this.count - 1", Type("integer"), "count - 1", "integer_subtract(count, 1)"),
        ("params.hint", Type("string", True), ":hint", ":hint"),
        (
            "this.price * 1.5",
            FIELDS["Task", "price"],
            "CAST(price * 1.5 AS numeric(18, 6))",
            "decimal_stored(decimal_text(decimal_multiply(price, 2, 15, 1, 6), 6), 2)",
        ),
        ("this.cost", FIELDS["Task", "price"], "cost", "decimal_stored(decimal_text(cost, 4), 2)"),
        ("this.price", FIELDS["Task", "price"], "price", "price"),
        ("decimal(1.005)", FIELDS["Task", "price"], "1.01", "101"),
    ],
)
def test_a_value_is_stored_as_its_column_holds_it(
    source: str, kind: Type, postgresql: str, sqlite: str
) -> None:
    found = sql.both(meaning(source), STORAGE, value=True, into=kind)
    assert (found.postgresql.text, found.sqlite.text) == (postgresql, sqlite)


def test_a_text_with_line_breaks_is_one_line_of_source() -> None:
    found = both("this.title == 'a\\n\\'\\\\b'")
    assert found.postgresql.text == "title = E'a\\n''\\\\b'"
    assert found.sqlite.text == "title = ('a' || char(10) || '''\\b')"


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        (":a::uuid = b", ":a = b"),
        (":a::numeric(18, 2) = b", ":a = b"),
        (":a::uuid[] IS NULL", ":a IS NULL"),
        (":a::double precision < 1", ":a < 1"),
        ("'a'::date < 1.5::float8", "'a' < 1.5"),
        ("b::text = :a", "b::text = :a"),
        ('"b"::text', '"b"::text'),
        ("id = ANY(:ids)", "id IN (SELECT value FROM json_each(:ids))"),
        ("id = ANY( :ids::uuid[] )", "id IN (SELECT value FROM json_each(:ids))"),
        (':x = ANY(t."group")', ':x IN (SELECT value FROM json_each(t."group"))'),
        ("x = ANY(ARRAY[1])", "x = ANY(ARRAY[1])"),
        ("':a::uuid = ANY(:b)'", "':a::uuid = ANY(:b)'"),
        ("SELECT 1 FOR UPDATE", "SELECT 1"),
    ],
)
def test_sqlites_text_is_made_from_postgresqls(text: str, rewritten: str) -> None:
    assert for_sqlite(text) == rewritten


@pytest.mark.parametrize("word", ["analyse", "binary", "raise", "window", "user", "order"])
def test_a_variable_that_is_a_word_of_sql_becomes_another_alias(word: str) -> None:
    text = both(f"this.children.exists({word}, {word}.open)").postgresql.text
    assert f"AS {word}_row" in text
    assert f"{word}_row.open" in text
