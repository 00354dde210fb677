"""What expressions become: SQL and Python that a reviewer can read."""

from __future__ import annotations

import pytest
from expr_scope import NAMES, STORAGE, column, lookup, meaning, rule

from backwright.expr import fold, python, sql
from backwright.expr.typed import FALSE, TRUE, Expression, Name, Type


def condition(source: str, dialect: sql.Dialect = "postgresql", **options: object) -> str:
    return sql.compile(rule(source), STORAGE, dialect, **options).text  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("caller != null && this.keeper == caller", "keeper_id = :caller"),
        ("caller != null && this.deputy == caller", "deputy_id = :caller"),
        ("this.deputy == caller", "deputy_id IS NOT DISTINCT FROM :caller"),
        ("caller == null || this.keeper == caller", ":caller::uuid IS NULL OR keeper_id = :caller"),
        ("this.open == params.open", "open = :open"),
        ("this.open", "open"),
        ("!this.open", "NOT open"),
        ("this.due == null", "due IS NULL"),
        ("this.rank != 3", "rank IS DISTINCT FROM 3"),
        ("this.rank < 3", "rank < 3"),
        ("!(this.rank < 3)", "NOT COALESCE(rank < 3, FALSE)"),
        ("!(this.weight < 3)", "NOT (weight < 3)"),
        ("this.state in ['new', 'kept']", "state IN ('new', 'kept')"),
        ("this.open && (this.rank == 1 || this.weight == 2)", "open AND (rank = 1 OR weight = 2)"),
        ("this.label < 'm'", "label < 'm' COLLATE \"C\""),
        ("size(this.label) > params.least", "length(label) > :least::bigint"),
        (
            "this.open ? this.weight > 1 : this.due == null",
            "CASE WHEN open THEN weight > 1 ELSE due IS NULL END",
        ),
        ("this.label == 'it\\'s :x {y} -- z'", "label = 'it''s :x {y} -- z'"),
        ("this.weight % 3 == 1", "weight % 3 = 1"),
    ],
)
def test_conditions_are_plain_sql(source: str, text: str) -> None:
    assert condition(source) == text


def test_arithmetic_is_plain_in_postgresql_and_checked_in_sqlite() -> None:
    source = "(this.weight + 1) * 2 - 3 < 10 / params.least"
    assert (
        condition(source, dialect="postgresql")
        == "(weight + 1) * 2 - 3 < 10::bigint / NULLIF(:least::bigint, 0)"
    )
    assert condition(source, dialect="sqlite") == (
        "integer_subtract(integer_multiply(integer_add(weight, 1), 2), 3) < integer_divide(10, :least)"
    )


def test_each_part_of_a_conjunction_can_have_its_line() -> None:
    assert condition("this.open && this.weight > 1", multiline=True) == "open\nAND weight > 1"


def test_parameters_name_what_supplies_them() -> None:
    compiled = sql.compile(
        rule("this.keeper == caller && this.label == caller.name && this.made_at < now"),
        STORAGE,
        "postgresql",
    )
    assert list(compiled.parameters) == ["caller", "caller_name", "now"]
    assert compiled.parameters["now"] == Name(type=Type("timestamp"), root="now")


def test_a_request_parameter_never_passes_for_the_caller() -> None:
    assert condition("this.keeper == params.caller") == "keeper_id = :params_caller"


def test_taken_parameter_names_are_kept_apart() -> None:
    taken = {"label": None}
    assert condition("this.label == params.label", taken=taken) == "label = :params_label"
    assert taken == {"label": None}


def test_a_comparison_of_times_without_a_column_says_their_types() -> None:
    with pytest.raises(sql.NotPortable):
        sql.compile(rule("params.since < params.until"), column)
    compiled = sql.both(rule("params.since < params.until"), STORAGE)
    assert compiled.postgresql.text == ":since::timestamptz < :until::timestamptz"
    assert compiled.sqlite.text == ":since < :until"
    assert compiled.portable


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("caller != null && this.keeper == caller", "caller is not None and box.keeper_id == caller.id"),
        ("caller == null || this.keeper == caller", "caller is None or box.keeper_id == caller.id"),
        ("this.keeper == caller", "box.keeper_id == (caller.id if caller is not None else None)"),
        ("this.due == null", "box.due is None"),
        ("this.rank < 3", "box.rank is not None and box.rank < 3"),
        ("this.rank != null && this.rank < 3", "box.rank is not None and box.rank < 3"),
        ("!(this.rank < 3)", "not (box.rank is not None and box.rank < 3)"),
        ("this.open == false", "not box.open"),
        ("this.checked != true", "box.checked is not True"),
        ("this.open == params.open", "box.open == query.open"),
        ("this.state in ['new']", "box.state in ('new',)"),
        ("this.made_at < now", "box.made_at < ctx.now"),
        ("this.rank + 1 < 3", "less(add(box.rank, 1), 3)"),
    ],
)
def test_python_reads_like_the_rule(source: str, text: str) -> None:
    assert python.compile(rule(source), NAMES) == text


def test_the_functions_to_import_are_known() -> None:
    assert python.functions("less(add(box.rank, 1), 3) and box.label == 'divide('") == ("add", "less")


def known(source: str) -> Expression:
    return fold.fold(rule(source), caller_known=True, lookup=lookup)


def test_for_a_known_caller_the_guard_vanishes() -> None:
    guarded = known("caller != null && this.keeper == caller")
    assert python.compile(guarded, NAMES) == "box.keeper_id == caller.id"
    assert sql.compile(guarded, STORAGE, "sqlite").text == "keeper_id = :caller"
    assert python.compile(known("caller.chief || this.open"), NAMES) == "caller.chief or box.open"


def test_a_rule_that_holds_by_construction_folds_to_true() -> None:
    create = fold.substitute(rule("caller != null && this.keeper == caller"), {"keeper": meaning("caller")})
    assert fold.fold(create, caller_known=True) == TRUE
    assert fold.fold(create) == rule("caller != null")


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("this.rank == this.rank", TRUE),
        ("this.rank < this.rank", FALSE),
        ("this.weight <= this.weight", TRUE),
        ("1 + 2 * 3 == 7 && !(2 > 3)", TRUE),
        ("this.open || true", TRUE),
        ("this.open && 1 > 2", FALSE),
        ("7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1", TRUE),
        ("size('äöü') == 3 ? true : this.open", TRUE),
    ],
)
def test_what_is_certain_is_decided(source: str, folded: Expression) -> None:
    assert fold.fold(rule(source)) == folded


@pytest.mark.parametrize(
    "source",
    [
        "!(this.rank < 3)",
        "this.weight + 9223372036854775807 == this.weight + 9223372036854775807",
        "9223372036854775807 + 1 > this.weight",
    ],
)
def test_what_could_change_the_meaning_is_left(source: str) -> None:
    assert fold.fold(rule(source)) == rule(source)


def test_at_most_itself_holds_unless_null() -> None:
    assert fold.fold(rule("this.rank <= this.rank")) == rule("this.rank != null")
