"""Writes `callers.py`: who is calling. Services without accounts have none."""

from __future__ import annotations

from backwright.emit import sql
from backwright.emit.annotations import is_scalar, key, stored_as
from backwright.emit.entities import columns
from backwright.emit.names import Names, words
from backwright.emit.repositories.projections import selected
from backwright.emit.source import Identifier, Source, imports, module, source, sql_block
from backwright.emit.storage import live
from backwright.emit.structs import Member, struct_of
from backwright.model.types import Auth, Entity, Field, Model

_RUNTIME = "backwright_runtime"


def callers_module(model: Model, auth: Auth, names: Names) -> str:
    """The caller's struct, the context of a request, and how a token's subject is looked up."""
    entity = model.entity(auth.identity)
    pieces = [
        caller_struct(entity, model),
        source("Context = RequestContext[Caller]", imports(_RUNTIME, "RequestContext")),
        statement(entity, model),
        identify(entity, model),
    ]
    return module("Who is calling.", pieces, package=names.package)


def caller_fields(entity: Entity, model: Model) -> list[Field]:
    """What is known of a caller: everything but the password."""
    return [field for field in columns(entity, model) if not is_scalar(field.type, "password")]


def caller_struct(entity: Entity, model: Model) -> Source:
    """The signed-in row."""
    members = [
        Member(Identifier(field.column), stored_as(field, model)) for field in caller_fields(entity, model)
    ]
    about = f"The signed-in {words(entity.name)}: the row that the access token names."
    return struct_of(Identifier("Caller"), about, members)


def statement(entity: Entity, model: Model) -> Source:
    """The statement that finds a caller."""
    column = entity.field(entity.key).column
    texts = [sql.quoted(field.column) for field in caller_fields(entity, model)]
    conditions = [f"{sql.quoted(column)} = :{column}", *live(entity)]
    text = "\n".join([selected(texts), f"FROM {sql.quoted(entity.table)}", *sql.where(conditions)])
    return source(f"CALLER = sql({sql_block(text)})", imports(_RUNTIME, "sql"))


def identify(entity: Entity, model: Model) -> Source:
    """The function that the application calls with a token's subject."""
    column = Identifier(entity.field(entity.key).column)
    kind = key(entity.name, model)
    text = (
        f"async def identify(db: Queries, subject: {kind}) -> Caller | None:\n"
        '    """The caller that a token\'s subject names; None when the row is gone."""\n'
        f"    return await db.fetch_one(Caller, CALLER, {column}=subject)"
    )
    return source(text, imports(_RUNTIME, "Queries"), kind)
