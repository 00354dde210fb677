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

Row = TypeVar("Row", bound=Struct)
Reader = Callable[[Any], Any]


# Binding on SQLite -----------------------------------------------------------------------------------


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def timestamp_text(value: datetime) -> str:
    """A time in UTC with six digits of fraction, as SQLite stores it."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


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

    A field that is a row itself takes as many values as that row has. The first of them is its key; where that is
    null, there is no such row. `stored`: the values are as SQLite stores them.
    """
    names = row.__struct_fields__
    hints = get_type_hints(row, include_extras=True)
    to_read = {name: read for name in names if stored and (read := reader(hints[name])) is not None}
    if any(inner(hints[name]) is not None for name in names):
        return _nesting(row, hints, to_read, stored=stored)
    if not to_read:
        return lambda values: row(**dict(zip(names, values, strict=True)))

    def make(values: Any) -> Row:
        given = dict(zip(names, values, strict=True))
        for name, read in to_read.items():
            value = given[name]
            if value is not None:
                given[name] = read(value)
        return row(**given)

    return make


def _nesting(
    row: type[Row], hints: Mapping[str, Any], to_read: Mapping[str, Reader], *, stored: bool
) -> Callable[[Any], Row]:
    """The same for rows that hold rows."""
    plan: list[tuple[str, int, int, Reader | None, bool]] = []
    width = 0
    for name in row.__struct_fields__:
        kind = inner(hints[name])
        end = width + (1 if kind is None else columns(kind))
        read = to_read.get(name) if kind is None else maker(kind, stored=stored)
        plan.append((name, width, end, read, kind is not None))
        width = end

    def make(values: Any) -> Row:
        if len(values) != width:
            raise ValueError(f"{row.__name__} is made of {width} values, not {len(values)}")
        given: dict[str, Any] = {}
        for name, start, end, read, is_row in plan:
            value = values[start]
            if read is not None and value is not None:
                value = read(values[start:end] if is_row else value)
            given[name] = value
        return row(**given)

    return make


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
