"""Writes `removal.py`: what the going of a row does to others, where the database does not do it by itself.

Foreign keys restrict, cascade and set null on their own. But a row that is deleted softly stays in its table,
and a row that goes with another one has to be recorded where its entity is audited: these are written out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backwright.emit.annotations import key
from backwright.emit.names import snake, words
from backwright.emit.repositories.functions import function, together
from backwright.emit.repositories.projections import selected, whole
from backwright.emit.repositories.reading import database_call
from backwright.emit.repositories.writing import plain_statement
from backwright.emit.source import Identifier, Imports, Source, docstring, imports, indented, module, source
from backwright.emit.sql import quoted, where
from backwright.emit.storage import key_fields, live
from backwright.model import along
from backwright.model.types import Entity, Field, ManyType, Model, ReferenceType

if TYPE_CHECKING:
    from backwright.emit.package import Package

_RUNTIME = "backwright_runtime"


def is_plain(entity: Entity, model: Model) -> bool:
    """Whether one statement does all: the row goes, foreign keys do the rest, and nothing is recorded."""
    return not _written_out(entity, model, frozenset())


def records(entity: Entity, model: Model) -> bool:
    """Whether its going records something, which needs the operation's name."""
    return _records(entity, model, frozenset())


def _written_out(entity: Entity, model: Model, above: frozenset[str]) -> bool:
    if entity.name in above:
        return False
    if entity.soft_delete is not None or (entity.audit is not None and "delete" in entity.audit.verbs):
        return True
    if any(along.held(entity, model)):
        return True
    inside = above | {entity.name}
    return any(
        _written_out(holder, model, inside)
        for holder, field in along.holders(entity, model)
        if along.on_delete(field) == "cascade"
    )


def _records(entity: Entity, model: Model, above: frozenset[str]) -> bool:
    if entity.name in above:
        return False
    if entity.audit is not None and "delete" in entity.audit.verbs:
        return True
    inside = above | {entity.name}
    return any(
        _records(holder, model, inside)
        for holder, field in along.holders(entity, model)
        if along.on_delete(field) == "cascade"
    )


def need(entity: Entity, package: Package) -> None:
    """Have the function written that removes such a row, and those that it calls."""
    if entity.name in package.removed:
        return
    package.removed.add(entity.name)
    package.changes[entity.name].deletes = True
    if entity.audit is not None:
        package.audited.add(entity.name)
    for holder, field in along.holders(entity, package.model):
        match along.on_delete(field):
            case "restrict":
                _is_held(holder, field, package)
            case "set_null":
                _release(holder, field, package)
            case "cascade" if is_plain(holder, package.model):
                _remove_all(holder, field, package)
            case "cascade":
                _held_rows(holder, field, package)
                need(holder, package)


def removal_module(package: Package) -> str:
    """The functions for all rows whose going has to be written out."""
    pieces = [_remove(entity, package) for entity in package.model.entities if entity.name in package.removed]
    return module("What the going of a row does to others.", pieces, package=package.names.package)


def _remove(entity: Entity, package: Package) -> Source:
    model, names = package.model, package.names
    row, row_class = names.row(entity.name), names.row_class(entity)
    own = names.repository(entity.name)
    repositories = f"{names.package}.repositories"
    needed = imports(repositories, own) | imports(f"{names.package}.entities", row_class)
    needed |= imports(_RUNTIME, "Queries")
    needed |= context_imports(package)
    recorded = records(entity, model)
    audited = entity.audit is not None and "delete" in entity.audit.verbs
    lines: list[str] = []
    if audited:
        needed |= imports(names.package, "audit")
        record = f"await audit.record_{snake(entity.name)}(ctx, tx, operation, before={row}, after=None)"
    mark = ", ctx.now" if entity.soft_delete is not None else ""
    delete = f"await {own}.delete(tx, {row}{mark})"
    held = along.in_order(entity, model)
    before: list[str] = []
    for holder, field in held:
        module_ = names.repository(holder.name)
        value = f"{row}.{key_fields(entity)[0].column}"
        match along.on_delete(field):
            case "restrict":
                needed |= imports(repositories, module_) | imports(_RUNTIME, "Conflict")
                before.append(f"if await {module_}.is_{_held_name(field)}(tx, {value}):\n    raise Conflict")
            case "set_null":
                needed |= imports(repositories, module_)
                before.append(f"await {module_}.release_{_held_name(field)}(tx, {value})")
            case "cascade" if is_plain(holder, model):
                needed |= imports(repositories, module_)
                before.append(f"await {module_}.remove_{_held_name(field)}(tx, {value})")
            case _:
                needed |= imports(repositories, module_)
                inner = names.row(holder.name)
                inner = Identifier(f"held_{inner}") if inner == row else inner
                operation = ", operation" if records(holder, model) else ""
                before.append(
                    f"for {inner} in await {module_}.{_held_name(field)}(tx, {value}):\n"
                    f"    await remove_{snake(holder.name)}(ctx, tx, {inner}{operation})"
                )
    first = entity.soft_delete is not None and goes_with_its_kind(entity, model)  # or a circle has no end
    lines += [*([record] if audited else []), *([delete, *before] if first else [*before, delete])]
    parameters = [
        "ctx: Context" if model.auth else "ctx: RequestContext[None]",
        "tx: Queries",
        f"{row}: {row_class}",
    ]
    parameters += ["operation: str"] if recorded else []
    text = (
        f"async def remove_{snake(entity.name)}({', '.join(parameters)}) -> None:\n"
        f"    {docstring(f'Remove the {words(entity.name)}, and what goes with it.', 4)}\n"
        f"{indented(chr(10).join(lines))}"
    )
    return source(text, needed)


