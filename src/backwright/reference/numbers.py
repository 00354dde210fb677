"""Numbers: 64-bit integers, exact decimals of 18 digits, finite doubles (LANGUAGE.md, semantics 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, assert_never

from backwright.expr.typed import Function, Operator, Type

LEAST, GREATEST = -(2**63), 2**63 - 1
DIGITS = 18
EXACT = Context(prec=100)


class Overflow(ArithmeticError):
    """A number left its range: the operation fails."""


def calculate(op: Operator, left: Any, right: Any, type: Type) -> Any:
    """Two operands. Null with anything is null, and so is division by zero. Raises Overflow."""
    if left is None or right is None or (op in {"/", "%"} and right == 0):
        return None
    match type.kind:
        case "integer":
            return integer(op, left, right)
        case "decimal":
            return rounded(decimal(op, left, right), type.scale or 0)
        case "double":
            return double(op, left, right)
        case _:
            return moved(op, left, right)


def integer(op: Operator, left: int, right: int) -> int:
    """Two integers; division truncates toward zero."""
    match op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "/":
            result = truncated(left, right)
        case "%":
            result = left - right * truncated(left, right)
    return within(result)


def within(value: int) -> int:
    """The integer, where it has 64 bits."""
    if not LEAST <= value <= GREATEST:
        raise Overflow(str(value))
    return value


def truncated(left: int, right: int) -> int:
    """The quotient rounded toward zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def decimal(op: Operator, left: Decimal, right: Decimal) -> Decimal:
    """Two decimals, exactly, or as a quotient with far more digits than are kept."""
    match op:
        case "+":
            return EXACT.add(left, right)
        case "-":
            return EXACT.subtract(left, right)
        case "*":
            return EXACT.multiply(left, right)
        case _:
            return EXACT.divide(left, right)


def rounded(value: Decimal, scale: int) -> Decimal:
    """The decimal with that many digits behind the point, half away from zero. Raises Overflow over 18 digits."""
    result = value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP, context=EXACT)
    if abs(result) >= Decimal(10) ** (DIGITS - scale):
        raise Overflow(str(value))
    return result if result else abs(result)  # there is no negative zero


def double(op: Operator, left: float, right: float) -> float:
    """Two doubles (IEEE 754 binary64)."""
    match op:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _:
            result = left / right
    if result == 0 and op in {"*", "/"} and left != 0 and right != 0:
        raise Overflow(f"{left} {op} {right}")  # too small: PostgreSQL defines the meaning (semantics 12)
    return finite(result)


def finite(value: float) -> float:
    """The double, where it is finite."""
    if not math.isfinite(value):
        raise Overflow(str(value))
    return value


def moved(op: Operator, at: datetime, by: timedelta) -> datetime:
    """A timestamp and a duration."""
    try:
        return at + by if op == "+" else at - by
    except OverflowError:
        raise Overflow(f"{at} {op} {by}") from None


def aggregate(function: Function, values: Sequence[Any], type: Type) -> Any:
    """Of a list; null elements do not count. An empty sum is 0, the others of nothing are null."""
    there = [value for value in values if value is not None]
    match function:
        case "sum" if type.kind == "decimal":
            return rounded(sum(there, Decimal(0)), type.scale or 0)
        case "sum":
            return within(sum(there))
        case "min":
            return min(there, default=None)
        case "max":
            return max(there, default=None)
        case "avg":
            if not there:
                return None
            return rounded(
                EXACT.divide(sum(map(Decimal, there), Decimal(0)), Decimal(len(there))), type.scale or 0
            )
        case _:
            assert_never(function)
