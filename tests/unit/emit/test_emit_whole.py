"""What is tested once for a service as a whole: only what it has, and all of that."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from backwright.emit.names import names
from backwright.emit.testing.outcomes import tests_of as of_operation
from backwright.emit.testing.printing import printed
from backwright.emit.testing.reach import setting
from backwright.emit.testing.service import conftest_module
from backwright.emit.testing.whole import whole_module
from backwright.model.build import build
from backwright.model.types import Model
from backwright.project import Project
from backwright.spec import read

ROOT = Path(__file__).parents[3]
ALWAYS = {
    "the_contract_has_every_operation_and_its_answers",
    "the_contract_has_every_member",
    "every_reference_of_the_contract_leads_somewhere",
    "the_contract_is_served",
    "answers_carry_the_headers_that_protect",
}
STORED = {
    "migrations_can_be_taken_back",
    "the_database_requires_what_is_never_null",
    "the_database_keeps_apart_what_is_unique",
    "the_database_holds_references",
}
TOKENS = {"a_token_is_accepted_until_its_time_is_over", "a_token_of_another_service_or_key_is_refused"}


@cache
def model(name: str) -> Model:
    return build(read(Project(ROOT / "examples" / name)))


def names_in(text: str) -> set[str]:
    return set(re.findall(r"def test_(\w+)\(", text))


def whole(made: Model) -> str:
    return whole_module(setting(made, names(made)))


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("todos", {"a_token_of_another_scheme_is_refused"}),
        ("conduit", {"a_token_of_another_scheme_is_refused"}),
    ],
)
def test_a_service_with_callers_is_asked_for_its_tokens(name: str, more: set[str]) -> None:
    text = whole(model(name))
    found = names_in(text)
    assert ALWAYS | STORED | TOKENS | more <= found
    assert "a_transaction_that_fails_leaves_nothing" in found
    assert "a_body_that_says_it_is_too_long_is_not_waited_for" in found
    assert f"TOKEN_SECONDS = {model(name).auth.token_seconds}" in text  # type: ignore[union-attr]


def test_its_tables_are_what_is_published() -> None:
    text = whole(model("todos"))
    for operation in model("todos").operations:
        assert f"'{operation.method} {operation.path}'" in text


def test_no_test_may_log_a_secret_where_there_are_any() -> None:
    made = model("todos")
    text = conftest_module(made, names(made))
    assert "SECRET.search(logged)" in text and "correct horse" in text


def test_a_list_is_asked_for_more_than_it_shows_and_for_its_ties() -> None:
    made = model("conduit")
    common = setting(made, names(made))
    [operation] = [each for each in made.operations if each.name == "get_comments"]
    found, _ = of_operation(operation, common)
    by_name = {each.name: printed(each, operation).text for each in found}
    full = by_name["shows_500_at_most"]
    assert "for _ in range(498):" in full and full.endswith(") == 500")
    assert "in_order_of_the_key_where_all_else_is_equal" in by_name


def cases(name: str, wanted: str) -> dict[str, str]:
    """The tests of one operation of an example as they are printed, by what they are about."""
    made = model(name)
    operation = next(each for each in made.operations if each.name == wanted)
    found, _ = of_operation(operation, setting(made, names(made)))
    return {each.name: printed(each, operation).text for each in found}


def test_each_order_is_asked_for_what_it_leaves_out() -> None:
    found = cases("inventory", "list_stock")
    for name in ("leaves_out_what_does_not_match", "filtered_by_at_least"):
        assert name in found
        assert "'sort': 'place'" in found[f"{name}_in_order_of_place"]


def test_a_list_ends_where_a_page_is_just_full_and_a_parameter_comes_once() -> None:
    found = cases("inventory", "list_products")
    assert "['next'] is None" in found["ends_where_a_page_is_just_full"].replace('"', "'")
    assert "'limit': ['1', '2']" in found["refuses_a_parameter_that_comes_twice"]
    full = found["shows_20_at_most"]
    assert "for sku in ('AAD', 'AAE'" in full and "sku=sku" in full and full.endswith(") == 20")


def test_a_row_that_shares_a_part_of_a_key_is_another() -> None:
    found = cases("inventory", "get_or_create_bin")
    assert {f"where_one_of_another_{name}_is_there_is_allowed" for name in ("aisle", "shelf")} <= found.keys()


def test_of_two_rows_that_are_wrong_the_first_is_answered() -> None:
    found = cases("inventory", "pick_goods")
    for name in ("product", "bin"):
        text = found[f"answers_for_the_first_row_by_{name}"]
        assert text.count("await store_stock(") == 2 and "== 422" in text
        assert "out_of_stock" in text, "of the second one too much is reserved, and no more"


def test_who_may_not_call_is_not_told_what_is_there() -> None:
    found = cases("inventory", "withdraw_product")
    assert "== 403" in found["is_forbidden_whatever_the_sku"]


def test_a_change_leaves_other_rows_and_a_page_says_how_many_there_are() -> None:
    assert "article_2" in cases("conduit", "update_article")["leaves_others_as_they_are"]
    assert "['articlesCount'] == 3" in cases("conduit", "get_articles")["continues_on_the_next_page"].replace(
        '"', "'"
    )


def test_what_the_database_holds_is_what_the_model_says() -> None:
    text = whole(model("inventory"))
    assert (
        "'stock': [('bin_id', 'bin', 'code', 'RESTRICT'), ('product_id', 'product', 'sku', 'RESTRICT')]"
        in text
    )
    assert "'bin': [['aisle', 'shelf']]" in text
    assert "'stock': ['quantity', 'reserved']" in text
    assert "'weight_grams': ['integer', 'null']" in text
