"""The JSON Schema of single values: what a type shows, and what it accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, assert_never
from typing import Literal as OneOf

from backwright.expr.typed import Type
from backwright.model.types import (
    Field,
    FieldType,
    ListType,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    ScalarType,
)

Json = dict[str, Any]
Written = OneOf["json", "text"]
"""How a value comes: as JSON, or as the text of an address or a form."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
DIGITS = 18
NULL: Json = {"type": "null"}
_NOT_EVERYWHERE = re.compile(r"\(\?(?!:)|\\[pPAzZCQEaGbB]|\[\[:|\\x\{|[*+?}]\+")
"""What RE2 reads, and regular expressions of JSON Schema (ECMA-262) do not, or otherwise."""


def ref(component: str) -> Json:
    """A schema of the components."""
    return {"$ref": f"#/components/schemas/{component}"}


def closed(properties: Json) -> Json:
    """An object whose members are all required."""
    return {"type": "object", "required": list(properties), "properties": properties}


def array(items: Json, least: int | None = None, most: int | None = None) -> Json:
    """A list of so many values."""
    size = {"minItems": least, "maxItems": most}
    return {"type": "array", "items": items, **{name: n for name, n in size.items() if n}}


def not_null(schema: Json) -> Json:
    """The schema without null: the inverse of `nullable`."""
    match schema:
        case {"anyOf": [only, {"type": "null"}]}:
            return dict(only)
        case {"anyOf": kinds}:
            return {"anyOf": [each for each in kinds if each != NULL]}
        case {"type": list(kinds)}:
            left = [each for each in kinds if each != "null"]
            changed = {**schema, "type": left[0] if len(left) == 1 else left}
            if "enum" in schema:
                changed["enum"] = [each for each in schema["enum"] if each is not None]
            return changed
        case _:
            return schema


def nullable(schema: Json, is_nullable: bool = True) -> Json:
    """The schema, or null."""
    if not is_nullable or not schema:
        return schema
    if "anyOf" in schema:
        return schema if NULL in schema["anyOf"] else {"anyOf": [*schema["anyOf"], NULL]}
    if "type" not in schema:
        return {"anyOf": [schema, NULL]}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in kinds:
        return schema
    changed = {**schema, "type": [*kinds, "null"]}
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def either(schemas: Iterable[Json]) -> Json:
    """One of several schemas, each once."""
    found: list[Json] = []
    for schema in schemas:
        if schema not in found:
            found.append(schema)
    return found[0] if len(found) == 1 else {"anyOf": found}


# What is shown ---------------------------------------------------------------------------------------


def stored(field: Field, model: Model) -> Json:
    """The schema of a field in an answer. The numbers that a service makes begin with 1."""
    schema = shown(field.type, model)
    return {**schema, "minimum": 1} if field.generated == "sequence" else schema


def shown(kind: FieldType, model: Model) -> Json:
    """The schema of a stored value in an answer."""
    match kind:
        case ScalarType(scalar="decimal", scale=scale):
            return decimal_text(scale or 0)
        case ScalarType(scalar="bytes"):
            return {"type": "string", "contentEncoding": "base64"}
        case ScalarType():
            return scalar(kind, "json")
        case ReferenceType(entity=entity):
            return key(entity, model)
        case ManyType(entity=entity):
            return array(key(entity, model))
        case ListType(element=element):
            return array(shown(element, model))
        case RecordType():
            raise TypeError("a record is the type of no field")
        case _:
            assert_never(kind)


def key(entity: str, model: Model) -> Json:
    """The schema of the key of an entity's rows."""
    of = model.entity(entity)
    return stored(of.field(of.key), model)


def computed(kind: Type, model: Model) -> Json:
    """The schema of the value of an expression; a row shows as its key."""
    return nullable(_computed(kind, model), kind.nullable)


def _computed(kind: Type, model: Model) -> Json:
    match kind.kind:
        case "null":
            return NULL
        case "boolean":
            return {"type": "boolean"}
        case "integer":
            return scalar(ScalarType(scalar="integer"), "json")
        case "decimal":
            return decimal_text(kind.scale)
        case "double":
            return {"type": "number", "format": "double"}
        case "string":
            return {"type": "string"}
        case "bytes":
            return {"type": "string", "contentEncoding": "base64"}
        case "json":
            return {"type": "object"}
        case "date":
            return {"type": "string", "format": "date"}
        case "timestamp":
            return {"type": "string", "format": "date-time"}
        case "duration":
            raise TypeError("a duration is not shown")
        case "uuid":
            return {"type": "string", "format": "uuid"}
        case "enum":
            return {"type": "string", "enum": list(kind.values)}
        case "entity":
            return key(kind.entity or "", model)
        case "rows":
            return array(key(kind.entity or "", model))
        case "list":
            return array(computed(kind.element or Type("null"), model))
        case "record":
            return closed({name: computed(each, model) for name, each in kind.members})
        case _:
            assert_never(kind.kind)


