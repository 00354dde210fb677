"""Lays out long SQL conditions: subqueries and branches on lines of their own, so that they can be read."""

from __future__ import annotations

import re

WIDTH = 84
_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|\s+|[^\s()'\"]+")


def laid_out(text: str, width: int = WIDTH) -> str:
    """The condition; where it does not fit, its branches below each other and its groups on further lines."""
    if len(text) <= width:
        return text
    for word in ("OR", "AND"):
        terms = split(text, word)
        if len(terms) > 1:
            return f"\n{word} ".join(laid_out(term, width - len(word) - 1) for term in terms)
    return _groups(text, width)


def split(text: str, word: str) -> list[str]:
    """The parts of a text between a word outside parentheses; the AND of BETWEEN is none."""
    parts, depth, between = [""], 0, False
    for piece in _PIECE.findall(text):
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece == word and not between:
            parts.append("")
            continue
        if depth == 0 and piece in ("BETWEEN", "AND"):
            between = piece == "BETWEEN"
        parts[-1] += piece
    return [part.strip() for part in parts]


def _groups(text: str, width: int) -> str:
    """The outermost parentheses that hold something long, opened."""
    result, inside, depth = "", "", 0
    for piece in _PIECE.findall(text):
        if piece == ")":
            depth -= 1
            if depth == 0:
                result += f"({_group(inside, width)})"
                inside = ""
                continue
        if depth:
            inside += piece
        elif piece != "(":
            result += piece
        if piece == "(":
            depth += 1
    return result


def _group(text: str, width: int) -> str:
    if text.startswith("SELECT "):
        lines = _clauses(text, width - 4)
    elif " AND " in text or " OR " in text:
        lines = laid_out(text, width - 4).split("\n")
    else:
        return _groups(text, width)
    return "\n" + "\n".join(f"    {line}" for line in lines) + "\n"


def _clauses(text: str, width: int) -> list[str]:
    """SELECT and FROM on one line, each condition on one of its own."""
    heading, *conditions = split(text, "WHERE")
    lines = [heading]
    for number, term in enumerate(split(" WHERE ".join(conditions), "AND") if conditions else ()):
        word = "WHERE" if number == 0 else "  AND"
        first, *rest = laid_out(term, width - 6).split("\n")
        lines += [f"{word} {first}", *(" " * (2 if first.endswith("(") else 6) + line for line in rest)]
    return lines
