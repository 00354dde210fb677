"""Stored values of every type, by number: ordinary ones and those at the bounds of the type."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

from backwright.model.storage import DIGITS
from backwright.model.types import ListType, ScalarType

Value = Any
"""None, bool, int, float, Decimal, str, bytes, date, datetime, UUID, or a tuple of those. JSON is its text."""

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_MOMENT = datetime(2030, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
_EARLIEST, _LATEST = date(1, 1, 2), datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC)
"""One step inside of the bounds, which asyncpg takes for infinity unless it is told (as the runtime tells it)."""
_MOST_ELEMENTS = 12


def key(entity: str, number: int) -> UUID:
    """The key of a row: as good as random, and the same every time."""
    return UUID(bytes=hashlib.sha256(f"{entity}/{number}".encode()).digest()[:16], version=4)


def ciphertext(field: str, number: int) -> str:
    """What an encrypted field's column could hold."""
    return f"k1.{hashlib.sha256(f'{field}/{number}'.encode()).hexdigest()}"


def value_of(field: str, kind: ScalarType | ListType, number: int, *, boundary: bool) -> Value:
    """The value of that number."""
    if isinstance(kind, ScalarType):
        return _scalar(field, kind, number, boundary=boundary)
    low, high = kind.min or 0, min(kind.max, _MOST_ELEMENTS)
    size = max(low, high if boundary and number % 2 else low if boundary else min(high, number % 4))
    element = kind.element
    if not isinstance(element, ScalarType):
        raise TypeError(f"a list of {element!r} is no column")
    return tuple(_scalar(field, element, number + n, boundary=boundary and n == 0) for n in range(size))


def _scalar(field: str, kind: ScalarType, number: int, *, boundary: bool) -> Value:
    match kind.scalar:
        case "string" | "text":
            return _text(kind, number, boundary)
        case "email":
            address = f"{number}@example.test"
            return address.rjust(min(kind.max or 254, 254), "a") if boundary else address
        case "slug":
            return f"{number}".rjust(min(kind.max or 80, 12), "s")[-(kind.max or 80) :]
        case "token":
            return hashlib.sha256(f"{field}/{number}".encode()).hexdigest()[:32]
        case "password":
            return f"$stored${number}"
        case "integer":
            return _integer(kind, number, boundary)
        case "decimal":
            return _decimal(kind, number, boundary)
        case "double":
            return _double(kind, number, boundary)
        case "boolean":
            return number % 2 == 0
        case "enum":
            return kind.values[number % len(kind.values)]
        case "uuid":
            return key(field, number)
        case "date":
            first = _EARLIEST if boundary else date(2024, 2, 29)
            return first + timedelta(days=abs(number))
        case "timestamp":
            if boundary:
                return _LATEST - timedelta(microseconds=abs(number))
            return _MOMENT + timedelta(seconds=number)
        case "json":
            return json.dumps(
                number if boundary else {"n": number, "é": [None, True, "'"]}, ensure_ascii=False
            )
        case "bytes":
            size = min(kind.max or 64, 64) if boundary else max(kind.min or 0, min(kind.max or 8, 8))
            return (number.to_bytes(4, "big", signed=True) + b"\x00\xff'" * size)[:size]
        case _:
            assert_never(kind.scalar)


def _text(kind: ScalarType, number: int, boundary: bool) -> str:
    """Begins with the number in letters outside ASCII, so that lengths in bytes and code points differ."""
    low, high = kind.min or 0, min(kind.max or 255, 2000)
    text = chr(0x4E00 + number % 20000)
    length = high if boundary else max(low, min(high, 12))
    return text + "é'\"\\x"[: max(0, length - 1)].ljust(max(0, length - 1), "x") if length else ""


def _integer(kind: ScalarType, number: int, boundary: bool) -> int:
    low = _SMALLEST if kind.min is None else kind.min
    high = _LARGEST if kind.max is None else kind.max
    if boundary:
        return max(low, high - abs(number)) if number % 2 else min(high, low + abs(number))
    return min(high, max(low, number))


def _decimal(kind: ScalarType, number: int, boundary: bool) -> Decimal:
    """By its last digit, so that every value has all the digits of its type."""
    scale = kind.scale or 0
    most = 10**DIGITS - 1
    low = -most if kind.min is None else max(-most, kind.min * 10**scale)
    high = most if kind.max is None else min(most, kind.max * 10**scale)
    bounds = ScalarType(scalar="integer", min=low, max=high)
    return Decimal(_integer(bounds, number, boundary)).scaleb(-scale)


def _double(kind: ScalarType, number: int, boundary: bool) -> float:
    low = -1.7976931348623157e308 if kind.min is None else float(kind.min)
    high = 1.7976931348623157e308 if kind.max is None else float(kind.max)
    if boundary:
        return high if number % 2 else low
    return min(high, max(low, number + 0.1))
