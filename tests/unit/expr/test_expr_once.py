"""What statements say once, and what they do not ask because it is known."""

from __future__ import annotations

import pytest
from expr_scope import START
from expr_sql_world import WorldStorage
from expr_world import SCOPE

from backwright.expr import sql
from backwright.expr.check import check_source
from backwright.expr.fold import fold
from backwright.expr.given import facts_of, given
from backwright.expr.once import Named, alike, may_repeat, once, worth_naming
from backwright.expr.typed import Expression, Name, Type

LOAD = "this.children.map(c, c.count).sum()"
EFFORT = f"{LOAD} + {LOAD} * this.count"
TASK = Name(type=Type("entity", entity="Task"), root="this")


def meaning(source: str) -> Expression:
    return check_source(source, START, SCOPE, None)


NAMED = [Named("load", meaning(LOAD)), Named("effort", meaning(EFFORT))]


class Computed(WorldStorage):
    """Where tasks have a load and an effort."""

    def column(self, entity: str, field: str) -> str:
        return field if field in ("load", "effort") else super().column(entity, field)

    def named(self, entity: str) -> list[Named]:  # type: ignore[override]
        return NAMED if entity == "Task" else []


def names(*sources: str) -> list[list[str]]:
    found = once([meaning(each) for each in sources], TASK, NAMED)
    return [[each.name for each in level] for level in found.levels]


def test_a_value_that_is_needed_once_stays_where_it_is() -> None:
    assert names(LOAD) == []
    assert names(f"{LOAD} > 3", "this.count") == []


def test_a_value_that_is_needed_twice_is_said_before_what_names_it() -> None:
    assert names(EFFORT) == [["load"]]
    assert names(f"{EFFORT} > 3", EFFORT) == [["load"], ["effort"]]
    found = once([meaning(EFFORT)], TASK, NAMED)
    said = found.about(meaning(EFFORT))
    assert sql.compile(said, Computed(), "postgresql", value=True).text == "load + load * count"


def test_variables_may_be_called_otherwise() -> None:
    other = "this.children.map(each, each.count).sum()"
    assert alike(meaning(LOAD)) == alike(meaning(other))
    assert alike(meaning(LOAD)) != alike(meaning("this.children.map(c, c.rank.orValue(0)).sum()"))
    assert names(LOAD, other) == [["load"]]


def test_rows_within_a_statement_carry_what_is_asked_of_them_twice() -> None:
    total = "SELECT CAST(COALESCE(sum(c.count), 0) AS bigint) FROM task AS c"
    load = f"({total} WHERE c.parent_id = t.id AND c.gone_at IS NULL)"
    source = f"Task.filter(t, {LOAD.replace('this', 't')} > 2 && {LOAD.replace('this', 't')} < 9)"
    found = sql.compile(meaning(f"size({source})"), Computed(), "postgresql", value=True)
    assert found.text == (
        f"(SELECT count(*) FROM (SELECT *, {load} AS load FROM task AS t) AS t"
        " WHERE t.gone_at IS NULL AND t.load > 2 AND t.load < 9)"
    )
    again = f"{source}.map(u, {LOAD.replace('this', 'u')}).sum()"
    text = sql.compile(meaning(again), Computed(), "sqlite", value=True).text
    assert text.count("integer_sum(") == 2  # that of the children once, and that of all
    assert "integer_sum(u.load)" in text or "integer_sum(t.load)" in text


@pytest.mark.parametrize(
    "source", ["this.count + 1", "this.owner.name", "this.open", "this.children.exists(c, c.open)"]
)
def test_short_values_and_conditions_have_no_column(source: str) -> None:
    assert not worth_naming(meaning(source))


def test_two_values_that_ask_the_database_are_looked_at() -> None:
    assert may_repeat([meaning(EFFORT)])
    assert not may_repeat([meaning(LOAD.replace("sum", "max")), meaning("this.count")])


def known(source: str, *facts: str) -> Expression:
    return fold(given(fold(meaning(source)), facts_of(meaning(each) for each in facts)))


CHIEF = "this.owner.tasks.exists(t, t.open)"


def test_what_the_condition_of_the_rows_says_is_not_asked_of_each() -> None:
    guarded = f"{CHIEF} ? this.count : 0"
    assert known(guarded, f"this.open && {CHIEF}") == fold(meaning("this.count"))
    assert known(guarded, "this.open") == fold(meaning(guarded))
    assert known(guarded, f"this.open || {CHIEF}") == fold(meaning(guarded))


def test_what_leads_into_a_branch_is_known_in_it_and_nowhere_else() -> None:
    inner = f"({CHIEF} ? this.count : 0)"
    assert known(f"{CHIEF} ? {inner} : 1") == fold(meaning(f"{CHIEF} ? this.count : 1"))
    assert known(f"this.open ? 1 : {inner}") == fold(meaning(f"this.open ? 1 : {inner}"))
    assert known(f"{CHIEF} ? 1 : {inner}") == fold(meaning(f"{CHIEF} ? 1 : {inner}"))


def test_what_rows_satisfy_is_known_of_them_alone() -> None:
    of_each = CHIEF.replace("this", "c").replace("t.", "x.").replace("(t,", "(x,")
    rows = f"this.children.filter(c, {of_each})"
    mapped = known(f"{rows}.map(d, {of_each.replace('c.owner', 'd.owner')} ? d.count : 0).sum()")
    assert mapped == known(f"{rows}.map(d, d.count).sum()")
    other = f"{rows}.map(d, {CHIEF} ? d.count : 0).sum()"
    assert known(other) == fold(meaning(other))
