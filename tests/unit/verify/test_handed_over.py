"""A contract that was handed over is kept, or it is said where it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from built_project import built
from models import todos
from ruamel.yaml import YAML

from backwright.model.types import Deviation, HandedOver
from backwright.project import Project
from backwright.review.contract.conformance import Conformance, conformance
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError
from backwright.verify.gate import GateInput
from backwright.verify.gates import contract as gate
from backwright.verify.judging import judged

EXAMPLE = Path(__file__).parents[3] / "examples" / "conduit"
HANDED_OVER = """
openapi: 3.0.3
info: {title: Orders, version: '1'}
servers: [{url: '{scheme}://orders.example/{base}', variables: {scheme: {default: https}, base: {default: api}}}]
security: [{Key: []}]
paths:
  /orders:
    parameters:
      - {name: state, in: query, schema: {type: string}}
      - {name: limit, in: query, schema: {type: integer, maximum: 200, default: 20}}
      - {name: since, in: query, schema: {type: string, format: datetime}}
    get:
      parameters:
        - {name: cut, in: query, required: true, schema: {$ref: '#/components/schemas/Cut'}}
      responses:
        '200':
          description: Some orders.
          content:
            application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Order'}}}
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [sku], properties: {sku: {type: string}, note: {type: string}}}
      responses:
        '201':
          description: Made.
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
  /orders/{id}:
    put:
      requestBody: {content: {application/json: {schema: {type: object, required: [sku]}}}}
      responses: {'200': {description: Changed.}}
    delete:
      responses: {'404': {description: None.}}
  /health:
    get:
      security: []
      responses: {'200': {description: Fine.}}
components:
  securitySchemes:
    Key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Order:
      type: object
      required: [id, sku]
      properties:
        id: {type: string, format: uuid}
        sku: {type: string, maxLength: 20}
        note: {type: string, nullable: true}
        left: {type: integer, format: int32}
        weight: {type: number, format: float}
        link: {type: string, format: uri}
        at: {type: string, format: date-time}
        made: {type: string, format: datetime}
        code: {type: string, pattern: '^[A-Z]+$'}
    Cut: {type: object, properties: {page: {type: integer, format: int32}}}
