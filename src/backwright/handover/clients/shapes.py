"""JSON Schema as the contract writes it, read into a closed union that a language's types are printed from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import Literal as OneOf

import msgspec

from backwright.emit.contract.values import Json

Constant = str | int | float | bool | None
"""What a schema may fix a value to."""


class Value(msgspec.Struct, frozen=True):
    """Common settings of all shapes."""


class Plain(Value, frozen=True):
    """A single value. A `file` is sent, and `bytes` are answered."""

    kind: OneOf["text", "integer", "number", "flag", "null", "file", "bytes", "anything"]


class Exactly(Value, frozen=True):
    """One of some fixed values."""

    values: tuple[Constant, ...]


class Listed(Value, frozen=True):
    """A list of values of one shape."""

    items: Shape


class Fixed(Value, frozen=True):
    """A list of so many values, each of its own shape."""

    items: tuple[Shape, ...]


class Member(Value, frozen=True):
    """A member of an object. `about` says in words what its type does not."""

    name: str
    shape: Shape
    required: bool
    about: str = ""


class Members(Value, frozen=True):
    """An object with known members."""

    members: tuple[Member, ...]


class Keyed(Value, frozen=True):
    """An object whose members are called anything."""

    values: Shape


class Named(Value, frozen=True):
    """A shape that is declared elsewhere under a name."""

    name: str


class Either(Value, frozen=True):
    """One of several shapes."""

    shapes: tuple[Shape, ...]


Shape = Plain | Exactly | Listed | Fixed | Members | Keyed | Named | Either
NULL = Plain("null")
ANYTHING = Plain("anything")
_PLAIN: dict[str, Plain] = {
    "string": Plain("text"),
    "integer": Plain("integer"),
    "number": Plain("number"),
    "boolean": Plain("flag"),
    "null": NULL,
}


def shape(schema: Json) -> Shape:
    """The shape of what a schema allows; what the shapes cannot say is allowed."""
    match schema:
        case {"$ref": str(target)}:
            return Named(target.rpartition("/")[2])
        case {"const": value}:
            return Exactly((value,))
        case {"enum": [*values]}:
            return Exactly(tuple(values))
        case {"anyOf": [*schemas]}:
            return either([shape(each) for each in schemas])
        case {"type": [*kinds]}:
            return either([_of_kind(str(kind), schema) for kind in kinds])
        case {"type": str(kind)}:
            return _of_kind(kind, schema)
        case _:
            return ANYTHING


def either(shapes: list[Shape]) -> Shape:
    """One of several shapes, each once."""
    found: list[Shape] = []
    for each in shapes:
        found += each.shapes if isinstance(each, Either) else (each,)
    alike = list(dict.fromkeys(found))
    return alike[0] if len(alike) == 1 else Either(tuple(alike))


def _of_kind(kind: str, schema: Json) -> Shape:
    match kind:
        case "array":
            return _listed(schema)
        case "object":
            return _object(schema)
        case "string" if schema.get("format") == "binary":
            return Plain("file")
        case _:
            return _PLAIN.get(kind, ANYTHING)


def _listed(schema: Json) -> Shape:
    if "prefixItems" in schema:
        return Fixed(tuple(shape(each) for each in schema["prefixItems"]))
    return Listed(shape(_schema(schema.get("items"))))


def _object(schema: Json) -> Shape:
    if "properties" not in schema:
        return Keyed(shape(_schema(schema.get("additionalProperties"))))
    required = schema.get("required", ())
    return Members(
        tuple(
            Member(name, shape(each), name in required, about(each))
            for name, each in schema["properties"].items()
        )
    )


def _schema(found: Any) -> Json:
    return found if isinstance(found, dict) else {}


def about(schema: Json) -> str:
    """What a schema says beyond types: its format, its bounds, its words."""
    said = [str(schema["format"])] if schema.get("format") not in (None, "int64", "double") else []
    if schema.get("format") != "decimal":  # whose bounds are in its words
        said += _bounds(schema)
    said += [str(schema["description"])] if "description" in schema else []
    return "; ".join(said)


def _bounds(schema: Json) -> Iterator[str]:
    for least, most, unit in _BOUNDS:
        low, high = _bound(schema.get(least)), _bound(schema.get(most))
        if low is not None and high is not None:
            yield f"{low} to {high}{unit}"
        elif low is not None:
            yield f"{low}{unit} or more"
        elif high is not None:
            yield f"up to {high}{unit}"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"


def _bound(value: Any) -> Any:
    """A bound worth telling: those of every 64-bit number go without saying."""
    return None if value is None or abs(value) >= 2**63 - 1 else value


_BOUNDS = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minimum", "maximum", ""),
)
