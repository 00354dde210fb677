"""Whatever is written in a specification, it is read without a crash, and what is wrong is said with its place."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from properties.spec_texts import damaged, documents, expressions, texts

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import NOWHERE, Diagnostic, SpecificationError, registered

BOUNDED = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
AROUND = """\
service: {{name: notes, version: 1.0.0}}
auth: {{identity: User, by: email, flows: [register, login]}}
entities:
  User:
    fields: {{email: {{type: email, unique: true}}, password: password}}
    access: {{create: public, read: this == caller}}
  Note:
    fields:
      title: {{type: string, max: 80}}
      count: integer?
      owner: {{ref: User, set: caller, inverse: notes}}
    computed: {{ready: {computed}}}
    access: {{read: {read}, write: this.owner == caller}}
    crud: {{path: /notes, filters: {{found: {filter}}}, order: title}}
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def said(folder: Path, content: bytes) -> list[Diagnostic]:
    """Every diagnostic about a specification. Anything else that is raised fails the test."""
    (folder / "backwright.yaml").write_bytes(content)
    try:
        _, found = examine(read(Project(folder)))
    except SpecificationError as error:
        found = list(error.diagnostics)
    return found


def hold_together(found: list[Diagnostic], content: bytes) -> None:
    """Each diagnostic has a registered code, a place in the file, and says what is wrong and how to mend it."""
    codes = {code.code for code in registered()}
    lines = re.split("\r\n|[\n\r]", content.decode("utf-8", "replace").removeprefix("\ufeff"))
    for each in found:
        assert each.code in codes
        assert each.message.strip() and each.mend.strip() and each.why.strip()
        if each.place != NOWHERE:
            assert each.place.file == "backwright.yaml", each
            assert 1 <= each.place.line <= len(lines) + 1, each
            assert 1 <= each.place.column <= len([*lines, ""][each.place.line - 1]) + 1, each


def text_is_read(folder: Path, text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    hold_together(said(folder, content), content)


@BOUNDED
@given(content=st.binary(max_size=200))
@example(content=b"\xff\xfe\x00")
@example(content=b"\xef\xbb\xbfservice: x")
def test_bytes_of_any_kind_are_read(folder: Path, content: bytes) -> None:
    hold_together(said(folder, content), content)


@BOUNDED
@given(text=damaged())
def test_a_specification_after_accidents_is_read(folder: Path, text: str) -> None:
    text_is_read(folder, text)


@BOUNDED
@given(text=documents())
def test_trees_of_known_keys_are_read(folder: Path, text: str) -> None:
    text_is_read(folder, text)


@BOUNDED
@given(computed=expressions(), rule=expressions(), condition=expressions())
def test_text_that_is_nearly_an_expression_is_read(
    folder: Path, computed: str, rule: str, condition: str
) -> None:
    quoted = {"computed": computed, "read": rule, "filter": condition}
    text_is_read(folder, AROUND.format(**{name: json.dumps(text) for name, text in quoted.items()}))


@BOUNDED
@given(value=texts(), place=st.sampled_from(("computed", "read", "filter")))
def test_an_unquoted_value_of_any_kind_is_read(folder: Path, value: str, place: str) -> None:
    quoted = {"computed": "this.title", "read": "public", "filter": "this.title == params.found"}
    text_is_read(folder, AROUND.format(**{**quoted, place: value}))


DEEP = 5000


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP,
        "a: {" * DEEP,
        "[" * DEEP + "]" * DEEP,
        "\n".join(" " * depth + "a:" for depth in range(600)),
        "- " * DEEP,
        "? " * DEEP,
        "service: " + "'" * DEEP,
        "service: !" + "a" * DEEP,
        "&a " * DEEP,
        "a: &a [" + "*a, " * DEEP + "]",
        "service: |\n" + " x\n" * DEEP,
        "\n" * DEEP + "service: x",
        "service: {" + ", ".join(f"k{n}: v" for n in range(DEEP)) + "}",
        "include: [" + "backwright.yaml, " * 100 + "]",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_deep_and_long_files_are_refused_in_order(folder: Path, text: str) -> None:
    content = text.encode()
    found = said(folder, content)
    assert found
    hold_together(found, content)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * DEEP,
        "(" * DEEP + "true" + ")" * DEEP,
        "!" * DEEP + "true",
        "-" * DEEP + "1",
        "this" + ".owner" * DEEP,
        "this.notes" + ".filter(x, true)" * DEEP,
        " || ".join(["this.title == 'a'"] * DEEP),
        " && ".join(["this.title == 'a'"] * DEEP),
        "true ? " * DEEP + "1",
        " + ".join(["1"] * DEEP) + " == 1",
        "1 in [" + ", ".join(["1"] * DEEP) + "]",
        "size(" * DEEP,
        "'" + "a" * DEEP + "' == 'b'",
        "a" * DEEP,
        "[" * DEEP,
        "9" * DEEP + " == 1",
        "== " * DEEP,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("place", ["computed", "read", "filter"])
def test_deep_and_long_expressions_are_read_or_refused(folder: Path, expression: str, place: str) -> None:
    quoted = {"computed": "this.title", "read": "public", "filter": "this.title == params.found"}
    text_is_read(folder, AROUND.format(**{**quoted, place: json.dumps(expression)}))