"""
Change = Callable[[dict[str, Any]], object]


def compared(tmp_path: Path, *changes: Change) -> Conformance:
    """How far a description that is the contract but for some changes keeps it. It says `/api` in its paths."""
    handed_over, built_as = tmp_path / "contract.yaml", tmp_path / "openapi.json"
    handed_over.write_text(HANDED_OVER, encoding="utf-8")
    document = YAML(typ="safe").load(HANDED_OVER)
    del document["servers"]
    for change in changes:
        change(document)
    document["paths"] = {f"/api{path}": item for path, item in document["paths"].items()}
    built_as.write_bytes(msgspec.json.encode(document))
    return conformance(handed_over, built_as, "contract.yaml", "openapi.json")


def order(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Order"]


def sent(document: dict[str, Any]) -> Any:
    body = document["paths"]["/orders"]["post"]["requestBody"]
    return body["content"]["application/json"]["schema"]


def query(document: dict[str, Any], place: int) -> Any:
    return document["paths"]["/orders"]["parameters"][place]


def test_the_contract_itself_is_kept_below_the_path_of_its_server(tmp_path: Path) -> None:
    found = compared(tmp_path)
    assert (found.operations, found.further) == (5, 0)
    assert (found.deviations, found.decisions, found.undecided) == ((), (), ())


OWN: dict[str, Change] = {
    "a limit where there is none": lambda d: sent(d)["properties"]["sku"].update(
        maxLength=20, pattern="^[A-Z]+$"
    ),
    "a format where there is none": lambda d: sent(d)["properties"]["note"].update(format="email"),
    "a default where there is none": lambda d: query(d, 0)["schema"].update(default="open"),
    "a further member of answers": lambda d: order(d)["properties"].update(total={"type": "number"}),
    "a further optional member of requests": lambda d: sent(d)["properties"].update(gift={"type": "boolean"}),
    "a further parameter": lambda d: d["paths"]["/orders"]["parameters"].append(
        {"name": "sort", "in": "query", "schema": {"type": "string"}}
    ),
    "a further failure": lambda d: d["paths"]["/orders"]["post"]["responses"].update(
        {"422": {"description": "Wrong."}}
    ),
    "a further operation": lambda d: d["paths"].update(
        {"/carts": {"get": {"responses": {"200": {"description": "Some."}}}}}
    ),
    "answers that say more exactly what they are": lambda d: order(d)["properties"]["sku"].update(
        maxLength=10
    ),
    "bounds that keep within a format": lambda d: order(d)["properties"]["left"].update(
        format="int64", minimum=0, maximum=1000
    ),
    "bounds that keep within a coarser number": lambda d: order(d)["properties"]["weight"].update(
        format="double", minimum=0, maximum=1000
    ),
    "a path parameter that nobody described": lambda d: d["paths"]["/orders/{id}"]["delete"].update(
        parameters=[{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    ),
    "a body that is needed where there is none": lambda d: d["paths"]["/orders/{id}"]["put"][
        "requestBody"
    ].update(required=True),
    "a success where there is none": lambda d: d["paths"]["/orders/{id}"]["delete"]["responses"].update(
        {"204": {"description": "Gone."}}
    ),
    "the members of an object in the query, each by its own name": lambda d: d["paths"]["/orders"][
        "get"
    ].update(parameters=[{"name": "page", "in": "query", "schema": {"type": "integer", "format": "int64"}}]),
    "a format where there is none that anybody knows": lambda d: query(d, 2)["schema"].update(
        format="date-time"
    ),
    "another name of the credentials": lambda d: d.update(
        security=[{"key": []}], components=d["components"] | {"securitySchemes": {"key": KEY}}
    ),
}
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


@pytest.mark.parametrize("what", OWN)
def test_what_the_contract_leaves_open_is_the_service_s_own(tmp_path: Path, what: str) -> None:
    found = compared(tmp_path, OWN[what])
    assert (found.deviations, found.undecided) == ((), ())
    assert bool(found.decisions) == ("where there is none" in what)


BROKEN: dict[str, tuple[str, Change]] = {
    "an operation is missing": ("CD101", lambda d: d["paths"]["/orders"].pop("post")),
    "a parameter is ignored": ("CD201", lambda d: d["paths"]["/orders"]["parameters"].pop(0)),
    "a member of an object in the query is ignored": (
        "CD201",
        lambda d: d["paths"]["/orders"]["get"].pop("parameters"),
    ),
    "a limit is narrower than the contract's": ("CD505", lambda d: query(d, 1)["schema"].update(maximum=100)),
    "a default is another than the contract's": ("CD510", lambda d: query(d, 1)["schema"].update(default=50)),
    "another type is wanted": ("CD501", lambda d: sent(d)["properties"]["sku"].update(type="integer")),
    "only some values are wanted": ("CD503", lambda d: query(d, 0)["schema"].update(enum=["open"])),
    "an optional member is required": ("CD523", lambda d: sent(d)["required"].append("note")),
    "a further member is required": (
        "CD522",
        lambda d: sent(d).update(required=["sku", "gift"], properties={"sku": {}, "note": {}, "gift": {}}),
    ),
    "a member of requests is ignored": ("CD521", lambda d: sent(d)["properties"].pop("note")),
    "a member of answers is missing": ("CD521", lambda d: order(d)["properties"].pop("sku")),
    "an optional member is never answered": ("CD521", lambda d: order(d)["properties"].pop("note")),
    "a member may be absent": ("CD523", lambda d: order(d)["required"].remove("sku")),
    "a value may be null": ("CD504", lambda d: order(d)["properties"]["sku"].update(nullable=True)),
    "an answer may be longer": ("CD506", lambda d: order(d)["properties"]["sku"].update(maxLength=30)),
    "a number may be larger": (
        "CD502",
        lambda d: order(d)["properties"]["left"].update(format="int64", minimum=0),
    ),
    "a time may be any text": ("CD502", lambda d: order(d)["properties"]["at"].pop("format")),
    "another success": (
        "CD301",
        lambda d: d["paths"]["/orders"]["post"].update(responses={"200": {"description": "Made."}}),
    ),
    "a further success": (
        "CD302",
        lambda d: d["paths"]["/orders"]["post"]["responses"].update({"202": {"description": "Later."}}),
    ),
    "credentials are demanded": ("CD401", lambda d: d["paths"]["/health"]["get"].pop("security")),
    "no credentials are demanded": ("CD403", lambda d: d["paths"]["/orders"]["post"].update(security=[])),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_the_contract_says_is_kept_or_named(tmp_path: Path, what: str) -> None:
    rule, change = BROKEN[what]
    assert rule in {each.id for each in compared(tmp_path, change).deviations}


LOOKED_AT: dict[str, Change] = {
    "a format that no type stands for": lambda d: order(d)["properties"]["link"].pop("format"),
    "a format that nobody knows": lambda d: order(d)["properties"]["made"].update(format="date-time"),
    "a pattern that our description does not say": lambda d: order(d)["properties"]["code"].pop("pattern"),
}


@pytest.mark.parametrize("what", LOOKED_AT)
def test_what_a_description_cannot_say_is_looked_at_in_answers(tmp_path: Path, what: str) -> None:
    found = compared(tmp_path, LOOKED_AT[what])
    assert found.deviations == ()
    assert len(found.undecided) == 1


def test_the_example_keeps_the_contract_that_it_was_written_after(realworld: Path) -> None:
    built_as = EXAMPLE / "conduit" / "openapi.json"
    found = conformance(realworld / "openapi.yml", built_as, "openapi.yml", "openapi.json")
    assert found.operations == 19
    assert (found.deviations, found.undecided) == ((), ())


def test_nullable_means_nothing_from_3_1_on(tmp_path: Path) -> None:
    """As it means nothing to what holds running answers against the contract."""
    for name, version in (("contract", "3.1.0"), ("built", "3.0.3")):
        (tmp_path / f"{name}.yaml").write_text(HANDED_OVER.replace("3.0.3", version), encoding="utf-8")
    found = conformance(tmp_path / "contract.yaml", tmp_path / "built.yaml", "contract.yaml", "built.yaml")
    assert [(each.id, each.message) for each in found.deviations] == [
        ("CD504", "answer 200[].note: may be null")
    ]


# The gate -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A delivered project, and what it is as a contract that was handed over."""
    (tmp_path / "project").mkdir()
    project = built(todos(), tmp_path / "project")
    handed_over = project.root / "contract" / "openapi.json"
    handed_over.parent.mkdir()
    handed_over.write_bytes((project.root / "todos" / "openapi.json").read_bytes())
    return project


