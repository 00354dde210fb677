"""Two contracts are compared as clients would.

Each folder of `tests/cases/contract-diff/` holds two descriptions and `expected.json`: the verdict, written by hand
before the comparison ran; what two well-known tools say of the same change, where they say something; and the
exact changes, which BACKWRIGHT_UPDATE_CASES=1 rewrites.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backwright.cli import app
from backwright.review import contract
from backwright.review.contract import rules

CASES = Path(__file__).parents[2] / "cases" / "contract-diff"
CASE_NAMES = sorted(path.name for path in CASES.iterdir())
TODAY = date(2030, 6, 1)


def compared(folder: Path) -> list[contract.Change]:
    return contract.compare(folder / "before.yaml", folder / "after.yaml", today=TODAY)


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_case_is_judged_as_expected(name: str) -> None:
    folder = CASES / name
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    changes = compared(folder)
    found = [[c.name, c.level, (c.after or c.before).pointer] for c in changes]  # type: ignore[union-attr]
    if os.environ.get("BACKWRIGHT_UPDATE_CASES"):
        text = json.dumps(expected | {"changes": found}, indent=2) + "\n"
        (folder / "expected.json").write_text(text, "utf-8")
        expected["changes"] = found
    assert (changes[0].level if changes else "compatible") == expected["verdict"]
    assert found == expected["changes"]


@pytest.mark.parametrize("name", CASE_NAMES)
def test_every_disagreement_with_another_tool_has_a_reason(name: str) -> None:
    expected = json.loads((CASES / name / "expected.json").read_text("utf-8"))
    others = {expected.get(tool, expected["verdict"]) for tool in ("oasdiff", "openapi_diff")}
    assert ("because" in expected) == (others != {expected["verdict"]})


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_contract_compared_with_itself_has_not_changed(name: str) -> None:
    path = CASES / name / "after.yaml"
    assert contract.compare(path, path) == []


def test_every_rule_is_met_by_a_case() -> None:
    met = {change.name for name in CASE_NAMES for change in compared(CASES / name)}
    assert met == set(rules.RULES)


def test_places_are_the_pointer_and_the_line_in_both_files() -> None:
    folder = CASES / "request-max-length-lowered"
    (change,) = compared(folder)
    for spot, value in ((change.before, "maxLength: 9"), (change.after, "maxLength: 5")):
        assert spot is not None and spot.pointer.endswith("/schema/properties/a/maxLength")
        assert value in Path(spot.file).read_text("utf-8").splitlines()[spot.line - 1]
    assert change.operations == ("PUT /orders/{id}",)


SHARED = """openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /a: {get: {responses: {'200': {$ref: 'parts.yaml#/responses/Thing'}}}}
  /b: {get: {responses: {'200': {$ref: 'parts.yaml#/responses/Thing'}}}}
"""
PARTS = """responses:
  Thing:
    description: A thing.
    content: {application/json: {schema: {$ref: '#/schemas/Thing'}}}
schemas:
  Thing:
    type: object
    required: [%s]
    properties: {name: {type: string}}
"""


def written(folder: Path, required: str) -> Path:
    folder.mkdir()
    (folder / "parts.yaml").write_text(PARTS % required, "utf-8")
    (folder / "api.yaml").write_text(SHARED, "utf-8")
    return folder / "api.yaml"


def test_a_schema_of_another_file_is_one_change_of_all_its_operations(tmp_path: Path) -> None:
    before, after = written(tmp_path / "a", "name"), written(tmp_path / "b", "")
    (change,) = contract.compare(before, after)
    assert change.operations == ("GET /a", "GET /b")
    assert (change.before.file, change.before.line) == ("parts.yaml", 8)  # type: ignore[union-attr]


def test_json_with_tabs_is_read(tmp_path: Path) -> None:
    text = json.dumps(
        {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {}}}},
        indent="\t",
    )
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    before.write_text(text, "utf-8")
    after.write_text(text.replace("/a", "/b"), "utf-8")
    assert [c.name for c in contract.compare(before, after)] == ["operation-removed", "operation-added"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a: [", "no YAML"),
        ("swagger: '2.0'", "no `openapi:`"),
        ("openapi: 2.0.0", "3.0 and 3.1"),
        (SHARED.replace("parts.yaml", "none.yaml"), "No such file"),
        (SHARED.replace("parts.yaml#", "http://127.0.0.1/x#"), "on the network"),
        (SHARED.replace("parts.yaml#/responses/Thing", "#/paths/~1a/get/responses/200"), "circle"),
    ],
)
def test_what_cannot_be_compared_is_said_with_exit_code_2(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(contract.Unreadable, match=said):
        contract.compare(path, path)
    answered = CliRunner().invoke(app, ["contract", "diff", str(path), str(path), "--json"])
    assert answered.exit_code == 2
    assert said in json.loads(answered.stdout)["error"]


@pytest.mark.parametrize(("name", "code"), [("path-removed", 1), ("parameter-removed", 0)])
def test_the_command_exits_with_1_for_what_breaks(name: str, code: int) -> None:
    files = [str(CASES / name / side) for side in ("before.yaml", "after.yaml")]
    assert CliRunner().invoke(app, ["contract", "diff", *files]).exit_code == code
    answered = CliRunner().invoke(app, ["contract", "diff", *files, "--json"])
    assert answered.exit_code == code
    assert json.loads(answered.stdout)["changes"][0]["operations"]


def test_schemas_that_refer_to_each_other_are_compared_once_each(tmp_path: Path) -> None:
    def text(limit: int) -> str:
        many = 60
        schemas = {
            f"S{i}": {
                "type": "object",
                "properties": {
                    "n": {"type": "integer", "maximum": limit},
                    "next": {"$ref": f"#/components/schemas/S{(i + 1) % many}"},
                    "other": {
                        "oneOf": [{"$ref": f"#/components/schemas/S{(i * 7) % many}"}, {"type": "string"}]
                    },
                },
            }
            for i in range(many)
        }
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
        paths = {"/a": {"get": {"responses": {"200": answer}}}}
        return json.dumps({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})

    for name, limit in (("a.json", 5), ("b.json", 9)):
        (tmp_path / name).write_text(text(limit), "utf-8")
    changes = contract.compare(tmp_path / "a.json", tmp_path / "b.json")
    assert {(c.name, c.level) for c in changes} == {("bound-changed", "breaking")}
    assert len(changes) == 60
