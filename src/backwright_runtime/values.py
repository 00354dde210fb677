"""Single values: what each kind accepts, as JSON and as text in an address or a form."""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from importlib import import_module
from math import inf
from typing import Any, assert_never
from uuid import UUID

import msgspec

from backwright_runtime.kinds import (
    Boolean,
    Choice,
    Content,
    Date,
    Document,
    Double,
    Exact,
    Integer,
    Key,
    Scalar,
    Text,
    Timestamp,
)
from backwright_runtime.texts import folded

SMALLEST, LARGEST = -(2**63), 2**63 - 1
DIGITS = 18
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INTEGER = re.compile(r"-?[0-9]+")
DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
DOUBLE = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
HEX = "[0-9a-fA-F]"
UUID_TEXT = re.compile(f"{HEX}{{32}}|{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}")
# https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
EMAIL = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
WIDE = Context(prec=10_000)
EXACT = Context(prec=100)

Convert = Callable[[Any], object]


class Refused(ValueError):
    """A value that its type does not accept, by the code that the caller is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def from_json(kind: Scalar) -> Convert:
    """How a JSON value that is not null becomes a value of this kind. Numbers arrive as Decimal."""
    match kind:
        case Boolean():
            return _boolean
        case Integer():
            return partial(_whole, kind)
        case Exact():
            return partial(_decimal_json, kind)
        case Double():
            return partial(_double_json, kind)
        case Document():
            return _document
        case Content():
            return partial(_base64, kind)
        case _:
            return partial(_string, from_text(kind))


def from_text(kind: Scalar) -> Convert:
    """How text becomes a value of this kind."""
    match kind:
        case Boolean():
            return _boolean_text
        case Integer():
            return partial(_integer_text, kind)
        case Exact():
            return partial(_decimal_text, kind)
        case Double():
            return partial(_double_text, kind)
        case Text():
            return partial(_text, kind, _matcher(kind))
        case Choice(values=values):
            return partial(_choice, values)
        case Key():
            return _uuid
        case Date():
            return _date
        case Timestamp():
            return _timestamp
        case Document() | Content():
            return _refuse
        case _:
            assert_never(kind)


def content(kind: Content, value: bytes) -> bytes:
    """The content of a file within its size. Raises Refused."""
    if kind.least is not None and len(value) < kind.least:
        raise Refused("too_short")
    if kind.most is not None and len(value) > kind.most:
        raise Refused("too_long")
    return value


def storable(text: str) -> str:
    """Text that a database can hold: no NUL, no lone surrogates. Raises Refused."""
    if UNSTORABLE.search(text):
        raise Refused("format")
    return text


def _string(convert: Convert, value: object) -> object:
    if not isinstance(value, str):
        raise Refused("type")
    return convert(value)


def _refuse(_: object) -> object:
    raise Refused("type")


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("type")
    return value


def _boolean_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise Refused("type")
    return text == "true"


# Numbers --------------------------------------------------------------------------------------------


def _whole(kind: Integer, value: object) -> int:
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        raise Refused("type")
    return _bounded(kind, value)


def _integer_text(kind: Integer, text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise Refused("type")
    return _bounded(kind, Decimal(text))


def _bounded(kind: Integer, value: Decimal) -> int:
    """Compared as a Decimal first: 1e999999 must not become an integer of a million digits."""
    if value < (SMALLEST if kind.least is None else kind.least):
        raise Refused("too_small")
    if value > (LARGEST if kind.most is None else kind.most):
        raise Refused("too_large")
    return int(value) if value else 0


def _decimal_json(kind: Exact, value: object) -> Decimal:
    if isinstance(value, Decimal):
        return _decimal(kind, value)
    if not isinstance(value, str):
        raise Refused("type")
    return _decimal_text(kind, value)


def _decimal_text(kind: Exact, text: str) -> Decimal:
    if not DECIMAL.fullmatch(text):
        raise Refused("format")
    return _decimal(kind, Decimal(text))


def _decimal(kind: Exact, value: Decimal) -> Decimal:
    """With exactly the digits of its kind; more that are not zero are refused, never rounded away."""
    if value:
        exponent = value.normalize(WIDE).as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > kind.scale:
            raise Refused("format")
    beyond = 10 ** (DIGITS - kind.scale)
    if value <= -beyond or (kind.least is not None and value < kind.least):
        raise Refused("too_small")
    if value >= beyond or (kind.most is not None and value > kind.most):
        raise Refused("too_large")
    found = value.quantize(Decimal(1).scaleb(-kind.scale), rounding=ROUND_HALF_UP, context=EXACT)
    return found or abs(found)  # there is no negative zero


def _double_json(kind: Double, value: object) -> float:
    if not isinstance(value, Decimal):
        raise Refused("type")
    return _double(kind, value)


def _double_text(kind: Double, text: str) -> float:
    if not DOUBLE.fullmatch(text):
        raise Refused("type")
    return _double(kind, Decimal(text))


def _double(kind: Double, value: Decimal) -> float:
    found = float(value)
    if found == -inf or (kind.least is not None and found < kind.least):
        raise Refused("too_small")
    if found == inf or (kind.most is not None and found > kind.most):
        raise Refused("too_large")
    return found


# Text -----------------------------------------------------------------------------------------------


def _matcher(kind: Text) -> Callable[[str], object] | None:
    if kind.pattern is None:
        return None
    re2 = import_module("re2")  # only services that have patterns load it; it says nothing of its types
    matches: Callable[[str], object] = re2.compile(kind.pattern).fullmatch
    return matches


def _text(kind: Text, matches: Callable[[str], object] | None, text: str) -> str:
    if kind.is_email:
        if not EMAIL.fullmatch(text):
            raise Refused("format")
    else:
        storable(text)
    if kind.least is not None and len(text) < kind.least:
        raise Refused("too_short")
    if kind.most is not None and len(text) > kind.most:
        raise Refused("too_long")
    if kind.is_email:
        text = text.lower()
    if matches is not None and matches(text) is None:
        raise Refused("format")
    return folded(text) if kind.is_folded else text


def _choice(choices: dict[str, object], text: str) -> object:
    if text not in choices:
        raise Refused("enum")
    return choices[text]


def _uuid(text: str) -> UUID:
    if not UUID_TEXT.fullmatch(text):
        raise Refused("format")
    return msgspec.convert(text, UUID)  # half as slow as the constructor


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


# Documents and bytes --------------------------------------------------------------------------------


def _document(value: object) -> object:
    if not isinstance(value, dict):
        raise Refused("type")
    return _plain(value)


def _plain(value: object) -> object:
    """JSON with Python's own numbers: what is whole stays whole."""
    match value:
        case dict():
            return {storable(name): _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case str():
            return storable(value)
        case Decimal():
            if value == value.to_integral_value() and SMALLEST < value <= LARGEST:
                return int(value) if value else 0
            return _double(Double(), value)
        case _:
            return value


def _base64(kind: Content, value: object) -> bytes:
    if not isinstance(value, str):
        raise Refused("type")
    try:
        return content(kind, b64decode(value, validate=True))
    except Refused:
        raise
    except ValueError:
        raise Refused("format") from None
