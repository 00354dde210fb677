"""Specifications that somebody got wrong: random bytes, valid ones that were damaged, trees of known keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from backwright.spec import schema

ROOT = Path(__file__).parents[2]
SOURCES = tuple(
    sorted(
        path
        for folder in ("tests/cases/specification", "examples")
        for path in (ROOT / folder).rglob("backwright.yaml")
    )
)
HOSTILE = (
    *("", " ", "~", "null", "true", "no", "0", "-1", "1.5", "1e999", "9" * 40, "-" + "9" * 40, ".nan"),
    *(
        "'",
        '"',
        "\\",
        "`",
        "#",
        "# x",
        "&a",
        "*a",
        "!x",
        "!!python/object:os.system",
        "<<",
        "|",
        ">",
        "%",
        "@",
    ),
    *("{", "}", "[", "]", "{}", "[]", ",", ":", ": ", "- ", "? ", "---", "...", "\t", "\r", "\x00", "\ufeff"),
    *("{{ x }}", "{% x %}", "${x}", "$(x)", "../../etc/passwd", "/dev/zero", "a/../b", "file:///x", "NUL"),
    *("é", "日本語", "😀", "\u202e", "\u0000", "\U0010ffff", "\x85", "\u2028", "a\u0301", "İ", "ß", "ﬁ"),
    *("this", "caller", "params.x", "body.x", "now", "null == null", "this.this", "this.title.title.title"),
    *("a || b", "a && (b", "((((", "!!!!", "a ? b : c ? d : e", "x.exists(x, x)", "x.map(x, y.map(x, x))"),
    *(
        "this in this",
        "1 in [1]",
        "'a' + 'b'",
        "size(size(x))",
        "1 / 0",
        "9223372036854775808",
        "-9223372036854775808",
    ),
    *(
        "string?",
        "string??",
        "integer",
        "decimal",
        "password",
        "ref",
        "enum",
        "list",
        "money",
        "class",
        "None",
    ),
    *("id", "Entity", "__class__", "select", "a" * 300, "A-b", "1a", "a b", "public", "none", "import", "_"),
    *("GET /x", "GET x", "POST /{a}/{a}", "/{", "/}", "//", "/a b", "/{id}/{id}", "get /x", "PUT"),
)
EXPRESSIONS = (
    *(
        "this",
        "caller",
        "now",
        "params",
        "body",
        "session",
        "x",
        "title",
        "owner",
        "User",
        "size",
        "sum",
        "Entity",
    ),
    *(
        "exists",
        "all",
        "filter",
        "map",
        "min",
        "max",
        "avg",
        "sort",
        "distinct",
        "date",
        "string",
        "duration",
    ),
    *(
        ".",
        ",",
        "(",
        ")",
        "[",
        "]",
        "?",
        ":",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        "<=",
        "in",
        "&&",
        "||",
    ),
    *(
        "1",
        "1.5",
        "'a'",
        '"b"',
        "true",
        "null",
        "'",
        '"',
        "\\",
        "@",
        "#",
        "$",
        "&",
        "|",
        "=",
        "99999999999999999999",
    ),
    *("'1d'", "'2026-02-30'", "0x", "1e5", "é", "\x00", "\n", " "),
)


def keys() -> tuple[str, ...]:
    """Every key that the grammar knows, and a few that it does not."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "properties":
                    found.update(inner)
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(schema.json_schema())
    return (*sorted(found), "User", "Todo", "title", "owner", "unknown", "", "a.b", "__proto__")


def texts() -> st.SearchStrategy[str]:
    """Values that nobody expects where they stand."""
    return st.sampled_from(HOSTILE) | st.text(max_size=12)


def trees() -> st.SearchStrategy[Any]:
    """Tables, lists and values under the keys of the grammar."""
    leaves = texts() | st.integers() | st.booleans() | st.none() | st.floats()
    inner = st.recursive(
        leaves,
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(st.sampled_from(keys()) | texts(), below, max_size=4)
        ),
        max_leaves=25,
    )
    top = st.sampled_from(
        ("service", "auth", "entities", "views", "operations", "errors", "include", "seeds")
    )
    return st.dictionaries(top, inner, min_size=1, max_size=4)


def documents() -> st.SearchStrategy[str]:
    """Trees as YAML: in braces as JSON writes them, or a valid specification with a tree in one place."""
    return trees().map(json.dumps) | st.tuples(trees(), st.sampled_from(SOURCES)).map(
        lambda both: "\n".join(
            [both[1].read_text("utf-8"), *(f"{key}: {json.dumps(value)}" for key, value in both[0].items())]
        )
    )


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A specification of the tests or the examples after a few accidents."""
    text = draw(st.sampled_from(SOURCES)).read_text("utf-8")
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 8)):
            case 0:
                lines[at] = ""
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = " " * draw(st.integers(1, 9)) + lines[at]
            case 4:
                lines[at] = lines[at].strip()
            case 5:
                lines = lines[: at + 1]
            case 6:
                words = list(re.finditer(r"[\w.?']+", lines[at]))
                if words:
                    word = draw(st.sampled_from(words))
                    lines[at] = lines[at][: word.start()] + draw(texts()) + lines[at][word.end() :]
            case 7:
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + draw(texts()) + lines[at][column:]
            case _:
                key = re.match(r"(\s*)([\w-]+):", lines[at])
                if key:
                    name = draw(st.sampled_from(keys()))
                    lines[at] = f"{key[1]}{name}:{lines[at][key.end() :]}"
        text = "\n".join(lines)
    return text


def expressions() -> st.SearchStrategy[str]:
    """Text that is nearly an expression."""
    return st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=14).map("".join) | st.lists(
        st.sampled_from(EXPRESSIONS), min_size=1, max_size=14
    ).map(" ".join)
