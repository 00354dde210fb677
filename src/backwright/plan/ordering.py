"""Whether comparisons can be true together: over whole numbers, digits, the values of an enum, or any other order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor

import msgspec

from backwright.plan.conditions import Term, Value


class Bound(msgspec.Struct, frozen=True):
    """Where a term begins or ends; `open` where that value is not one of its own."""

    value: Value
    open: bool = False


Told = tuple[str, str, bool]
"""`left <= right`, or the opposite of it."""


def can_be(told: Iterable[Told], terms: Mapping[str, Term]) -> bool:
    """Whether there are values for the terms with which all that is told is true."""
    edges: dict[tuple[str, str], bool] = {}
    for left, right, held in told:
        low, high = (left, right) if held else (right, left)
        edges[low, high] = edges.get((low, high), False) or not held
    if _goes_round(edges):
        return False
    names = {name for edge in edges for name in edge}
    lows, highs = ({name: _own(terms[name], rising) for name in names} for rising in (True, False))
    for _ in names:
        for (low, high), strict in edges.items():
            lows[high] = _tighter(lows[high], lows[low], strict, terms[high], rising=True)
            highs[low] = _tighter(highs[low], highs[high], strict, terms[low], rising=False)
    return all(_has_room(lows[name], highs[name]) for name in names)


def _goes_round(edges: Mapping[tuple[str, str], bool]) -> bool:
    """Whether a term would be less than itself."""
    reach = dict(edges)
    names = {name for edge in edges for name in edge}
    for middle in names:
        for (first, to), before in list(reach.items()):
            if to != middle:
                continue
            for (start, last), after in list(reach.items()):
                if start == middle:
                    reach[first, last] = reach.get((first, last), False) or before or after
    return any(strict for (first, last), strict in reach.items() if first == last)


def _own(term: Term, rising: bool) -> Bound | None:
    """Where a term begins (or ends) of itself."""
    if term.value is not None:
        return Bound(term.value)
    if term.values:
        return Bound(min(term.values) if rising else max(term.values))
    return Bound(term.least) if rising and term.least is not None else None


def _tighter(
    own: Bound | None, other: Bound | None, strict: bool, term: Term, *, rising: bool
) -> Bound | None:
    """The bound of a term that is next to one with another bound."""
    if other is None:
        return own
    found = _stepped(Bound(other.value, other.open or strict), term, rising)
    if own is None or own.value == found.value:
        return found if own is None else Bound(own.value, own.open or found.open)
    further = found.value > own.value if rising else found.value < own.value  # type: ignore[operator]
    return found if further else own


def _stepped(bound: Bound, term: Term, rising: bool) -> Bound:
    """The bound on a value that the term can have."""
    if term.values and isinstance(bound.value, str):
        fits = [each for each in term.values if _is_inside(each, bound, rising)]
        if not fits:
            return Bound(bound.value, open=True)
        return Bound(min(fits) if rising else max(fits))
    if term.unit is None or isinstance(bound.value, str):
        return bound
    steps = bound.value / term.unit
    whole = ceil(steps) if rising else floor(steps)
    if bound.open and whole == steps:
        whole += 1 if rising else -1
    return Bound(whole * term.unit)


def _is_inside(value: str, bound: Bound, rising: bool) -> bool:
    if value == bound.value:
        return not bound.open
    return (value > str(bound.value)) is rising


def _has_room(low: Bound | None, high: Bound | None) -> bool:
    if low is None or high is None:
        return True
    if low.value == high.value:
        return not (low.open or high.open)
    return bool(low.value < high.value)  # type: ignore[operator]  # of one class