def goes_with_its_kind(entity: Entity, model: Model) -> bool:
    """Whether a row may go with another one of the same entity."""
    return any(
        along.on_delete(field) == "cascade" and entity.name in along.closure(holder, model)
        for holder, field in along.holders(entity, model)
    )


def context_imports(package: Package) -> Imports:
    """What the type of the context needs."""
    if package.model.auth is None:
        return imports(_RUNTIME, "RequestContext")
    return imports(f"{package.names.package}.callers", "Context")


def _held_name(field: Field) -> str:
    return f"held_by_{snake(field.name)}"


def _reference(field: Field) -> ReferenceType:
    assert isinstance(field.type, ReferenceType) and not isinstance(field.type, ManyType)
    return field.type


def _value(holder: Entity, field: Field, package: Package) -> tuple[Source, str]:
    kind = key(_reference(field).entity, package.model)
    column = Identifier(field.column)
    return source(f"{column}: {kind}", kind), f"{column}={column}"


def _held_rows(holder: Entity, field: Field, package: Package) -> None:
    """The function that reads the rows that refer to one."""
    parameter, given = _value(holder, field, package)
    name = _held_name(field)
    row = package.names.row_class(holder)
    columns = [quoted(each.column) for each in whole(holder, package.model).fields]
    lines = [
        selected(columns),
        f"FROM {quoted(holder.table)}",
        *where([f"{quoted(field.column)} = :{field.column}", *live(holder)]),
        f"ORDER BY {', '.join(quoted(each.column) for each in key_fields(holder))}",
    ]
    body = f"return await {database_call('fetch_all', [row, name.upper(), given])}"
    result = source(f"list[{row}]", imports(f"{package.names.package}.entities", row))
    about = f"The {words(package.names.plurals[holder.name])} that refer to one by their {words(field.name)}."
    text = function(Identifier(name), [parameter], result, about, body)
    package.repositories.once(holder.name, name, lambda: together(plain_statement(name.upper(), lines), text))


def _is_held(holder: Entity, field: Field, package: Package) -> None:
    """The function that tells whether rows refer to one."""
    parameter, given = _value(holder, field, package)
    name = f"is_{_held_name(field)}"
    others = []
    if isinstance(field.type, ReferenceType) and field.type.entity == holder.name and not holder.composite:
        others = [f"{quoted(holder.field(holder.key).column)} <> :{field.column}"]  # a row may hold itself
    target = package.model.entity(_reference(field).entity)
    seen = (
        live(holder) if target.soft_delete is not None else []
    )  # a row that is marked still needs what it refers to
    lines = [
        "SELECT 1",
        f"FROM {quoted(holder.table)}",
        *where([f"{quoted(field.column)} = :{field.column}", *others, *seen]),
        "LIMIT 1",
    ]
    body = f"return await {database_call('fetch_value', ['int', name.upper(), given])} is not None"
    plural = words(package.names.plurals[holder.name])
    about = f"Whether there are {plural} that refer to one by their {words(field.name)}."
    text = function(Identifier(name), [parameter], "bool", about, body)
    package.repositories.once(holder.name, name, lambda: together(plain_statement(name.upper(), lines), text))


def _release(holder: Entity, field: Field, package: Package) -> None:
    """The function that sets a reference to null."""
    parameter, given = _value(holder, field, package)
    name = f"release_{_held_name(field)}"
    column = quoted(field.column)
    lines = [
        f"UPDATE {quoted(holder.table)}",
        f"SET {column} = NULL",
        *where([f"{column} = :{field.column}"]),
    ]
    body = f"await {database_call('execute', [name.upper(), given])}"
    about = f"Let go of one as the {words(field.name)}."
    text = function(Identifier(name), [parameter], "None", about, body)
    package.repositories.once(holder.name, name, lambda: together(plain_statement(name.upper(), lines), text))


def _remove_all(holder: Entity, field: Field, package: Package) -> None:
    """The function that removes the rows that refer to one."""
    parameter, given = _value(holder, field, package)
    name = f"remove_{_held_name(field)}"
    lines = [f"DELETE FROM {quoted(holder.table)}", *where([f"{quoted(field.column)} = :{field.column}"])]
    body = f"await {database_call('execute', [name.upper(), given])}"
    about = f"Remove the {words(package.names.plurals[holder.name])} that refer to one by their {words(field.name)}."
    text = function(Identifier(name), [parameter], "None", about, body)
    package.repositories.once(holder.name, name, lambda: together(plain_statement(name.upper(), lines), text))
