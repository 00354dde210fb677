"""Test data: a few rows of every entity that satisfy the model, as JSON, and what a loader has to know of tables.

They are made as the rows of the delivered tests are: values that fit each field, different where a key is unique,
judged by checks and references. Callers come first, and what others own is spread over them.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.names import Names
from backwright.emit.testing.reach import setting
from backwright.emit.testing.stores import in_order
from backwright.emit.testing.values import Unfit, fitting
from backwright.emit.testing.world import Stored, World, unique_names
from backwright.model.storage import is_column, link_columns, link_table
from backwright.model.types import Entity, Field, ListType, ManyType, Model, ReferenceType, ScalarType
from backwright.verify.rows import column_type

_INNERMOST = re.compile(r"\[[^][{}]*\]")
EACH = 3
"""Rows of each entity."""


class Made(msgspec.Struct, frozen=True):
    """The rows in the order in which they can be stored, and the entities of which none could be made."""

    rows: tuple[Stored, ...]
    missing: tuple[str, ...]

    def of(self, entity: str) -> list[dict[str, Any]]:
        """The rows of an entity, by the names of its fields."""
        return [_row(each) for each in self.rows if each.entity == entity]


def made(model: Model, names: Names) -> Made:
    """Rows of every entity, all of which a database can hold together."""
    world = World(setting(model, names))
    identity = world.setting.identity
    for entity in sorted(model.entities, key=lambda each: each.name != identity):
        for number in range(EACH):
            if len(world.of(entity.name)) < EACH:
                world = _with_one_more(world, entity, number)
    try:
        ordered = tuple(in_order(world))
    except Unfit:
        ordered = ()
    there = {row.entity for row in ordered}
    return Made(ordered, tuple(each.name for each in model.entities if each.name not in there))


def _with_one_more(world: World, entity: Entity, number: int) -> World:
    """The world with a row that is unlike the others, as far as that can be; as it was where none can be."""
    spread = _spread(world, entity, number)
    varied = _varied(entity, number, is_caller=entity.name == world.setting.identity)
    for given in ({**varied, **spread}, spread, {}):
        tried = world.copy()
        try:
            tried.add(entity.name, given)
        except Unfit:
            continue
        if tried.is_sound():
            return tried
    return world


def _spread(world: World, entity: Entity, number: int) -> dict[str, Any]:
    """For each reference that a row must have, another row than the one before had."""
    found: dict[str, Any] = {}
    for field in entity.fields:
        if isinstance(field.type, ReferenceType) and not field.nullable:
            there = world.of(field.type.entity)
            if there:
                found[field.name] = world.key(there[number % len(there)])
    return found


def _varied(entity: Entity, number: int, *, is_caller: bool) -> dict[str, Any]:
    """Values of what callers may send and no key has: another one for each row. Callers differ in their roles, too."""
    found: dict[str, Any] = {}
    for field in entity.fields:
        if _may_vary(entity, field, is_caller):
            assert isinstance(field.type, ScalarType)
            try:
                found[field.name] = fitting(field, field.type, number)
            except Unfit:
                continue
    return found


def _may_vary(entity: Entity, field: Field, is_caller: bool) -> bool:
    kind = field.type.scalar if isinstance(field.type, ScalarType) else "password"
    made = field.set or field.on_update or field.generated
    state = entity.states is not None and entity.states.field == field.name
    fixed = made or state or field.unique or field.name in unique_names(entity)
    role = is_caller and kind in ("boolean", "enum")
    return kind not in ("password", "bytes", "json") and (field.input or role) and not fixed


def _row(row: Stored) -> dict[str, Any]:
    return {name: shown(value) for name, value in row.values.items()}


def shown(value: Any) -> Any:
    """A value of a row in JSON: bytes in base64, decimals, dates and times as text."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case bytes():
            return b64encode(value).decode()
        case list():
            return [shown(each) for each in value]
        case str():
            return str(value)
        case _:
            return value


# Files ------------------------------------------------------------------------------------------------


def files(found: Made, model: Model) -> dict[str, str]:
    """`rows/<Entity>.json` for every entity that has rows, and `tables.json`."""
    written = {
        f"rows/{entity.name}.json": _json(found.of(entity.name))
        for entity in model.entities
        if entity.name not in found.missing
    }
    places: dict[str, int] = {}
    order = []
    for row in found.rows:
        order.append([row.entity, places.setdefault(row.entity, 0)])
        places[row.entity] += 1
    tables = {entity.name: table(entity, model) for entity in model.entities}
    plan = json.dumps({"tables": tables, "order": order}, indent=1)
    return {**written, "tables.json": _INNERMOST.sub(_on_one_line, plan) + "\n"}


def _on_one_line(found: re.Match[str]) -> str:
    return " ".join(found[0].split())


def table(entity: Entity, model: Model) -> dict[str, Any]:
    """The table behind an entity: where each of its fields goes, and how."""
    fields = [field for field in entity.fields if is_column(field)]
    sequence = next((field.name for field in fields if field.generated == "sequence"), None)
    return {
        "table": entity.table,
        "key": entity.key,
        "sequence": sequence,
        "columns": {field.name: [field.column, _kind(field, model)] for field in fields},
        "links": {
            field.name: _links(entity, field, model)
            for field in entity.fields
            if isinstance(field.type, ManyType)
        },
    }


def _kind(field: Field, model: Model) -> str:
    if field.encrypted:
        return "encrypted"
    kind = column_type(model, field.type)
    return f"list of {_scalar(kind.element)}" if isinstance(kind, ListType) else _scalar(kind)


def _scalar(kind: object) -> str:
    """The kind of a column, of a decimal with the digits behind its point."""
    assert isinstance(kind, ScalarType)
    return f"decimal {kind.scale or 0}" if kind.scalar == "decimal" else kind.scalar


def _links(entity: Entity, field: Field, model: Model) -> list[str]:
    """The table of links, its two columns, and the kinds of their keys."""
    assert isinstance(field.type, ManyType)
    other = model.entity(field.type.entity)
    kinds = [_kind(each.field(each.key), model) for each in (entity, other)]
    return [link_table(entity, field.name), *link_columns(entity, field.name, other), *kinds]


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
