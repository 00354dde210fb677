"""Routes: a method, a path, and the parameters in it."""

from __future__ import annotations

import re

import msgspec

from backwright.model.expand.building import Building
from backwright.model.expand.codes import ROUTE
from backwright.model.expand.words import spoken
from backwright.model.types import Method
from backwright.spec.nodes import At

METHODS: tuple[Method, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_PARAMETER = re.compile(r"\{[A-Za-z][A-Za-z0-9_]*\}")


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a path: as it is written, what expressions call it, and the literal before it."""

    wire: str
    name: str
    after: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a request has to look like to reach an operation."""

    method: Method
    path: str
    parameters: tuple[Segment, ...]


def read_route(written: At[str], building: Building, *, own: bool = True) -> Route | None:
    """A route such as `GET /orders/{id}`; None where it is none.

    What is wrong is recorded for the author's `own` routes; the path of a `crud` is checked once (BW305).
    """
    method, _, path = written.value.strip().partition(" ")
    path = path.strip()
    if method not in METHODS:
        message = f"`{method}` is not a method"
        building.refuse(ROUTE, written.place, message, f"write one of {', '.join(METHODS)}, then the path")
        return None
    # With the wrong path of a `crud` its operations are built all the same, so that it hides nothing else.
    if own and path != "/" and not is_path(path):
        message = f"`{path}` is not a path"
        mend = "write segments of letters, digits, `-`, `_` and `.`, or {parameters}: /orders/{id}"
        building.refuse(ROUTE, written.place, message, mend)
        return None
    parameters = segments(path)
    names = [segment.name for segment in parameters]
    if len(set(names)) < len(names):
        message = f"`{path}` has a parameter twice"
        building.refuse(ROUTE, written.place, message, "give each parameter its own name")
        return None
    return Route(method=method, path=path, parameters=parameters)


def segments(path: str) -> tuple[Segment, ...]:
    """The parameters of a path in order."""
    found = []
    literal = ""
    for part in path.split("/"):
        if _PARAMETER.fullmatch(part):
            wire = part[1:-1]
            found.append(Segment(wire=wire, name=spoken(wire), after=literal))
            literal = ""
        else:
            literal = part
    return tuple(found)


def is_path(path: str) -> bool:
    """Whether a path has plain segments and parameters."""
    return path.startswith("/") and all(
        _PARAMETER.fullmatch(part) or (_LITERAL.fullmatch(part) and set(part) != {"."})
        for part in path[1:].split("/")
    )
