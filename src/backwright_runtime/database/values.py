"""How values are stored: bound as parameters, and read back as the types of a row.

PostgreSQL has a type for each of them. SQLite has integers, doubles, text and bytes: a boolean is 0 or 1, a decimal
the whole number of units of its scale, a list the JSON of its elements as they would be stored alone (booleans are
true and false), everything else text that sorts as the values do.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from backwright_runtime.texts import timestamp

Row = TypeVar("Row", bound=Struct)
Reader = Callable[[Any], Any]


# Binding on SQLite -----------------------------------------------------------------------------------


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def timestamp_text(value: datetime) -> str:
    """A time in UTC with six digits of fraction, as SQLite stores it."""
    return timestamp(value)


def units(value: Decimal) -> int:
    """A decimal as the whole number of units of its own scale."""
    exponent = value.as_tuple().exponent
    return int(value.scaleb(-exponent)) if isinstance(exponent, int) else 0


def _listed(value: list[Any]) -> str:
    """A list as JSON."""
    if any(isinstance(item, Struct | dict) for item in value):
        return json_text(value)
    items = [item if isinstance(item, bool) else bound(item) for item in value]
    return _compact(items)


BINDERS: dict[type, Reader] = {
    bool: int,
    UUID: str,
    datetime: timestamp_text,
    date: date.isoformat,
    Decimal: units,
    list: _listed,
}


def bound(value: Any) -> Any:
    """A value as SQLite stores it."""
    binder = BINDERS.get(type(value))
    if binder is not None:
        return binder(value)
    if value is None or isinstance(value, str | int | float | bytes):
        return value.value if isinstance(value, Enum) else value
    for kind, found in BINDERS.items():  # a subclass, such as the UUID of a driver
        if isinstance(value, kind):
            return found(value)
    return json_text(value)


# JSON ------------------------------------------------------------------------------------------------


def json_text(value: Any) -> str:
    """A JSON value, or objects of a request, as text. In objects a decimal is the text of its digits."""
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    match value:
        case Struct():
            members = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return {name: _plain(member) for name, member in members if member is not UNSET}
        case Mapping():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return timestamp_text(value)
        case Decimal():
            return f"{value:f}"
        case _:
            return value


# Reading on SQLite -----------------------------------------------------------------------------------


_from_json = msgspec.json.Decoder().decode


def _decimal(scale: int) -> Reader:
    def read(value: int | str) -> Decimal:
        return Decimal(value) if isinstance(value, str) else Decimal(value).scaleb(-scale)

    return read


def _list(element: Reader | None) -> Reader:
    def read(value: str | list[Any]) -> list[Any]:
        items: list[Any] = _from_json(value) if isinstance(value, str) else value
        if element is None:
            return items
        return [None if item is None else element(item) for item in items]

    return read


_READERS: dict[Any, Reader] = {
    bool: bool,
    float: float,
    UUID: partial(msgspec.convert, type=UUID),  # four times as fast as the constructor
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    dict: _from_json,
}


def reader(kind: Any) -> Reader | None:
    """How a stored value becomes one of this type; None: as it is."""
    kind, marks = plain(kind)
    if kind is Decimal:
        scale = next((mark.digits for mark in marks if hasattr(mark, "digits")), None)
        if scale is None:
            raise TypeError("a Decimal of a row has its Scale: Annotated[Decimal, Scale(2)]")
        return _decimal(scale)
    if get_origin(kind) is list:
        return _list(reader(*get_args(kind)))
    return _READERS.get(get_origin(kind) or kind)


def plain(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without null and without the marks of `Annotated`, and those marks."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            marks = (*more, *marks)
        elif get_origin(kind) in (Union, UnionType):
            options = [option for option in get_args(kind) if option is not NoneType]
            if len(options) != 1:
                return kind, marks
            (kind,) = options
        else:
            return kind, marks


# Rows ------------------------------------------------------------------------------------------------


@cache
def maker(row: type[Row], *, stored: bool) -> Callable[[Any], Row]:
    """What makes a row of its values (a sequence, or a driver's record), in the order of the struct's fields.

    A field that is a row itself takes as many values as that row has. The first of them is its key; where the field
    may be None and the key is null, there is no such row. `stored`: the values are as SQLite stores them.

    It is compiled from what the struct says, as dataclasses are: nothing is looked up for a row that could be known
    before. Its names are places (`v0`, `read1`), and those of the struct's fields.
    """
    width = columns(row)
    known: dict[str, Any] = {}
    made = _made(row, 0, known, stored=stored)
    values = ", ".join(f"v{place}" for place in range(width))
    exec(f"def make(values):\n    {values}, = values\n    return {made}", known)  # noqa: S102 (see above)
    make: Callable[[Any], Row] = known["make"]
    return make


def _made(row: type[Struct], start: int, known: dict[str, Any], *, stored: bool) -> str:
    """The call that makes a row of the values from a place on; what it needs by name becomes known."""
    hints = get_type_hints(row, include_extras=True)
    at = start
    given: list[str] = []
    for name in row.__struct_fields__:
        kind = inner(hints[name])
        value = f"v{at}"
        if kind is not None:
            made = _made(kind, at, known, stored=stored)
            at += columns(kind)
        else:
            made = _read(value, reader(hints[name]) if stored else None, known)
            at += 1
        may_be_none = kind is not None and NoneType in get_args(hints[name])
        given.append(f"{name}={made} if {value} is not None else None" if may_be_none else f"{name}={made}")
    known[f"row{start}_{at}"] = row
    return f"row{start}_{at}({', '.join(given)})"


def _read(value: str, read: Reader | None, known: dict[str, Any]) -> str:
    if read is None:
        return value
    known[f"read_{value}"] = read
    return f"None if {value} is None else read_{value}({value})"


@cache
def behind(kind: Any, row: type[Struct]) -> Any:
    """The struct of a row that comes behind a value."""
    return msgspec.defstruct("Behind", [("value", kind), ("row", row)], frozen=True)


def columns(row: type[Struct]) -> int:
    """How many values a row is made of."""
    hints = get_type_hints(row, include_extras=True)
    kinds = [inner(hints[name]) for name in row.__struct_fields__]
    return sum(1 if kind is None else columns(kind) for kind in kinds)


def inner(kind: Any) -> type[Struct] | None:
    """The row that a field is; None where it is a value."""
    found, _ = plain(kind)
    return found if isinstance(found, type) and issubclass(found, Struct) else None


# Codecs for PostgreSQL -------------------------------------------------------------------------------

_FIRST_DAY = date(2000, 1, 1).toordinal()
_FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def days(value: date) -> tuple[int]:
    """A date as PostgreSQL counts it. (The driver would take the first and the last one for infinity.)"""
    return (value.toordinal() - _FIRST_DAY,)


def day(value: tuple[int]) -> date:
    """The date of a count of days."""
    return date.fromordinal(value[0] + _FIRST_DAY)


def microseconds(value: datetime) -> tuple[int]:
    """A time as PostgreSQL counts it."""
    return ((value - _FIRST_MOMENT) // _MICROSECOND,)


def moment(value: tuple[int]) -> datetime:
    """The time of a count of microseconds."""
    return _FIRST_MOMENT + timedelta(microseconds=value[0])
