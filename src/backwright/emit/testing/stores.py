"""Writes the lines of a test that store its world, and those that look at what is stored afterwards."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import msgspec

from backwright.emit.entities import columns
from backwright.emit.names import snake
from backwright.emit.source import NO_IMPORTS, Identifier, Imports, imports
from backwright.emit.testing.frames import key_of
from backwright.emit.testing.trial import Trial
from backwright.emit.testing.values import NOBODY, ONCE, Unfit
from backwright.emit.testing.world import Stored, World, variable_of
from backwright.emit.testing.writing import Known, attribute, is_unforeseen
from backwright.model.storage import link_table
from backwright.model.types import Entity, Field, ManyType, ReferenceType, ScalarType
from backwright.reference.evaluate import Row


def store_name(entity: str) -> Identifier:
    """The function that stores a row for a test."""
    return Identifier(f"store_{snake(entity)}")


def all_name(world: World, entity: str) -> Identifier:
    """The function that reads every row of an entity."""
    return Identifier(f"all_{world.setting.names.plurals[entity]}")


def links_name(entity: Entity, field: Field) -> Identifier:
    """The function that reads the links of a many-to-many field."""
    return Identifier(f"linked_{link_table(entity, field.name)}")


def mentions(text: str, variable: str) -> bool:
    """Whether Python source uses a variable."""
    return re.search(rf"(?<![\w'\"]){re.escape(variable)}\b(?!['\"=])", text) is not None


# Before -------------------------------------------------------------------------------------------------


def stores(world: World, text: str) -> tuple[list[str], Imports]:
    """The statements that store a world, those that are referred to first; unused variables are not bound."""
    lines: list[str] = []
    used: Imports = NO_IMPORTS
    ordered = in_order(world)
    by_key = all(
        [id(row) for row in ordered if row.entity == name]
        == [id(row) for row in world.rows if row.entity == name]
        for name in {row.entity for row in world.rows}
    )
    for row in reversed(ordered):
        later = "\n".join([*lines, text])
        named = mentions(later, row.variable)
        call = f"await {store_name(row.entity)}({', '.join(['service.db', *arguments(row, world, by_key)])})"
        lines.insert(0, f"{row.variable} = {call}" if named else call)
        used |= imports("tests.rows", store_name(row.entity))
    return lines, used


def in_order(world: World) -> list[Stored]:
    """The rows such that those that are referred to come first. Raises Unfit where there is no such order."""
    needed = {id(row): {id(other) for other in _referred(row, world)} for row in world.rows}
    ordered: list[Stored] = []
    placed: set[int] = set()
    waiting = list(world.rows)
    while waiting:
        row = next((row for row in waiting if needed[id(row)] <= placed), None)
        if row is None:
            raise Unfit("rows that refer to each other")
        ordered.append(row)
        placed.add(id(row))
        waiting = [other for other in waiting if other is not row]
    return ordered


def _referred(row: Stored, world: World) -> list[Stored]:
    """The other rows that a row refers to, or names in a text."""
    model = world.setting.model
    found: list[Stored] = []
    for field in model.entity(row.entity).fields:
        value = row.values[field.name]
        if isinstance(field.type, ReferenceType | ManyType):
            key = model.entity(field.type.entity).key
            keys = value if isinstance(value, list) else [value]
            found += [o for o in world.rows if o.entity == field.type.entity and o.values[key] in keys]
        elif isinstance(value, str | dict | list):
            text = str(value)
            if len(text) >= len(str(NOBODY)):
                found += [other for other in world.rows if _is_named_in(other, world, text)]
    return [other for other in found if other is not row]


def _is_named_in(row: Stored, world: World, text: str) -> bool:
    key = row.values[world.setting.model.entity(row.entity).key]
    return isinstance(key, UUID) and str(key) in text


def arguments(row: Stored, world: World, by_key: bool) -> list[str]:
    """What a test says about a row: what it has to, and what is particular about it.

    Unless the rows of each entity are stored in the order of their keys (`by_key`), they say their keys.
    """
    setting = world.setting
    entity = setting.model.entity(row.entity)
    known = _in_texts(_known(row, world))
    given = []
    for field in entity.fields:
        value = row.values[field.name]
        if field.name == entity.soft_delete:
            if row.gone:
                given.append(f"{attribute(field)}={known.python(ONCE)}")
        elif isinstance(field.type, ManyType):
            if value:
                named = _known(row, world, field.type.entity)
                given.append(f"{Identifier(field.name)}=[{', '.join(named.python(key) for key in value)}]")
        elif is_database_made(entity, field):
            if not by_key and _is_uuid(field):
                given.append(f"{attribute(field)}={known.python(value)}")
        elif isinstance(field.type, ReferenceType):
            if value is not None:
                named = _known(row, world, field.type.entity)
                given.append(f"{attribute(field)}={named.python(value)}")
        elif value != setting.default(entity, field):
            given.append(f"{attribute(field)}={known.python(value)}")
    return given


def _known(row: Stored, world: World, entity: str | None = None) -> Known:
    """What the other rows hold, or those of one entity: rows of several may have the same number as key."""
    known = Known()
    for other in world.rows:
        if other is not row and entity in (None, other.entity):
            known.learn(world.setting.model.entity(other.entity), other.values, other.variable)
    return known


def _in_texts(known: Known) -> Known:
    """What a text of a row can name, so that the other row is stored before: short words are alike by chance."""
    return Known({value: said for value, said in known.keys.items() if isinstance(value, UUID)})


def is_database_made(entity: Entity, field: Field) -> bool:
    """Whether the store function makes the value: keys of type uuid, and numbers of the database."""
    if field.generated == "sequence":
        return True
    return field.name == entity.key and not entity.composite and not field.input and _is_uuid(field)


def _is_uuid(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar == "uuid"


# After --------------------------------------------------------------------------------------------------


class After(msgspec.Struct):
    """What a test says about the rows of one entity after a request, and what it learns from them first."""

    reading: list[str] = []
    checks: list[str] = []
    used: Imports = NO_IMPORTS


def written_entities(trial: Trial) -> list[str]:
    """The entities of which rows were made, changed or removed."""
    before, after = trial.scene.world.values(), trial.rows
    found = [name for name in {**before, **after} if after.get(name, []) != before.get(name, [])]
    return sorted(found, key=[*trial.scene.world.setting.model.keys].index)


def touched_entities(trial: Trial) -> list[str]:
    """The entities that the operation writes, whatever came of it."""
    model = trial.scene.world.setting.model
    writing = ("Create", "Update", "Delete", "Ensure", "Upsert", "UpdateAll", "DeleteAll")
    found = [
        getattr(step, "entity", "") for step in trial.scene.operation.steps if type(step).__name__ in writing
    ]
    return [name for name in dict.fromkeys(found) if name in model.keys]


def rows_after(trial: Trial, entity_name: str, known: Known, taken: set[str]) -> After:
    """What is stored of an entity afterwards. Learns what new rows hold that nobody could foresee."""
    world = trial.scene.world
    entity = world.setting.model.entity(entity_name)
    before = {key_of(entity, world.rows[at].values): world.rows[at] for at in world.of(entity_name)}
    rows = sorted(trial.rows[entity_name], key=lambda row: _sorting(key_of(entity, row)))
    said: list[str] = []
    names: list[str] = []
    checks: list[str] = []
    for row in rows:
        there = before.get(key_of(entity, row))
        if there is not None and _hidden_changes(entity, there.values, row):
            name = _free(f"{there.variable}_after", taken)
            checks += _changed(entity, there, row, name, known)
        elif there is not None:
            name = "_"
            said.append(_replaced(entity, there, row, known))
        elif any(is_unforeseen(entity, field, row) or _is_hidden(field) for field in entity.fields):
            name = _free(f"new_{variable_of(entity_name, world.setting.names)}", taken)
            known.learn(entity, row, name)
            checks += [
                f"assert {name} == {_made(entity, row, name, known, world)}",
                *_secrets(entity, row, name),
            ]
        else:
            name = "_"
            said.append(_made(entity, row, "", known, world))
        names.append(name)
    call = f"await {all_name(world, entity_name)}(service.db)"
    used = imports("tests.rows", all_name(world, entity_name))
    row_class = world.setting.names.row_class(entity)
    if f"{row_class}(" in "".join([*said, *checks]):
        used |= imports(f"{world.setting.names.package}.entities", row_class)
    if all(name == "_" for name in names):
        return After([], [f"assert {call} == [{', '.join(said)}]"], used)
    if said:
        listed = iter(said)
        parts = [next(listed) if name == "_" else name for name in names]
        rows_name = _free("stored", taken)
        bound = [f"{name} = {rows_name}[{at}]" for at, name in enumerate(names) if name != "_"]
        return After(
            [f"{rows_name} = {call}", *bound], [f"assert {rows_name} == [{', '.join(parts)}]", *checks], used
        )
    targets = ", ".join(names)
    target = f"[{targets}]" if len(names) == 1 else targets
    return After([f"{target} = {call}"], checks, used)


def _sorting(key: Any) -> tuple[Any, ...]:
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(part if isinstance(part, int | str) else str(part) for part in parts)


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free


def _is_hidden(field: Field) -> bool:
    """Whether what is stored cannot be compared: a hash, which is salted."""
    return isinstance(field.type, ScalarType) and field.type.scalar == "password"


def _hidden_changes(entity: Entity, before: Row, after: Row) -> bool:
    """Whether a row got something that nobody could write down before."""
    return any(
        before[field.name] != after[field.name] and (_is_hidden(field) or is_unforeseen(entity, field, after))
        for field in entity.fields
    )


def _changed(entity: Entity, there: Stored, row: Row, name: str, known: Known) -> list[str]:
    given = []
    checks = []
    for field in shown_columns(entity, row):
        if there.values[field.name] == row[field.name]:
            continue
        column = attribute(field)
        if _is_hidden(field) or is_unforeseen(entity, field, row):
            given.append(f"{column}={name}.{column}")
            checks.append(f"assert {name}.{column} != {there.variable}.{column}")
        else:
            given.append(f"{column}={known.python(row[field.name])}")
    return [f"assert {name} == replace({there.variable}, {', '.join(given)})", *checks]


def _replaced(entity: Entity, there: Stored, row: Row, known: Known) -> str:
    changed = [field for field in shown_columns(entity, row) if there.values[field.name] != row[field.name]]
    if not changed:
        return there.variable
    given = ", ".join(f"{attribute(field)}={known.python(row[field.name])}" for field in changed)
    return f"replace({there.variable}, {given})"


def _made(entity: Entity, row: Row, name: str, known: Known, world: World) -> str:
    """The struct of a new row."""
    given = []
    for field in columns(entity, world.setting.model):
        column = attribute(field)
        own = name and (is_unforeseen(entity, field, row) or _is_hidden(field))
        given.append(f"{column}={name}.{column}" if own else f"{column}={known.python(row[field.name])}")
    return f"{world.setting.names.row_class(entity)}({', '.join(given)})"


def _secrets(entity: Entity, row: Row, name: str) -> list[str]:
    return [
        f'assert {name}.{attribute(field)}.startswith("$argon2id$")'
        for field in entity.fields
        if _is_hidden(field) and row[field.name] is not None
    ]


def shown_columns(entity: Entity, row: Row) -> list[Field]:
    """The fields that are columns of a row's struct."""
    return [
        field
        for field in entity.fields
        if not isinstance(field.type, ManyType) and field.name != entity.soft_delete
    ]


def links_after(trial: Trial, entity_name: str, known: Known) -> After:
    """The links of many-to-many fields afterwards, where there are any, or were."""
    world = trial.scene.world
    entity = world.setting.model.entity(entity_name)
    found = After()
    for field in entity.fields:
        if not isinstance(field.type, ManyType):
            continue
        before = [(row[entity.key], key) for row in world.values()[entity_name] for key in row[field.name]]
        after = [(row[entity.key], key) for row in trial.rows[entity_name] for key in row[field.name]]
        if not before and not after:
            continue
        pairs = sorted(after, key=_sorting)
        listed = ", ".join(f"({known.python(one)}, {known.python(other)})" for one, other in pairs)
        function = links_name(entity, field)
        found.checks.append(f"assert await {function}(service.db) == [{listed}]")
        found.used |= imports("tests.rows", function)
    return found
