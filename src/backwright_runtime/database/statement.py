"""Statements: SQL with named parameters and optional clauses.

`:name` is a parameter. A `{clause}` is left out when one of its parameters is unset. Both are plain text
inside strings, quoted names and comments; `::` stays a cast. Values never become part of the text.

One text in PostgreSQL's dialect serves both databases as far as these rules make SQLite's from it (`for_sqlite`):
row locks at the end (`FOR UPDATE`) are dropped; so is a cast directly behind a parameter, a number or a string
(`:id::uuid`); `= ANY(:ids)`, or of a column, becomes `IN (SELECT value FROM json_each(:ids))`. Where they do not
suffice a statement has a second text: `sql(postgresql, sqlite=…)`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from itertools import pairwise
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct

from backwright_runtime.database.plannable import AS_IT_IS, Choice, Words, in_words

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
TYPE = re.compile(r"(double\s+precision|\w+)(\(\d+(,\s*\d+)?\))?(\[\])?", re.IGNORECASE)
ANY = re.compile(r'=\s*ANY\s*\(\s*(?P<list>:?[\w."]+)(::\w+(\[\])?)?\s*\)', re.IGNORECASE)
JOINING = {"UNION", "INTERSECT", "EXCEPT", "INTO"}
WRITING = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


FIXED = Words("", ())
CONTROL = {"SAVEPOINT", "RELEASE", "ROLLBACK"}


class Parameter(Struct, frozen=True):
    """The place of a parameter."""

    name: str


class Clause(Struct, frozen=True):
    """A part that is left out when one of its parameters is unset."""

    parts: "tuple[str | Parameter, ...]"
    names: frozenset[str]


Part = str | Parameter | Clause


class Rendered(Struct, frozen=True):
    """A statement as one database reads it, and the order in which it wants the parameters.

    `single` are lists of which it takes the only element.
    """

    text: str
    names: tuple[str, ...]
    single: tuple[str, ...] = ()

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """The values in their order."""
        if not self.single:
            return [params[name] for name in self.names]
        return [params[name][0] if name in self.single else params[name] for name in self.names]


class Statement:
    """A parsed statement, rendered once for each database and choice of clauses."""

    def __init__(self, text: str, *, sqlite: str | None = None, guarded: bool = False) -> None:
        self.text = text
        self.guarded = guarded
        self.unlocked = Statement(LOCK.sub("", text)) if guarded and LOCK.search(text) else None
        parts, words = _parse(text)
        self.is_control = bool(words) and words[0] in CONTROL
        self.takes_value = _takes_value(text, words)
        self.is_read = bool(words) and words[0] in ("SELECT", "WITH", "VALUES") and not WRITING & set(words)
        self.sqlite = for_sqlite(text) if sqlite is None else LOCK.sub("", sqlite)
        other, _ = _parse(self.sqlite)
        self.names = tuple(dict.fromkeys(_names(parts)))
        self._parts: dict[Dialect, tuple[Part, ...]] = {"postgresql": parts, "sqlite": other}
        self._clauses = {name: _clauses(found) for name, found in self._parts.items()}
        self._without_clauses: dict[Dialect, Rendered] = {
            name: self._render(name, ()) for name in self._parts if not self._clauses[name]
        }
        self._rendered: dict[tuple[Dialect, tuple[bool, ...]], Rendered] = {}
        self._words = Words(text, self.names)
        self._chosen: dict[Choice, Statement] = {}
        self._composed: dict[tuple[Composing, Statement], Statement] = {}

    def behind(self, value: "Statement") -> "Statement":
        """The rows of this statement, each behind the value of the other, of one state of the data.

        Raises ValueError where this one does not SELECT.
        """
        return self._with(_behind, value)

    def without_rows(self, value: "Statement") -> "Statement":
        """The value of the other statement if this one has no rows; otherwise no row."""
        return self._with(_without_rows, value)

    def _with(self, compose: "Composing", value: "Statement") -> "Statement":
        found = self._composed.get((compose, value))
        if found is None:
            postgresql, sqlite = compose(self.text, value.text), compose(self.sqlite, value.sqlite)
            found = self._composed[compose, value] = Statement(
                postgresql, sqlite=sqlite, guarded=self.guarded
            )
        return found

    def for_caller(self) -> "Statement":
        """The same statement in the caller's role, where there is row-level security."""
        if self.guarded:
            return self
        found = copy(self)
        found.guarded = True
        found._composed = {}  # what is composed of it is guarded, too
        return found

    def render(self, dialect: Dialect, params: Mapping[str, object]) -> Rendered:
        """The text for these parameters."""
        if dialect == "postgresql" and not self._words.are_fixed:
            choice = self._words.choice(params)
            if choice != AS_IT_IS:
                return self._in_words(choice, params)
        whole = self._without_clauses.get(dialect)
        if whole is not None:
            return whole
        kept = tuple([_applies(clause, params) for clause in self._clauses[dialect]])
        rendered = self._rendered.get((dialect, kept))
        if rendered is None:
            rendered = self._rendered[dialect, kept] = self._render(dialect, kept)
        return rendered

    def _in_words(self, choice: Choice, params: Mapping[str, object]) -> Rendered:
        other = self._chosen.get(choice)
        if other is None:
            other = self._chosen[choice] = Statement(in_words(self.text, choice), sqlite=self.sqlite)
            other._words = FIXED
        rendered = other.render("postgresql", params)
        return msgspec.structs.replace(rendered, single=choice.single) if choice.single else rendered

    def _render(self, dialect: Dialect, kept: tuple[bool, ...]) -> Rendered:
        choices = iter(kept)
        text: list[str] = []
        names: list[str] = []
        for part in self._parts[dialect]:
            inner = (part,) if not isinstance(part, Clause) else part.parts if next(choices) else ()
            for each in inner:
                if isinstance(each, str):
                    text.append(each)
                    continue
                if each.name not in names:
                    names.append(each.name)
                text.append(f"${names.index(each.name) + 1}" if dialect == "postgresql" else f":{each.name}")
        return Rendered("".join(_needed(text)).strip(), tuple(names))

    def __repr__(self) -> str:
        return f"sql({self.text!r})"


