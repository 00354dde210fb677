"""Shapes, views, and the orders of lists."""

from __future__ import annotations

from backwright.spec.nodes import At, PagingNode, ShapeNode, SortNode, TermNode, ViewNode
from backwright.spec.raw import Items, Raw, Scalar, Table
from backwright.spec.reader.fields import read_fields
from backwright.spec.reader.raws import entries, expression, inner, names, text, whole, word, words


def read_shape(raw: Raw) -> ShapeNode:
    """A shape: an expression, a table, a list, or `{each: …}`."""
    match raw:
        case Scalar():
            return ShapeNode(place=raw.place, text=word(raw))
        case Items():
            return ShapeNode(place=raw.place, items=tuple(map(read_shape, raw.items)))
        case Table() if raw.get("each") is not None:
            return _each(raw)
        case Table():
            return ShapeNode(place=raw.place, members=_members(raw))


def read_error_shape(raw: Raw) -> ShapeNode:
    """The body of an error: text, tables and lists. `each` is a name like any other here."""
    match raw:
        case Scalar():
            return ShapeNode(place=raw.place, text=word(raw))
        case Items():
            return ShapeNode(place=raw.place, items=tuple(map(read_error_shape, raw.items)))
        case Table():
            members = tuple((word(entry.key), read_error_shape(entry.value)) for entry in raw.entries)
            return ShapeNode(place=raw.place, members=members)


def _each(table: Table) -> ShapeNode:
    shape = table.get("shape")
    return ShapeNode(
        place=table.place,
        each=expression(table, "each"),
        view=text(table, "view"),
        shape=None if shape is None else read_shape(shape),
        order=read_order(table.get("order")),
        limit=whole(table, "limit"),
        depth=whole(table, "depth"),
    )


def _members(table: Table) -> tuple[tuple[At[str], ShapeNode], ...]:
    return tuple((word(entry.key), read_shape(entry.value)) for entry in table.entries)


def read_shapes(table: Table, key: str) -> tuple[tuple[At[str], ShapeNode], ...]:
    """Names and the shape of each, of the table of a key."""
    value = inner(table, key)
    return () if value is None else _members(value)


def read_view(name: Scalar, table: Table) -> ViewNode:
    """A view by its name and its table."""
    return ViewNode(
        place=name.place,
        name=word(name),
        of=text(table, "of"),
        extends=text(table, "extends"),
        arguments=read_fields(table, "args"),
        fields=words(table, "fields") or (),
        shape=read_shapes(table, "shape"),
    )


# Lists --------------------------------------------------------------------------------------------------


def read_order(raw: Raw | None) -> tuple[TermNode, ...]:
    """The terms of an order: one, or a list of them."""
    scalars = raw.items if isinstance(raw, Items) else (raw,)
    return tuple(_term(scalar) for scalar in scalars if isinstance(scalar, Scalar))


def _term(scalar: Scalar) -> TermNode:
    written = word(scalar)
    field, _, direction = written.value.partition(" ")
    at_direction = len(written.value) - len(direction.lstrip())
    named = At(direction.strip(), written.at(at_direction)) if direction.strip() else None
    return TermNode(place=written.place, field=At(field, written.place), direction=named)


def read_sort(table: Table) -> tuple[SortNode, ...]:
    """The orders by name of a table with `sort`."""
    return tuple(
        SortNode(place=entry.key.place, name=word(entry.key), order=read_order(entry.value))
        for entry in entries(table, "sort")
    )


def read_paging(table: Table) -> PagingNode:
    """`paging`."""
    return PagingNode(
        place=table.place,
        style=text(table, "style"),
        default=whole(table, "default"),
        max=whole(table, "max"),
        names=names(table, "names"),
    )
