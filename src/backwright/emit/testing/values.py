"""Values for emitted tests: what fits a field, other ones, what lies at its limits, and what it does not accept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import re2

from backwright.emit.names import words
from backwright.emit.testing.patterns import matching
from backwright.model.types import Field, FieldType, InputField, ScalarType
from backwright.reference.numbers import DIGITS, GREATEST, LEAST
from backwright.reference.texts import LOWER

PASSWORD = "correct horse battery staple"  # noqa: S105 (of nobody but emitted tests)
PEOPLE = ("ann", "bob", "carl", "dora", "emil", "fay", "gus", "hana")
NOW = datetime(2030, 1, 1, tzinfo=UTC)
"""When every request of the emitted tests happens: the scripted seam says so."""
SOMEDAY = date(2026, 3, 1)
ONCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = UUID("00000000-0000-7000-8000-000000000000")
FIRST_NUMBER = 7001
"""Sequence numbers of stored rows begin here, so that nothing else in an answer looks like one."""
_PICTURE = b"\x89PNG\r\n\x1a\n"


class Unfit(Exception):
    """There is no such value, or none that this module knows how to make."""


class Wrong(msgspec.Struct, frozen=True):
    """A JSON value that a field does not accept, and how Python writes it where that is shorter."""

    value: Any
    source: str | None = None


def fitting(field: Field | InputField, kind: ScalarType, number: int = 0, person: str | None = None) -> Any:
    """A value that a scalar field accepts; another one for each number. `person` is whose it is. Raises Unfit."""
    match kind.scalar:
        case "string" | "text":
            return _text(field, kind, number, person)
        case "slug":
            return within(f"{words(field.name).replace(' ', '-')}-{number + 1}", kind)
        case "token":
            return f"{words(field.name).replace(' ', '-')}-{number + 1}"
        case "email":
            return f"{person or PEOPLE[number % len(PEOPLE)]}{number // len(PEOPLE) or ''}@example.org"
        case "password":
            return _password(kind, number)
        case "integer":
            return integer_within(kind, number)
        case "decimal":
            return _decimal(kind, number)
        case "double":
            low = 0.5 if kind.min is None else kind.min + 0.5
            return low + number if kind.max is None or low + number <= kind.max else float(kind.max)
        case "boolean":
            return number % 2 == 1
        case "date":
            return SOMEDAY + timedelta(days=number)
        case "timestamp":
            return ONCE + timedelta(minutes=number)
        case "uuid":
            return UUID(int=NOBODY.int + 0x1000 + number)
        case "enum":
            return kind.values[number % len(kind.values)]
        case "json":
            return {"number": number + 1}
        case "bytes":
            return _bytes(kind, number)


def _text(field: Field | InputField, kind: ScalarType, number: int, person: str | None) -> str:
    low, high = kind.min or 0, kind.max
    if person is not None and accepts(field, kind, person):
        return person
    if field.matches is not None:
        found = matching(field.matches, number, low, high)
        if found is None:
            raise Unfit(f"no text for the pattern of {field.name}")
        return found.translate(LOWER) if field.folded else found
    return within(f"{words(field.name)} {number + 1}", kind)


def within(text: str, kind: ScalarType) -> str:
    """Text that keeps the limits; its end tells it from others."""
    low, high = kind.min or 0, kind.max if kind.max is not None else len(text)
    return text.rjust(low, "x")[-high:] if high else ""


def _password(kind: ScalarType, number: int) -> str:
    return within(PASSWORD if number == 0 else f"{PASSWORD} {number + 1}", kind)


def integer_within(kind: ScalarType, number: int) -> int:
    """A small integer that keeps the limits."""
    low = LEAST if kind.min is None else kind.min
    high = GREATEST if kind.max is None else kind.max
    first = max(low, min(3, high))
    return first + number if first + number <= high else low + number % (high - low + 1)


def _decimal(kind: ScalarType, number: int) -> Decimal:
    scale = kind.scale or 0
    low = Decimal("1.5") if kind.min is None else Decimal(kind.min) + Decimal("1.5")
    value = low + number if kind.max is None or low + number <= kind.max else Decimal(kind.max)
    return value.quantize(Decimal(1).scaleb(-scale))


def _bytes(kind: ScalarType, number: int) -> bytes:
    content = _PICTURE + b"%d" % number if kind.media[:1] == ("image/png",) else b"bytes %d" % (number + 1)
    content = content.rjust(kind.min or 0, b"x")
    return content if kind.max is None else content[-kind.max :]


def other(field: Field | InputField, kind: ScalarType, value: Any) -> Iterator[Any]:
    """Values that the field accepts and that are not this one."""
    if kind.scalar == "enum":
        yield from (each for each in kind.values if each != value)
        return
    if kind.scalar == "boolean":
        yield not value
        return
    for number in range(4):
        try:
            found = fitting(field, kind, number)
        except Unfit:
            return
        if found != value:
            yield found


def accepts(field: Field | InputField, kind: ScalarType, value: Any) -> bool:
    """Whether a value that is not null keeps the limits of a field."""
    if isinstance(value, str) and field.matches is not None and re2.fullmatch(field.matches, value) is None:
        return False
    if field.folded and isinstance(value, str) and value != value.translate(LOWER):
        return False
    match kind.scalar:
        case "integer" | "decimal" | "double":
            low = kind.min is None or value >= kind.min
            return bool(low and (kind.max is None or value <= kind.max) and held(kind, value) == value)
        case "string" | "text" | "slug" | "password" | "bytes":
            size = len(value)
            return (kind.min is None or size >= kind.min) and (kind.max is None or size <= kind.max)
        case "enum":
            return value in kind.values
        case _:
            return True


def held(kind: FieldType, value: Any) -> Any:
    """A value as a field of that type holds it: decimals with all their digits."""
    if isinstance(value, Decimal) and isinstance(kind, ScalarType) and kind.scale is not None:
        return value.quantize(Decimal(1).scaleb(-kind.scale))
    return list(value) if isinstance(value, list) else value


def at_limits(kind: ScalarType, *, matches: str | None) -> list[Any]:
    """The smallest and the largest value that a field accepts, where it is limited."""
    match kind.scalar:
        case "string" | "text" | "password" if matches is None:
            lengths = {kind.min or 1, kind.max if kind.max is not None else 1}
            return ["x" * length for length in sorted(lengths)]
        case "integer":
            return [LEAST if kind.min is None else kind.min, GREATEST if kind.max is None else kind.max]
        case "decimal" | "double":
            return [each for each in (kind.min, kind.max) if each is not None]
        case _:
            return []


def refused(field: InputField, kind: ScalarType) -> list[Wrong]:
    """JSON values that a scalar member may not have, beside null."""
    match kind.scalar:
        case "string" | "text" | "slug" | "token" | "password":
            found = [Wrong(7), Wrong("a\0b", r'"a\0b"')]
            if kind.min:
                found.append(repeated("x", kind.min - 1))
            if kind.max is not None:
                found.append(repeated("x", kind.max + 1))
            return [*found, Wrong("?!\n")] if field.matches is not None else found
        case "email":
            return [Wrong("nobody")]
        case "integer":
            low = power(LEAST - 1) if kind.min is None else Wrong(kind.min - 1)
            high = power(GREATEST + 1) if kind.max is None else Wrong(kind.max + 1)
            return [Wrong("7"), Wrong(1.5), low, high]
        case "decimal":
            scale = kind.scale or 0
            digits = Wrong(f"1.{'0' * scale}1")
            least = [] if kind.min is None else [Wrong(str(kind.min - 1))]
            most = Wrong(str(10 ** (DIGITS - scale) if kind.max is None else kind.max + 1))
            return [Wrong("much"), digits, *least, most]
        case "double":
            limits = [Wrong(each) for each in (kind.min and kind.min - 1, kind.max and kind.max + 1) if each]
            return [Wrong("7"), *limits]
        case "boolean":
            return [Wrong("true")]
        case "enum":
            return [Wrong("".join(kind.values) + "?")]
        case "json":
            return [Wrong(7)]
        case "bytes":
            long = [] if kind.max is None or kind.max > 70_000 else [encoded(kind.max + 1)]
            return [Wrong(7), Wrong("no base64!"), *long]
        case "date" | "timestamp" | "uuid":
            return [Wrong(7), Wrong("someday")]


def repeated(character: str, times: int) -> Wrong:
    """A text of some length, written as a product where it is long."""
    text = character * times
    return Wrong(text, None if times < 10 else f'"{character}" * {times}')


def encoded(size: int) -> Wrong:
    """So many bytes in base64, and not quite as many."""
    times = -(-size // 3)
    return Wrong("AAAA" * times, f'"AAAA" * {times}')


def power(number: int) -> Wrong:
    """An integer beyond 64 bits."""
    return Wrong(number, "2**63" if number > 0 else "-(2**63) - 1")
