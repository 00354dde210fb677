"""Statements: SQL with named parameters and optional clauses.

`:name` is a parameter. A `{clause}` is left out when one of its parameters is unset. Both are plain text
inside strings, quoted names and comments; `::` stays a cast. Values never become part of the text.
"""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, Struct

Dialect = Literal["postgresql", "sqlite"]

# In order: what is left alone or dropped, then what means something.
TOKEN = re.compile(
    r"""
      (?P<comment>  --[^\n]* | /\*.*?\*/ )
    | (?P<literal>  [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<dollars>  \$(?P<tag>\w*)\$ .*? \$(?P=tag)\$ )
    | (?P<cast>     :: )
    | (?P<name>     :[A-Za-z_]\w* )
    | (?P<open>     \{ )
    | (?P<close>    \} )
    | (?P<space>    \s+ )
    | (?P<word>     \w+ )
    | (?P<other>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
LOCK = re.compile(r"\s+FOR\s+((NO\s+KEY\s+)?UPDATE|(KEY\s+)?SHARE)\s*\Z", re.IGNORECASE)
WRITING = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


class Parameter(Struct, frozen=True):
    """The place of a parameter."""

    name: str


class Clause(Struct, frozen=True):
    """A part that is left out when one of its parameters is unset."""

    parts: "tuple[str | Parameter, ...]"
    names: frozenset[str]


Part = str | Parameter | Clause


class Rendered(Struct, frozen=True):
    """A statement as one database reads it, and the order in which it wants the parameters."""

    text: str
    names: tuple[str, ...]


class Statement:
    """A parsed statement, rendered once for each database and choice of clauses."""

    def __init__(self, text: str) -> None:
        self.parts, words = _parse(text)
        self.is_read = bool(words) and words[0] in ("SELECT", "WITH", "VALUES") and not WRITING & set(words)
        self._clauses = [part for part in self.parts if isinstance(part, Clause)]
        self._rendered: dict[tuple[Dialect, tuple[bool, ...]], Rendered] = {}

    def render(self, dialect: Dialect, params: Mapping[str, object]) -> Rendered:
        """The text for these parameters."""
        kept = tuple([_applies(clause, params) for clause in self._clauses])
        rendered = self._rendered.get((dialect, kept))
        if rendered is None:
            rendered = self._rendered[dialect, kept] = self._render(dialect, kept)
        return rendered

    def _render(self, dialect: Dialect, kept: tuple[bool, ...]) -> Rendered:
        choices = iter(kept)
        text: list[str] = []
        names: list[str] = []
        for part in self.parts:
            inner = (part,) if not isinstance(part, Clause) else part.parts if next(choices) else ()
            for each in inner:
                if isinstance(each, str):
                    text.append(each)
                    continue
                if each.name not in names:
                    names.append(each.name)
                text.append(f"${names.index(each.name) + 1}" if dialect == "postgresql" else f":{each.name}")
        joined = "".join(text).strip()
        return Rendered(LOCK.sub("", joined) if dialect == "sqlite" else joined, tuple(names))

    def __repr__(self) -> str:
        return f"sql({self._render('sqlite', (True,) * len(self._clauses)).text!r})"


def sql(text: str) -> Statement:
    """Parse a statement. Raises ValueError when its clauses are not well formed."""
    return Statement(text)


def _applies(clause: Clause, params: Mapping[str, object]) -> bool:
    return all(params.get(name, UNSET) is not UNSET for name in clause.names)


def _parse(text: str) -> tuple[tuple[Part, ...], list[str]]:
    parts: list[Part] = []
    clause: list[str | Parameter] | None = None
    words: list[str] = []
    for token in TOKEN.finditer(text):
        kind, found = token.lastgroup, token.group()
        target: list[str | Parameter] | list[Part] = parts if clause is None else clause
        match kind:
            case "open":
                if clause is not None:
                    raise ValueError("a clause inside a clause")
                clause = []
            case "close":
                if clause is None:
                    raise ValueError("a clause ends that did not begin")
                parts.append(_clause(clause))
                clause = None
            case "name":
                target.append(Parameter(found[1:]))
            case "comment" | "space":
                target.append(" " if "\n" not in found else "\n")
            case "word":
                words.append(found.upper())
                target.append(found)
            case _:
                target.append(found)
    if clause is not None:
        raise ValueError("a clause does not end")
    return tuple(parts), words


def _clause(parts: list[str | Parameter]) -> Clause:
    names = frozenset(part.name for part in parts if isinstance(part, Parameter))
    if not names:
        raise ValueError("a clause without parameters would never be left out")
    return Clause(tuple(parts), names)
