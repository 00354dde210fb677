"""The JSON Schema and the manual come from the grammar."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from backwright.model.build import examine
from backwright.pipeline import rehearse
from backwright.project import Project
from backwright.spec import read
from backwright.spec.formatting import formatted
from backwright.spec.manual import expression_keys, manual
from backwright.spec.schema import json_schema

CASES = Path(__file__).parents[2] / "cases" / "specification"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("folder", sorted(CASES.glob("fine_*")), ids=lambda folder: folder.name)
def test_the_schema_accepts_what_the_reader_accepts(folder: Path) -> None:
    text = (folder / "backwright.yaml").read_text(encoding="utf-8")
    Draft202012Validator(json_schema()).validate(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(
    "name", ["shape_unknown_key", "shape_wrong_kind", "shape_unknown_type", "shape_not_built"]
)
def test_the_schema_refuses_what_has_the_wrong_shape(name: str) -> None:
    text = (CASES / name / "backwright.yaml").read_text(encoding="utf-8")
    assert not Draft202012Validator(json_schema()).is_valid(YAML(typ="safe", pure=True).load(text))


def test_the_manual_names_every_key_and_the_traps() -> None:
    text = manual()
    for key in ("`service` (required)", "`unknown_fields`", "`paging`", "`was`", "`ref`", "BW107"):
        assert key in text


def test_the_keys_that_hold_expressions_are_published() -> None:
    assert {"entity.access", "access.read", "crud.filters", "field.default", "field.set"} <= set(
        expression_keys()
    )


EXAMPLES = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", manual(), re.MULTILINE | re.DOTALL)


def test_every_block_of_the_tour_names_its_file() -> None:
    assert manual().count("```yaml") == len(EXAMPLES) > 8
    assert manual().count("```") == 2 * len(EXAMPLES)


def test_the_specification_of_the_tour_is_right_after_each_of_its_steps(tmp_path: Path) -> None:
    names = [name for name, _ in EXAMPLES]
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "00-nothing.yaml").write_text("views: {}\n")  # an include names a file
    for name, text in EXAMPLES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        model, found = examine(read(Project(tmp_path)))
        assert model is not None
        assert [each.text() for each in found] == [], name
        if name.startswith("spec"):
            assert formatted(text, name).text == text, name
    assert len(set(names)) == len(names)
    results = rehearse(Project(tmp_path))
    assert [(each.id, each.status) for each in results] == [("AC-1", "passed"), ("AC-2", "passed")]
