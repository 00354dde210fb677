"""Answers are held against the contract that was handed over, where it says something about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from ruamel.yaml import YAML

from backwright.model.build import build
from backwright.model.types import Deviation, HandedOver, Model
from backwright.project import Project
from backwright.spec import read
from backwright.verify.compare import Seen
from backwright.verify.gate import NotRun
from backwright.verify.promised import Promised
from backwright.verify.schemas import Schemas
from backwright.verify.traffic import Sent

TODOS = Path(__file__).parents[3] / "examples" / "todos"
CONTRACT = """
openapi: 3.0.3
info: {title: Todos, version: '1'}
servers: [{url: 'https://todos.example/api'}]
paths:
  /todos/{todoId}:
    get:
      responses:
        '200': {$ref: '#/components/responses/Todo'}
        '404': {description: None, content: {application/json: {schema: {type: object, required: [message]}}}}
components:
  responses:
    Todo:
      description: One.
      headers:
        X-Left: {required: true, schema: {type: integer, minimum: 0}}
        Location: {schema: {type: string, format: uri}}
      content: {application/json; charset=utf-8: {schema: {$ref: '#/components/schemas/Todo'}}}
  schemas:
    Todo:
      type: object
      required: [title]
      properties:
        title: {type: string}
        note: {type: string, nullable: true}
        at: {type: string, format: date-time}
        tags: {type: array, items: {$ref: '#/components/schemas/Tag'}}
        of: {anyOf: [{type: integer}, {$ref: '#/components/schemas/Tag'}]}
        closed: {type: object, additionalProperties: false, properties: {z: {}}}
    Tag: {type: object, properties: {at: {type: string, format: date-time}}}
"""


@pytest.fixture(scope="module")
def model() -> Model:
    return build(read(Project(TODOS)))


def reading(model: Model) -> str:
    return next(each.name for each in model.operations if (each.method, each.path) == ("GET", "/todos/{id}"))


def promised(root: Path, model: Model, *deviations: Deviation, **changed: Any) -> Promised:
    document = {**YAML(typ="safe").load(CONTRACT), **changed}
    (root / "contract.json").write_bytes(msgspec.json.encode(document))
    return Promised(HandedOver(file="contract.json", sha256="", deviations=deviations), Project(root), model)


def seen(status: int, body: object, **headers: str) -> Seen:
    told = {"x-left": "1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Seen(status=status, headers=told, body=body, content=msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, {"title": "a", "note": None}, []),
        (200, {"note": "b"}, ["contract.json: $: 'title' is a required property"]),
        (200, {"title": 1}, ["contract.json: $.title: 1 is not of type 'string'"]),
        (200, {"title": "a", "at": "noon"}, ["contract.json: $.at: 'noon' is not a 'date-time'"]),
        (201, {"title": "a"}, ["status 201 is not in contract.json for get_todo"]),
        (404, {"message": "none"}, []),
        (404, {"error": "none"}, ["contract.json: $: 'message' is a required property"]),
        (429, {"error": "its own failure"}, []),
    ],
)
def test_an_answer_is_held_against_it(
    status: int, body: object, said: list[str], tmp_path: Path, model: Model
) -> None:
    held = promised(tmp_path, model)
    assert held.differences(reading(model), seen(status, body)) == said
    assert held.checked == (status in (200, 404))


MEDIA = "contract.json: status 200 is answered as text/plain, and not as application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"content_type": "application/json"}, []),
        ({"location": "https://todos.example/1"}, []),
        ({"content_type": "text/plain"}, [MEDIA]),
        ({"x_left": "few"}, ["contract.json: the header X-Left: $: 'few' is not of type 'integer'"]),
        ({"x_left": "-1"}, ["contract.json: the header X-Left: $: -1 is less than the minimum of 0"]),
        ({"location": "here"}, ["contract.json: the header Location: $: 'here' is not a 'uri'"]),
    ],
)
def test_headers_and_media_type_are_held_against_it(
    headers: dict[str, str], said: list[str], tmp_path: Path, model: Model
) -> None:
    held = promised(tmp_path, model)
    assert held.differences(reading(model), seen(200, {"title": "a"}, **headers)) == said
    agreed = promised(tmp_path, model, Deviation(rule="CD221", reason="agreed"))
    found = agreed.differences(reading(model), seen(200, {"title": "a"}, **headers))
    assert found == [each for each in said if each != MEDIA]


def test_what_has_to_be_there_is(tmp_path: Path, model: Model) -> None:
    held = promised(tmp_path, model)
    empty = Seen(status=200, headers={})
    assert held.differences(reading(model), empty) == [
        "contract.json: status 200 has no body",
        "contract.json: the header X-Left is missing",
    ]


def test_an_agreement_about_requests_frees_no_answers(tmp_path: Path, model: Model) -> None:
    """Else credentials that are otherwise would leave every answer unseen."""
    held = promised(tmp_path, model, Deviation(rule="CD401", reason="agreed"))
    assert held.differences(reading(model), seen(200, {})) == [
        "contract.json: $: 'title' is a required property"
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"paths": {"/others": {"get": {"responses": {"200": {"description": "Fine."}}}}}},
        {"components": {"schemas": {"Todo": {"$ref": "other.yaml#/Todo"}}}},
    ],
)
def test_what_is_elsewhere_is_not(changed: dict[str, Any], tmp_path: Path, model: Model) -> None:
    held = promised(tmp_path, model, **changed)
    assert held.differences(reading(model), seen(200, {})) == []
    assert held.checked == 0


GET = "GET /todos/{id}"
NO_TITLE = ["contract.json: $: 'title' is a required property"]


@pytest.mark.parametrize(
    ("agreed", "body", "said"),
    [
        ({"rule": "CD521"}, {}, []),
        ({"rule": "CD521", "operation": GET}, {}, []),
        ({"rule": "CD521", "operation": "GET /api/todos/{todoId}"}, {}, NO_TITLE),
        ({"rule": "CD521", "operation": "DELETE /todos/{id}"}, {}, NO_TITLE),
        ({"rule": "CD521", "at": "answer 200"}, {}, []),
        ({"rule": "CD521", "at": "answer 404"}, {}, NO_TITLE),
        ({"rule": "CD521", "operation": GET, "at": "answer 200.title"}, {}, []),
        ({"rule": "CD521", "operation": GET, "at": "answer 200.t"}, {}, NO_TITLE),
        ({"rule": "CD521", "operation": GET, "at": "answer 200.tit*"}, {}, []),
        ({"rule": "CD523", "at": "answer 200.title"}, {}, []),
        ({"rule": "CD503", "at": "answer 200.title"}, {}, NO_TITLE),
        ({"rule": "CD501", "at": "answer 200.title"}, {"title": 1}, []),
        ({"rule": "CD504", "at": "answer 200.title"}, {"title": None}, []),
        (
            {"rule": "CD504", "at": "answer 200.title"},
            {"title": 1},
            ["contract.json: $.title: 1 is not of type 'string'"],
        ),
        (
            {"rule": "CD521", "at": "answer 200.title"},
            {"at": "noon"},
            ["contract.json: $.at: 'noon' is not a 'date-time'"],
        ),
        ({"rule": "CD502", "at": "answer 200.at"}, {"title": "a", "at": "noon"}, []),
        (
            {"rule": "CD502", "at": "answer 200.at"},
            {"title": "a", "tags": [{"at": "noon"}]},
            ["contract.json: $.tags[0].at: 'noon' is not a 'date-time'"],
        ),
        ({"rule": "CD502", "at": "answer 200.tags[].at"}, {"title": "a", "tags": [{"at": "noon"}]}, []),
        ({"rule": "CD502", "at": "answer 200.tags"}, {"title": "a", "tags": [{"at": "noon"}]}, []),
        (
            {"rule": "CD502", "at": "answer 200.of.at"},
            {"title": "a", "of": {"at": 5}},
            ["contract.json: $.of: {'at': 5} is not valid under any of the given schemas"],
        ),
        ({"rule": "CD502", "at": "answer 200.of.at"}, {"title": "a", "of": {"at": "noon"}}, []),
        ({"rule": "CD522", "at": "answer 200.closed.x"}, {"title": "a", "closed": {"x": 1}}, []),
        (
            {"rule": "CD522", "at": "answer 200.closed.x"},
            {"title": "a", "closed": {"y": 2}},
            ["contract.json: $.closed: Additional properties are not allowed ('y' was unexpected)"],
        ),
    ],
)
def test_an_agreement_frees_what_it_names_and_nothing_beside_it(
    agreed: dict[str, str], body: object, said: list[str], tmp_path: Path, model: Model
) -> None:
    held = promised(tmp_path, model, Deviation(reason="agreed", **agreed))
    assert held.differences(reading(model), seen(200, body)) == said


def test_an_agreement_about_a_status_or_a_header_is_about_that(tmp_path: Path, model: Model) -> None:
    about = {
        rule: Deviation(rule=rule, reason="agreed", at=at)
        for rule, at in (("CD302", "answer 201"), ("CD303", "answer 200 header x-left"))
    }
    held = promised(tmp_path, model, about["CD302"])
    assert held.differences(reading(model), seen(201, {})) == []
    assert held.differences(reading(model), seen(202, {})) == [
        "status 202 is not in contract.json for get_todo"
    ]
    bare = Seen(status=200, headers={}, body={"title": "a"}, content=b"{}")
    assert held.differences(reading(model), bare) == ["contract.json: the header X-Left is missing"]
    assert promised(tmp_path, model, about["CD303"]).differences(reading(model), bare) == []


def test_a_contract_that_is_gone_is_not_run(tmp_path: Path, model: Model) -> None:
    with pytest.raises(NotRun, match="cannot be read"):
        Promised(HandedOver(file="gone.yaml", sha256=""), Project(tmp_path), model)


def test_the_gate_asks_both_contracts(tmp_path: Path, model: Model) -> None:
    """Ours is asked first; that of somebody else is asked about what ours allows."""
    promised(tmp_path, model)
    package = tmp_path / model.service.package
    package.mkdir()
    responses = {"get": {"responses": {"200": {"description": "Anything."}}}}
    (package / "openapi.json").write_bytes(msgspec.json.encode({"paths": {"/todos/{id}": responses}}))
    handed = msgspec.structs.replace(model, contract=HandedOver(file="contract.json", sha256=""))
    sent = Sent(number=1, operation=reading(model), method="GET", path="/todos/1")
    for each, said in ((handed, ["contract.json: $: 'title' is a required property"]), (model, [])):
        schemas = Schemas(Project(tmp_path), each)
        assert schemas.differences(sent, seen(200, {"note": "b"})) == said
    assert Schemas(Project(tmp_path), handed).figures().keys() == {
        "answers held against openapi.json",
        "answers held against contract.json",
    }
