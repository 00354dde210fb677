"""Query parameters take the type of what they are compared with, also behind functions that keep a type."""

from __future__ import annotations

from pathlib import Path

import pytest

from backwright.model.build import examine
from backwright.model.types import Find, ListType, ScalarType, Select
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

REFERRING = """\
service: {name: library, version: 1.0.0}
entities:
  Book:
    fields: {title: {type: string, max: 30}}
    access: public
  Loan:
    fields: {book: {ref: Book}, days: {type: integer, default: 1}}
    access: public
operations:
  lend: {route: "POST /loans/{book}", params: {book: {ref: Book}}, create: Loan, body: [days], set: {book: params.book}}
  swap:
    route: POST /swaps
    params: {book: {ref: Book}, other: {ref: Book?}}
    steps:
      - create: Loan
        set: {book: params.book}
      - require: params.other == null || params.other.title != params.book.title
  found: {route: GET /found, params: {book: {ref: Book}}, steps: [{find: Book, where: this == params.book}]}
  lent: {route: GET /lent, params: {book: {ref: Book}}, list: Loan, filters: {of: this.book == params.book}}
"""


def test_a_row_that_a_parameter_names_is_found_before_the_steps(tmp_path: Path) -> None:
    (tmp_path / "backwright.yaml").write_text(REFERRING, encoding="utf-8")
    model, found = examine(read(Project(tmp_path)))
    assert found == [] and model is not None
    by_path = model.operation("lend").steps[0]
    assert isinstance(by_path, Find) and by_path.otherwise is None and by_path.when is None
    first, second, *_ = model.operation("swap").steps
    assert isinstance(first, Find) and isinstance(second, Find)
    assert first.when is None and first.otherwise is not None and first.otherwise.category == "invalid"
    assert second.when is not None and second.bind == "other"
    assert [type(step) for step in model.operation("found").steps] == [Find], "the author says what happens"
    assert [type(step) for step in model.operation("lent").steps] == [Select], "a filter finds nothing"


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


def test_a_parameter_that_a_value_is_in_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "backwright.yaml").write_text(
        TEXT.format(condition="this.pages in params.found"), encoding="utf-8"
    )
    model, found = examine(read(Project(tmp_path)))
    assert found == [] and model is not None
    (parameter,) = (each for each in model.operation("list_books").query if each.name == "found")
    assert isinstance(parameter.type, ListType) and not parameter.required
    assert isinstance(parameter.type.element, ScalarType) and parameter.type.element.scalar == "integer"
