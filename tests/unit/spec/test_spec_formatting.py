"""`backwright fmt`: quotes where YAML needs them, and nothing else that anybody could notice."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from expr_random import expressions
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from properties.spec_texts import damaged, documents, texts
from typer.testing import CliRunner

from backwright.cli import app
from backwright.expr.typed import BOOLEAN
from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import Place, SpecificationError, Turn
from backwright.spec.formatting import formatted
from backwright.spec.raw import Raw, Scalar, Table
from backwright.spec.yamltext import parse

HEAD = """\
service: {name: library, version: 1.0.0}
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: this == caller}
  Book:
    fields:
      title: {type: string, max: 80}
      kind: {enum: [a, b], default: a}
      open: boolean
      labels: {list: string, default: "[]"}
      owner: {ref: User, set: caller, inverse: books}
"""
REST = "    crud: {path: /books, order: title}\n"


def mended(line: str) -> str:
    """The line of an entity as it is after formatting; the file is then read without a mistake."""
    found = formatted(f"{HEAD}    {line}\n{REST}", "backwright.yaml")
    assert found.found == ()
    assert found.text.startswith(HEAD) and found.text.endswith(REST)
    errors = said(found.text)
    assert errors == [], errors
    return found.text[len(HEAD) + 4 : -len(REST) - 1]


def said(text: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "backwright.yaml").write_text(text, encoding="utf-8", newline="")
        try:
            return [each.text() for each in examine(read(Project(Path(folder))))[1]]
        except SpecificationError as error:
            return [each.text() for each in error.diagnostics]


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("access: !this.open", 'access: "!this.open"'),
        ("access: !this.open && this.title != 'x'", "access: \"!this.open && this.title != 'x'\""),
        ("access: this.open ? true : this.title == 'a'", "access: \"this.open ? true : this.title == 'a'\""),
        ("access: this.title == 'a #1'  # why", "access: \"this.title == 'a #1'\"  # why"),
        ("access: this.title == 'note: read'", "access: \"this.title == 'note: read'\""),
        ("access: 'a' + this.title == 'b'", "access: \"'a' + this.title == 'b'\""),
        ('access: this.title == "a: b"', "access: 'this.title == \"a: b\"'"),
        ('access: this.title == "it\'s: b"', "access: 'this.title == \"it''s: b\"'"),
        (
            "access: {read: this.owner.books.exists(b, b.open == this.open), write: public}",
            'access: {read: "this.owner.books.exists(b, b.open == this.open)", write: public}',
        ),
        (
            "access: {read: this.kind in ['a', 'b'], write: this.kind in ['a']}",
            "access: {read: \"this.kind in ['a', 'b']\", write: \"this.kind in ['a']\"}",
        ),
        (
            "access: {read: this.open ? true : false, write: !this.open}  # both",
            'access: {read: "this.open ? true : false", write: "!this.open"}  # both',
        ),
        ("access: {read: public, write: !this.open}", 'access: {read: public, write: "!this.open"}'),
    ],
)
def test_what_needs_quotes_gets_them(line: str, better: str) -> None:
    assert mended(line) == better
    assert mended(better) == better


@pytest.mark.parametrize(
    ("line", "better"),
    [
        (
            "      sure: {enum: [yes, no, maybe], default: no}",
            '      sure: {enum: ["yes", "no", maybe], default: "no"}',
        ),
        ("      tags: {list: string, default: []}", '      tags: {list: string, default: "[]"}'),
        ("      open: boolean   ", "      open: boolean"),
    ],
)
def test_fields_are_formatted(line: str, better: str) -> None:
    head = HEAD.replace("      open: boolean", "OPEN").replace("      labels", f"{line}\n      labels")
    text = head.replace("OPEN\n", "") + "    access: public\n" + REST
    found = formatted(text, "x")
    assert found.text == text.replace(line, better)
    assert formatted(found.text, "x") == found


@pytest.mark.parametrize(
    "text", ["", "a: [", "- a\n- b\n", "service: 'x\n", "a: 1\n---\nb: 2\n", "\tservice: x\n"]
)
def test_what_cannot_be_understood_is_left_as_it_is(text: str) -> None:
    found = formatted(text, "x")
    assert found.text == text
    assert found.found


def test_blocks_comments_and_order_stay(tmp_path: Path) -> None:
    text = (
        "# a library\n\nservice: {version: 1.0.0, name: library}   # two\n"
        "entities:\n  Book:\n    fields: {title: string, yes: boolean}\n"
        "    # who may\n    access: >-\n      this.title == 'x'   \n      || this.yes   \n\n"
    )
    found = formatted(text, "x")
    assert found.text == text.replace("name: library}   # two", "name: library}   # two").rstrip("\n") + "\n"
    assert formatted("\ufeff" + text.replace("\n", "\r\n"), "x").text.count("\r") == 0


@settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(st.one_of(damaged(), documents(), texts().map(lambda value: f"{HEAD}    access: {value}\n{REST}")))
def test_formatting_twice_is_formatting_once_and_means_the_same(text: str) -> None:
    found = formatted(text, "backwright.yaml")
    assert formatted(found.text, "backwright.yaml").text == found.text
    before = meaning(text)
    if before is not None:
        assert meaning(found.text) == before


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    expressions(BOOLEAN),
    st.sampled_from(
        ["access: {}", "access: {{read: {}, write: public}}", "access: {{write: public, read: {}}}  # c"]
    ),
)
def test_an_expression_that_was_written_without_quotes_is_the_one_that_is_read(
    source: str, line: str
) -> None:
    assume("\n" not in source and source == source.strip())
    text = f"{HEAD}    {line.format(source)}\n{REST}"
    found = formatted(text, "backwright.yaml")
    table, problems = parse(found.text, "backwright.yaml")
    assert table is not None and not problems and not found.found
    access: Raw | None = table
    for key in ("entities", "Book", "access", *(("read",) if "read" in line else ())):
        assert isinstance(access, Table)
        access = access.get(key)
    assert isinstance(access, Scalar) and access.value == source


def meaning(text: str) -> Any:
    """What is read, without places; None where it is not read."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "backwright.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return without_places(read(Project(Path(folder))))
        except SpecificationError:
            return None


