"""What expressions become: SQL and Python that a reviewer can read."""

from __future__ import annotations

import pytest
from expr_scope import NAMES, START, STORAGE, lookup, meaning, rule
from expr_world import SCOPE as WORLD

from backwright.expr import fold, python, sql
from backwright.expr.check import check_source
from backwright.expr.typed import FALSE, TRUE, Expression, Filtered, Input, Name, Type


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
    ("source", "less"),
    [
        ("this.label == 'a' ? this.label != 'b' && this.open : this.open", "this.open"),
        ("this.label == 'a' && (this.open || this.label in ['b', 'c'])", "this.label == 'a' && this.open"),
        ("this.label != 'a' || this.open && this.label != 'b'", "this.label != 'a' || this.open"),
        ("!(this.label in ['a', 'b']) && (this.label == 'a' || this.open)",
         "!(this.label in ['a', 'b']) && this.open"),
        ("this.label in ['a', 'b'] ? this.label == 'a' : this.label == 'a' || this.open",
         "this.label in ['a', 'b'] ? this.label == 'a' : this.open"),
        ("(this.rank < 3 ? true : false) || this.open", "this.rank < 3 || this.open"),
        ("(this.rank < 3 ? false : true) || this.open", "!(this.rank < 3) || this.open"),
    ],
)  # fmt: skip
def test_what_was_said_before_is_not_asked_again(source: str, less: str) -> None:
    """Type checkers refuse to compare a word with one that it cannot be any more."""
    assert fold.fold(rule(source)) == fold.fold(rule(less))
    assert python.compile(fold.fold(rule(source)), NAMES) == python.compile(rule(less), NAMES)


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


def test_a_filter_that_keeps_everything_stays_where_null_would_come_back() -> None:
    """Null has no elements, so what is filtered of it is an empty list, not null."""
    kept = fold.fold(check_source("params.amounts.filter(a, true)", START, WORLD))
    assert isinstance(kept, Filtered)
    assert isinstance(fold.fold(check_source("params.words.filter(w, true)", START, WORLD)), Input)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("this.title.startsWith('a')", "task.title.startswith('a')"),
        ("this.note.contains(params.word)", "task.note is not None and query.word in task.note"),
        ("this.title.trim().endsWith('a')", "trimmed(task.title).endswith('a')"),
        ("this.note.trim().endsWith('a')", "ends_with(trimmed(task.note), 'a')"),
        ("this.note.trim().orValue('-') == 'a'", "value_or(trimmed(task.note), '-') == 'a'"),
        ("this.note.orValue('-') == 'a'", "(task.note if task.note is not None else '-') == 'a'"),
        ("size(this.title) > 3", "len(task.title) > 3"),
        ("params.word in this.tags", "query.word in task.tags"),
        ("params.least in this.counts", "query.least in (task.counts or ())"),
        ("this.tags.exists(t, t.startsWith('a'))", "any(t.startswith('a') for t in task.tags)"),
        ("this.tags.filter(t, size(t) > 3).sort()", "sorted(t for t in task.tags if len(t) > 3)"),
        (
            "this.tags.map(t, t.lowerAscii()).distinct()",
            "list(dict.fromkeys(lower_ascii(t) for t in task.tags))",
        ),
        ("params.lines.map(l, l.count).sum()", "total(one.count for one in query.lines)"),
        (
            "params.lines.map(l, l.price * 2).sum()",
            'total_decimals([multiply_decimals(one.price, Decimal("2"), 6) for one in query.lines], 6)',
        ),
        ("this.prices.min()", "min(task.prices, default=None)"),
        ("params.lines.map(l, l.words).flatten()", "[each for one in query.lines for each in one.words]"),
        ("this.made_at + duration('1h30m') < now", "later(task.made_at, timedelta(minutes=90)) < ctx.now"),
        ("now - duration('7d') < this.made_at", "ctx.now - timedelta(days=7) < task.made_at"),
        ("this.day == date('2026-01-31')", "task.day == date(2026, 1, 31)"),
        ("this.price * 1.5 < 3", 'multiply_decimals(task.price, Decimal("1.5"), 6) < Decimal("3")'),
        ("string(this.count) + this.title", "str(task.count) + task.title"),
        (
            "this.reviewers.exists(r, r == caller)",
            "any(r == (caller.id if caller is not None else None) for r in task.reviewers)",
        ),
        ("size(items)", "len(page.rows)"),
        ("items.map(i, i.title)", "[i.title for i in page.rows]"),
        ("total > 3", "page.total > 3"),
        ("params.first.note == null", "query.first.note is None"),
        ("params.lines.exists(in_, in_.count > 0)", "any(in_.count > 0 for in_ in query.lines)"),
    ],
)
def test_lists_text_and_numbers_are_ordinary_python(source: str, text: str) -> None:
    names = python.Names(
        roots={
            "this": "task",
            "now": "ctx.now",
            "params": "query",
            "found": "page.rows",
            "found.total": "page.total",
        },
        attribute=lambda _, field: field,
    )
    assert python.compile(check_source(source, START, WORLD), names) == text


def test_what_compiled_python_needs_is_known_by_module() -> None:
    assert python.needed("later(x, timedelta(days=1)) < y and trimmed(z) in [Decimal('1')]") == {
        "datetime": ("timedelta",),
        "decimal": ("Decimal",),
        "backwright_runtime.arithmetic": ("later",),
        "backwright_runtime.sequences": ("trimmed",),
    }


def test_a_variable_hides_nothing_that_the_expression_uses() -> None:
    names = python.Names(roots={"this": "row"}, attribute=lambda _, field: field)
    compiled = python.compile(check_source("this.tags.exists(row, row == this.title)", START, WORLD), names)
    assert compiled == "any(row_ == row.title for row_ in row.tags)"
    shadowed = python.compile(check_source("this.tags.exists(len, size(len) > 1)", START, WORLD), names)
    assert shadowed == "any(len(len_) > 1 for len_ in row.tags)"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("this.state in ['new', 'kept'] && this.state != 'kept'", "box.state == 'new'"),
        ("this.state == 'new' && this.state == 'kept'", "False"),
        (
            "this.label in ['a', 'b', 'c'] && this.open && this.label != 'b'",
            "box.label in ('a', 'c') and box.open",
        ),
        ("this.label != 'a' && this.label != 'b'", "box.label != 'a' and box.label != 'b'"),
    ],
)
def test_words_that_cannot_be_are_left_out(source: str, text: str) -> None:
    assert python.compile(known(source), NAMES) == text