def verdict(project: Project, *deviations: Deviation) -> tuple[str, list[str], str]:
    handed_over = HandedOver(file="contract/openapi.json", sha256="", deviations=deviations)
    model = msgspec.structs.replace(todos(), contract=handed_over)
    result = judged(gate, GateInput(project=project, model=model, build="abc"))  # type: ignore[arg-type]
    return result.status, [each.what for each in result.findings], result.summary


def promise(project: Project, parameter: str) -> None:
    """The contract has a parameter of the list that the service does not take."""
    path = project.root / "contract" / "openapi.json"
    document = msgspec.json.decode(path.read_bytes())
    document["paths"]["/todos"]["get"].setdefault("parameters", []).append(
        {"name": parameter, "in": "query", "schema": {"type": "string"}}
    )
    path.write_bytes(msgspec.json.encode(document))


def test_the_gate_passes_where_the_contract_is_kept(project: Project) -> None:
    status, findings, summary = verdict(project)
    assert (status, findings) == ("passed", [])
    assert re.search(r"contract/openapi\.json \(\d+ operations\) is kept", summary)


def test_the_gate_fails_where_it_is_not_and_says_where(project: Project) -> None:
    promise(project, "colour")
    status, findings, _ = verdict(project)
    assert status == "failed"
    assert findings == [
        "CD201 parameter-removed: GET /todos at query parameter colour: query parameter `colour` is gone"
    ]


def test_what_was_agreed_to_be_otherwise_is_counted_and_does_not_fail(project: Project) -> None:
    promise(project, "colour")
    agreed = Deviation(rule="CD201", operation="GET /todos", reason="Nobody filters by colour.")
    status, _, summary = verdict(project, agreed)
    assert status == "passed"
    assert "1 deviations agreed" in summary
    elsewhere = msgspec.structs.replace(agreed, operation="POST /todos")
    status, findings, _ = verdict(project, elsewhere)
    assert status == "failed"
    assert "the deviation CD201 of POST /todos is agreed to, and there is none" in findings


