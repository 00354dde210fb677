"""Models for the emitters' tests, beside `models.todos()` and `models.library()`."""

from __future__ import annotations

from typing import Any

import msgspec
from model_parts import (
    ALWAYS,
    CREATED_AT,
    KEY,
    NEVER,
    Crud,
    constant,
    filtered,
    parameter,
    same_rule,
    string,
    view,
)

from backwright.expr.typed import Type
from backwright.model.types import Entity, Field, Model, OrderTerm, Rule, ScalarType, Service

HOSTILE = (
    '"""); import os  # """',
    "'; DROP TABLE note; --",
    "back\\slash \\",
    "{brace} {AND x = :x}",
    "new\nline\ttab",
    "*/ <!-- --> ${HOME} {{ jinja }}",
    "\u202e bidi \x00 \x1b[31m",
    'ends with a quote"',
)


def board() -> Model:
    """Notes that everybody may do everything with: a service without accounts."""
    return _board(ALWAYS)


def read_only_board() -> Model:
    """Notes that nobody may write, with all five operations."""
    return _board(NEVER)


def hostile() -> Model:
    """A service whose every free text tries to leave its place."""
    model = _board(ALWAYS, description=" ".join(HOSTILE), values=HOSTILE[:4] + HOSTILE[5:6])
    noisy = tuple(
        _with(operation, summary=HOSTILE[number % len(HOSTILE)])
        for number, operation in enumerate(model.operations)
    )
    return _with(model, operations=noisy)


def _with(value: Any, **changes: object) -> Any:
    return msgspec.structs.replace(value, **changes)


def _board(write: Rule, description: str = "", values: tuple[str, ...] = ("low", "high")) -> Model:
    kind = ScalarType(scalar="enum", values=values)
    level = Field(
        name="level",
        column="level",
        type=kind,
        default=constant(values[0], Type("enum", values=values)),
    )
    note = Entity(
        name="Note",
        plural="notes",
        table="note",
        key="id",
        fields=(KEY, string("text", 1, 80), level, CREATED_AT),
        access={**same_rule(write), "read": ALWAYS},
    )
    crud = Crud(note, "/notes", dict.fromkeys(("list", "create", "get", "update", "delete"), "none"), "notes")
    order = [OrderTerm(field="text"), OrderTerm(field="created_at", direction="desc")]
    return Model(
        service=Service(name="board", version="0.1.0", package="board", description=description),
        entities=(note,),
        views=(view(note),),
        operations=(
            crud.list(order, [filtered("Note", level, "==", "level")], [parameter("level", level)]),
            crud.create(),
            crud.get(),
            crud.update(),
            crud.delete(),
        ),
    )
