"""Values for emitted tests: what fits a field, what lies at its limits, and what does not fit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.annotations import LARGEST, SMALLEST
from backwright.emit.emitted import column_type, scalar_type
from backwright.emit.names import words
from backwright.model.types import Field, InputField, ReferenceType, ScalarType

PASSWORD = "correct horse battery staple"  # noqa: S105 (of nobody but emitted tests)
SOMEDAY = date(2026, 3, 1)
ONCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = UUID("00000000-0000-7000-8000-000000000000")


class Wrong(msgspec.Struct, frozen=True):
    """A JSON value that a field does not accept, and how Python writes it."""

    value: Any
    source: str


def fitting(field: Field | InputField, number: int = 0) -> Any:
    """A value that a scalar field accepts; another one for each number, where there are several."""
    kind = scalar_type(field.type)
    match kind.scalar:
        case "string" | "text":
            return text_within(f"{words(field.name)} {number + 1}", kind)
        case "email":
            return f"{'abcdefghij'[number % 10]}{number // 10 or ''}@example.org"
        case "password":
            return password_within(kind)
        case "integer":
            return integer_within(kind, number)
        case "boolean":
            return number % 2 == 1
        case "date":
            return SOMEDAY + timedelta(days=number)
        case "timestamp":
            return ONCE + timedelta(minutes=number)
        case "uuid":
            return UUID(int=NOBODY.int + 1000 + number)
        case _:
            return kind.values[number % len(kind.values)]


def text_within(text: str, kind: ScalarType) -> str:
    """Text that keeps the limits; its end tells it from others."""
    low, high = kind.min or 0, kind.max if kind.max is not None else len(text)
    return text.rjust(low, "x")[-high:] if high else ""


def password_within(kind: ScalarType) -> str:
    """The password of everyone in the tests."""
    return text_within(PASSWORD, kind)


def integer_within(kind: ScalarType, number: int) -> int:
    """A small integer that keeps the limits."""
    low = SMALLEST if kind.min is None else kind.min
    high = LARGEST if kind.max is None else kind.max
    span = high - low + 1
    return max(low, min(3, high)) + number if max(low, min(3, high)) + number <= high else low + number % span


def at_limits(field: InputField) -> list[Any]:
    """The smallest and the largest value that a field accepts, where it is limited."""
    kind = field.type
    if not isinstance(kind, ScalarType):
        return []
    match kind.scalar:
        case "string" | "text" | "password":
            lengths = {kind.min or 1, kind.max if kind.max is not None else 1}
            return ["x" * length for length in sorted(lengths)]
        case "integer":
            return [SMALLEST if kind.min is None else kind.min, LARGEST if kind.max is None else kind.max]
        case _:
            return []


def refused(field: InputField) -> list[Wrong]:
    """Values that a member may not have."""
    found = [] if field.nullable else [Wrong(None, "None")]
    kind = column_type(field.type)
    if isinstance(kind, ReferenceType):
        return [*found, Wrong("no-key", '"no-key"')]
    match kind.scalar:
        case "string" | "text" | "password":
            found += [Wrong(7, "7"), Wrong("a\0b", r'"a\0b"')]
            if kind.min:
                found.append(repeated("x", kind.min - 1))
            if kind.max is not None:
                found.append(repeated("x", kind.max + 1))
        case "integer":
            found += [Wrong("7", '"7"'), Wrong(1.5, "1.5")]
            found.append(power(SMALLEST - 1) if kind.min is None else Wrong(kind.min - 1, str(kind.min - 1)))
            found.append(power(LARGEST + 1) if kind.max is None else Wrong(kind.max + 1, str(kind.max + 1)))
        case "boolean":
            found.append(Wrong("true", '"true"'))
        case "email":
            found.append(Wrong("nobody", '"nobody"'))
        case "enum":
            found.append(Wrong("".join(kind.values) + "?", repr("".join(kind.values) + "?")))
        case _:
            found += [Wrong(7, "7"), Wrong("someday", '"someday"')]
    return found


def repeated(character: str, times: int) -> Wrong:
    """A text of some length, written as a product where it is long."""
    text = character * times
    return Wrong(text, repr(text) if times < 10 else f'"{character}" * {times}')


def power(number: int) -> Wrong:
    """An integer beyond 64 bits."""
    return Wrong(number, "2**63" if number > 0 else "-(2**63) - 1")