def test_what_is_agreed_of_one_member_and_operation_hides_no_other(project: Project) -> None:
    """A schema that two operations answer, and two members of it: each is agreed to by itself."""
    path = project.root / "contract" / "openapi.json"
    document = msgspec.json.decode(path.read_bytes())
    document["components"]["schemas"]["TodoView"]["properties"] |= {"colour": {}, "shade": {}}
    path.write_bytes(msgspec.json.encode(document))
    agreed = Deviation(rule="CD521", operation="GET /todos/{id}", reason="Not shown.")
    _, findings, _ = verdict(project, agreed)
    assert len(findings) == 2
    assert all(
        "GET /todos/{id}" not in each and "GET /todos at answer 200.data[]." in each for each in findings
    )
    colour = msgspec.structs.replace(agreed, operation=None, at="answer *.colour")
    status, findings, _ = verdict(project, colour)
    assert status == "failed"
    assert [each.partition(":")[0] for each in findings] == ["CD521 property-removed"]
    assert all(each.endswith("member `shade` is gone") for each in findings)
    shade = msgspec.structs.replace(colour, at="answer *.shade")
    assert verdict(project, colour, shade)[0] == "passed"


def test_one_way_in_that_is_agreed_not_to_do_hides_no_other(project: Project) -> None:
    path = project.root / "contract" / "openapi.json"
    document = msgspec.json.decode(path.read_bytes())
    schemes = {name: {"type": "apiKey", "in": "header", "name": f"X-{name}"} for name in ("one", "two")}
    document["components"]["securitySchemes"] |= schemes
    document["paths"]["/todos"]["get"]["security"] += [{"one": []}, {"two": []}]
    path.write_bytes(msgspec.json.encode(document))
    agreed = Deviation(rule="CD401", operation="GET /todos", at="credentials one", reason="Tokens only.")
    _, findings, _ = verdict(project, agreed)
    assert [each.partition(": ")[2][:30] for each in findings] == ["GET /todos at credentials two:"]


def test_a_contract_that_is_gone_since_is_no_contract_that_is_kept(project: Project) -> None:
    (project.root / "contract" / "openapi.json").unlink()
    status, findings, _ = verdict(project)
    assert status == "failed"
    assert findings == ["contract/openapi.json: No such file or directory"]


# Reading --------------------------------------------------------------------------------------------------

SERVICE = """
service: {name: notes, version: 1.0.0, contract: contract/openapi.yaml}
entities: {Note: {fields: {text: string}, access: public}}
"""


def read_with(root: Path, contract: str, **others: str) -> str:
    """The digest of a contract, or what is wrong with it."""
    (root / "contract").mkdir(exist_ok=True)
    (root / "backwright.yaml").write_text(SERVICE, encoding="utf-8")
    for name, text in {"openapi": contract, **others}.items():
        (root / "contract" / f"{name}.yaml").write_text(text, encoding="utf-8")
    try:
        found = read(Project(root)).service.contract
    except SpecificationError as error:
        (problem,) = error.diagnostics
        assert (problem.code, problem.place.line) == ("BW125", 2)
        return problem.message
    assert found is not None
    return found.sha256


def test_every_file_of_a_contract_is_part_of_the_specification(tmp_path: Path) -> None:
    whole = "openapi: 3.1.0\npaths: {/a: {$ref: 'paths.yaml#/a'}}\n"
    first = read_with(tmp_path, whole, paths="a: {get: {responses: {}}}\n")
    assert first == read_with(tmp_path, whole, paths="a: {get: {responses: {}}}\n")
    assert len({first, read_with(tmp_path, whole, paths="a: {put: {responses: {}}}\n")}) == 2


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("swagger: '2.0'\n", "there is no `openapi:` with a version"),
        ("openapi: [\n", "no YAML or JSON"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '../../secret.yaml#/a'}}\n", "leads out of"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: 'https://orders.example/a'}}\n", "is on the network"),
        ("openapi: 3.1.0\npaths: {/a: {$ref: '#/nowhere'}}\n", ""),
    ],
)
def test_a_contract_that_cannot_be_compared_is_refused(tmp_path: Path, contract: str, said: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "secret.yaml").write_text("a: {}\n", encoding="utf-8")
    found = read_with(root, contract)
    assert said in found if said else re.fullmatch("[0-9a-f]{64}", found)


def test_aliases_of_yaml_do_not_make_a_contract_large(tmp_path: Path) -> None:
    bomb = "x-0: &l0 {a: 1}\n" + "".join(
        f"x-{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40)
    )
    assert re.fullmatch("[0-9a-f]{64}", read_with(tmp_path, f"openapi: 3.1.0\npaths: {{}}\n{bomb}"))
