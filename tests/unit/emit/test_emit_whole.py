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
STORED = {"migrations_can_be_taken_back"}
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
