"""Writes `entities.py`: what is stored."""

from __future__ import annotations

from backwright.emit.annotations import is_scalar, stored
from backwright.emit.names import Names
from backwright.emit.source import Identifier, Source, docstring, imports, indented, module, source
from backwright.model.types import Entity, Model

_STRUCT = imports("msgspec", "Struct")


def entities_module(model: Model, names: Names) -> str:
    """The structs of the entities."""
    structs = [row_struct(entity, names) for entity in model.entities]
    about = "What is stored: one struct per entity, one field per column, in the order of the columns."
    return module(about, structs, package=names.package)


def row_struct(entity: Entity, names: Names) -> Source:
    """The struct of one entity's rows."""
    members: list[Source] = []
    for field in entity.fields:
        kind = stored(field)
        note = "  # argon2id" if is_scalar(field.type, "password") else ""
        members.append(source(f"{Identifier(field.column)}: {kind}{note}", kind))
    return struct(names.row_class(entity), f"A row of `{entity.table}`.", members)


def struct(name: Identifier, about: str, members: list[Source], options: str = "") -> Source:
    """A frozen struct."""
    body = "\n".join([docstring(about, 4), "", *(member.text for member in members)]).strip()
    heading = f"class {name}(Struct, frozen=True, kw_only=True{options}):"
    return source(f"{heading}\n{indented(body)}", _STRUCT, *members)
