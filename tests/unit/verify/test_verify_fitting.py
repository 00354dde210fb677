"""Values are held against a schema: the same is found wrong as by the slow validator, and nothing is fetched."""

from __future__ import annotations

import pytest

from backwright.verify.fitting import Fitting

SCHEMA = {
    "$ref": "#/components/schemas/Thing",
    "components": {"schemas": {"Thing": {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}}}},
}  # fmt: skip


def test_what_fits_has_no_differences_and_what_does_not_is_named_with_its_place() -> None:
    assert Fitting(SCHEMA).differences({"size": 3}) == []
    assert Fitting(SCHEMA).differences({"size": 7}) == ["$.size: 7 is greater than the maximum of 5"]
    assert Fitting(SCHEMA).differences({"size": 10**40}) != []
    assert Fitting({"type": "string"}).differences("\ud800") == []


def test_a_schema_elsewhere_is_not_fetched() -> None:
    with pytest.raises(Exception, match="Unresolvable"):
        Fitting({"$ref": "http://127.0.0.1:9/schema.json"}).differences({})
