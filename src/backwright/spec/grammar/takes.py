"""What a key can take: the vocabulary in which the grammar is written."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True):
    """Plain text. `says` is what it is, for messages and the manual; null and empty quotes are values if `literal`."""

    says: str
    literal: bool = False


class Pattern(msgspec.Struct, frozen=True):
    """Text of one form. `form` is a regular expression that is the same in Python and in JSON Schema."""

    says: str
    form: str


class Expr(msgspec.Struct, frozen=True):
    """An expression of the expression language. `words` are the single words that may stand instead."""

    words: tuple[str, ...] = ()


class Whole(msgspec.Struct, frozen=True):
    """A whole number within bounds."""

    least: int = -(2**63)
    most: int = 2**63 - 1


class Flag(msgspec.Struct, frozen=True):
    """true or false."""


class Choice(msgspec.Struct, frozen=True):
    """One of some words.

    With `nullable`, a trailing ? may follow; with `flag`, true and false are words as well. `planned` are words
    of the language that this version does not build yet.
    """

    values: tuple[str, ...]
    nullable: bool = False
    flag: bool = False
    planned: tuple[str, ...] = ()


class Several(msgspec.Struct, frozen=True):
    """A list. `least` is how many items it has at least."""

    of: Takes
    least: int = 0


class Named(msgspec.Struct, frozen=True):
    """A table whose keys are the user's own names. `says` is what the names are, `most` how many there may be."""

    says: str
    of: Takes
    most: int | None = None


class Either(msgspec.Struct, frozen=True):
    """Alternatives that differ in kind (text, list or table), or tables of which all but one have a `mark`."""

    options: tuple[Takes, ...]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: what it takes, what it is for, and an example of its value."""

    name: str
    takes: Takes
    description: str
    example: str
    required: bool = False


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """A table with fixed keys.

    `one_of` are keys of which there is exactly one, `at_most_one` keys that exclude each other. Among several
    tables, the one whose `mark` is there is meant. `planned` are keys of the language that this version does not
    build yet.
    """

    name: str
    description: str
    keys: tuple[Key, ...]
    one_of: tuple[str, ...] = ()
    at_most_one: tuple[str, ...] = ()
    mark: str | None = None
    planned: tuple[str, ...] = ()

    def key(self, name: str) -> Key | None:
        """The key of that name, if the table has it."""
        return next((key for key in self.keys if key.name == name), None)


class Defined(msgspec.Struct, frozen=True):
    """What `define` gave a name to: it may contain itself. `says` is what it is, in words."""

    name: str
    says: str

    @property
    def takes(self) -> Takes:
        """What the name stands for."""
        return _definitions[self.name]


Takes = Text | Pattern | Expr | Whole | Flag | Choice | Several | Named | Either | Fixed | Defined

_definitions: dict[str, Takes] = {}


def define(defined: Defined, takes: Takes) -> None:
    """Give a name its meaning. Raises ValueError when it has one."""
    if defined.name in _definitions:
        raise ValueError(f"{defined.name} is defined twice")
    _definitions[defined.name] = takes


def resolved(takes: Takes) -> Takes:
    """What a name stands for; everything else stands for itself."""
    while isinstance(takes, Defined):
        takes = takes.takes
    return takes


def alternatives(takes: Takes) -> tuple[Takes, ...]:
    """The options of a choice between kinds, or the only one; names are resolved."""
    takes = resolved(takes)
    if isinstance(takes, Either):
        return tuple(inner for option in takes.options for inner in alternatives(option))
    return (takes,)


NAME = Text("a name")
PATH = Text("a path")
ROUTE = Pattern("a method and a path", r"^(GET|POST|PUT|PATCH|DELETE) /.*$")
RULE = Expr(words=("public", "none"))
REASON = Pattern("a reason in words", r"^(?!(true|false)$).+$")
RATE = Pattern(
    "a number of requests and a window, like `10/minute`", r"^[1-9][0-9]{0,8} ?/ ?(second|minute|hour|day)$"
)
DATE = Pattern("a date, like `2026-12-31`", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
ORDER_TERM = Text("a field, with `asc` or `desc` behind it if wanted")
ORDER = Either((ORDER_TERM, Several(ORDER_TERM, least=1)))
SET = Named("field", Expr())
