"""Expressions as written: the tree that the parser makes, before names and types are known.

It covers the whole CEL grammar, so that the checker can name what this version does not build. `start` and
`end` are offsets into the source text.
"""

from __future__ import annotations

from typing import Literal as OneOf

import msgspec

from backwright.spec.diagnostics import Place, Turn, placed, turns_from
from backwright.spec.nodes import At

LiteralKind = OneOf["null", "boolean", "integer", "unsigned", "double", "string", "bytes"]
UnaryOperator = OneOf["!", "-"]
BinaryOperator = OneOf["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in"]
LogicOperator = OneOf["&&", "||"]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Where a part of an expression stands in the source."""

    start: int
    end: int


class Literal(Written, frozen=True, kw_only=True, tag=True):
    """A value in the text. Doubles and bytes keep their text: no stage computes with them."""

    kind: LiteralKind
    value: bool | int | str | None


class Identifier(Written, frozen=True, kw_only=True, tag=True):
    name: str


class Select(Written, frozen=True, kw_only=True, tag=True):
    """`of.field`. `at` is where the field's name starts."""

    of: Tree
    field: str
    at: int


class Call(Written, frozen=True, kw_only=True, tag=True):
    """`function(arguments)` or `target.function(arguments)`; macros look the same."""

    target: Tree | None
    function: str
    arguments: tuple[Tree, ...]


class Index(Written, frozen=True, kw_only=True, tag=True):
    """`of[index]`."""

    of: Tree
    index: Tree


class Unary(Written, frozen=True, kw_only=True, tag=True):
    op: UnaryOperator
    of: Tree


class Binary(Written, frozen=True, kw_only=True, tag=True):
    op: BinaryOperator
    left: Tree
    right: Tree


class Logic(Written, frozen=True, kw_only=True, tag=True):
    """A run of `&&` or of `||`, flattened."""

    op: LogicOperator
    parts: tuple[Tree, ...]


class Choice(Written, frozen=True, kw_only=True, tag=True):
    """`when ? then : otherwise`."""

    when: Tree
    then: Tree
    otherwise: Tree


class ListOf(Written, frozen=True, kw_only=True, tag=True):
    """`[a, b]`."""

    items: tuple[Tree, ...]


class MapOf(Written, frozen=True, kw_only=True, tag=True):
    """`{key: value}`, or a message `Type{field: value}`."""

    entries: tuple[tuple[Tree, Tree], ...]


Tree = Literal | Identifier | Select | Call | Index | Unary | Binary | Logic | Choice | ListOf | MapOf


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """An expression that could be read: its text, its tree, and where the text stands in the user's file."""

    source: str
    tree: Tree
    place: Place
    turns: tuple[Turn, ...] = ()

    def at(self, offset: int) -> Place:
        """The place of an offset in the source. In text of several lines: the place of its start."""
        return position(self.source, self.place, offset, self.turns)

    def text(self, part: Tree) -> str:
        """The words of a part."""
        return self.source[part.start : part.end]

    def written(self, part: Tree) -> At[str]:
        """The words of a part and where they stand."""
        return At(self.text(part), self.at(part.start), turns_from(self.turns, part.start))


def position(source: str, place: Place, offset: int, turns: tuple[Turn, ...] = ()) -> Place:
    """Where `offset` lies in the user's file.

    Without turns (text that is no value of a file) only the start is known behind a line break.
    """
    if not turns and "\n" in source[:offset]:
        return place
    return placed(place, turns, offset)


def children(tree: Tree) -> tuple[Tree, ...]:
    """The direct parts of a tree, in the order of the text."""
    match tree:
        case Literal() | Identifier():
            return ()
        case Select(of=of) | Unary(of=of):
            return (of,)
        case Call(target=target, arguments=arguments):
            return arguments if target is None else (target, *arguments)
        case Index(of=of, index=index):
            return (of, index)
        case Binary(left=left, right=right):
            return (left, right)
        case Logic(parts=parts):
            return parts
        case Choice(when=when, then=then, otherwise=otherwise):
            return (when, then, otherwise)
        case ListOf(items=items):
            return items
        case MapOf(entries=entries):
            return tuple(part for entry in entries for part in entry)
