"""What the contract says of values, callers, bodies and answers, part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_check import Contract

from backwright.emit.contract.values import computed, nullable, scalar, shown
from backwright.expr.typed import Type
from backwright.model.build import build
from backwright.model.types import ListType, ManyType, Model, ReferenceType, ScalarType
from backwright.project import Project
from backwright.spec.reader import read

ROOT = Path(__file__).parents[3]


def model_of(name: str) -> Model:
    (folder,) = (
        ROOT.glob(f"examples/{name}")
        if (ROOT / "examples" / name).exists()
        else ROOT.glob(f"tests/cases/*/{name}")
    )
    return build(read(Project(folder)))


@pytest.fixture(scope="module")
def every_type() -> Contract:
    return Contract(model_of("every-type"))


@pytest.fixture(scope="module")
def forms() -> Contract:
    return Contract(model_of("forms"))


def described(contract: Contract, operation: str) -> dict[str, Any]:
    return contract.described(contract.model.operation(operation))


def test_a_decimal_is_shown_as_text_with_all_its_digits(every_type: Contract) -> None:
    price = ScalarType(scalar="decimal", scale=2, min=0)
    text = {"type": "string", "format": "decimal", "pattern": r"^-?[0-9]+\.[0-9]{2}$"}
    assert shown(price, every_type.model) == text
    assert computed(Type("decimal", scale=2), every_type.model) == text
    assert computed(Type("decimal", scale=0), every_type.model)["pattern"] == "^-?[0-9]+$"


def test_a_decimal_is_taken_as_text_and_in_json_as_a_number_too() -> None:
    price = ScalarType(scalar="decimal", scale=2, min=0, max=5)
    assert scalar(price, "json")["type"] == ["string", "number"]
    assert scalar(price, "json")["maximum"] == 5
    assert scalar(price, "text")["type"] == "string"
    assert (
        scalar(price, "text")["description"]
        == "At most 2 digits behind the point, 18 in all. At least 0. At most 5."
    )


def test_a_pattern_is_that_of_the_whole_text_or_words_where_only_re2_reads_it() -> None:
    text = ScalarType(scalar="string", max=9)
    assert scalar(text, "json", "a|b")["pattern"] == "^(?:a|b)$"
    assert "pattern" not in scalar(text, "json", "(?i)abc")
    assert "(?i)abc" in scalar(text, "json", "(?i)abc")["description"]


def test_references_are_the_keys_of_rows(every_type: Contract) -> None:
    model = every_type.model
    code = {"type": "string", "minLength": 2, "maxLength": 8}
    assert shown(ReferenceType(entity="Place"), model) == code
    assert shown(ManyType(entity="Place"), model) == {"type": "array", "items": code}
    assert shown(ListType(element=ReferenceType(entity="Person")), model)["items"]["type"] == "integer"
    assert computed(Type("rows", entity="Person"), model)["items"]["type"] == "integer"


def test_null_is_added_once() -> None:
    assert nullable({"type": "string", "enum": ["a"]}) == {"type": ["string", "null"], "enum": ["a", None]}
    once = nullable({"$ref": "#/x"})
    assert once == {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}
    assert nullable(once) == once
    assert nullable(nullable({"type": "string"})) == {"type": ["string", "null"]}


def test_callers_are_known_by_bearer_by_a_scheme_of_its_own_or_by_a_cookie() -> None:
    todos, conduit, clinic = (Contract(model_of(name)) for name in ("todos", "conduit", "clinic"))

    def schemes(contract: Contract) -> Any:
        return contract.document["components"]["securitySchemes"]

    assert schemes(todos) == {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    assert schemes(conduit)["token"]["name"] == "Authorization"
    assert schemes(clinic)["session"] == {"type": "apiKey", "in": "cookie", "name": "clinic_session"}
    assert described(conduit, "get_articles")["security"] == [{}, {"token": []}]
    assert described(clinic, "list_people")["security"] == [{"session": []}]
    assert described(clinic, "create_person")["security"] == [{"session": [], "csrf": []}]
    assert "security" not in described(clinic, "login")


def test_a_form_may_prove_itself_by_its_own_member(forms: Contract) -> None:
    body = described(forms, "change_entry")["requestBody"]["content"]
    assert list(body) == ["application/x-www-form-urlencoded"]
    picture = described(forms, "send_picture")
    assert picture["security"] == [{"session": [], "csrf": []}, {"session": []}]
    content = picture["requestBody"]["content"]["multipart/form-data"]
    assert content["encoding"] == {"picture": {"contentType": "image/png"}}
    schema = forms.document["components"]["schemas"]["SendPicture"]
    assert schema["properties"]["picture"] == {
        "type": "string",
        "format": "binary",
        "description": "At most 20 bytes. image/png",
    }
    assert "csrf_token" in schema["properties"]


def test_answers_that_are_no_json_have_their_media_type(forms: Contract) -> None:
    def media(operation: str) -> list[str]:
        return list(described(forms, operation)["responses"]["200"]["content"])

    assert media("entries_csv") == ["text/csv"]
    assert media("entries_text") == ["text/plain"]
    assert media("get_picture") == ["*/*"]
    assert described(forms, "entries_text")["deprecated"] is True
    assert list(described(forms, "add_entry")["responses"]["303"]["headers"])[:1] == ["X-Request-Id"]


def test_headers_that_are_looked_at_are_parameters(every_type: Contract) -> None:
    (match,) = [each for each in described(every_type, "put_crate")["parameters"] if each["in"] == "header"]
    assert match["name"] == "If-Match"
    clinic = Contract(model_of("clinic"))
    required = [
        each["name"] for each in described(clinic, "update_patient")["parameters"] if each.get("required")
    ]
    assert required == ["id", "If-Match"]


def test_limits_are_told_in_words(forms: Contract) -> None:
    assert (
        described(forms, "add_entry")["description"]
        == "At most 100 requests an hour by caller. At most 4000 bytes of body."
    )


def test_a_status_that_is_chosen_is_described_for_each_choice(every_type: Contract) -> None:
    responses = described(every_type, "pack")["responses"]
    assert responses["200"]["content"] == responses["201"]["content"]


def test_who_may_send_a_member_is_told_beside_it(every_type: Contract) -> None:
    rank = every_type.document["components"]["schemas"]["Register"]["properties"]["rank"]
    assert rank["default"] == 3
    assert rank["description"] == "Only for callers of whom this holds: caller != null && caller.rank > 5"


def test_failures_have_the_shape_and_the_status_that_the_service_says(every_type: Contract) -> None:
    responses = described(every_type, "create_place")["responses"]
    conflict = every_type.resolved(responses["400"])["content"]["application/json"]["schema"]["anyOf"]
    assert conflict[1]["properties"]["kind"] == {"const": "conflict"}
    assert conflict[0]["properties"]["status"] == {"const": 400}
    assert "content" not in every_type.resolved(described(every_type, "get_place")["responses"]["404"])


def test_failures_are_problem_details_where_the_service_says_so() -> None:
    parcels = Contract(model_of("nulls-left-out"))
    responses = described(parcels, "trip")["responses"]
    content = parcels.resolved(responses["404"])["content"]
    assert content.keys() == {"application/problem+json"}
    assert responses["200"]["content"].keys() == {"application/json"}
