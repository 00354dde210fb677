"""Writes `callers.py`: who is calling. Services without accounts have none."""

from __future__ import annotations

from backwright.emit import sql
from backwright.emit.annotations import is_scalar, stored
from backwright.emit.entities import struct
from backwright.emit.names import Names, words
from backwright.emit.source import Identifier, Source, imports, module, source, sql_block
from backwright.model.types import Auth, Entity, Field, Model

_RUNTIME = "backwright_runtime"


def callers_module(model: Model, auth: Auth, names: Names) -> str:
    """The caller's struct, the context of a request, and how a token's subject is looked up."""
    entity = model.entity(auth.identity)
    pieces = [caller_struct(entity), context(), statement(entity), identify(entity)]
    return module("Who is calling.", pieces, package=names.package)


def caller_fields(entity: Entity) -> list[Field]:
    """What is known of a caller: everything but the password."""
    return [field for field in entity.fields if not is_scalar(field.type, "password")]


def caller_struct(entity: Entity) -> Source:
    """The signed-in row."""
    members: list[Source] = []
    for field in caller_fields(entity):
        kind = stored(field)
        members.append(source(f"{Identifier(field.column)}: {kind}", kind))
    about = f"The signed-in {words(entity.name)}: the row that the access token names."
    return struct(Identifier("Caller"), about, members)


def context() -> Source:
    """What handlers and services are called with."""
    return source("Context = RequestContext[Caller]", imports(_RUNTIME, "RequestContext"))


def statement(entity: Entity) -> Source:
    """The statement that finds a caller."""
    key = entity.field(entity.key).column
    columns = [field.column for field in caller_fields(entity)]
    text = (
        f"SELECT {sql.column_list(columns, '       ')}\nFROM {sql.quoted(entity.table)}\n"
        f"WHERE {sql.quoted(key)} = :{key}"
    )
    return source(f"CALLER = sql({sql_block(text)})", imports(_RUNTIME, "sql"))


def identify(entity: Entity) -> Source:
    """The function that the application calls with a token's subject."""
    key = Identifier(entity.field(entity.key).column)
    text = (
        "async def identify(db: Queries, subject: UUID) -> Caller | None:\n"
        '    """The caller that a token\'s subject names; None when the row is gone."""\n'
        f"    return await db.fetch_one(Caller, CALLER, {key}=subject)"
    )
    return source(text, imports(_RUNTIME, "Queries"), imports("uuid", "UUID"))
