"""Text and lists as specifications mean them, where Python's own words mean something else. Null in, null out.

Text is by code point and knows no locale; lists put null first.
"""

import string
from collections.abc import Iterable, Sized
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeVar, overload
from uuid import UUID

T = TypeVar("T")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_SPACE = " \t\n\r\f\v"


def value_or(value: T | None, otherwise: T) -> T:
    """The value, or the other one where it is null."""
    return otherwise if value is None else value


# Text ------------------------------------------------------------------------------------------------


def starts_with(text: str | None, beginning: str | None) -> bool:
    """Whether the text begins so; false when either is null."""
    return text is not None and beginning is not None and text.startswith(beginning)


def ends_with(text: str | None, end: str | None) -> bool:
    """Whether the text ends so; false when either is null."""
    return text is not None and end is not None and text.endswith(end)


def has_text(text: str | None, sought: str | None) -> bool:
    """Whether the text is found in the other; false when either is null."""
    return text is not None and sought is not None and sought in text


@overload
def lower_ascii(text: str) -> str: ...
@overload
def lower_ascii(text: str | None) -> str | None: ...
def lower_ascii(text: str | None) -> str | None:
    """A to Z in lower case, nothing else changed."""
    return None if text is None else text.translate(_LOWER)


@overload
def upper_ascii(text: str) -> str: ...
@overload
def upper_ascii(text: str | None) -> str | None: ...
def upper_ascii(text: str | None) -> str | None:
    """a to z in upper case, nothing else changed."""
    return None if text is None else text.translate(_UPPER)


@overload
def trimmed(text: str) -> str: ...
@overload
def trimmed(text: str | None) -> str | None: ...
def trimmed(text: str | None) -> str | None:
    """Without the ASCII white space at both ends."""
    return None if text is None else text.strip(_SPACE)


def joined(*texts: str | None) -> str | None:
    """The texts one after the other; null with anything is null."""
    there = [text for text in texts if text is not None]
    return "".join(there) if len(there) == len(texts) else None


@overload
def written(value: int | Decimal | UUID | str | date) -> str: ...
@overload
def written(value: int | Decimal | UUID | str | date | None) -> str | None: ...
def written(value: int | Decimal | UUID | str | date | None) -> str | None:
    """A value as text, as JSON would hold it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


# Days and doubles ------------------------------------------------------------------------------------


@overload
def day_of(at: datetime) -> date: ...
@overload
def day_of(at: datetime | None) -> date | None: ...
def day_of(at: datetime | None) -> date | None:
    """The day of a time, in UTC."""
    return None if at is None else at.astimezone(UTC).date()


@overload
def midnight(day: date) -> datetime: ...
@overload
def midnight(day: date | None) -> datetime | None: ...
def midnight(day: date | None) -> datetime | None:
    """The time at which a day begins, in UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)


@overload
def as_double(value: int | Decimal) -> float: ...
@overload
def as_double(value: int | Decimal | None) -> float | None: ...
def as_double(value: int | Decimal | None) -> float | None:
    """The double nearest to a number."""
    return None if value is None else float(value)


# Lists -----------------------------------------------------------------------------------------------


@overload
def size_of(value: Sized) -> int: ...
@overload
def size_of(value: Sized | None) -> int | None: ...
def size_of(value: Sized | None) -> int | None:
    """How many code points, or elements."""
    return None if value is None else len(value)


def distinct(items: Iterable[T]) -> list[T]:
    """Each element once, where it first stood."""
    return list(dict.fromkeys(items))


def null_first(value: T) -> tuple[bool, T]:
    """What a list that holds null is sorted by."""
    return value is not None, value
