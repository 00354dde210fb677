"""Writes `views.py`: what callers see."""

from __future__ import annotations

from backwright.emit.annotations import is_scalar, shown
from backwright.emit.entities import struct
from backwright.emit.names import Names, a, pascal, words
from backwright.emit.source import Identifier, Source, imports, module, source
from backwright.model.types import Entity, Model, ShowPage, ShowRow, ShowSession, View

_TIMESTAMP = imports("backwright_runtime", "timestamp")


def views_module(model: Model, names: Names) -> str:
    """The views that operations respond with."""
    shown_views = used_views(model)
    pieces: list[Source] = []
    for view in model.views:
        if view.name in shown_views:
            entity = model.entity(view.entity)
            pieces += [view_struct(view, entity, names), view_function(view, entity, names)]
    session = next(iter(sessions(model)), None)
    if session is not None:
        pieces.append(session_struct(session, names))
    return module("What callers see.", pieces, package=names.package)


def used_views(model: Model) -> frozenset[str]:
    """The names of the views that some operation shows."""
    shows = (operation.respond.show for operation in model.operations)
    return frozenset(show.view for show in shows if isinstance(show, ShowRow | ShowPage | ShowSession))


def sessions(model: Model) -> list[ShowSession]:
    """What sign-in operations show."""
    shows = (operation.respond.show for operation in model.operations)
    return [show for show in shows if isinstance(show, ShowSession)]


def view_struct(view: View, entity: Entity, names: Names) -> Source:
    """The struct of one view."""
    members: list[Source] = []
    for member in view.fields:
        kind = shown(entity.field(member.field))
        members.append(source(f"{Identifier(member.wire)}: {kind}", kind))
    name = words(view.name)
    return struct(names.view_class(view.name), f"{a(name).capitalize()} as callers see it.", members)


def view_function(view: View, entity: Entity, names: Names) -> Source:
    """The function that makes the view of a row."""
    row = names.row(entity.name)
    row_class = names.row_class(entity)
    view_class = names.view_class(view.name)
    values: list[Source] = []
    for member in view.fields:
        field = entity.field(member.field)
        value = source(f"{row}.{field.column}")
        if is_scalar(field.type, "timestamp"):
            value = source(f"timestamp({value})", _TIMESTAMP)
            if field.nullable:
                value = source(f"{value} if {row}.{field.column} is not None else None", value)
        values.append(source(f"{member.wire}={value}", value))
    listed = ", ".join(value.text for value in values)
    text = (
        f"def {names.view_function(view.name)}({row}: {row_class}) -> {view_class}:\n"
        f'    """The view of one row."""\n'
        f"    return {view_class}({listed})"
    )
    return source(text, imports(f"{names.package}.entities", row_class), *values)


def session_struct(session: ShowSession, names: Names) -> Source:
    """The answer to signing in."""
    members = [
        source(f"{session_member(session)}: {names.view_class(session.view)}"),
        source("token: str"),
    ]
    return struct(Identifier("Session"), "Who is signed in, and the access token that says so.", members)


def session_member(session: ShowSession) -> Identifier:
    """The member of a session that shows the identity row."""
    return Identifier(session.row)


def session_class() -> Identifier:
    """The struct of a session."""
    return Identifier(pascal("session"))
