"""Numbers as specifications mean them: 64-bit integers, decimals of 18 digits, finite doubles, times to 9999.

Null in, null out, division by zero gives null, and what leaves its range raises IntegerOverflow.
"""

import math
import operator
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TypeVar, overload

from backwright_runtime.errors import IntegerOverflow

SMALLEST, LARGEST = -(2**63), 2**63 - 1
DIGITS = 18
EXACT = Context(prec=100, Emax=999_999, Emin=-999_999)
"""Computes decimals with far more digits than are kept."""
Ordered = TypeVar("Ordered", int, str, Decimal, float, date, datetime)
N = TypeVar("N", int, Decimal, float)


def in_range(value: int) -> int:
    """The integer, where it has 64 bits."""
    if not SMALLEST <= value <= LARGEST:
        raise IntegerOverflow
    return value


def in_scale(value: Decimal, scale: int) -> Decimal:
    """The decimal with that many digits behind the point, rounded half away from zero, of 18 digits in all."""
    result = value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=EXACT)
    if abs(result) >= Decimal(10) ** (DIGITS - scale):
        raise IntegerOverflow
    return result if result else abs(result)  # there is no negative zero


def finite(value: float) -> float:
    """The double, where it is finite."""
    if not math.isfinite(value):
        raise IntegerOverflow
    return value


def _both(compute: Callable[[N, N], N], a: N | None, b: N | None) -> N | None:
    return None if a is None or b is None else compute(a, b)


# Integers --------------------------------------------------------------------------------------------


def _applied(compute: Callable[[int, int], int], a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else in_range(compute(a, b))


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


# Decimals: the result has `scale` digits behind the point ---------------------------------------------


def _kept(
    compute: Callable[[Decimal, Decimal], Decimal], a: Decimal | None, b: Decimal | None, scale: int
) -> Decimal | None:
    return None if a is None or b is None else in_scale(compute(a, b), scale)


@overload
def add_decimals(a: Decimal, b: Decimal, scale: int) -> Decimal: ...
@overload
def add_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None: ...
def add_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None:
    """a + b."""
    return _kept(EXACT.add, a, b, scale)


@overload
def subtract_decimals(a: Decimal, b: Decimal, scale: int) -> Decimal: ...
@overload
def subtract_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None: ...
def subtract_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None:
    """a - b."""
    return _kept(EXACT.subtract, a, b, scale)


@overload
def multiply_decimals(a: Decimal, b: Decimal, scale: int) -> Decimal: ...
@overload
def multiply_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None: ...
def multiply_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None:
    """a * b."""
    return _kept(EXACT.multiply, a, b, scale)


def divide_decimals(a: Decimal | None, b: Decimal | None, scale: int) -> Decimal | None:
    """a / b; null when b is 0."""
    return None if not b else _kept(EXACT.divide, a, b, scale)


# Doubles ---------------------------------------------------------------------------------------------


def _normal(a: float, b: float, result: float) -> float:
    """A product or quotient, where it is neither infinite nor so small that nothing is left of it."""
    if result == 0.0 and a != 0.0 and b != 0.0:
        raise IntegerOverflow
    return finite(result)


@overload
def add_doubles(a: float, b: float) -> float: ...
@overload
def add_doubles(a: float | None, b: float | None) -> float | None: ...
def add_doubles(a: float | None, b: float | None) -> float | None:
    """a + b."""
    return _both(lambda x, y: finite(x + y), a, b)


@overload
def subtract_doubles(a: float, b: float) -> float: ...
@overload
def subtract_doubles(a: float | None, b: float | None) -> float | None: ...
def subtract_doubles(a: float | None, b: float | None) -> float | None:
    """a - b."""
    return _both(lambda x, y: finite(x - y), a, b)


@overload
def multiply_doubles(a: float, b: float) -> float: ...
@overload
def multiply_doubles(a: float | None, b: float | None) -> float | None: ...
def multiply_doubles(a: float | None, b: float | None) -> float | None:
    """a * b."""
    return _both(lambda x, y: _normal(x, y, x * y), a, b)


def divide_doubles(a: float | None, b: float | None) -> float | None:
    """a / b; null when b is 0."""
    return None if not b else _both(lambda x, y: _normal(x, y, x / y), a, b)


# Times -----------------------------------------------------------------------------------------------


@overload
def later(at: datetime, by: timedelta) -> datetime: ...
@overload
def later(at: datetime | None, by: timedelta) -> datetime | None: ...
def later(at: datetime | None, by: timedelta) -> datetime | None:
    """The time moved by a length of time, which may be negative."""
    try:
        return None if at is None else at + by
    except OverflowError:
        raise IntegerOverflow from None


# Conversions -----------------------------------------------------------------------------------------


@overload
def whole(value: float) -> int: ...
@overload
def whole(value: float | None) -> int | None: ...
def whole(value: float | None) -> int | None:
    """A double without its fraction."""
    return None if value is None else in_range(int(value))


@overload
def as_decimal(value: int) -> Decimal: ...
@overload
def as_decimal(value: int | None) -> Decimal | None: ...
def as_decimal(value: int | None) -> Decimal | None:
    """An integer as a decimal."""
    return None if value is None else in_scale(Decimal(value), 0)


# Order -----------------------------------------------------------------------------------------------


def certain(value: N | None) -> N:
    """A number that cannot be null, whatever its type says."""
    assert value is not None
    return value


@overload
def to_decimal(value: int | Decimal, scale: int) -> Decimal: ...
@overload
def to_decimal(value: int | Decimal | None, scale: int) -> Decimal | None: ...
def to_decimal(value: int | Decimal | None, scale: int) -> Decimal | None:
    """A number as a column of that many digits behind the point keeps it."""
    return None if value is None else in_scale(Decimal(value), scale)


def less(a: Ordered | None, b: Ordered | None) -> bool:
    """a < b; false when either is null."""
    return a is not None and b is not None and a < b


def at_most(a: Ordered | None, b: Ordered | None) -> bool:
    """a <= b; false when either is null."""
    return a is not None and b is not None and a <= b


# Of a list: null does not count -----------------------------------------------------------------------


def total(values: Iterable[int | None] | None) -> int:
    """The sum of integers; 0 of nothing."""
    return in_range(sum(value for value in values or () if value is not None))


def total_decimals(values: Iterable[Decimal | None] | None, scale: int) -> Decimal:
    """The sum of decimals; 0 of nothing."""
    found = Decimal(0)
    for value in values or ():
        if value is not None:
            found = EXACT.add(found, value)
    return in_scale(found, scale)


def average(values: Iterable[int | Decimal | None] | None, scale: int) -> Decimal | None:
    """The average; null of nothing."""
    there = [Decimal(value) for value in values or () if value is not None]
    found = Decimal(0)
    for value in there:
        found = EXACT.add(found, value)
    return in_scale(EXACT.divide(found, Decimal(len(there))), scale) if there else None


def least(values: Iterable[Ordered | None] | None) -> Ordered | None:
    """The least; null of nothing."""
    return min((value for value in values or () if value is not None), default=None)


def greatest(values: Iterable[Ordered | None] | None) -> Ordered | None:
    """The greatest; null of nothing."""
    return max((value for value in values or () if value is not None), default=None)
