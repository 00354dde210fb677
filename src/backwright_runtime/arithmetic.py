"""64-bit integers as specifications mean them. Null in, null out; overflow raises IntegerOverflow."""

import operator
from collections.abc import Callable
from typing import TypeVar, overload

from backwright_runtime.errors import IntegerOverflow

SMALLEST, LARGEST = -(2**63), 2**63 - 1
Ordered = TypeVar("Ordered", int, str)


def _checked(value: int) -> int:
    if not SMALLEST <= value <= LARGEST:
        raise IntegerOverflow
    return value


def _applied(compute: Callable[[int, int], int], a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else _checked(compute(a, b))


@overload
def add(a: int, b: int) -> int: ...
@overload
def add(a: int | None, b: int | None) -> int | None: ...
def add(a: int | None, b: int | None) -> int | None:
    """a + b."""
    return _applied(operator.add, a, b)


@overload
def subtract(a: int, b: int) -> int: ...
@overload
def subtract(a: int | None, b: int | None) -> int | None: ...
def subtract(a: int | None, b: int | None) -> int | None:
    """a - b."""
    return _applied(operator.sub, a, b)


@overload
def multiply(a: int, b: int) -> int: ...
@overload
def multiply(a: int | None, b: int | None) -> int | None: ...
def multiply(a: int | None, b: int | None) -> int | None:
    """a * b."""
    return _applied(operator.mul, a, b)


def divide(a: int | None, b: int | None) -> int | None:
    """a / b, truncated toward zero; null when b is 0."""
    return None if b == 0 else _applied(_truncated, a, b)


def remainder(a: int | None, b: int | None) -> int | None:
    """What division leaves, with the sign of a; null when b is 0."""
    return None if b == 0 else _applied(lambda x, y: x - y * _truncated(x, y), a, b)


def less(a: Ordered | None, b: Ordered | None) -> bool:
    """a < b; false when either is null."""
    return a is not None and b is not None and a < b


def at_most(a: Ordered | None, b: Ordered | None) -> bool:
    """a <= b; false when either is null."""
    return a is not None and b is not None and a <= b


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


BY_OPERATOR: dict[str, Callable[[int, int], int | None]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
