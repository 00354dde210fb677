"""The types of what views are given: the first place that shows a view says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from backwright.expr.typed import Type
from backwright.model.types import Model, Viewed


def argument_type(view: str, argument: str, model: Model) -> Type:
    """The type of an argument of a view; nullable where any place may give null."""
    found = [
        each.value.meaning.type
        for shown in _viewed((model.operations, model.views))
        if shown.view == view
        for each in shown.arguments
        if each.name == argument
    ]
    if not found:
        return Type("string", nullable=True)
    first = next((each for each in found if each.kind != "null"), found[0])
    nullable = any(each.nullable or each.kind == "null" for each in found)
    return msgspec.structs.replace(first, nullable=nullable)


def _viewed(value: Any) -> Iterator[Viewed]:
    match value:
        case Viewed():
            yield value
        case tuple() | list():
            for each in value:
                yield from _viewed(each)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                if name not in ("place", "steps", "meaning"):
                    yield from _viewed(getattr(value, name))
        case _:
            return
