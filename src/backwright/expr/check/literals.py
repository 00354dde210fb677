"""Literals: numbers and quoted text, and the texts of date(), timestamp() and duration()."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import assert_never

from backwright.expr import codes, syntax
from backwright.expr.check.base import Base, Refused
from backwright.expr.check.types import (
    DATE,
    DOUBLE,
    DURATION,
    INTEGER,
    MOST_DIGITS,
    NULL,
    STRING,
    TIMESTAMP,
    certain,
    decimal,
)
from backwright.expr.syntax import Tree
from backwright.expr.typed import BOOLEAN, Constant, Expression, Type

_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s)?", re.ASCII)
_SECONDS = (86_400, 3_600, 60, 1)
_LONGEST = 3_652_058 * 86_400  # seconds between the first and the last timestamp


class Literals(Base):
    """Reads literals. A number becomes what is wanted where it stands: 3 beside a decimal is a decimal."""

    def literal(self, tree: syntax.Literal) -> Expression:
        match tree.kind:
            case "null":
                return Constant(type=NULL, value=None)
            case "boolean":
                return Constant(type=BOOLEAN, value=tree.value)
            case "integer":
                return Constant(type=INTEGER, value=tree.value)
            case "string":
                return Constant(type=STRING, value=tree.value)
            case "double":
                return self.double(tree)
            case "unsigned":
                mend = "leave the u away: integers are signed"
                raise self.refuse(codes.LEFT_OUT, tree.start, "there are no unsigned integers", mend)
            case "bytes":
                mend = "take bytes from a field or from the request"
                raise self.refuse(codes.LEFT_OUT, tree.start, "there are no bytes literals", mend)
            case _:
                assert_never(tree.kind)

    def number(self, tree: syntax.Literal, hint: Type) -> Expression:
        """A number where one of the kind of `hint` is wanted."""
        match hint.kind:
            case "decimal":
                return self.exact(tree)
            case "double":
                return self.double(tree)
            case _:
                return self.literal(tree)

    def double(self, tree: syntax.Literal) -> Expression:
        written = str(tree.value)
        value = float(written)
        if not math.isfinite(value):
            message, mend = f"{written} is too large for a double", "write a number up to 1.7e308"
            raise self.refuse(codes.NUMBER_RANGE, tree.start, message, mend)
        if isinstance(tree.value, int) and int(value) != tree.value:
            message = f"a double cannot hold {written} exactly"
            mend = "write a whole number of at most 15 digits, or one with a fraction"
            raise self.refuse(codes.NUMBER_RANGE, tree.start, message, mend)
        return Constant(type=DOUBLE, value=value + 0.0)  # no negative zero

    def exact(self, tree: syntax.Literal) -> Expression:
        """A decimal constant: its digits as they are written, so 1.50 has two of them behind the point."""
        try:
            found = Decimal(str(tree.value))
        except InvalidOperation:  # an exponent beyond what the decimal module reads
            raise self.too_many_digits(tree) from None
        exponent = found.as_tuple().exponent
        scale = max(-exponent, 0) if isinstance(exponent, int) else MOST_DIGITS + 1
        if scale > MOST_DIGITS or (found and max(found.adjusted() + 1, 0) + scale > MOST_DIGITS):
            raise self.too_many_digits(tree)
        text = f"{found:f}" if found else f"{0:.{scale}f}"
        return Constant(type=decimal(scale), value=text)

    def too_many_digits(self, tree: Tree) -> Refused:
        message = f"{self.parsed.text(tree)} has more than {MOST_DIGITS} digits"
        mend = f"write a decimal of at most {MOST_DIGITS} digits"
        return self.refuse(codes.NUMBER_RANGE, tree.start, message, mend)

    def enum_value(self, tree: Tree, text: str, enum: Type) -> Expression:
        if text not in enum.values:
            raise self.unknown(codes.UNKNOWN_VALUE, tree.start, text, "enum value", enum.values)
        return Constant(type=certain(enum), value=text)

    # Text that means a date, a time or a duration --------------------------------------------------------

    def date_text(self, tree: Tree, text: str) -> Expression:
        try:
            if _DATE.fullmatch(text) is None:
                raise ValueError(text)
            return Constant(type=DATE, value=date.fromisoformat(text).isoformat())
        except ValueError:
            raise self.wrong_text(tree, text, "date", "2026-01-31") from None

    def timestamp_text(self, tree: Tree, text: str) -> Expression:
        """A constant in UTC with six digits of fraction, whatever offset it is written with."""
        try:
            if _TIMESTAMP.fullmatch(text) is None:
                raise ValueError(text)
            instant = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong_text(tree, text, "timestamp", "2026-01-31T09:30:00Z") from None
        written = instant.replace(tzinfo=None).isoformat(timespec="microseconds")
        return Constant(type=TIMESTAMP, value=f"{written}Z")

    def duration_text(self, tree: Tree, text: str) -> Expression:
        """A constant in whole microseconds."""
        match = _DURATION.fullmatch(text) if text else None
        if match is None:
            raise self.wrong_text(tree, text, "duration", "1d12h30m10s")
        seconds = sum(unit * int(number or 0) for unit, number in zip(_SECONDS, match.groups(), strict=True))
        if seconds > _LONGEST:
            message, mend = f"{text} is longer than all years from 1 to 9999", "write a shorter duration"
            raise self.refuse(codes.WRONG_TEXT, tree.start, message, mend)
        return Constant(type=DURATION, value=seconds * 1_000_000)

    def wrong_text(self, tree: Tree, text: str, kind: str, example: str) -> Refused:
        units = " (units d, h, m and s, in this order)" if kind == "duration" else ""
        return self.refuse(
            codes.WRONG_TEXT, tree.start, f"{text!r} is not a {kind}", f"write {kind}('{example}'){units}"
        )


def depends_on_hint(tree: Tree) -> bool:
    """Whether a part means what the value beside it is: numbers, quoted text, and what is made of them."""
    match tree:
        case syntax.Literal(kind=kind):
            return kind in ("integer", "double", "string")
        case syntax.Unary(op="-", of=of):
            return depends_on_hint(of)
        case syntax.Binary(op="+" | "-" | "*" | "/" | "%", left=left, right=right):
            return depends_on_hint(left) and depends_on_hint(right)
        case syntax.Choice(then=then, otherwise=otherwise):
            return depends_on_hint(then) and depends_on_hint(otherwise)
        case syntax.ListOf(items=items):
            return all(map(depends_on_hint, items))
        case _:
            return False


def widened(found: Expression, kind: Type) -> Expression:
    """A decimal constant with as many digits as what it is chosen beside: answers show them."""
    match found:
        case Constant(type=Type(kind="decimal"), value=str(text)) if kind.kind == "decimal":
            digits = f"{Decimal(text):.{kind.scale or 0}f}"
            fits = len(digits.lstrip("-").replace(".", "").lstrip("0")) <= MOST_DIGITS
            return Constant(type=decimal(kind.scale or 0), value=digits) if fits else found
        case _:
            return found


def coerced(found: Expression, hint: Type) -> Expression:
    """A whole number beside a decimal or a double, as one of those. Numbers that need more stay as they are."""
    match found:
        case Constant(type=Type(kind="integer"), value=int(number)):
            if hint.kind == "decimal" and len(str(abs(number))) <= MOST_DIGITS:
                return Constant(type=decimal(0), value=str(number))
            if hint.kind == "double" and int(float(number)) == number:
                return Constant(type=DOUBLE, value=float(number))
            return found
        case _:
            return found
