"""Whether two answers say the same, but for what is another in every answer: ids of requests, times, random words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

PASSING = re.compile(
    r"(request|trace|correlation|span)_?-?id|timestamp|(^|_)(now|time|took|elapsed|duration)$", re.IGNORECASE
)
"""Names of members that belong to the answer, not to what it is about."""


def told(value: Any) -> Mapping[str, Any]:
    """Each value of an answer by the place at which it stands, without what belongs to the answer alone."""
    return dict(_places(value, ""))


def differing(one: Any, other: Any) -> frozenset[str]:
    """The places at which two answers differ."""
    first, second = told(one), told(other)
    nothing = object()
    return frozenset(
        each for each in {*first, *second} if first.get(each, nothing) != second.get(each, nothing)
    )


def _places(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for name, each in value.items():
                if not PASSING.search(str(name)):
                    yield from _places(each, f"{place}/{name}")
        case list():
            for number, each in enumerate(value):
                yield from _places(each, f"{place}/{number}")
        case _:
            yield place, value
