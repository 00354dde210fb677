"""One value of a request: from JSON, or from the text of a query parameter, to the value of its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

from backwright.model.types import ReferenceType, Scalar, ScalarType
from backwright.reference.evaluate import GREATEST, LEAST

# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
HEX = "[0-9a-fA-F]"
UUID_TEXT = re.compile(f"{HEX}{{32}}|{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Password(str):
    """A password as it was given. The reference keeps it in the place of a hash."""

    __slots__ = ()


class Refused(Exception):
    """A value that its type does not accept, by field code."""


def from_json(value: Any, type: ScalarType | ReferenceType) -> Any:
    """The value of a JSON member that is not null. Raises Refused."""
    scalar = scalar_of(type)
    if scalar.scalar == "boolean":
        return require(value, isinstance(value, bool), "type")
    if scalar.scalar == "integer":
        return integer(whole(value), scalar)
    return from_text(require(value, isinstance(value, str), "type"), scalar)


def from_query(text: str, type: ScalarType | ReferenceType) -> Any:
    """The value of a query parameter. Raises Refused."""
    scalar = scalar_of(type)
    if scalar.scalar == "boolean":
        return require(text, text in {"true", "false"}, "type") == "true"
    if scalar.scalar == "integer":
        require(text, re.fullmatch("-?[0-9]+", text) is not None, "type")
        return integer(Decimal(text), scalar)
    return from_text(text, scalar)


def from_path(text: str, type: ScalarType) -> Any:
    """The value of a path parameter: written like a query parameter. Raises Refused."""
    return from_query(text, type)


def scalar_of(type: ScalarType | ReferenceType) -> ScalarType:
    """How a value is written: a reference as the key of its row."""
    return ScalarType(scalar="uuid") if isinstance(type, ReferenceType) else type


def require(value: Any, condition: bool, code: str) -> Any:
    """The value, where the condition holds. Raises Refused."""
    if not condition:
        raise Refused(code)
    return value


def whole(value: Any) -> Decimal:
    """A JSON number that is a whole number, whichever way it is written: 5, 5.0, 5e0. Raises Refused."""
    require(value, isinstance(value, Decimal) and value == value.to_integral_value(), "type")
    assert isinstance(value, Decimal)
    return value


def integer(value: Decimal, type: ScalarType) -> int:
    """The integer, where it is within 64 bits and its own bounds. Raises Refused."""
    require(value, value >= (LEAST if type.min is None else type.min), "too_small")
    require(value, value <= (GREATEST if type.max is None else type.max), "too_large")
    return int(value)


def from_text(text: str, type: ScalarType) -> Any:
    """The value that a text stands for. Raises Refused."""
    scalar: Scalar = type.scalar
    match scalar:
        case "string" | "text":
            return sized(storable(text), type)
        case "password":
            return Password(sized(storable(text), type))
        case "email":
            require(text, EMAIL.fullmatch(text) is not None, "format")
            return sized(text, type).lower()
        case "enum":
            return require(text, text in type.values, "enum")
        case "date":
            require(text, DATE.fullmatch(text) is not None, "format")
            return parsed(date.fromisoformat, text)
        case "timestamp":
            require(text, TIMESTAMP.fullmatch(text) is not None, "format")
            return parsed(instant, text.upper())
        case "uuid":
            require(text, UUID_TEXT.fullmatch(text) is not None, "format")
            return UUID(text)
        case "integer" | "boolean":
            raise TypeError(f"{scalar} is not written as text")
        case _:
            assert_never(scalar)


def storable(text: str) -> str:
    """Text without NUL and lone surrogates. Raises Refused."""
    return str(require(text, UNSTORABLE.search(text) is None, "format"))


def sized(text: str, type: ScalarType) -> str:
    """Text within its limits, in code points. Raises Refused."""
    require(text, type.min is None or len(text) >= type.min, "too_short")
    require(text, type.max is None or len(text) <= type.max, "too_long")
    return text


def instant(text: str) -> datetime:
    """The instant in UTC. Raises ValueError, or OverflowError where UTC has no such year."""
    return datetime.fromisoformat(text).astimezone(UTC)


def parsed(parse: Callable[[str], Any], text: str) -> Any:
    """The parsed value. Raises Refused where there is no such day or time."""
    try:
        return parse(text)
    except (ValueError, OverflowError):
        raise Refused("format") from None
