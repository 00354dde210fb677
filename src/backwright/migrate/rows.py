"""Rows to prove a migration on: made from the model alone, the same every time.

Every column gets ordinary and boundary values, and every nullable one also null. Unique columns never repeat
a value; where a type has too few of them, or rows would collide in a unique index, there are fewer rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from backwright.emit.emitted import NotEmitted, scalar_type
from backwright.model.types import Entity, Field, Model, ReferenceType, ScalarType
from backwright.plan.tables import dependency_order

Value = None | bool | int | str | date | datetime | UUID
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class Rows(msgspec.Struct, frozen=True):
    """The rows of one table: column names, and a value for each column."""

    table: str
    columns: tuple[str, ...]
    values: tuple[tuple[Value, ...], ...]


def rows(model: Model, per_table: int) -> list[Rows]:
    """Rows for every table of the model, referenced tables first."""
    keys: dict[str, list[UUID]] = {}
    found = []
    for entity in dependency_order(model.entities):
        made = list(_distinct(entity, per_table, keys))
        position = [field.name for field in entity.fields].index(entity.key)
        keys[entity.name] = [value for row in made if isinstance(value := row[position], UUID)]
        columns = tuple(field.column for field in entity.fields)
        found.append(Rows(entity.table, columns, tuple(made)))
    return found


def _distinct(entity: Entity, count: int, keys: dict[str, list[UUID]]) -> Iterator[tuple[Value, ...]]:
    """Up to `count` rows; candidates that collide with an earlier row in a unique index are left out."""
    names = [field.name for field in entity.fields]
    groups = [[names.index(field.name)] for field in entity.fields if field.unique]
    groups += [[names.index(term.field) for term in index.terms] for index in entity.indexes if index.unique]
    seen: set[tuple[int, tuple[Value, ...]]] = set()
    made = 0
    for number in range(count * 4):
        row = _row(entity, number, keys)
        if made == count or row is None:
            return
        marks = {(n, tuple(row[at] for at in group)) for n, group in enumerate(groups)}
        marks = {(n, values) for n, values in marks if None not in values}
        if marks & seen:
            continue
        seen |= marks
        made += 1
        yield row


def _row(entity: Entity, number: int, keys: dict[str, list[UUID]]) -> tuple[Value, ...] | None:
    """One row, or None when a reference that must not be null has nothing to refer to."""
    values: list[Value] = []
    stride = 1
    for position, field in enumerate(entity.fields):
        if field.name == entity.key:
            values.append(key(entity.name, number))
        elif field.nullable and (number + position) % 3 == 0:
            values.append(None)
        elif isinstance(field.type, ReferenceType):
            target = _target(entity, field.type.entity, number, stride, keys)
            stride *= max(1, len(keys.get(field.type.entity, [])))
            if target is None and not field.nullable:
                return None
            values.append(target)
        else:
            values.append(
                _scalar(field, scalar_type(field.type), number, boundary=(number + position) % 3 == 1)
            )
    return tuple(values)


def _target(
    entity: Entity, target: str, number: int, stride: int, keys: dict[str, list[UUID]]
) -> UUID | None:
    if target == entity.name:
        return key(entity.name, 0)
    there = keys.get(target, [])
    return there[number // stride % len(there)] if there else None


def key(entity: str, number: int) -> UUID:
    """The key of a row: as good as random, and the same every time."""
    return UUID(bytes=hashlib.sha256(f"{entity}/{number}".encode()).digest()[:16], version=4)


def _scalar(field: Field, type: ScalarType, number: int, *, boundary: bool) -> Value:
    match type.scalar:
        case "string" | "text":
            return _text(type, number, boundary)
        case "email":
            address = f"{number}@example.test"
            return address.rjust(min(type.max or 254, 254), "a") if boundary else address
        case "password":
            return f"$stored${number}"
        case "integer":
            return _integer(type, number, boundary)
        case "boolean":
            return number % 2 == 0
        case "enum":
            return type.values[number % len(type.values)]
        case "uuid":
            return key(field.name, number)
        case "date":
            first = date(1, 1, 1) if boundary else date(2024, 2, 29)
            return first + timedelta(days=number)
        case "timestamp":
            last = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
            return last - timedelta(microseconds=number) if boundary else _MOMENT + timedelta(seconds=number)
        case _:
            raise NotEmitted(type)


_MOMENT = datetime(2030, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)


def _text(type: ScalarType, number: int, boundary: bool) -> str:
    """Begins with the number in letters outside ASCII, so that lengths in bytes and code points differ."""
    low, high = type.min or 0, min(type.max or 255, 2000)
    text = chr(0x4E00 + number % 20000)
    length = high if boundary else max(low, min(high, 12))
    return text + "é'\"\\x"[: max(0, length - 1)].ljust(max(0, length - 1), "x") if length else ""


def _integer(type: ScalarType, number: int, boundary: bool) -> int:
    low = _SMALLEST if type.min is None else type.min
    high = _LARGEST if type.max is None else type.max
    if boundary:
        return max(low, high - number) if number % 2 else min(high, low + number)
    return min(high, max(low, number))
