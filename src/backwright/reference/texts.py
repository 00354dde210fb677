"""Text, and how values are written: by code point, no locale (LANGUAGE.md, semantics 8 and 9)."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

from backwright.expr.typed import Conversion, TextFunction
from backwright.reference.numbers import finite, rounded, within

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
SPACE = " \t\n\r\f\v"


def text(function: TextFunction, arguments: Sequence[str | None]) -> str | bool | None:
    """A function of text. The tests are false against null, everything else with null is null."""
    first, *rest = arguments
    match function:
        case "startsWith" | "endsWith" | "contains":
            (other,) = rest
            if first is None or other is None:
                return False
            if function == "contains":
                return other in first
            return first.startswith(other) if function == "startsWith" else first.endswith(other)
        case "lowerAscii":
            return None if first is None else first.translate(LOWER)
        case "upperAscii":
            return None if first is None else first.translate(UPPER)
        case "trim":
            return None if first is None else first.strip(SPACE)
        case "concat":
            return None if None in arguments else "".join(str(each) for each in arguments)
        case _:
            assert_never(function)


def convert(to: Conversion, value: Any) -> Any:
    """A value as another type. Null stays null. Raises Overflow."""
    if value is None:
        return None
    match to:
        case "string":
            return written(value)
        case "int":
            return within(int(value))
        case "double":
            return finite(float(value))
        case "decimal":
            return rounded(Decimal(value), 0)
        case "date":
            return value.astimezone(UTC).date() if isinstance(value, datetime) else value
        case "timestamp":
            return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
        case _:
            assert_never(to)


def written(value: Any) -> str:
    """A value as text, as JSON would hold it."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case int() | UUID() | str():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not written as text")


def slug(source: str, longest: int) -> str:
    """The words of a text for a URL: ASCII letters and digits with `-` between them; may be empty."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", source) if not unicodedata.combining(c))
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return words[:longest].strip("-")


def header(value: str) -> str:
    """Text as a header carries it: what is not printable ASCII is percent-encoded in UTF-8 (no header of one's own)."""
    return "".join(
        c if " " <= c <= "~" else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace"))
        for c in value
    )