def without_places(value: Any) -> Any:
    if isinstance(value, Place | Turn):
        return None
    if isinstance(value, msgspec.Struct):
        return (type(value), [without_places(getattr(value, name)) for name in value.__struct_fields__])
    if isinstance(value, tuple):
        return [each for each in map(without_places, value) if each is not None]
    return value


def test_the_command_writes_what_needs_quotes_and_says_what_it_did(tmp_path: Path) -> None:
    path = tmp_path / "backwright.yaml"
    wrong = f"{HEAD}    access: !this.open\n{REST}include: [spec/*.yaml]\n"
    path.write_text(wrong, encoding="utf-8")
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "fine.yaml").write_text("views: {}\n", encoding="utf-8")
    checked = CliRunner().invoke(app, ["fmt", "--check", "--json", "-p", str(tmp_path)])
    assert checked.exit_code == 1
    assert json.loads(checked.stdout)["changed"] == ["backwright.yaml"]
    assert path.read_text("utf-8") == wrong
    done = CliRunner().invoke(app, ["fmt", "-p", str(tmp_path)])
    assert done.exit_code == 0
    assert 'access: "!this.open"' in path.read_text("utf-8")
    again = CliRunner().invoke(app, ["fmt", "--check", str(path), "-p", str(tmp_path)])
    assert again.exit_code == 0


def test_the_command_leaves_what_it_does_not_understand_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "backwright.yaml"
    path.write_text("service: {name: x\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["fmt", "--json", "-p", str(tmp_path)])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["diagnostics"][0]["code"] == "BW102"
    assert path.read_text("utf-8") == "service: {name: x\n"


EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize(
    "path",
    sorted([*EXAMPLES.glob("*/backwright.yaml"), *EXAMPLES.glob("*/spec/*.yaml")]),
    ids=lambda path: path.parent.name,
)
def test_the_examples_are_formatted(path: Path) -> None:
    text = path.read_text("utf-8")
    assert formatted(text, path.name).text == text
