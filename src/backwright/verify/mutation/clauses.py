"""The parts of a SQL text that operators drop or turn: its conditions, its order, its optional clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

TOKEN = re.compile(
    r"""--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<open>[({])|(?P<close>[)}])|(?P<word>[A-Za-z_]\w*)|.""",
    re.VERBOSE | re.DOTALL,
)
ENDS = {"ORDER", "GROUP", "LIMIT", "OFFSET", "FOR", "RETURNING", "HAVING", "UNION", "WINDOW"}


class Condition(Struct, frozen=True):
    """One of several conditions that a WHERE joins with AND, from where to where, and how deep in parentheses."""

    start: int
    end: int
    text: str
    depth: int
    alone: bool

    def is_repeated_by(self, other: Condition, sql: str) -> bool:
        """Whether another condition of the same WHERE has the same text."""
        if other.start == self.start or (other.text, other.depth) != (self.text, self.depth):
            return False
        between = sql[min(self.end, other.end) : max(self.start, other.start)]
        depth, ends = 0, "UNION" in between
        for token in TOKEN.finditer(between):
            depth += 1 if token["open"] else -1 if token["close"] else 0
            ends = ends or depth < 0
        return not ends

    def dropped(self, sql: str) -> str:
        """The statement without it. The comment that names a rule stays: a mistake does not announce itself."""
        return f"{sql[: self.start]}TRUE{sql[self.end :]}"


class _Where(Struct):
    depth: int
    starts: list[int]
    ends: list[int]
    betweens: int = 0
    cases: int = 0


def conditions(sql: str) -> list[Condition]:
    """What the WHEREs of a statement demand, of subqueries as well; not what stands in optional clauses' braces."""
    found: list[Condition] = []
    opened: list[_Where] = []
    brackets: list[str] = []
    for token in TOKEN.finditer(sql):
        word = (token["word"] or "").upper()
        if token["open"]:
            if token["open"] == "{" and opened and opened[-1].depth == len(brackets):
                found += _closed(sql, opened.pop(), token.start())
            brackets.append(token["open"])
        elif token["close"]:
            if opened and opened[-1].depth == len(brackets):
                found += _closed(sql, opened.pop(), token.start())
            brackets.pop()
        elif word == "WHERE":
            opened.append(_Where(len(brackets), [token.end()], []))
        elif opened and opened[-1].depth == len(brackets):
            where = opened[-1]
            where.cases += {"CASE": 1, "END": -1}.get(word, 0)
            if where.cases:
                continue
            if word == "BETWEEN":
                where.betweens += 1
            elif word == "AND" and where.betweens:
                where.betweens -= 1
            elif word == "AND":
                where.ends.append(token.start())
                where.starts.append(token.end())
            elif word in ENDS:
                found += _closed(sql, opened.pop(), token.start())
    while opened:
        found += _closed(sql, opened.pop(), len(sql))
    return sorted(found, key=lambda each: each.start)


def _closed(sql: str, where: _Where, end: int) -> Iterator[Condition]:
    ends = [*where.ends, end]
    for start, stop in zip(where.starts, ends, strict=True):
        inner = sql[start:stop]
        code = re.sub(r"\s*--[^\n]*\s*\Z", "", inner).rstrip()
        first = start + len(inner) - len(inner.lstrip())
        last = start + len(code)
        if first < last and sql[first:last].upper() != "TRUE":
            yield Condition(first, last, sql[first:last], where.depth, len(ends) == 1)


class Optional(Struct, frozen=True):
    """A clause in braces, which is left out when one of its parameters is unset."""

    start: int
    end: int
    text: str


def optional_clauses(sql: str) -> list[Optional]:
    """The clauses in braces."""
    found: list[Optional] = []
    start = -1
    for token in TOKEN.finditer(sql):
        if token["open"] == "{":
            start = token.start()
        elif token["close"] == "}":
            found.append(Optional(start, token.end(), sql[start + 1 : token.start()]))
    return found


class Order(Struct, frozen=True):
    """The last ORDER BY of a statement that is not inside of parentheses."""

    start: int
    end: int
    terms: tuple[str, ...]


def order(sql: str) -> Order | None:
    """By what a statement sorts its rows."""
    matched = re.search(r"\n    ORDER BY (?P<terms>[^\n]+(?:\n {8,}[^\n]+)*)", sql)
    if matched is None:
        return None
    return Order(matched.start("terms"), matched.end("terms"), tuple(_terms(matched["terms"])))


def _terms(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for token in TOKEN.finditer(text):
        depth += 1 if token["open"] else -1 if token["close"] else 0
        if token.group() == "," and not depth:
            yield text[start : token.start()].strip()
            start = token.end()
    yield text[start:].strip()
