"""Functions that SQLite lacks, or would answer with another number: exact decimals, 64 bits, finite doubles, lists.

A decimal is stored as the whole number of units of its scale; here it comes as such a number with its scale behind it,
or as text with its digits, and goes as a number of the scale that the last argument says. Lists are JSON. Null in, null
out. Overflow raises, which SQLite reports as an error of the statement.
"""

import inspect
import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from backwright_runtime import arithmetic
from backwright_runtime.arithmetic import EXACT, in_scale


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, function in FUNCTIONS.items():
        count = len(inspect.signature(function).parameters)
        connection.create_function(name, count, _strict(function), deterministic=True)
    for name, function in OF_TEXTS.items():
        connection.create_function(name, 5, _strict(_of_units(function)), deterministic=True)
    for name, aggregate in AGGREGATES.items():
        for count in (2, 3) if name in _WITH_SCALE else (1,):
            connection.create_aggregate(name, count, aggregate)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    def answered(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return answered


def _of_units(function: Callable[[Any, Any, int], object]) -> Callable[..., object]:
    """What computes with decimals, each given as units and their scale."""

    def answered(a: int, a_scale: int, b: int, b_scale: int, scale: int) -> object:
        return function(_number(a, a_scale), _number(b, b_scale), scale)

    return answered


def _number(value: int, scale: int) -> Decimal:
    return Decimal(value).scaleb(-scale, EXACT)


def units(value: Decimal, scale: int) -> int:
    """A decimal as the whole number of units of its scale, rounded half away from zero. Raises IntegerOverflow."""
    return int(in_scale(value, scale).scaleb(scale, EXACT))


def decimal_text(value: int, scale: int) -> str:
    """The digits of a decimal."""
    return f"{_number(value, scale):f}"


def decimal_rank(value: str) -> str:
    """A text that orders, and is equal, as the decimal is."""
    number = Decimal(value)
    digits = f"{abs(number).quantize(Decimal(1).scaleb(-20), context=EXACT):042f}"
    if number >= 0:
        return f"1{digits}"
    return "0" + "".join(str(9 - int(digit)) if digit.isdigit() else digit for digit in digits)


def decimal_stored(value: str, scale: int) -> int:
    """A decimal as a column of that scale holds it."""
    return units(Decimal(value), scale)


def decimal_of(value: int) -> int:
    """An integer as a decimal."""
    return units(Decimal(value), 0)


def decimal_add(a: str | Decimal, b: str | Decimal, scale: int) -> int:
    """a + b."""
    return units(EXACT.add(Decimal(a), Decimal(b)), scale)


def decimal_subtract(a: str | Decimal, b: str | Decimal, scale: int) -> int:
    """a - b."""
    return units(EXACT.subtract(Decimal(a), Decimal(b)), scale)


def decimal_multiply(a: str | Decimal, b: str | Decimal, scale: int) -> int:
    """a * b."""
    return units(EXACT.multiply(Decimal(a), Decimal(b)), scale)


def decimal_divide(a: str | Decimal, b: str | Decimal, scale: int) -> int | None:
    """a / b; null when b is 0."""
    divisor = Decimal(b)
    return units(EXACT.divide(Decimal(a), divisor), scale) if divisor else None


def exact_double(value: str) -> float:
    """The double nearest to a number that is written down."""
    return float(value)


def double_text(value: float) -> str:
    """The shortest digits of a double."""
    return repr(float(value))


def timestamp_add(at: str, microseconds: int) -> str:
    """A stored timestamp, later or earlier. Raises IntegerOverflow."""
    moved = arithmetic.later(datetime.fromisoformat(at), timedelta(microseconds=microseconds))
    return moved.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def starts_with(text: str, beginning: str) -> bool:
    """Whether the text begins so."""
    return text.startswith(beginning)


def strpos(text: str, sought: str) -> int:
    """Where a text is found in another, from 1; 0 when it is not."""
    return text.find(sought) + 1


def reverse(text: str) -> str:
    """The code points from the last to the first."""
    return text[::-1]


def list_distinct(items: str) -> str:
    """Each element once, where it first stood."""
    return _list(list(dict.fromkeys(_items(items))))


def list_sorted(items: str) -> str:
    """Ascending, null least, text by code point."""
    return _list(sorted(_items(items), key=lambda item: (item is not None, item)))


def list_distinct_decimals(items: str) -> str:
    """Each number once, where it first stood."""
    return _list(_first(items))


def list_sorted_decimals(items: str) -> str:
    """Ascending, null least."""
    return _list(sorted(_items(items), key=lambda item: (item is not None, Decimal(item or 0))))


def list_of_decimals(items: str, scale: int) -> str:
    """Decimals of one scale by their digits."""
    return _list(_by_digits(_items(items), scale))


def _first(items: str) -> list[Any]:
    found: dict[Decimal | None, Any] = {}
    for item in _items(items):
        found.setdefault(None if item is None else Decimal(item), item)
    return list(found.values())


def _by_digits(items: Sequence[Any], scale: int) -> list[Any]:
    return [
        _by_digits(item, scale)
        if isinstance(item, list)
        else None
        if item is None
        else decimal_text(item, scale)
        for item in items
    ]


def _items(text: str) -> list[Any]:
    found = json.loads(text)
    return found if isinstance(found, list) else []


def _list(items: list[Any]) -> str:
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


class Total:
    """A sum of integers of any size on the way to 64 bits."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, value: int | None) -> None:
        """One more value; null does not count."""
        self.total += value or 0

    def finalize(self) -> int:
        """The sum. Raises IntegerOverflow."""
        return arithmetic.in_range(self.total)


class Decimals:
    """What the aggregates of decimals share: the sum, how many there were, and the scale of the result."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0
        self.scale = 0

    def step(self, value: str | int | None, *scales: int) -> None:
        """One more value, with its scale where it is in units; then the scale of the result. Null does not count."""
        *own, self.scale = scales
        if value is not None:
            number = _number(int(value), own[0]) if own else Decimal(value)
            self.total = EXACT.add(self.total, number)
            self.count += 1


class DecimalSum(Decimals):
    """A sum of decimals."""

    def finalize(self) -> int:
        """The sum. Raises IntegerOverflow."""
        return units(self.total, self.scale)


class DecimalAverage(Decimals):
    """An average of integers or decimals."""

    def finalize(self) -> int | None:
        """The average; null of nothing."""
        return units(EXACT.divide(self.total, Decimal(self.count)), self.scale) if self.count else None


class Extreme:
    """The least or the greatest of decimals that are text."""

    better: Callable[[Decimal, Decimal], bool]

    def __init__(self) -> None:
        self.found: str | None = None

    def step(self, value: str | None) -> None:
        """One more value; null does not count."""
        if value is None:
            return
        if self.found is None or type(self).better(Decimal(value), Decimal(self.found)):
            self.found = value

    def finalize(self) -> str | None:
        """The value; null of nothing."""
        return self.found


class Least(Extreme):
    """The least."""

    better = staticmethod(Decimal.__lt__)


class Greatest(Extreme):
    """The greatest."""

    better = staticmethod(Decimal.__gt__)


FUNCTIONS: dict[str, Callable[..., object]] = {
    function.__name__: function
    for function in (
        decimal_text, decimal_rank, decimal_stored, decimal_of,
        decimal_add, decimal_subtract, decimal_multiply, decimal_divide,
        exact_double, double_text, timestamp_add,
        starts_with, strpos, reverse,
        list_distinct, list_sorted, list_distinct_decimals, list_sorted_decimals, list_of_decimals,
    )
} | {
    "integer_add": arithmetic.add,
    "integer_subtract": arithmetic.subtract,
    "integer_multiply": arithmetic.multiply,
    "integer_divide": arithmetic.divide,
    "integer_of": arithmetic.whole,
    "double_add": arithmetic.add_doubles,
    "double_subtract": arithmetic.subtract_doubles,
    "double_multiply": arithmetic.multiply_doubles,
    "double_divide": arithmetic.divide_doubles,
}  # fmt: skip
"""By the names that compiled statements use."""

OF_TEXTS: dict[str, Callable[[Any, Any, int], object]] = {
    function.__name__: function
    for function in (decimal_add, decimal_subtract, decimal_multiply, decimal_divide)
}
"""What computes with two decimals that are texts; with five arguments, of two that are units."""

AGGREGATES: dict[str, Any] = {
    "integer_sum": Total,
    "decimal_sum": DecimalSum,
    "decimal_average": DecimalAverage,
    "decimal_least": Least,
    "decimal_greatest": Greatest,
}
_WITH_SCALE = ("decimal_sum", "decimal_average")
