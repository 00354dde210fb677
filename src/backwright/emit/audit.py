"""Writes `audit.py`: the records of writes, each in the transaction of its write."""

from __future__ import annotations

from backwright.emit.annotations import annotation
from backwright.emit.entities import columns
from backwright.emit.names import snake, words
from backwright.emit.package import Package
from backwright.emit.removal import context_imports
from backwright.emit.repositories.writing import links_of
from backwright.emit.source import Identifier, Source, docstring, imports, indented, module, source
from backwright.emit.storage import key_fields, link_fields
from backwright.model.types import Entity, Field, Model, ScalarType

_RUNTIME = "backwright_runtime"
SECRET = ("password", "token", "bytes")


def audit_module(package: Package) -> str:
    """A function for each audited entity, and what is kept of its rows."""
    pieces: list[Source] = []
    for entity in package.model.entities:
        if entity.name in package.audited:
            pieces += [_document(entity, package), _record(entity, package)]
    return module("Who wrote what, when, and what it was before.", pieces, package=package.names.package)


def companions(package: Package) -> None:
    """Have the records inserted."""
    for entity in package.model.entities:
        if entity.name in package.audited and entity.audit is not None:
            package.changes[entity.audit.into].inserts = True


def kept(entity: Entity, model: Model) -> list[Field]:
    """The fields that a record keeps: everything but what is secret."""
    return [field for field in columns(entity, model) if not is_secret(field)]


def is_secret(field: Field) -> bool:
    """Whether a value is in no record."""
    return field.encrypted or (isinstance(field.type, ScalarType) and field.type.scalar in SECRET)


def _document(entity: Entity, package: Package) -> Source:
    names = package.names
    row, row_class = names.row(entity.name), names.row_class(entity)
    links = link_fields(entity)
    lines = [
        f'"{field.name}": plain({row}.{Identifier(field.column)}),' for field in kept(entity, package.model)
    ]
    if entity.soft_delete is not None:
        lines.append(f'"{entity.soft_delete}": None,')
    lines += [f'"{field.name}": plain(sorted({field.name})),' for field in links]
    parameters = [f"{row}: {row_class}"]
    needed = imports(f"{names.package}.entities", row_class) | imports(_RUNTIME, "plain")
    for field in links:
        kind = annotation(field.type, package.model)
        parameters.append(f"{Identifier(field.name)}: {kind}")
        needed |= kind.imports
    about = f"The {words(entity.name)} as a record keeps it, without what is secret."
    text = (
        f"def {snake(entity.name)}_document({', '.join(parameters)}) -> dict[str, object]:\n"
        f"    {docstring(about, 4)}\n    return {{\n{indented(chr(10).join(lines), 2)}\n    }}"
    )
    return source(text, needed)


def _record(entity: Entity, package: Package) -> Source:
    model, names = package.model, package.names
    assert entity.audit is not None
    companion = model.entity(entity.audit.into)
    row_class, into = names.row_class(entity), names.row_class(companion)
    repository = names.repository(companion.name)
    own = names.repository(entity.name)
    needed = imports(f"{names.package}.entities", row_class, into) | imports(_RUNTIME, "Queries")
    needed |= imports(f"{names.package}.repositories", repository) | context_imports(package)
    links = link_fields(entity)
    lines: list[str] = []
    more_before = more_after = ""
    key = key_fields(entity)
    replaced: list[str] = []
    for field in links:
        _, called = links_of(entity, field, package.repositories)
        kind = annotation(field.type, model)
        needed |= imports(f"{names.package}.repositories", own) | kind.imports
        lines.append(f"{field.name} = await {own}.{called}(tx, row.{key[0].column})")
        replaced.append(f"{field.name}_before: {kind} | None = None")
        more_before += f", {field.name} if {field.name}_before is None else {field.name}_before"
        more_after += f", {field.name}"
    document = f"{snake(entity.name)}_document"
    shown = "/".join(f"{{row.{Identifier(field.column)}}}" for field in key)
    values = {
        "row": f'f"{shown}"',
        "action": '"created" if before is None else "deleted" if after is None else "updated"',
        "at": "ctx.now",
        "operation": "operation",
        "request_id": "ctx.request_id",
        "before": f"{document}(before{more_before}) if before else None",
        "after": f"{document}(after{more_after}) if after else None",
    }
    if model.auth is not None:
        identity = model.entity(model.auth.identity)
        values["caller"] = f"ctx.caller.{identity.field(identity.key).column} if ctx.caller else None"
    if entity.tenancy is not None:
        values[entity.tenancy] = f"row.{entity.field(entity.tenancy).column}"
    members = []
    for field in columns(companion, model):
        value = "ctx.new_id()" if field.name == companion.key else values.get(field.name, "None")
        members.append(f"{Identifier(field.column)}={value},")
    given = [
        "ctx: Context" if model.auth else "ctx: RequestContext[None]",
        "tx: Queries",
        "operation: str",
        "*",
    ]
    given += [f"before: {row_class} | None", f"after: {row_class} | None"]
    given += replaced
    body = "\n".join(
        [
            "row = after or before",
            "assert row is not None",
            *lines,
            f"await {repository}.insert(\n    tx,\n    {into}(\n{indented(chr(10).join(members), 2)}\n    ),\n)",
        ]
    )
    about = f"One write of a {words(entity.name)}." + (
        " `…_before` is what it listed, where that has changed." if links else ""
    )
    text = (
        f"async def record_{snake(entity.name)}({', '.join(given)}) -> None:\n"
        f"    {docstring(about, 4)}\n{indented(body)}"
    )
    return source(text, needed)
