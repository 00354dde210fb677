"""Cuts the text of an expression into tokens, in linear time."""

from __future__ import annotations

import re
from typing import Literal as OneOf

import msgspec

from backwright.expr.codes import INTEGER_RANGE, SYNTAX, TOO_LARGE
from backwright.expr.syntax import position
from backwright.spec.diagnostics import Code, Place, SpecificationError, diagnose

LONGEST = 2000
TokenKind = OneOf["name", "integer", "unsigned", "double", "string", "bytes", "operator", "end"]

_SHAPES: tuple[tuple[TokenKind | OneOf["space"], str], ...] = (
    ("space", r"(?:[ \t\r\n\f]|//[^\n]*)+"),
    ("double", r"\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|\.\d+(?:[eE][+-]?\d+)?"),
    ("unsigned", r"(?:0x[0-9a-fA-F]+|\d+)[uU](?![A-Za-z0-9_])"),
    ("integer", r"0x[0-9a-fA-F]+|\d+"),
    (
        "string",
        r"(?:[bB][rR]?|[rR][bB]?)?(?:\"\"\"(?:[^\\\"]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^\\']|\\.|'(?!''))*'''"
        r"|\"(?:[^\"\\\n]|\\[^\n])*\"|'(?:[^'\\\n]|\\[^\n])*')",
    ),
    ("name", r"[A-Za-z_][A-Za-z0-9_]*"),
    ("operator", r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]"),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in _SHAPES), re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<o>[0-3][0-7]{2})"
    r"|(?P<one>[abfnrtv\\'\"`?])|(?P<bad>.|$))",
    re.DOTALL,
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MENDS = {
    "=": "write == to compare",
    "&": "write && for and",
    "|": "write || for or",
    "'": "close the string with the quote that opened it",
    '"': "close the string with the quote that opened it",
}


class Token(msgspec.Struct, frozen=True):
    """One token: its kind, its text (strings: the value they mean), and where it stands."""

    kind: TokenKind
    text: str
    start: int
    end: int


def refused(
    source: str, place: Place, offset: int, message: str, mend: str, *, code: Code = SYNTAX
) -> SpecificationError:
    """The error for a text that cannot be read, pointing at `offset`."""
    return SpecificationError([diagnose(code, position(source, place, offset), message, mend)])


def tokens(source: str, place: Place) -> list[Token]:
    """The tokens of an expression, ending with one of kind "end". Raises SpecificationError."""
    if len(source) > LONGEST:
        raise refused(
            source,
            place,
            0,
            f"the expression has {len(source)} characters; {LONGEST} are allowed",
            "split it, or simplify it",
            code=TOO_LARGE,
        )
    found: list[Token] = []
    offset = 0
    while offset < len(source):
        match = _TOKEN.match(source, offset)
        if match is None:
            raise _unreadable(source, place, offset)
        kind, text, start, offset = match.lastgroup, match.group(), offset, match.end()
        if kind == "string":
            found.append(_string(source, place, text, start, offset))
        elif kind != "space":
            found.append(Token(kind, text, start, offset))  # type: ignore[arg-type]
    found.append(Token("end", "", len(source), len(source)))
    return found


def _unreadable(source: str, place: Place, offset: int) -> SpecificationError:
    character = source[offset]
    if character in "'\"":
        return refused(source, place, offset, "the string is not closed", _MENDS[character])
    mend = _MENDS.get(character, "remove it, or put it inside a quoted string")
    return refused(source, place, offset, f"the character {character!r} has no meaning here", mend)


def _string(source: str, place: Place, text: str, start: int, end: int) -> Token:
    prefix = text[: len(text) - len(text.lstrip("bBrR"))].lower()
    body = text[len(prefix) :]
    quotes = 3 if len(body) >= 6 and body[:3] in ('"""', "'''") else 1
    inner, first = body[quotes:-quotes], start + len(prefix) + quotes
    if "r" not in prefix:
        inner = _unescaped(source, place, inner, first)
    kind: TokenKind = "bytes" if "b" in prefix else "string"
    if "\0" in inner or any("\ud800" <= character <= "\udfff" for character in inner):
        raise refused(source, place, start, "text cannot hold NUL or lone surrogates", "remove the character")
    return Token(kind, inner, start, end)


def _unescaped(source: str, place: Place, inner: str, first: int) -> str:
    def character(match: re.Match[str]) -> str:
        if match["one"] is not None:
            return _PLAIN.get(match["one"], match["one"])
        number = match["x"] or match["u"] or match["U"]
        if number is not None and int(number, 16) <= 0x10FFFF:
            return chr(int(number, 16))
        if match["o"] is not None:
            return chr(int(match["o"], 8))
        raise refused(
            source,
            place,
            first + match.start(),
            f"{match.group()} is not an escape",
            r"write \\ for a backslash",
        )

    return _ESCAPE.sub(character, inner)


def whole_number(source: str, place: Place, token: Token, *, negative: bool) -> int:
    """The value of an integer token. Raises SpecificationError outside 64 bits."""
    number = int(token.text, 16 if token.text.startswith("0x") else 10)
    number = -number if negative else number
    if not -(2**63) <= number < 2**63:
        raise refused(
            source,
            place,
            token.start,
            f"{number} does not fit into 64 bits",
            f"use a number from {-(2**63)} to {2**63 - 1}",
            code=INTEGER_RANGE,
        )
    return number
