"""Query parameters take the type of what they are compared with, also behind functions that keep a type."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import examine
from backwright.model.types import ScalarType
from backwright.project import Project
from backwright.spec import read

TEXT = """\
service: {{name: library, version: 1.0.0}}
entities:
  Book:
    fields: {{title: {{type: string, max: 30}}, note: text?, pages: integer?}}
    access: public
    crud: {{path: /books, order: title, filters: {{found: "{condition}"}}}}
"""


@pytest.mark.parametrize(
    ("condition", "scalar"),
    [
        ("this.title == params.found", "string"),
        ("this.note.orValue('').contains(params.found)", "text"),
        ("this.title.lowerAscii().startsWith(params.found)", "string"),
        ("params.found == this.title.trim()", "string"),
        ("this.pages.orValue(0) > params.found", "integer"),
    ],
)
def test_a_parameter_is_typed_like_the_field(tmp_path: Path, condition: str, scalar: str) -> None:
    (tmp_path / "backwright.yaml").write_text(TEXT.format(condition=condition), encoding="utf-8")
    model, found = examine(read(Project(tmp_path)))
    assert found == [] and model is not None
    (parameter,) = (each for each in model.operation("list_books").query if each.name == "found")
    assert isinstance(parameter.type, ScalarType) and parameter.type.scalar == scalar
