"""Cuts the text of an expression into tokens, in linear time."""

from __future__ import annotations

import re
from typing import Literal as OneOf

import msgspec

from backwright.expr.codes import INTEGER_RANGE, SYNTAX, TOO_LARGE
from backwright.spec.diagnostics import Code

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


class Unreadable(Exception):
    """The text is no expression; `offset` is where that shows."""

    def __init__(self, offset: int, message: str, mend: str, code: Code = SYNTAX) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.mend = mend
        self.code = code


def tokens(source: str) -> list[Token]:
    """The tokens of an expression, ending with one of kind "end". Raises Unreadable."""
    if len(source) > LONGEST:
        message = f"the expression has {len(source)} characters; {LONGEST} are allowed"
        raise Unreadable(0, message, "split it, or simplify it", TOO_LARGE)
    found: list[Token] = []
    offset = 0
    while offset < len(source):
        match = _TOKEN.match(source, offset)
        if match is None:
            raise _unreadable(source[offset], offset)
        kind, text, start, offset = match.lastgroup, match.group(), offset, match.end()
        if kind == "string":
            found.append(_string(text, start, offset))
        elif kind != "space":
            found.append(Token(kind, text, start, offset))  # type: ignore[arg-type]
    found.append(Token("end", "", len(source), len(source)))
    return found


def one_line(source: str) -> str:
    """The words of an expression that can be read, without line breaks and comments: what others are shown."""
    if source.isprintable() and "//" not in source:
        return source
    return "".join(_on_one_line(found) for found in _TOKEN.finditer(source)).strip()


def _on_one_line(found: re.Match[str]) -> str:
    text = found.group()
    if found.lastgroup == "space":
        return text if text.isprintable() and "//" not in text else " "
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _unreadable(character: str, offset: int) -> Unreadable:
    if character in "'\"":
        return Unreadable(offset, "the string is not closed", _MENDS[character])
    mend = _MENDS.get(character, "remove it, or put it inside a quoted string")
    return Unreadable(offset, f"the character {character!r} has no meaning here", mend)


def _string(text: str, start: int, end: int) -> Token:
    prefix = text[: len(text) - len(text.lstrip("bBrR"))].lower()
    body = text[len(prefix) :]
    quotes = 3 if len(body) >= 6 and body[:3] in ('"""', "'''") else 1
    inner, first = body[quotes:-quotes], start + len(prefix) + quotes
    if "r" not in prefix:
        inner = _unescaped(inner, first)
    kind: TokenKind = "bytes" if "b" in prefix else "string"
    if "\0" in inner or any("\ud800" <= character <= "\udfff" for character in inner):
        raise Unreadable(start, "text cannot hold NUL or lone surrogates", "remove the character")
    return Token(kind, inner, start, end)


def _unescaped(inner: str, first: int) -> str:
    def character(match: re.Match[str]) -> str:
        if match["one"] is not None:
            return _PLAIN.get(match["one"], match["one"])
        number = match["x"] or match["u"] or match["U"]
        if number is not None and int(number, 16) <= 0x10FFFF:
            return chr(int(number, 16))
        if match["o"] is not None:
            return chr(int(match["o"], 8))
        message = f"{match.group()} is not an escape"
        raise Unreadable(first + match.start(), message, r"write \\ for a backslash")

    return _ESCAPE.sub(character, inner)


def whole_number(token: Token, *, negative: bool) -> int:
    """The value of an integer token. Raises Unreadable outside 64 bits."""
    number = int(token.text, 16 if token.text.startswith("0x") else 10)
    number = -number if negative else number
    if not -(2**63) <= number < 2**63:
        raise Unreadable(
            token.start,
            f"{number} does not fit into 64 bits",
            f"use a number from {-(2**63)} to {2**63 - 1}",
            INTEGER_RANGE,
        )
    return number
