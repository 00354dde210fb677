"""What a specification says can never become code."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backwright.emit.source import (
    EmissionError,
    Identifier,
    Source,
    comment,
    docstring,
    imports,
    literal,
    module,
    sql_block,
)

ODD = [
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    "\0",
    "\ud800",
    "\u202e",
    "\x85",
    "#",
    "{",
    "}",
    ":x",
    ". ",
    " ",
    "word",
    "\N{SNOWMAN}",
]
TEXT = st.lists(st.sampled_from(ODD), max_size=60).map("".join) | st.text(max_size=200)
FOLDER = Path(__file__).parents[3]


@given(TEXT)
def test_a_literal_is_its_value(text: str):
    assert ast.literal_eval(literal(text)) == text


@given(TEXT, st.sampled_from([0, 4, 8]))
def test_a_docstring_stays_one_string(text: str, indent: int):
    pad = " " * indent
    source = (
        "".join(f"{' ' * level}if True:\n" for level in range(0, indent, 4))
        + f"{pad}{docstring(text, indent)}\n{pad}pass\n"
    )
    tree = ast.parse(source)
    kinds = {type(node) for node in ast.walk(tree)}
    assert kinds <= {ast.Module, ast.If, ast.Constant, ast.Expr, ast.Pass}
    assert all(ord(character) >= 32 or character == "\n" for character in source)


@given(TEXT)
def test_a_comment_stays_a_comment(text: str):
    assert ast.dump(ast.parse(comment(text))) == ast.dump(ast.parse(""))


@given(TEXT)
def test_a_statement_is_kept_as_it_is(text: str):
    usable = text.replace("\0", "").replace("\r", "").encode("utf-8", "ignore").decode()
    usable = "".join(character for character in usable if character.isprintable())
    value = ast.literal_eval(sql_block(f"SELECT {usable}").replace("(", "(", 1))
    assert value.strip() == f"SELECT {usable}".strip()


@pytest.mark.parametrize("name", ["", "1a", "a-b", "class", "a b", "a\n", "é", "a.b", "import os"])
def test_a_name_that_is_no_identifier_is_refused(name: str):
    with pytest.raises(EmissionError):
        Identifier(name)


def test_imports_are_sorted_and_grouped():
    piece = Source(
        "x = 1",
        imports("todos.entities", "Todo")
        | imports("uuid", "UUID")
        | imports("msgspec", "UNSET", "field", "Meta"),
    )
    lines = module("About.", [piece], package="todos").splitlines()
    assert lines[3:8] == [
        "from uuid import UUID",
        "",
        "from msgspec import UNSET, Meta, field",
        "",
        "from todos.entities import Todo",
    ]


def test_one_name_from_two_modules_is_a_defect():
    with pytest.raises(EmissionError, match="Page"):
        module("About.", [Source("x = Page", imports("a", "Page") | imports("b", "Page"))], package="todos")


def test_source_that_does_not_parse_is_a_defect():
    with pytest.raises(EmissionError, match="does not parse"):
        module("About.", [Source("def (")], package="todos")


def test_emission_is_the_same_for_every_hash_seed():
    program = (
        "import sys, hashlib, json; sys.path[:0] = ['tests', 'src']\n"
        "import models; from backwright.emit import emit\n"
        "print(hashlib.sha256(json.dumps(emit(models.library())).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=FOLDER,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_imports_are_in_the_order_of_ruff():
    """Case decides last, and numbers count: names of people's own words meet both."""
    names = (
        "ReviewPageRow",
        "ReviewerLoadItem",
        "V10",
        "V2",
        "v10_rows",
        "v2_rows",
        "_hidden",
        "LIMIT_10",
        "LIMIT_9",
    )
    piece = Source(
        "x = 1", imports("todos.v2", *names) | imports("todos.v10", "Other") | imports("todos.v1", "One")
    )
    text = module("About.", [piece], package="todos")
    rules = ("--isolated", "--select", "I", "--line-length", "400", "--stdin-filename", "x.py", "-")
    judged = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout
