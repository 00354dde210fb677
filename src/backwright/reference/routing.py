"""Which operation a request asks for."""

from __future__ import annotations

from collections.abc import Iterable

from backwright.model.types import Model, Operation


class Routes:
    """The operations of one model, by what the first two segments of their paths are."""

    def __init__(self, model: Model) -> None:
        self._operations: dict[tuple[int, str], list[Operation]] = {}
        for operation in model.operations:
            parts = operation.path.split("/")
            first = "{" if parts[1].startswith("{") else parts[1]
            self._operations.setdefault((len(parts), first), []).append(operation)

    def matching(self, path: str) -> list[tuple[Operation, dict[str, str]]]:
        """The operations whose paths fit, and the texts of their parameters."""
        segments = path.split("/")
        first = segments[1] if len(segments) > 1 else ""
        candidates: Iterable[Operation] = (
            operation
            for kind in {first, "{"}
            for operation in self._operations.get((len(segments), kind), ())
        )
        return [
            (operation, found)
            for operation in candidates
            if (found := match_path(operation.path, path)) is not None
        ]


_recent: list[tuple[Model, Routes]] = []


def routes_of(model: Model) -> Routes:
    """The routes of a model: many references are made of the same one."""
    for known, routes in _recent:
        if known is model:
            return routes
    _recent[:] = [(model, Routes(model)), *_recent[:1]]
    return _recent[0][1]


def match_path(template: str, path: str) -> dict[str, str] | None:
    """The texts of the parameters when the path fits the template. A parameter is one whole segment."""
    parts, segments = template.split("/"), path.split("/")
    if len(parts) != len(segments):
        return None
    found = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            found[part[1:-1]] = segment
        elif part != segment:
            return None
    return found