def decimal_text(scale: int | None) -> Json:
    """A decimal in an answer: text with all digits behind the point."""
    digits = r"(\.[0-9]+)?" if scale is None else rf"\.[0-9]{{{scale}}}" if scale else ""
    return {"type": "string", "format": "decimal", "pattern": f"^-?[0-9]+{digits}$"}


# What is accepted ------------------------------------------------------------------------------------


def scalar(kind: ScalarType, written: Written, matches: str | None = None) -> Json:
    """The schema of one value with its limits."""
    match kind.scalar:
        case "string" | "text" | "slug" | "token":
            return {"type": "string", **lengths(kind), **patterned(matches)}
        case "password" | "email":
            return {"type": "string", "format": kind.scalar, **lengths(kind), **patterned(matches)}
        case "integer":
            low = SMALLEST if kind.min is None else kind.min
            high = LARGEST if kind.max is None else kind.max
            return {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
        case "decimal":
            return decimal(kind, written)
        case "double":
            return {"type": "number", "format": "double", **bounds(kind)}
        case "boolean":
            return {"type": "boolean"}
        case "date" | "uuid":
            return {"type": "string", "format": kind.scalar}
        case "timestamp":
            return {"type": "string", "format": "date-time"}
        case "enum":
            return {"type": "string", "enum": list(kind.values)}
        case "json":
            return {"type": "object"}
        case "bytes":
            most = {} if kind.max is None else {"maxLength": -(-kind.max // 3) * 4}
            return {"type": "string", "contentEncoding": "base64", **most, **described(file_words(kind))}
        case _:
            assert_never(kind.scalar)


def lengths(kind: ScalarType) -> Json:
    """The limits of text, in code points as JSON Schema counts."""
    low = {"minLength": kind.min} if kind.min else {}
    return low | ({} if kind.max is None else {"maxLength": kind.max})


def bounds(kind: ScalarType) -> Json:
    """The limits of a number."""
    low = {} if kind.min is None else {"minimum": kind.min}
    return low | ({} if kind.max is None else {"maximum": kind.max})


def patterned(matches: str | None) -> Json:
    """The pattern of the whole text: in words where other regular expressions do not read it."""
    if matches is None:
        return {}
    if _NOT_EVERYWHERE.search(matches):
        return {"description": f"Matches the regular expression (RE2) {matches}"}
    whole = matches if "|" not in matches else f"(?:{matches})"
    return {"pattern": f"^{whole}$"}


def decimal(kind: ScalarType, written: Written) -> Json:
    """A decimal in a request: text, or in JSON a number as well."""
    scale = kind.scale or 0
    digits = rf"(\.[0-9]{{1,{scale}}}0*)?" if scale else r"(\.0+)?"
    sign = "" if kind.min is not None and kind.min >= 0 else "-?"
    schema: Json = {
        "type": ["string", "number"] if written == "json" else "string",
        "format": "decimal",
        "pattern": f"^{sign}[0-9]{{1,{DIGITS - scale}}}{digits}$",
    }
    limits = bounds(kind)
    if written == "json":
        most = 10 ** (DIGITS - scale)
        schema |= {"exclusiveMinimum": -most, "exclusiveMaximum": most, **limits}
    words = [f"At most {scale} digits behind the point, {DIGITS} in all."]
    words += [f"At least {limits['minimum']}."] if "minimum" in limits else []
    words += [f"At most {limits['maximum']}."] if "maximum" in limits else []
    return {**schema, "description": " ".join(words)}


def file_words(kind: ScalarType) -> str:
    """The limits of a file in words."""
    size = f"At least {kind.min} bytes. " if kind.min else ""
    size += "" if kind.max is None else f"At most {kind.max} bytes. "
    return f"{size}{' or '.join(kind.media)}".strip()


def described(words: str) -> Json:
    """A description, where there are words."""
    return {"description": words} if words else {}
