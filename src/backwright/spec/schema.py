"""The JSON Schema of a specification, for editors; written from the grammar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from backwright.spec.grammar import (
    DOCUMENT,
    Choice,
    Defined,
    Either,
    Expr,
    Fixed,
    Flag,
    Named,
    Pattern,
    Several,
    Takes,
    Text,
    Whole,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """A schema that accepts what the reader accepts in shape; expressions are checked by Backwright only."""
    named = {found.name: _schema(found.takes) for found in definitions()}
    schema = {"$schema": DIALECT, "title": "Backwright specification", **_schema(DOCUMENT)}
    return {**schema, "$defs": named} if named else schema


def definitions() -> list[Defined]:
    """Everything in the grammar that may contain itself, each once."""
    found: dict[str, Defined] = {}
    waiting: list[Takes] = [DOCUMENT]
    while waiting:
        takes = waiting.pop()
        if isinstance(takes, Defined):
            if takes.name not in found:
                found[takes.name] = takes
                waiting.append(takes.takes)
        else:
            waiting += _inner(takes)
    return list(found.values())


def _inner(takes: Takes) -> Iterator[Takes]:
    match takes:
        case Fixed(keys=keys):
            yield from (key.takes for key in keys)
        case Several(of=of) | Named(of=of):
            yield of
        case Either(options=options):
            yield from options
        case _:
            return


def _schema(takes: Takes) -> dict[str, Any]:
    match takes:
        case Text(literal=True):
            return {"type": ["string", "number", "boolean", "null"]}
        case Text():
            # An editor reads `version: 1.0` as a number; Backwright reads it as it is written.
            return {"type": ["string", "number"]}
        case Pattern():
            return {"type": "string", "pattern": takes.form}
        case Expr():
            return {"type": ["string", "number", "boolean", "null"]}
        case Whole():
            return {"type": "integer", "minimum": takes.least, "maximum": takes.most}
        case Flag():
            return {"type": "boolean"}
        case Choice():
            marked = [f"{value}?" for value in takes.values] if takes.nullable else []
            return {"enum": [*takes.values, *marked, *([True, False] if takes.flag else [])]}
        case Several():
            least = {"minItems": takes.least} if takes.least else {}
            return {"type": "array", "items": _schema(takes.of), **least}
        case Named():
            most = {"maxProperties": takes.most} if takes.most is not None else {}
            return {"type": "object", "additionalProperties": _schema(takes.of), **most}
        case Either():
            return {"anyOf": [_schema(option) for option in takes.options]}
        case Fixed():
            return _table(takes)
        case Defined():
            return {"$ref": f"#/$defs/{takes.name.replace(' ', '%20')}"}
        case _:
            assert_never(takes)


def _table(table: Fixed) -> dict[str, Any]:
    properties = {key.name: {**_schema(key.takes), "description": key.description} for key in table.keys}
    schema: dict[str, Any] = {
        "type": "object",
        "description": table.description,
        "properties": properties,
        "additionalProperties": False,
    }
    required = [key.name for key in table.keys if key.required]
    # Pieces that are included may leave out what another file has, so only inner tables require keys.
    if required and table is not DOCUMENT:
        schema["required"] = required
    if table.one_of:
        schema["oneOf"] = [{"required": [name]} for name in table.one_of]
    return schema
