"""Writes `entities.py`: what is stored."""

from __future__ import annotations

from backwright.emit.annotations import is_scalar, stored_as
from backwright.emit.failures import expression_nodes
from backwright.emit.names import Names
from backwright.emit.source import Identifier, Source, module
from backwright.emit.structs import Member as StructMember
from backwright.emit.structs import struct_of
from backwright.expr.typed import Member
from backwright.model.types import Entity, Field, ManyType, Model


def entities_module(model: Model, names: Names) -> str:
    """The structs of the entities."""
    structs = [row_struct(entity, model, names) for entity in model.entities]
    about = "What is stored: one struct per entity, one field per column, in the order of the columns."
    return module(about, structs, package=names.package)


def row_struct(entity: Entity, model: Model, names: Names) -> Source:
    """The struct of one entity's rows."""
    members = [
        StructMember(Identifier(field.column), stored_as(field, model), note=_note(field))
        for field in columns(entity, model)
    ]
    return struct_of(names.row_class(entity), f"A row of `{entity.table}`.", members)


def columns(entity: Entity, model: Model) -> tuple[Field, ...]:
    """The fields that a row is read with.

    Many-to-many fields are tables of links. When a row was deleted is only read where something tells of it: rows
    that are read are there.
    """
    return tuple(
        field
        for field in entity.fields
        if not isinstance(field.type, ManyType)
        and (field.name != entity.soft_delete or tells_of(entity, field, model))
    )


def tells_of(entity: Entity, field: Field, model: Model) -> bool:
    """Whether a view or an expression names a field."""
    if any(
        each.field == field.name for view in model.views if view.entity == entity.name for each in view.fields
    ):
        return True
    parts = (model.operations, model.views, model.entities)
    return any(
        isinstance(node, Member) and node.entity == entity.name and node.field == field.name
        for node in expression_nodes(parts)
    )


def _note(field: Field) -> str:
    """What is particular about what is stored."""
    if is_scalar(field.type, "password"):
        return "argon2id"
    return "encrypted" if field.encrypted else ""
