"""Places inside values of several lines, and inside quotes and escapes, are those of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backwright.model.build import examine
from backwright.project import Project
from backwright.spec import read
from backwright.spec.diagnostics import SpecificationError
from backwright.spec.raw import Scalar
from backwright.spec.reader.raws import word
from backwright.spec.yamltext import parse

HEAD = """\
service: {name: library, version: 1.0.0}
auth: {identity: User, by: email, flows: [register, login]}
entities:
  User:
    fields: {email: {type: email, unique: true}, password: password}
    access: {create: public, read: this == caller}
  Book:
    fields: {title: string, owner: {ref: User, set: caller}}
    access: {read: public, write: this.owner == caller}
    crud: {path: /books}
    computed:
"""


def places(folder: Path, computed: str) -> list[tuple[str, int, int]]:
    """Code, line in `computed` and column of what is wrong with it."""
    (folder / "backwright.yaml").write_text(HEAD + computed, encoding="utf-8", newline="")
    try:
        _, found = examine(read(Project(folder)))
    except SpecificationError as error:
        found = list(error.diagnostics)
    first = HEAD.count("\n")
    return [(each.code, each.place.line - first, each.place.column) for each in found]


@pytest.mark.parametrize(
    "computed",
    [
        "      x: >-\n        this.title == 'a' &&\n        «this.titel == 'b'\n",
        "      x: >\n        this.title == 'a' &&\n\n          «this.titel == 'b'\n",
        "      x: |\n        this.title == 'a' // so it is\n          && «this.titel == 'b'\n",
        "      x: |2-\n          this.title == 'a' && «this.titel == 'b'\n",
        "      x: this.title == 'a' &&\n         «this.titel == 'b'\n",
        "      x: 'this.title == ''a''\n         && «this.titel == ''b'''\n",
        "      x: 'this.title == ''a'' && «this.titel == ''b'''\n",
        '      x: "this.title == \\"a\\" && «this.titel == \\"b\\""\n',
        '      x: "this.title\\x20==\\u0020\\"a\\" && \\\n        «this.titel == \\"b\\""\n',
        "      x: '  this.title == ''a'' && «this.titel == ''b'''\n",
        "      x: >-\r\n        this.title == 'a' &&\r\n        «this.titel == 'b'\r\n",
    ],
)
def test_a_diagnostic_points_into_the_value(tmp_path: Path, computed: str) -> None:
    before, _, behind = computed.partition("«")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert places(tmp_path, before + behind) == [("BW404", line, column + len("this."))]


@pytest.mark.parametrize("header", [">", ">-", "|", "|-", ">+"])
def test_expressions_may_be_blocks(tmp_path: Path, header: str) -> None:
    assert not places(
        tmp_path, f"      x: {header}\n        this.title == 'a' &&\n\n        this.title != 'b'\n"
    )


@pytest.mark.parametrize("style", [">-\n        ", "", ">-\n        'http://x' == this.title && "])
def test_a_comment_may_not_hide_folded_lines(tmp_path: Path, style: str) -> None:
    found = places(tmp_path, f"      x: {style}this.title == 'a' // why\n        && this.title != 'b'\n")
    assert [code for code, *_ in found] == ["BW122"]


def test_a_comment_that_hides_nothing_is_one(tmp_path: Path) -> None:
    assert not places(tmp_path, "      x: >-\n        this.title == 'http://a' &&\n        true // why\n")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["a", "bc", "''", '\\"', "\\t", "é", "  ", "\n", "\n\n", " \n  "]), max_size=12),
    st.sampled_from(["'", '"', "", "|", ">", ">-"]),
)
def test_every_character_stands_where_its_place_says(parts: list[str], style: str) -> None:
    text = "x" + "".join(part.replace("\n", "\n    ") for part in parts) + "y"
    quote = style if style in {"'", '"'} else ""
    head = f"{style}\n    " if style[:1] in {"|", ">"} and style else ""
    table, found = parse(f"key: {head}{quote}{text}{quote}\n", "f")
    if found or table is None:
        return
    scalar = table.entries[0].value
    assert isinstance(scalar, Scalar)
    lines = f"key: {head}{quote}{text}{quote}\n".split("\n")
    value = word(scalar)
    for offset, character in enumerate(value.value):
        place = value.at(offset)
        stands = lines[place.line - 1][place.column - 1 :]
        if not character.isspace():
            escaped = stands.startswith("\\") and style == '"'
            assert stands.startswith(character) or escaped, (value.value, offset)
