"""Conversions of values in memory: what a proof expects of the SQL in `conversions.py`, written apart from it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from backwright.migrate.values import Value
from backwright.model.storage import DIGITS
from backwright.model.types import ScalarType
from backwright.plan.conversions import ALIKE
from backwright.reference.decode import EMAIL

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_TEXTS = frozenset({"string", "email", "slug", "token", "enum"})


def converted(value: Value, before: ScalarType, after: ScalarType) -> Value:
    """The counterpart of a value. Raises ValueError where it has none."""
    one, other = (ALIKE.get(each.scalar, each.scalar) for each in (before, after))
    if value is None or (one == other and one != "decimal"):
        return value
    if (one, other) == ("string", "email"):
        return _address(value)
    if one in _TEXTS and other in _TEXTS:
        return value
    if other == "string":
        return _printed(value)
    if one == "string":
        return _parsed(value, other, after.scale or 0)
    found = _changed(value, other, after.scale or 0)
    if one == "double":
        _in_double(Decimal(repr(value)), after.scale or 0)
    elif other == "double" and one == "decimal":
        _in_double(value, before.scale or 0)
    elif one == "decimal":
        _decimal(Decimal(found), before.scale or 0)
    return found


def _address(value: str) -> str:
    """As the service stores it: in lower case."""
    if not EMAIL.fullmatch(value):
        raise ValueError(value)
    return value.lower()


def _in_double(value: Decimal, scale: int) -> None:
    """Raises ValueError where a double has no room for the digits of a number."""
    most = Decimal(2**53) if not scale else Decimal(1).scaleb(15 - scale)
    if abs(value) > most:
        raise ValueError(value)


def _printed(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _parsed(value: str, other: str, scale: int) -> Value:
    match other:
        case "integer" if _WHOLE.fullmatch(value):
            return _integer(int(value))
        case "decimal" if _DECIMAL.fullmatch(value):
            found = Decimal(value)
            if -int(found.as_tuple().exponent) > scale:
                raise ValueError(value)
            return _decimal(found, scale)
        case "boolean" if value in ("true", "false"):
            return value == "true"
        case "uuid" if str(UUID(value)) == value:
            return UUID(value)
        case "date" if re.fullmatch(r"[0-9-]{10}", value):
            return date.fromisoformat(value)
        case "timestamp" if re.fullmatch(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]{1,6})?Z", value):
            day, _, clock = value[:-1].partition("T")
            whole, _, fraction = clock.partition(".")
            moment = time.fromisoformat(f"{whole}.{fraction.ljust(6, '0')}")
            return datetime.combine(date.fromisoformat(day), moment, UTC)
        case _:
            raise ValueError(f"no {other}: {value!r}")


def _changed(value: Any, other: str, scale: int) -> Value:
    match other:
        case "boolean" if value in (0, 1):
            return value == 1
        case "date":
            return value.astimezone(UTC).date()
        case "timestamp":
            return datetime.combine(value, time(), UTC)
        case "double" if isinstance(value, Decimal) or abs(value) <= 2**53:
            return float(value)
        case "integer":
            return _integer(int(_number(value).to_integral_value(ROUND_HALF_UP)))
        case "decimal":
            return _decimal(_number(value), scale)
        case _:
            raise ValueError(f"no {other}: {value!r}")


def _number(value: bool | int | float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def _decimal(value: Decimal, scale: int) -> Decimal:
    if abs(value) >= 10 ** (DIGITS - scale):
        raise ValueError(value)
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def within(value: Value, kind: ScalarType) -> bool:
    """Whether the value is inside of the type's bounds."""
    match kind.scalar:
        case _ if value is None:
            return True
        case "enum":
            return value in kind.values
        case "string" | "text" | "email" | "slug" | "bytes":
            return _between(len(value), kind)
        case "integer" | "double" | "decimal":
            return _between(value, kind)
        case _:
            return True


def _between(value: Any, kind: ScalarType) -> bool:
    return (kind.min is None or value >= kind.min) and (kind.max is None or value <= kind.max)
