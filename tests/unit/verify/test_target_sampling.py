"""Values for schemas that a contract composes; the caller's own token where it is to be ended; marks of things."""

from __future__ import annotations

from typing import Any

import pytest

from backwright.verify.observed import Caller
from backwright.verify.probes.asking import _outside
from backwright.verify.probes.rules import _beyond
from backwright.verify.target.contract import texts_of
from backwright.verify.target.order import token_of
from backwright.verify.target.sampling import Modest, Sampler

SCHEMAS: dict[str, Any] = {
    "Circle": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
    "Square": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["square"]}}},
}
DOCUMENT = {"components": {"schemas": SCHEMAS}}


def at(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("choice", "mapping", "kind"),
    [
        ("Circle", {}, "Circle"),
        ("Circle", {"round": "#/components/schemas/Circle"}, "round"),
        ("Circle", {"round": "Circle"}, "round"),
        ("Square", {"other": "#/components/schemas/Square"}, "square"),
    ],
)
def test_the_member_that_tells_the_choice_tells_it(choice: str, mapping: dict[str, str], kind: str) -> None:
    schema = {"oneOf": [at(choice)], "discriminator": {"propertyName": "kind", "mapping": mapping}}
    assert Sampler(DOCUMENT, 1).value(schema) == {"kind": kind}


@pytest.mark.parametrize("schema", [{"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}])
def test_the_smallest_number_is_not_the_bound_that_is_excluded(schema: dict[str, Any]) -> None:
    assert Modest(DOCUMENT, 1).value({"type": "number", "maximum": 9, **schema}) > 0


@pytest.mark.parametrize(
    ("name", "token"),
    [("token", "abc"), ("access_token", "kept"), ("refreshToken", "later"), ("id_token", ""), ("device", "")],
)
def test_a_body_that_ends_a_token_names_the_callers_own(name: str, token: str) -> None:
    caller = Caller(
        name="ann",
        headers={"Authorization": "Bearer abc"},
        account={"access_token": "kept", "refresh_token": "later"},
    )
    assert token_of(caller, name) == token


def test_every_text_of_a_contract_is_no_mark() -> None:
    assert {"kind", "square", "Circle"} <= set(texts_of(DOCUMENT))


@pytest.mark.parametrize(
    ("shown", "edge", "outside"),
    [
        ("2026-01-02T10:00:00", "2026-01-02T11:00:00", False),
        ("2026-01-02T11:00:00", "2026-01-02T11:00:00", True),
        ("2026-01-03T10:00:00", "2026-01-02T11:00:00", True),
        (3, 4, False),
        (4, 4, True),
    ],
)
def test_before_a_moment_of_the_same_day_is_within(shown: Any, edge: Any, outside: bool) -> None:
    assert _outside(shown, edge, "lt") is outside


@pytest.mark.parametrize(
    ("member", "kind", "value"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, "integer", 0),
        ({"minimum": 1}, "integer", 0),
        ({"exclusiveMinimum": 0}, "number", 0),
        ({"multipleOf": 0.5, "minimum": 0}, "number", 1.25),
        ({"multipleOf": 5, "maximum": 100}, "integer", 11),
        ({"pattern": "^[0-9]{4}$"}, "string", "~"),
        ({"pattern": "^[0-9]{12}$", "minLength": 12, "maxLength": 12}, "string", "?" * 12),
    ],
)
def test_a_rule_is_broken_by_the_value_next_to_it(member: dict[str, Any], kind: str, value: Any) -> None:
    assert value in [each for _, each in _beyond(member, kind)]


def test_what_everything_matches_is_not_broken() -> None:
    assert not list(_beyond({"pattern": "^.*$"}, "string"))
