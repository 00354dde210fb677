"""Conditions as a database gives them back are those that it was given."""

from __future__ import annotations

import pytest

from backwright.migrate.inspect import canonical


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("lat >= -90.0 AND lat <= 90.0", "((lat >= '-90.0'::numeric) AND (lat <= 90.0))"),
        ("lat >= -90.0", "(lat >= ('-90.0'::numeric)::double precision)"),
        ("n >= -5", "(n >= '-5'::integer)"),
        ("big >= -5000000000", "(big >= '-5000000000'::bigint)"),
    ],
)
def test_limits_below_zero_are_known_again(given: str, stored: str) -> None:
    assert canonical(stored) == canonical(given)


def test_a_text_stays_a_text() -> None:
    assert canonical("(word = '-90.0'::text)") != canonical("word = -90.0")
