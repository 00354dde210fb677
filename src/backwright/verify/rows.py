"""The rows of a database as they lie there, read past every layer of the backend, to compare with the reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from backwright.model.types import (
    Entity,
    Field,
    FieldType,
    ListType,
    ManyType,
    Model,
    ReferenceType,
    ScalarType,
)

Key = tuple[str, ...]
Rows = dict[str, dict[Key, dict[str, Any]]]
"""By entity and key: each field in plain JSON values, without passwords. Encrypted fields only say whether there
is something."""

HIDDEN = "(encrypted)"


def remembered(rows: Mapping[str, Iterable[Mapping[str, Any]]], model: Model) -> Rows:
    """The reference's rows in plain values."""
    return {
        entity.name: keyed(
            entity,
            ([(f, plain(f, model, row[f.name])) for f in visible(entity)] for row in rows[entity.name]),
        )
        for entity in model.entities
    }


def keyed(entity: Entity, rows: Iterable[Sequence[tuple[Field, Any]]]) -> dict[Key, dict[str, Any]]:
    """Rows by their key."""
    found = {}
    for row in rows:
        named = {field.name: value for field, value in row}
        found[tuple(str(named[name]) for name in entity.keys)] = named
    return found


def visible(entity: Entity) -> list[Field]:
    """The fields that can be compared."""
    return [f for f in entity.fields if not (isinstance(f.type, ScalarType) and f.type.scalar == "password")]


def differences(expected: Rows, gone: Rows, found: Rows, model: Model) -> list[str]:
    """What lies in the database and should not, or the other way round; the first few of it.

    `gone` are rows that were deleted softly: they are still there, unless a row that they hung on was removed.
    """
    told: list[str] = []
    for entity in model.entities:
        wanted, there = expected[entity.name], dict(found[entity.name])
        if entity.soft_delete is not None:
            told += _softly_deleted(entity, gone[entity.name], there)
        for key, row in wanted.items():
            if key not in there:
                told.append(f"row of {entity.name} expected, not stored: {row}")
                continue
            for name in (name for name in row if row[name] != there[key][name]):
                value, other = row[name], there[key][name]
                told.append(f"{entity.name} {'/'.join(key)}: {name} is {other!r}, {value!r} expected")
        told += [
            f"row of {entity.name} stored, not expected: {there[key]}" for key in there.keys() - wanted.keys()
        ]
    return sorted(told)[:6]


def _softly_deleted(
    entity: Entity, gone: Mapping[Key, dict[str, Any]], there: dict[Key, dict[str, Any]]
) -> list[str]:
    """Takes the softly deleted rows out of those that are there."""
    field = entity.soft_delete or ""
    told = []
    for key in [key for key, row in there.items() if row[field] is not None]:
        row = there.pop(key)
        if key not in gone:
            told.append(f"row of {entity.name} is deleted, not expected: {row}")
        elif gone[key][field] != row[field]:
            told.append(
                f"{entity.name} {'/'.join(key)}: {field} is {row[field]!r}, {gone[key][field]!r} expected"
            )
    return told


# One value -------------------------------------------------------------------------------------------


def plain(field: Field, model: Model, value: Any) -> Any:
    """One spelling per value, as the reference holds it."""
    if value is not None and field.encrypted:
        return HIDDEN
    if isinstance(field.type, ManyType):
        return sorted(str(each) for each in value)
    return _plain(column_type(model, field.type), value)


def column_type(model: Model, kind: FieldType) -> ScalarType | ListType:
    """The type of a column: of a reference that of the key it refers to."""
    match kind:
        case ReferenceType(entity=name):
            target = model.entity(name)
            return column_type(model, target.field(target.key).type)
        case ListType(element=element):
            inner = column_type(model, element)
            assert isinstance(inner, ScalarType)
            return ListType(element=inner, max=kind.max)
        case ScalarType():
            return kind
        case _:
            raise TypeError(f"{kind} is no column")


def _plain(kind: ScalarType | ListType, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, ListType):
        assert isinstance(kind.element, ScalarType)
        return [_plain(kind.element, each) for each in value]
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date() | UUID():
            return str(value)
        case Decimal():
            return f"{value:.{kind.scale or 0}f}"
        case bytes() | memoryview():
            return bytes(value).hex()
        case _ if kind.scalar == "json":
            return json.dumps(_same_numbers(value), sort_keys=True)
        case _:
            return value


def _same_numbers(value: Any) -> Any:
    """JSON in which a number is written in one way only."""
    match value:
        case dict():
            return {name: _same_numbers(each) for name, each in value.items()}
        case list():
            return [_same_numbers(each) for each in value]
        case bool():
            return value
        case int() if abs(value) >= 2**63:
            return float(value)
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


def from_column(field: Field, model: Model, value: Any, *, sqlite: bool) -> Any:
    """A value as the driver gives it, in plain values."""
    if value is None:
        return None
    if field.encrypted:
        return HIDDEN
    kind = column_type(model, field.type)
    if sqlite:
        value = from_sqlite(kind, value)
    elif isinstance(kind, ScalarType) and kind.scalar == "json":
        value = json.loads(value)
    return _plain(kind, value)


def from_sqlite(kind: ScalarType | ListType, value: Any) -> Any:
    """The value that SQLite holds in a simpler type."""
    if isinstance(kind, ListType):
        assert isinstance(kind.element, ScalarType)
        return [None if each is None else from_sqlite(kind.element, each) for each in json.loads(value)]
    match kind.scalar:
        case "boolean":
            return bool(value) if value in (0, 1) else value
        case "decimal":
            return Decimal(value).scaleb(-(kind.scale or 0))
        case "json":
            return json.loads(value)
        case _:
            return value


def to_column(kind: ScalarType | ListType, value: Any, *, sqlite: bool) -> Any:
    """A value of the reference as the driver takes it."""
    if value is None:
        return None
    if isinstance(kind, ListType):
        assert isinstance(kind.element, ScalarType)
        items = [to_column(kind.element, each, sqlite=sqlite) for each in value]
        if not sqlite:
            return items
        boolean = kind.element.scalar == "boolean"
        return json.dumps([bool(each) if boolean else each for each in items], ensure_ascii=False)
    if kind.scalar == "json":
        return json.dumps(value, ensure_ascii=False)
    if not sqlite:
        return value
    match value:
        case bool():
            return int(value)
        case Decimal():
            return int(value.scaleb(kind.scale or 0))
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date() | UUID():
            return str(value)
        case str():
            return str(value)
        case _:
            return value
