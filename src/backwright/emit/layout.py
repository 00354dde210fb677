"""Lays out long SQL: clauses, branches and groups on lines of their own, so that they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH = 84
_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]|\s+|[^\s(),'\"]+")
_CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION")
_OPEN, _CLOSE = {"(", "CASE"}, {")", "END"}
_INDENT = "    "


def laid_out(text: str, width: int = WIDTH) -> str:
    """The condition or value on as many lines as it needs."""
    return "\n".join(_lines(" ".join(text.split("\n")) if "'" not in text else text, width))


def split(text: str, word: str) -> list[str]:
    """The parts of a text between a word outside parentheses and CASE; the AND of BETWEEN is none."""
    parts, depth, between = [""], 0, False
    for piece in _PIECE.findall(text):
        depth += (piece in _OPEN) - (piece in _CLOSE)
        if depth == 0 and piece == word and not between:
            parts.append("")
            continue
        if depth == 0 and piece in ("BETWEEN", "AND"):
            between = piece == "BETWEEN"
        parts[-1] += piece
    return [part.strip() for part in parts]


def _lines(text: str, width: int) -> list[str]:
    if len(text) <= width and "\n" not in text:
        return [text]
    if text.startswith(("SELECT ", "SELECT DISTINCT ")):
        return [line for clause in _clauses(text) for line in _clause(clause, width)]
    for word in ("OR", "AND"):
        terms = split(text, word)
        if len(terms) > 1:
            return _joined(terms, word, width)
    if text.startswith("CASE ") and text.endswith(" END") and len(split(text, "CASE")) == 1:
        return _case(text, width)
    return _groups(text, width)


def _joined(terms: list[str], word: str, width: int) -> list[str]:
    """Terms below each other, the word in front of all but the first."""
    found = _lines(terms[0], width)
    for term in terms[1:]:
        first, *rest = _lines(term, width - len(word) - 1)
        found += [f"{word} {first}", *rest]
    return found


def _clauses(text: str) -> list[str]:
    """SELECT, FROM, WHERE and what follows, each with what belongs to it."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(text):
        depth += (piece in _OPEN) - (piece in _CLOSE)
        if depth == 0 and piece in _CLAUSES and not parts[-1].rstrip().endswith(" IS NOT DISTINCT"):
            parts.append("")
        parts[-1] += piece
    return [part.strip() for part in parts]


def _clause(text: str, width: int) -> list[str]:
    """One clause: the terms of WHERE below each other, long lists item by item."""
    if len(text) <= width and not (text.startswith("WHERE ") and len(split(text, "AND")) > 1):
        return [text]
    word, _, rest = text.partition(" ")
    if word == "WHERE":
        found: list[str] = []
        for number, term in enumerate(split(rest, "AND")):
            front = "WHERE" if number == 0 else "  AND"
            first, *more = _lines(term, width - 6)
            pad = 2 if first.endswith("(") else 6
            found += [f"{front} {first}", *(" " * pad + line for line in more)]
        return found
    if word == "FROM" and len(split(rest, "JOIN")) > 1:
        first, *joins = split(rest, "JOIN")
        return [
            *_hung("FROM", first, width),
            *(line for join in joins for line in _hung("JOIN", join, width)),
        ]
    items = split(rest, ",")
    if len(items) == 1:
        return _hung(word, rest, width)
    found = []
    for number, item in enumerate(items):
        comma = "," if number < len(items) - 1 else ""
        if number == 0:
            first, *more = _hung(word, item, width)
        else:
            first, *more = (f"{_INDENT}{line}" for line in _lines(item, width - 4))
        lines = [first, *more]
        lines[-1] += comma
        found += lines
    return found


def _hung(word: str, text: str, width: int) -> list[str]:
    first, *more = _lines(text, width - len(word) - 1)
    return [f"{word} {first}", *more]


def _case(text: str, width: int) -> list[str]:
    """CASE with each of its branches on a line."""
    inner = text.removeprefix("CASE ").removesuffix(" END")
    branches, depth = [""], 0
    for piece in _PIECE.findall(inner):
        depth += (piece in _OPEN) - (piece in _CLOSE)
        if depth == 0 and piece in ("WHEN", "ELSE") and branches[-1].strip():
            branches.append("")
        branches[-1] += piece
    found = ["CASE"]
    for branch in branches:
        found += [f"{_INDENT}{line}" for line in _branch(branch.strip(), width - 4)]
    return [*found, "END"]


def _branch(text: str, width: int) -> list[str]:
    """`WHEN condition THEN value`, the value on a line of its own where they do not fit on one."""
    if len(text) <= width:
        return [text]
    head, *values = split(text, "THEN")
    word, _, condition = head.partition(" ")
    found = _hung(word, condition, width)
    for value in values:
        first, *more = _lines(value, width - 9)
        found += [f"{_INDENT}THEN {first}", *(f"{_INDENT}{line}" for line in more)]
    return found


def _groups(text: str, width: int) -> list[str]:
    """The outermost parentheses that hold something long, and every CASE, opened."""
    result = ""
    for inside, closed in _outer(text):
        if closed is None:
            result += inside
        elif closed == "END":
            result += "\n".join(_case(f"CASE {inside.strip()} END", width))
        else:
            result += f"({_group(inside, width)})"
    return result.split("\n")


def _outer(text: str) -> Iterator[tuple[str, str | None]]:
    """Text outside groups (None), and what is inside each outermost group, with what closes it."""
    plain, inside, depth = "", "", 0
    for piece in _PIECE.findall(text):
        if piece in _CLOSE:
            depth -= 1
            if depth == 0:
                yield plain, None
                yield inside, piece
                plain = inside = ""
                continue
        if depth:
            inside += piece
        elif piece not in _OPEN:
            plain += piece
        if piece in _OPEN:
            depth += 1
    yield plain, None


def _group(text: str, width: int) -> str:
    """What is between parentheses: as it is where that is short, else further in."""
    if len(text) <= width // 3 and "\n" not in text:
        return text
    lines = _lines(text, width - 4)
    if lines == [text] and not text.startswith("SELECT "):
        items = split(text, ",")
        if len(text) <= width - 4 or len(items) == 1:
            return text
        lines = [f"{item}," for item in items[:-1]] + [items[-1]]
    return "\n" + "\n".join(f"{_INDENT}{line}" for line in lines) + "\n"
