"""One value of a request: from JSON, or from the text of a query parameter, to the value of its type."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any, assert_never
from uuid import UUID

from backwright.model.types import Scalar, ScalarType
from backwright.reference.numbers import DIGITS, GREATEST, LEAST, rounded

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


def from_json(value: Any, type: ScalarType) -> Any:
    """The value of a JSON member that is not null. Raises Refused."""
    match type.scalar:
        case "boolean":
            return require(value, isinstance(value, bool), "type")
        case "integer":
            return integer(whole(value), type)
        case "decimal" if isinstance(value, Decimal):
            return decimal(value, type)
        case "double":
            require(value, isinstance(value, Decimal), "type")
            return double(value, type)
        case "json":
            return document(value)
        case "bytes":
            return file(base64(require(value, isinstance(value, str), "type")), type)
        case _:
            return from_text(require(value, isinstance(value, str), "type"), type)


def from_query(text: str, type: ScalarType) -> Any:
    """The value of a parameter, or of a member of a form. Raises Refused."""
    match type.scalar:
        case "boolean":
            return require(text, text in {"true", "false"}, "type") == "true"
        case "integer":
            require(text, re.fullmatch("-?[0-9]+", text) is not None, "type")
            return integer(Decimal(text), type)
        case "double":
            require(
                text, re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?", text) is not None, "type"
            )
            return double(Decimal(text), type)
        case "json" | "bytes":
            raise Refused("type")
        case _:
            return from_text(text, type)


def decimal(value: Decimal, type: ScalarType) -> Decimal:
    """The decimal, where it has no more digits than its type, and lies within its bounds. Raises Refused."""
    scale = type.scale or 0
    require(value, value.is_finite(), "type")
    exponent = value.normalize(Context(prec=10000)).as_tuple().exponent
    require(value, value == 0 or (isinstance(exponent, int) and -exponent <= scale), "format")
    greatest = Decimal(10) ** (DIGITS - scale)
    require(value, value > -greatest and (type.min is None or value >= type.min), "too_small")
    require(value, value < greatest and (type.max is None or value <= type.max), "too_large")
    return rounded(value, scale)


def double(value: Decimal, type: ScalarType) -> float:
    """The nearest double, where that is finite and within its bounds. Raises Refused."""
    found = float(value)
    require(found, found != float("-inf") and (type.min is None or found >= type.min), "too_small")
    require(found, found != float("inf") and (type.max is None or found <= type.max), "too_large")
    return found


def document(value: Any) -> Any:
    """A JSON object as it is stored: whole numbers stay whole. Raises Refused."""
    require(value, isinstance(value, dict), "type")
    return plain_json(value)


def plain_json(value: Any) -> Any:
    """JSON with Python's own numbers, in storable text. Raises Refused."""
    match value:
        case dict():
            return {storable(name): plain_json(each) for name, each in value.items()}
        case list():
            return [plain_json(each) for each in value]
        case Decimal():
            if value == value.to_integral_value() and abs(value) < 2**63:
                return int(value)
            return double(value, ScalarType(scalar="double"))
        case str():
            return storable(value)
        case _:
            return value


def base64(text: str) -> bytes:
    """The bytes that a text in base64 stands for (RFC 4648). Raises Refused."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise Refused("format") from None


def file(content: bytes, type: ScalarType) -> bytes:
    """The content of a file within its size. Raises Refused."""
    require(content, type.min is None or len(content) >= type.min, "too_short")
    require(content, type.max is None or len(content) <= type.max, "too_long")
    return content


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
        case "string" | "text" | "slug" | "token":
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
        case "decimal":
            require(text, re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text) is not None, "format")
            return decimal(Decimal(text), type)
        case "integer" | "boolean" | "double" | "json" | "bytes":
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