def sql(text: str, *, sqlite: str | None = None) -> Statement:
    """Parse a statement, written for PostgreSQL. Raises ValueError when its clauses are not well formed.

    `sqlite` is the whole statement for SQLite, where the rules do not make it from the first.
    """
    return Statement(text, sqlite=sqlite)


def guarded(text: str, *, sqlite: str | None = None) -> Statement:
    """A statement that reads for the caller: PostgreSQL shows it only rows that the caller may read.

    Rows to lock are locked by everybody's right first, since PostgreSQL locks only what may be updated, and then read
    by the caller's. Without row-level security, and on SQLite, it is like every other.
    """
    return Statement(text, sqlite=sqlite, guarded=True)


def for_sqlite(text: str) -> str:
    """The text of a statement, or of a part of one, as SQLite reads it."""
    tokens = _without_comments(text)
    result: list[str] = []
    at = 0
    while at < len(tokens):
        end, replaced = _cast(tokens, at) or _any(tokens, at) or (at + 1, tokens[at][1])
        result.append(replaced)
        at = end
    return LOCK.sub("", "".join(result))


Composing = Callable[[str, str], str]


def _behind(rows: str, value: str) -> str:
    select, rest = rows.split(None, 1)
    if select.upper() != "SELECT":
        raise ValueError("only what a SELECT finds can be behind a value")
    return f"SELECT (\n{value}\n), {rest}"


def _without_rows(rows: str, value: str) -> str:
    return f"SELECT (\n{value}\n) WHERE NOT EXISTS (\n{rows}\n)"


Tokens = list[tuple[str, str]]


def _without_comments(text: str) -> Tokens:
    """The tokens of a statement. A line that is nothing but a comment goes with its end."""
    tokens: Tokens = []
    for token in TOKEN.finditer(text):
        kind = str(token.lastgroup)
        if kind != "comment":
            tokens.append((kind, token.group()))
        elif (
            tokens
            and tokens[-1][0] == "space"
            and "\n" in tokens[-1][1]
            and text[token.end() : token.end() + 1] == "\n"
        ):
            tokens.pop()
        else:
            tokens.append((kind, " "))
    return tokens


def _cast(tokens: Tokens, at: int) -> tuple[int, str] | None:
    """A cast behind a parameter, a number or a string: nothing. (SQLite's values have their types with them.)"""
    kind, before = tokens[at - 1] if at else ("", "")
    valued = (
        kind == "name" or (kind == "literal" and before[0] != '"') or (kind == "word" and before[0].isdigit())
    )
    if tokens[at][0] != "cast" or not valued:
        return None
    matched = TYPE.match("".join(text for _, text in tokens[at + 1 : at + 12]))
    if matched is None:
        return None
    end, length = at + 1, 0
    while length < matched.end():
        length += len(tokens[end][1])
        end += 1
    return end, ""


def _any(tokens: Tokens, at: int) -> tuple[int, str] | None:
    """`= ANY(list)`, where the list is a parameter or a column."""
    if tokens[at][1] != "=":
        return None
    matched = ANY.match("".join(text for _, text in tokens[at : at + 16]))
    if matched is None:
        return None
    end, length = at, 0
    while length < matched.end():
        length += len(tokens[end][1])
        end += 1
    return end, f"IN (SELECT value FROM json_each({matched['list']}))"  # noqa: S608


def _takes_value(text: str, words: list[str]) -> bool:
    """Whether another column in front of the others surely means the same for them."""
    counts_columns = any(word == "BY" and after.isdigit() for word, after in pairwise(words))
    begins = text.split(None, 1)[:1] == ["SELECT"] and words[1:2] != ["DISTINCT"]
    return begins and not counts_columns and not (WRITING | JOINING) & set(words)


def _names(parts: "tuple[Part, ...]") -> "Iterator[str]":
    for part in parts:
        match part:
            case Parameter(name=name):
                yield name
            case Clause(parts=inner):
                yield from _names(inner)
            case _:
                pass


def _clauses(parts: "tuple[Part, ...]") -> "list[Clause]":
    return [part for part in parts if isinstance(part, Clause)]


def _applies(clause: Clause, params: Mapping[str, object]) -> bool:
    return all(params.get(name, UNSET) is not UNSET for name in clause.names)


def _needed(tokens: list[str]) -> list[str]:
    """The tokens without a `WHERE TRUE` that clauses could have followed: SQLite would scan a table to count it."""
    for at, token in enumerate(tokens):
        if token.upper() == "WHERE" and [each.upper() for each in tokens[at + 2 : at + 3]] == ["TRUE"]:
            rest = at + 3
            while rest < len(tokens) and not tokens[rest].strip():
                rest += 1
            if rest == len(tokens):
                return _needed(tokens[:at])
            if tokens[rest] == ")":
                return [*tokens[:at], *_needed(tokens[rest:])]
            if tokens[rest].upper() == "AND":
                return [*tokens[: at + 1], *_needed(tokens[rest + 1 :])]
    return tokens


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
