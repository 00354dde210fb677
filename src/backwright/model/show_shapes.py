"""Shapes as text: what an answer is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from backwright.model.show_types import order_text
from backwright.model.types import Array, Each, Members, Shape, Value, View, Viewed


def view_lines(view: View) -> Iterator[str]:
    """A view: its fields as they are stored, and what it makes of the row."""
    arguments = f"({', '.join(view.arguments)})" if view.arguments else ""
    yield f"view {view.name}{arguments} of {view.entity}"
    for shown in view.fields:
        yield f"  {shown.wire}" if shown.wire == shown.field else f"  {shown.wire}: {shown.field}"
    for member in view.shape:
        yield from (f"  {line}" for line in shape_lines(member.shape, f"{member.wire}: "))


def shape_lines(shape: Shape, name: str = "") -> Iterator[str]:
    """A shape, and what is inside it, further in. `name` is what stands in front of it."""
    match shape:
        case Value():
            yield f"{name}{shape.value.source}"
        case Viewed():
            arguments = "".join(f", {argument.value.source}" for argument in shape.arguments)
            yield f"{name}{shape.view}({shape.row.source}{arguments})"
        case Members():
            yield f"{name}{{}}" if not shape.members else f"{name}object".rstrip()
            for member in shape.members:
                yield from (f"  {line}" for line in shape_lines(member.shape, f"{member.wire}: "))
        case Array():
            yield f"{name}array"
            for item in shape.items:
                yield from (f"  {line}" for line in shape_lines(item, "- "))
        case Each():
            said = [f"each {shape.rows.source}"]
            said += [f"in the order {order_text(shape.order)}"] if shape.order else []
            said += [f"at most {shape.limit}"] if shape.limit is not None else []
            said += [f"{shape.depth} deep"] if shape.depth is not None else []
            yield f"{name}{', '.join(said)}"
            yield from (f"  {line}" for line in shape_lines(shape.shape))
        case _:
            assert_never(shape)
