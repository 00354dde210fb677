"""What operations show: the views of their answers, those inside these included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from backwright.model.types import (
    Array,
    Each,
    Members,
    Model,
    Operation,
    Shape,
    Show,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
    Value,
    View,
    Viewed,
)


def shown_views(operations: Iterable[Operation], model: Model) -> tuple[View, ...]:
    """Every view that these operations show, in the order of the specification."""
    found: set[str] = set()
    waiting = [name for operation in operations for name in views_of(operation.respond.show)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [inner for member in model.view(name).shape for inner in views_in(member.shape)]
    return tuple(view for view in model.views if view.name in found)


def views_of(show: Show) -> Iterator[str]:
    """The views that an answer names itself."""
    match show:
        case ShowRow(view=view) | ShowPage(view=view) | ShowSession(view=view):
            yield view
        case ShowShape(shape=shape):
            yield from views_in(shape)
        case ShowHtml(context=context):
            for member in context:
                yield from views_in(member.shape)
        case ShowNothing() | ShowText() | ShowCsv() | ShowFile():
            return
        case _:
            assert_never(show)


def views_in(shape: Shape) -> Iterator[str]:
    """The views that a shape names itself."""
    match shape:
        case Value():
            return
        case Members(members=members):
            for member in members:
                yield from views_in(member.shape)
        case Array(items=items):
            for item in items:
                yield from views_in(item)
        case Viewed(view=view):
            yield view
        case Each(shape=inner):
            yield from views_in(inner)
        case _:
            assert_never(shape)
