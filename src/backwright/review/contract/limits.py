"""Changes of the limits that a schema sets: bounds, lengths, counts, patterns, multiples, uniqueness."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from backwright.review.contract.document import Node
from backwright.review.contract.findings import Direction, Effect
from backwright.review.contract.view import View

T = TypeVar("T")
Say = Callable[[str, Effect, str, Node | None, Node | None], T]

_COUNTS = (
    ("minLength", "length-changed", "low"),
    ("maxLength", "length-changed", "high"),
    ("minItems", "count-changed", "low"),
    ("maxItems", "count-changed", "high"),
    ("minProperties", "count-changed", "low"),
    ("maxProperties", "count-changed", "high"),
)
FORMATS: dict[str, tuple[float, float]] = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
}
"""The least and the greatest number of a format. A format is a bound by another name."""
_FEW = 1_000
"""How many values may be compared with a list one by one."""
_ANYTHING = {".*", "^.*$", "", "^.*", ".*$", "(.*)"}


def limits(before: View, after: View, say: Say[T], direction: Direction) -> Iterator[T]:
    """Every limit that was set, lifted, raised or lowered."""
    for name, rule, end in _COUNTS:
        old, new = before.keyword(name), after.keyword(name)
        values = [_number(node.value) if node else None for node in (old, new)]
        if end == "low":
            values = [value or None for value in values]  # at least 0 is no limit
        effect = _moved(values[0], values[1], end)
        if effect:
            message = f"{name} {_shown(values[1])} instead of {_shown(values[0])}"
            yield say(rule, effect, message, old or before.node, new or after.node)
    for end, names in (("low", ("minimum", "exclusiveMinimum")), ("high", ("maximum", "exclusiveMaximum"))):
        bounds = [_bound(view, *names) for view in (before, after)]
        if (bounds[0] is None) != (bounds[1] is None):
            implied = [_implied_bound(view, end) for view in (before, after)]
            bounds = [bound or other for bound, other in zip(bounds, implied, strict=True)]
        effect = _moved(bounds[0], bounds[1], end)
        if effect:
            message = f"{names[0]} {_bound_shown(bounds[1])} instead of {_bound_shown(bounds[0])}"
            yield say("bound-changed", effect, message, before.place(*names), after.place(*names))
    yield from _patterns(before, after, say, direction)
    yield from _multiples(before, after, say)
    if before.flag("uniqueItems") != after.flag("uniqueItems"):
        unique = after.flag("uniqueItems")
        effect = "narrows" if unique else "widens"
        message = "items must differ" if unique else "items may repeat"
        yield say(
            "uniqueness-changed", effect, message, before.place("uniqueItems"), after.place("uniqueItems")
        )


def _patterns(before: View, after: View, say: Say[T], direction: Direction) -> Iterator[T]:
    old, new = before.keyword("pattern"), after.keyword("pattern")
    texts = [None if node is None or node.value in _ANYTHING else str(node.value) for node in (old, new)]
    if texts[0] == texts[1]:
        return
    # Which of two patterns allows more is not decided: assume the worst of what clients send.
    other: Effect = "differs" if direction == "request" else "unknown"
    effect: Effect = "narrows" if texts[0] is None else "widens" if texts[1] is None else other
    message = f"pattern {_shown(texts[1])} instead of {_shown(texts[0])}"
    yield say("pattern-changed", effect, message, old or before.node, new or after.node)


def _multiples(before: View, after: View, say: Say[T]) -> Iterator[T]:
    old, new = before.keyword("multipleOf"), after.keyword("multipleOf")
    values = [_number(node.value) if node else None for node in (old, new)]
    whole = [view.types - {"null"} == {"integer"} for view in (before, after)]
    one, other = (None if value == 1 and only else value for value, only in zip(values, whole, strict=True))
    if one == other:
        return
    if one is None or (other is not None and other % one == 0):
        effect: Effect = "narrows"
    elif other is None or one % other == 0:
        effect = "widens"
    else:
        effect = "differs"
    message = f"multiples of {_shown(other)} instead of {_shown(one)}"
    yield say("bound-changed", effect, message, old or before.node, new or after.node)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bound(view: View, name: str, exclusive: str) -> tuple[float, int] | None:
    """A bound and whether it is excluded: `exclusiveMinimum` is a flag in 3.0 and a number in 3.1.

    As a pair that compares as the bound does: of two lower bounds the greater is the narrower one.
    """
    sign = 1 if name == "minimum" else -1
    found: list[tuple[float, int]] = []
    for node in view.nodes:
        limit, other = _number(node.get(name)), node.get(exclusive)
        if limit is not None:
            found.append((limit, sign if other is True else 0))
        if _number(other) is not None:
            found.append((other, sign))
    if not found:
        return None
    tightest = max(found) if sign == 1 else min(found)
    return _whole(tightest, sign) if view.types - {"null"} == {"integer"} else tightest


def _whole(bound: tuple[float, int], sign: int) -> tuple[float, int]:
    """The bound of whole numbers: more than 0 is at least 1, and at most 9.5 is at most 9."""
    limit, excluded = bound
    if not math.isfinite(limit):
        return bound
    nearest = math.ceil(limit) if sign == 1 else math.floor(limit)
    return (nearest + sign if excluded and nearest == limit else nearest, 0)


def _listed_bound(view: View, end: str) -> tuple[float, int] | None:
    """The bound that a list of numbers sets by itself."""
    values = [_number(value) for value in view.enumeration() or ()]
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return None
    return (min(numbers) if end == "low" else max(numbers), 0)


def _implied_bound(view: View, end: str) -> tuple[float, int] | None:
    """The bound that is set without being written: by a list of values, or by a format."""
    listed = _listed_bound(view, end)
    return listed if listed is not None else _bound_of_format(view.keyword("format"), end)


def _bound_of_format(said: Node | None, end: str) -> tuple[float, int] | None:
    bounds = FORMATS.get(said.value) if said is not None and isinstance(said.value, str) else None
    return None if bounds is None else (bounds[end == "high"], 0)


def within_format(view: View, name: str) -> bool:
    """Whether the bounds of a number, or its list, leave nothing that a number of this format cannot be."""
    low = _bound(view, "minimum", "exclusiveMinimum") or _listed_bound(view, "low")
    high = _bound(view, "maximum", "exclusiveMaximum") or _listed_bound(view, "high")
    if low is None or high is None:
        return False
    return FORMATS[name][0] <= low[0] and high[0] <= FORMATS[name][1]


def all_whole_numbers(view: View) -> set[float] | None:
    """Every value of a schema that allows but a few whole numbers; None where these are not known."""
    if view.types != {"integer"} or view.keyword("multipleOf") is not None or view.unions:
        return None
    low, high = _bound(view, "minimum", "exclusiveMinimum"), _bound(view, "maximum", "exclusiveMaximum")
    if low is None or high is None or not 0 <= high[0] - low[0] < _FEW:
        return None
    return set(range(int(low[0]), int(high[0]) + 1))


def _moved(old: Any, new: Any, end: str) -> Effect | None:
    if old == new:
        return None
    if old is None or new is None:
        return "narrows" if old is None else "widens"
    return "narrows" if (new > old) == (end == "low") else "widens"


def _shown(value: Any) -> str:
    return "none" if value is None else f"`{value}`"


def _bound_shown(bound: tuple[float, int] | None) -> str:
    return "none" if bound is None else f"`{bound[0]}`{' (excluded)' if bound[1] else ''}"
