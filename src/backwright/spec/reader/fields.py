"""Fields, parameters and members of bodies."""

from __future__ import annotations

from backwright.spec.nodes import At, FieldNode, MoveNode, StatesNode, TypeNode
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.reader.raws import (
    assignments,
    entries,
    expression,
    flag,
    inner,
    required,
    text,
    whole,
    word,
    words,
    words_of,
)


def read_fields(table: Table, key: str) -> tuple[FieldNode, ...]:
    """The fields of a table of fields."""
    return tuple(read_field(entry.key, entry.value) for entry in entries(table, key))


def read_field(name: Scalar, value: Raw) -> FieldNode:
    """A field by its name, and its type or its table."""
    return _field(word(name), value)


def read_members(raw: Raw) -> tuple[FieldNode, ...]:
    """The members of a body: a table of members, or a list of names and such tables."""
    if isinstance(raw, Table):
        return tuple(read_field(entry.key, entry.value) for entry in raw.entries)
    found: list[FieldNode] = []
    for item in raw.items if isinstance(raw, Items) else ():
        if isinstance(item, Scalar):
            found.append(FieldNode(place=item.place, name=word(item)))
        else:
            found.extend(read_members(item))
    return tuple(found)


def _field(name: At[str], value: Raw) -> FieldNode:
    if not isinstance(value, Table):
        assert isinstance(value, Scalar), "the grammar takes a word or a table"
        kind = _type(word(value))
        return FieldNode(place=name.place, name=name, type=kind, nullable=kind.nullable)
    written = text(value, "type")
    kind_or_none = None if written is None else _type(written)
    ref, like = text(value, "ref"), text(value, "like")
    members = inner(value, "object")
    element = value.get("list")
    marked = any(at is not None and at.value.endswith("?") for at in (written, ref, like))
    return FieldNode(
        place=name.place,
        name=name,
        type=kind_or_none,
        ref=_unmarked(ref),
        refs=text(value, "refs"),
        list=None if element is None else _field(name, element),
        object=None if members is None else read_members(members),
        like=_unmarked(like),
        inverse=text(value, "inverse"),
        on_delete=text(value, "on_delete"),
        same=text(value, "same"),
        enum=words(value, "enum"),
        nullable=marked,
        min=whole(value, "min"),
        max=whole(value, "max"),
        scale=whole(value, "scale"),
        media=words(value, "media"),
        matches=text(value, "matches"),
        source=text(value, "source"),
        unique=flag(value, "unique"),
        default=expression(value, "default"),
        set=expression(value, "set"),
        on_update=expression(value, "on_update"),
        input=flag(value, "input"),
        read=expression(value, "read"),
        write=expression(value, "write"),
        immutable=flag(value, "immutable"),
        folded=flag(value, "folded"),
        personal=flag(value, "personal"),
        encrypted=flag(value, "encrypted"),
        wire=text(value, "wire"),
        header=text(value, "header"),
        states=_states(value),
        was=text(value, "was"),
    )


def _type(written: At[str]) -> TypeNode:
    name = written.value
    return TypeNode(place=written.place, name=name.removesuffix("?"), nullable=name.endswith("?"))


def _unmarked(written: At[str] | None) -> At[str] | None:
    return None if written is None else At(written.value.removesuffix("?"), written.place)


def _states(table: Table) -> StatesNode | None:
    names = words(table, "states")
    if names is None:
        return None
    states = table.get("states")
    assert states is not None, "its words were just read"
    moves = tuple(
        _move(entry.key, entry.value) for entry in entries(table, "moves") if isinstance(entry.value, Table)
    )
    return StatesNode(place=states.place, names=names, moves=moves)


def _move(name: Scalar, table: Table) -> MoveNode:
    return MoveNode(
        place=name.place,
        name=word(name),
        sources=words_of(table.get("from")),
        target=required(table, "to"),
        may=expression(table, "may"),
        when=expression(table, "when"),
        set=assignments(table, "set"),
    )
