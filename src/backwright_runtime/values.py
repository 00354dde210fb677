"""Single values: what each type accepts, as JSON and as text in an address."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import inspect

SMALLEST, LARGEST = -(2**63), 2**63 - 1
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INTEGER = re.compile(r"-?[0-9]+")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
HEX = "[0-9a-fA-F]"
UUID_TEXT = re.compile(f"{HEX}{{32}}|{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}")

Convert = Callable[[Any], object]


class Refused(ValueError):
    """A value that its type does not accept, by the code that the caller is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def storable(text: str) -> str:
    """Text that a database can hold: no NUL, no lone surrogates. Raises Refused."""
    if UNSTORABLE.search(text):
        raise Refused("format")
    return text


def from_json(kind: inspect.Type) -> Convert:
    """How a JSON value that is not null becomes a value of this type. Numbers arrive as Decimal."""
    match kind:
        case inspect.BoolType():
            return _boolean
        case inspect.IntType():
            return partial(_whole, kind)
        case _:
            return partial(_string, from_text(kind))


def from_text(kind: inspect.Type) -> Convert:
    """How text becomes a value of this type."""
    match kind:
        case inspect.BoolType():
            return _boolean_text
        case inspect.IntType():
            return partial(_integer_text, kind)
        case inspect.StrType():
            return partial(_text, kind, re.compile(kind.pattern) if kind.pattern else None)
        case inspect.LiteralType(values=choices):
            return partial(_choice, {str(choice): choice for choice in choices})
        case inspect.EnumType(cls=enum):
            return partial(_choice, {str(choice.value): choice for choice in enum})
        case inspect.UUIDType():
            return _uuid
        case inspect.DateType():
            return _date
        case inspect.DateTimeType():
            return _timestamp
        case _:
            raise TypeError(f"{type(kind).__name__} is not a type of inputs")


def _string(convert: Convert, value: object) -> object:
    if not isinstance(value, str):
        raise Refused("type")
    return convert(value)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("type")
    return value


def _boolean_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise Refused("type")
    return text == "true"


def _whole(kind: inspect.IntType, value: object) -> int:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise Refused("type")
    exponent = value.as_tuple().exponent
    is_whole = exponent >= 0 or value == value.to_integral_value()  # type: ignore[operator]
    if not is_whole:
        raise Refused("type")
    return _bounded(kind, value)


def _integer_text(kind: inspect.IntType, text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise Refused("type")
    return _bounded(kind, Decimal(text))


def _bounded(kind: inspect.IntType, value: Decimal) -> int:
    """Compared as a Decimal first: 1e999999 must not become an integer of a million digits."""
    if value < (SMALLEST if kind.ge is None else kind.ge):
        raise Refused("too_small")
    if value > (LARGEST if kind.le is None else kind.le):
        raise Refused("too_large")
    return int(value)


def _text(kind: inspect.StrType, pattern: re.Pattern[str] | None, text: str) -> str:
    storable(text)
    if pattern is not None and not pattern.search(text):
        raise Refused("format")
    if kind.min_length is not None and len(text) < kind.min_length:
        raise Refused("too_short")
    if kind.max_length is not None and len(text) > kind.max_length:
        raise Refused("too_long")
    return text


def _choice(choices: dict[str, object], text: str) -> object:
    if text not in choices:
        raise Refused("enum")
    return choices[text]


def _uuid(text: str) -> UUID:
    if not UUID_TEXT.fullmatch(text):
        raise Refused("format")
    return UUID(text)


def _date(text: str) -> date:
    if not DATE.fullmatch(text):
        raise Refused("format")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("format") from None


def _timestamp(text: str) -> datetime:
    if not TIMESTAMP.fullmatch(text):
        raise Refused("format")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("format") from None
