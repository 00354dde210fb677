"""What the parser reads, and how it says what it cannot read."""

from __future__ import annotations

import time

import pytest
from expr_scope import START

from backwright.expr import syntax
from backwright.expr.parse import parse
from backwright.spec.diagnostics import Diagnostic, SpecificationError


def refused(source: str) -> Diagnostic:
    with pytest.raises(SpecificationError) as caught:
        parse(source, START)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def shown(tree: syntax.Tree) -> str:
    """The tree with every parenthesis, to see what binds to what."""
    match tree:
        case syntax.Literal(value=value):
            return repr(value)
        case syntax.Identifier(name=name):
            return name
        case syntax.Select(of=of, field=field):
            return f"{shown(of)}.{field}"
        case syntax.Unary(op=op, of=of):
            return f"{op}({shown(of)})"
        case syntax.Binary(op=op, left=left, right=right):
            return f"({shown(left)} {op} {shown(right)})"
        case syntax.Logic(op=op, parts=parts):
            return "(" + f" {op} ".join(map(shown, parts)) + ")"
        case syntax.Choice(when=when, then=then, otherwise=otherwise):
            return f"({shown(when)} ? {shown(then)} : {shown(otherwise)})"
        case syntax.Call(target=target, function=function, arguments=arguments):
            start = "" if target is None else f"{shown(target)}."
            return f"{start}{function}({', '.join(map(shown, arguments))})"
        case syntax.Index(of=of, index=index):
            return f"{shown(of)}[{shown(index)}]"
        case syntax.ListOf(items=items):
            return f"[{', '.join(map(shown, items))}]"
        case syntax.MapOf(entries=entries):
            return "{" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in entries) + "}"


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("a || b && c || d", "(a || (b && c) || d)"),
        ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("a == b && c < d", "((a == b) && (c < d))"),
        ("!a.b == c", "(!(a.b) == c)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("-9223372036854775808 + -x", "(-9223372036854775808 + -(x))"),
        ("0x1F % 7", "(31 % 7)"),
        ("x in ['a', \"b\"]", "(x in ['a', 'b'])"),
        ("this.tags.exists(t, t == 'x')[0]", "this.tags.exists(t, (t == 'x'))[0]"),
        ("{'k': 1.5e3, }", "{'k': '1.5e3'}"),
        (r"'\u00e9\n\'\x41' + r'\n'", r"""("é\n'A" + '\\n')"""),
        ("'''it's''' // why", '"it\'s"'),
        ("size( (this.a) )", "size(this.a)"),
    ],
)
def test_precedence_and_literals_are_those_of_cel(source: str, tree: str) -> None:
    assert shown(parse(source, START).tree) == tree


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("this.a = 1", 17, "=="),
        ("a & b", 12, "&&"),
        ("a and b", 12, "&&"),
        ("a == 'open", 15, "close the string"),
        ("a == ", 15, "complete the expression"),
        ("(a", 12, "complete"),
        ("a b", 12, "remove it"),
        (r"'\q'", 11, "backslash"),
        ("'\\u0000'", 10, "remove the character"),
        ("'\\ud800'", 10, "remove the character"),
        ("a ? b", 15, "complete"),
        ("€", 10, "remove it"),
    ],
)
def test_a_mistake_is_shown_inside_the_text_with_how_to_mend_it(source: str, column: int, words: str) -> None:
    diagnostic = refused(source)
    assert (diagnostic.code, diagnostic.place.line, diagnostic.place.column) == ("BW402", 3, column)
    assert words in diagnostic.mend


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 1999])
def test_integers_outside_64_bits_are_refused(number: str) -> None:
    assert refused(number).code == "BW411"


@pytest.mark.parametrize(
    "source",
    [
        "(" * 1000 + "a" + ")" * 999,
        "!" * 1999 + "a",
        "-" * 1999 + "a",
        "[" * 2000,
        "a" + ".b" * 900,
        "1" + "+1" * 900,
        "a" + "[a" * 900,
        "a?b:" * 499 + "c",
        "f(" * 900,
        "{" * 2000,
        "a" * 2001,
    ],
)
def test_hostile_texts_are_refused_quickly(source: str) -> None:
    started = time.perf_counter()
    with pytest.raises(SpecificationError) as caught:
        parse(source, START)
    assert time.perf_counter() - started < 0.5
    assert caught.value.diagnostics[0].code in ("BW401", "BW402")


def test_many_alternatives_are_not_deep() -> None:
    tree = parse(" || ".join(["a == 1"] * 150), START).tree
    assert isinstance(tree, syntax.Logic)
    assert len(tree.parts) == 150


def test_behind_a_line_break_the_start_of_the_text_is_named() -> None:
    assert refused("a ==\n b c").place == START
