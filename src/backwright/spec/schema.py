"""The JSON Schema of a specification, for editors; written from the grammar."""

from __future__ import annotations

from typing import Any, assert_never

from backwright.spec.grammar import (
    DOCUMENT,
    Choice,
    Either,
    Expr,
    Flag,
    Named,
    Several,
    Shape,
    Takes,
    Text,
    Whole,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts what the reader accepts in shape; expressions are checked by Backwright only."""
    return {"$schema": DIALECT, "title": "Backwright specification", **_schema(DOCUMENT)}


def _schema(takes: Takes) -> dict[str, Any]:
    match takes:
        case Text():
            # An editor reads `version: 1.0` as a number; Backwright reads it as it is written.
            return {"type": ["string", "number"]}
        case Expr():
            return {"type": ["string", "number", "boolean", "null"]}
        case Whole():
            return {"type": "integer", "minimum": takes.least, "maximum": takes.most}
        case Flag():
            return {"type": "boolean"}
        case Choice():
            marked = [f"{value}?" for value in takes.values] if takes.nullable else []
            return {"enum": [*takes.values, *marked]}
        case Several():
            return {"type": "array", "items": _schema(takes.of)}
        case Named():
            return {"type": "object", "additionalProperties": _schema(takes.of)}
        case Either():
            return {"anyOf": [_schema(option) for option in takes.options]}
        case Shape():
            return _shape(takes)
        case _:
            assert_never(takes)


def _shape(shape: Shape) -> dict[str, Any]:
    properties = {key.name: {**_schema(key.takes), "description": key.description} for key in shape.keys}
    schema: dict[str, Any] = {
        "type": "object",
        "description": shape.description,
        "properties": properties,
        "additionalProperties": False,
    }
    required = [key.name for key in shape.keys if key.required]
    # Pieces that are included may leave out what another file has, so only inner tables require keys.
    if required and shape is not DOCUMENT:
        schema["required"] = required
    return schema
