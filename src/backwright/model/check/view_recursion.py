"""A view that shows itself without end."""

from __future__ import annotations

from collections.abc import Iterator

from backwright.model.types import Array, Each, Members, Model, Shape, Value, Viewed
from backwright.spec.diagnostics import Diagnostic, diagnose, register
from backwright.spec.nodes import SpecDocument

CODE = register(
    "BW360",
    "A view that shows itself without end",
    "An answer is finite: a list may repeat its own view only so many levels deep, and one row not at all.",
    "Reply: {of: Post, shape: {replies: {each: this.replies, view: Reply, order: id}}}",
)


def check(document: SpecDocument, model: Model) -> Iterator[Diagnostic]:
    """Views that lead back to themselves without a list that says its `depth`."""
    shows = {view.name: set(_endless(Members(members=view.shape))) for view in model.views}
    settled: set[str] = set()
    for view in model.views:
        circle = [] if view.name in settled else _circle(view.name, shows, settled)
        if circle:
            message = f"{' → '.join(circle)} has no end"
            mend = "give the list in it a `depth: 3`; show one row by its key or another view"
            yield diagnose(CODE, view.place, message, mend)


def _endless(shape: Shape) -> Iterator[str]:
    """The views that a shape shows, leaving out lists that say how deep they go."""
    match shape:
        case Viewed(view=name):
            yield name
        case Members(members=members):
            for member in members:
                yield from _endless(member.shape)
        case Array(items=items):
            for item in items:
                yield from _endless(item)
        case Each(depth=None, shape=inner):
            yield from _endless(inner)
        case Each() | Value():
            pass


def _circle(start: str, shows: dict[str, set[str]], settled: set[str]) -> list[str]:
    """A way from a view back to itself. `settled` views lead nowhere endless; each is followed once."""
    line = [start]
    waiting = [sorted(shows[start], reverse=True)]
    while line:
        if not waiting[-1]:
            settled.add(line.pop())
            waiting.pop()
            continue
        name = waiting[-1].pop()
        if name in line:
            settled.update(line)
            return [*line[line.index(name) :], name]
        if name not in settled and name in shows:
            line.append(name)
            waiting.append(sorted(shows[name], reverse=True))
    return []
