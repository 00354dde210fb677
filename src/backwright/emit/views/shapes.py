"""Shapes as Python: the struct of an answer, the expression that makes it, and what has to be read first.

A shape is shown either for each of several rows, in a function of `views.py`, or once, in a service. Both ways
differ only in what names mean and in how a value that needs the database is had: `Place` says that.
"""

from __future__ import annotations

import keyword
import re
from typing import Protocol, assert_never

import msgspec

from backwright.emit.annotations import optional
from backwright.emit.names import pascal, snake
from backwright.emit.source import NO_IMPORTS, Identifier, Imports, Source, gathered, imports, operand, source
from backwright.emit.structs import Member, struct_of
from backwright.expr.typed import Type
from backwright.model.types import (
    Array,
    Each,
    Formula,
    Members,
    Model,
    Shape,
    ShapeMember,
    Value,
    Viewed,
)

_RUNTIME = "backwright_runtime"
_MAY_BE_NULL = re.compile(r"(\| None|^object)['\"]?$")


class Shown(msgspec.Struct, frozen=True):
    """The expression that shows something, and the type of what it shows."""

    text: str
    kind: Source
    imports: Imports = NO_IMPORTS


class Place(Protocol):
    """Where a shape is shown."""

    model: Model

    def value(self, formula: Formula, name: str) -> Shown:
        """The value of an expression, as it is, and its type."""
        ...

    def viewed(self, shape: Viewed, name: str) -> Shown:
        """A row under a view."""
        ...

    def each(self, shape: Each, name: str) -> Shown:
        """An array with one item per row."""
        ...

    def define(self, piece: Source) -> None:
        """Have a struct defined in `views.py`."""
        ...

    def free_class(self, wanted: str) -> Identifier:
        """A class name of `views.py` that is not taken."""
        ...


def shown(shape: Shape, place: Place, name: str, about: str) -> Shown:
    """A shape. `name` says whose it is, in Pascal case: structs inside are named after it. `about`: in prose."""
    match shape:
        case Value(value=formula):
            return printed(place.value(formula, snake(name)), formula.meaning.type, place.model)
        case Members(members=members):
            return object_of(members, place, name, about)
        case Array(items=items):
            found = [
                shown(item, place, f"{name}{number}", f"item {number} of {about}")
                for number, item in enumerate(items, 1)
            ]
            kinds = list(dict.fromkeys(each.kind.text for each in found)) or ["object"]
            return Shown(
                f"[{', '.join(each.text for each in found)}]",
                source(f"list[{' | '.join(kinds)}]", *(each.kind for each in found)),
                gathered(each.imports for each in found),
            )
        case Viewed():
            return place.viewed(shape, name)
        case Each():
            return place.each(shape, name)
        case _:
            assert_never(shape)


def object_of(members: tuple[ShapeMember, ...], place: Place, name: str, about: str) -> Shown:
    """A JSON object: a struct of its own."""
    cls = place.free_class(name)
    declared: list[Member] = []
    given: list[str] = []
    needed: list[Imports] = []
    for member, attribute in zip(members, attributes([each.wire for each in members]), strict=True):
        inside = f"`{member.wire}` of {about}"
        inner = shown(member.shape, place, f"{name}{pascal(snake(attribute))}", inside)
        declared.append(Member(attribute, inner.kind, wire=member.wire))
        given.append(f"{attribute}={inner.text}")
        needed.append(inner.imports)
    place.define(answered(cls, f"{about[0].upper()}{about[1:]}.", declared, place.model))
    return Shown(f"{cls}({', '.join(given)})", source(cls), gathered(needed))


def answered(cls: Identifier, about: str, members: list[Member], model: Model) -> Source:
    """The struct of an object in an answer. Where the service leaves out what is null, so does its encoding."""
    if model.service.nulls == "show":
        return struct_of(cls, about, members)
    none = source("None")
    given = [
        msgspec.structs.replace(each, default=none) if _MAY_BE_NULL.search(each.kind.text) else each
        for each in members
    ]
    return struct_of(cls, about, given, options=", omit_defaults=True")


def attributes(wires: list[str]) -> list[Identifier]:
    """Python names for members on the wire, all different."""
    found: list[Identifier] = []
    for wire in wires:
        plain = re.sub(r"\W", "_", snake(wire), flags=re.ASCII).strip("_") or "member"
        plain = f"member_{plain}" if plain[0].isdigit() else plain
        name, number = safe(plain), 2
        while name in found:
            name, number = safe(f"{plain}_{number}"), number + 1
        found.append(name)
    return found


def safe(name: str) -> Identifier:
    """A name that is no keyword of Python."""
    return Identifier(f"{name}_" if keyword.iskeyword(name) else name)


def printed(value: Shown, kind: Type, model: Model) -> Shown:
    """A value as JSON holds it: timestamps print all their digits, everything else msgspec knows."""
    match kind:
        case Type(kind="timestamp", nullable=nullable):
            needed = value.imports | imports(_RUNTIME, "timestamp")
            return Shown(f"timestamp({value.text})", optional(source("str"), nullable), needed)
        case Type(kind="list", element=Type(kind="timestamp") as element, nullable=nullable):
            needed = value.imports | imports(_RUNTIME, "timestamp")
            text = f"[timestamp(each) for each in {operand(value.text)}]"
            text = f"{text} if {operand(value.text)} is not None else None" if nullable else text
            listed = source("list[str | None]" if element.nullable else "list[str]")
            return Shown(text, optional(listed, nullable), needed)
        case Type(kind="record") | Type(kind="list", element=Type(kind="record")) if _is_sent(
            value.kind
        ) or _has_time(kind):
            needed = value.imports | imports(_RUNTIME, "plain")
            return Shown(f"plain({value.text})", source("object"), needed)
        case _:
            return value


def _is_sent(kind: Source) -> bool:
    """Whether it is an object of a request, which has names of its own on the wire."""
    return re.search(r"\bStruct\b", kind.text) is not None


def _has_time(kind: Type) -> bool:
    """Whether there is a timestamp inside, which JSON prints with all its digits."""
    inner = [of for _, of in kind.members] + ([kind.element] if kind.element is not None else [])
    return kind.kind == "timestamp" or any(_has_time(each) for each in inner)
