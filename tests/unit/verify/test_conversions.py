"""What a contract leaves open is no finding: statuses that it names nowhere, and numbers that are written as texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backwright.verify.target.contract import Body, Operation
from backwright.verify.target.conversions import converted, spoken_of

MEMBERS = {
    "title": {"type": "string", "maxLength": 9},
    "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
}


def operation(*statuses: str) -> Operation:
    return Operation(method="POST", path="/things", statuses=statuses)


@pytest.mark.parametrize(
    ("statuses", "status", "spoken"),
    [
        (("201", "422"), 404, False),
        (("201", "404"), 404, True),
        (("201", "4XX"), 404, True),
        (("201", "422"), 400, True),
        (("201",), 400, False),
        (("201",), 500, True),
        (("201",), 200, True),
    ],
)
def test_a_status_that_is_named_nowhere_is_left_out(
    statuses: tuple[str, ...], status: int, spoken: bool
) -> None:
    assert spoken_of([operation(*statuses)], status) is spoken


@pytest.mark.parametrize(
    ("body", "lenient"),
    [
        ({"title": "a", "count": "5"}, True),
        ({"title": 5, "count": 5}, True),
        ({"title": "a", "count": "five"}, False),
        ({"title": ["a"], "count": 5}, False),
        ({"title": "much too long", "count": 5}, False),
        ({"count": 5}, False),
        ({"title": "a", "count": 5}, False),
    ],
)
def test_what_can_be_read_as_a_number_is_converted(body: Any, lenient: bool) -> None:
    thing = {"type": "object", "required": ["title"], "properties": MEMBERS}
    schema = {"$ref": "#/components/schemas/Thing"}
    taking = Body(media="application/json", required=True, schema=schema)
    given = Operation(method="POST", path="/things", body=taking)
    contract = {"components": {"schemas": {"Thing": thing}}}
    assert converted(contract, given, json.dumps(body).encode()) is lenient
