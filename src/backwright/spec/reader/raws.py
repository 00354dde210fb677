"""Typed values out of raw ones. The shape is known to be right here, so nothing is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from backwright.spec.nodes import AssignmentNode, At
from backwright.spec.raw import Entry, Items, Raw, Scalar, Table

T = TypeVar("T")


def word(scalar: Scalar) -> At[str]:
    """Plain text, without the space around it."""
    whole = At(scalar.value, scalar.content, scalar.turns)
    stripped = scalar.value.strip()
    if stripped == scalar.value:
        return whole
    return whole.part(scalar.value.find(stripped), stripped)


def text(table: Table, key: str) -> At[str] | None:
    """The text of a key, if it is there and is text."""
    value = table.get(key)
    return word(value) if isinstance(value, Scalar) else None


def expression(table: Table, key: str) -> At[str] | None:
    """The expression of a key, if it is there and is one."""
    value = table.get(key)
    return word(value) if isinstance(value, Scalar) else None


def required(table: Table, key: str) -> At[str]:
    """The text of a key that the grammar requires."""
    found = text(table, key)
    assert found is not None, f"the grammar requires {key}"
    return found


def whole(table: Table, key: str) -> At[int] | None:
    """The whole number of a key, if it is there."""
    found = text(table, key)
    return None if found is None else At(int(found.value), found.place)


def flag(table: Table, key: str) -> At[bool] | None:
    """true or false of a key, if it is there."""
    found = text(table, key)
    return None if found is None else At(found.value == "true", found.place)


def words(table: Table, key: str) -> tuple[At[str], ...] | None:
    """The words of a list; None where there is none."""
    value = table.get(key)
    return words_of(value) if isinstance(value, Items) else None


def words_of(raw: Raw | None) -> tuple[At[str], ...]:
    """The words of a list, or the only one where a word stands instead of a list."""
    scalars = raw.items if isinstance(raw, Items) else (raw,)
    return tuple(word(scalar) for scalar in scalars if isinstance(scalar, Scalar))


def inner(table: Table, key: str) -> Table | None:
    """The table of a key, if it is there and is a table."""
    value = table.get(key)
    return value if isinstance(value, Table) else None


def entries(table: Table, key: str) -> tuple[Entry, ...]:
    """The entries of the table of a key."""
    value = inner(table, key)
    return () if value is None else value.entries


def read_by(table: Table, key: str, reader: Callable[[Table], T]) -> T | None:
    """What a reader makes of the table of a key; None where there is none."""
    value = inner(table, key)
    return None if value is None else reader(value)


def expressions(table: Table, key: str) -> tuple[tuple[At[str], At[str]], ...]:
    """Names and expressions of the table of a key."""
    return tuple(
        (word(entry.key), word(entry.value))
        for entry in entries(table, key)
        if isinstance(entry.value, Scalar)
    )


def names(table: Table, key: str) -> tuple[tuple[At[str], At[str]], ...]:
    """Names and the plain text of each, of the table of a key."""
    return tuple(
        (word(entry.key), word(entry.value))
        for entry in entries(table, key)
        if isinstance(entry.value, Scalar)
    )


def assignments(table: Table, key: str) -> tuple[AssignmentNode, ...]:
    """`name: expression`, as in `set`."""
    return tuple(
        AssignmentNode(place=name.place, name=name, value=value) for name, value in expressions(table, key)
    )
