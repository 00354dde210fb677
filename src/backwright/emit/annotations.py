"""The Python type of every stored, received and computed value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from backwright.emit.source import Source, imports, literal, source
from backwright.expr.typed import Type
from backwright.model.types import (
    Field,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    RecordType,
    ReferenceType,
    Scalar,
    ScalarType,
)

UUID = source("UUID", imports("uuid", "UUID"))
UNSET_TYPE = source("UnsetType", imports("msgspec", "UnsetType"))
UNSET = source("UNSET", imports("msgspec", "UNSET"))
_ANNOTATED = imports("typing", "Annotated") | imports("msgspec", "Meta")
_SCALE = imports("backwright_runtime", "Scale")
EMAIL_LENGTH = 254
SMALLEST, LARGEST = -(2**63), 2**63 - 1
_STR, _INT, _BOOL, _FLOAT, _BYTES = map(source, ("str", "int", "bool", "float", "bytes"))
_DECIMAL = source("Decimal", imports("decimal", "Decimal"))
_DATE = source("date", imports("datetime", "date"))
_DATETIME = source("datetime", imports("datetime", "datetime"))
_TIMEDELTA = source("timedelta", imports("datetime", "timedelta"))
_JSON = source("Json", imports("backwright_runtime", "Json"))
_RECORD = source("Struct", imports("msgspec", "Struct"))


def annotation(kind: FieldType, model: Model, *, nullable: bool = False) -> Source:
    """The type of a value of a field or of a member of a request, without its limits.

    A reference is the key of the row it refers to; a record is some struct, whose class its request knows.
    """
    return optional(_annotation(kind, model), nullable)


def _annotation(kind: FieldType, model: Model) -> Source:
    match kind:
        case ScalarType(scalar=scalar, values=values):
            return _scalar(scalar, values)
        case ReferenceType(entity=entity):
            return key(entity, model)
        case ManyType(entity=entity):
            return listed(key(entity, model))
        case ListType(element=element):
            return listed(_annotation(element, model))
        case RecordType():
            return _RECORD
        case _:
            assert_never(kind)


def _scalar(scalar: Scalar, values: tuple[str, ...]) -> Source:
    match scalar:
        case "string" | "text" | "email" | "password" | "slug" | "token":
            return _STR
        case "integer":
            return _INT
        case "decimal":
            return _DECIMAL
        case "double":
            return _FLOAT
        case "boolean":
            return _BOOL
        case "date":
            return _DATE
        case "timestamp":
            return _DATETIME
        case "uuid":
            return UUID
        case "enum":
            return choices(values)
        case "json":
            return _JSON
        case "bytes":
            return _BYTES
        case _:
            assert_never(scalar)


def of_expression(kind: Type, model: Model) -> Source:
    """The type of the value of an expression. A row stands for its key, rows for the list of their keys."""
    match kind.kind:
        case "null":
            return source("None")
        case "boolean":
            found = _BOOL
        case "integer":
            found = _INT
        case "decimal":
            found = _DECIMAL
        case "double":
            found = _FLOAT
        case "string":
            found = _STR
        case "bytes":
            found = _BYTES
        case "json":
            found = _JSON
        case "date":
            found = _DATE
        case "timestamp":
            found = _DATETIME
        case "duration":
            found = _TIMEDELTA
        case "uuid":
            found = UUID
        case "enum":
            found = choices(kind.values)
        case "entity":
            found = key(kind.entity or "", model)
        case "rows":
            found = listed(key(kind.entity or "", model))
        case "list":
            found = listed(of_expression(kind.element or Type("null"), model))
        case "record":
            found = _RECORD
        case _:
            assert_never(kind.kind)
    return optional(found, kind.nullable)


def key(entity: str, model: Model) -> Source:
    """The type of the key of an entity's rows: a tuple where it is composite."""
    of = model.entity(entity)
    parts = [_annotation(of.field(name).type, model) for name in of.keys]
    if len(parts) == 1:
        return parts[0]
    return source(f"tuple[{', '.join(part.text for part in parts)}]", *parts)


def choices(values: Iterable[str]) -> Source:
    """One of a closed set of words."""
    written = ", ".join(literal(value) for value in values)
    return source(f"Literal[{written}]", imports("typing", "Literal"))


def listed(element: Source) -> Source:
    """A list of such values."""
    return source(f"list[{element}]", element)


def optional(kind: Source, nullable: bool) -> Source:
    """The type, or null."""
    return source(f"{kind} | None", kind) if nullable else kind


# What is received ------------------------------------------------------------------------------------


def received(field: InputField, model: Model, *, form: bool = False) -> Source:
    """The type of a member of a request with everything that limits it, as the runtime reads it.

    `form`: it is a member of a form, where an empty text says null unless it is free text.
    """
    is_word = form and field.nullable and is_scalar(field.type, "slug", "token", "password")
    return _received(field.type, field, model, is_word=is_word)


def _received(kind: FieldType, field: InputField, model: Model, *, is_word: bool) -> Source:
    match kind:
        case ScalarType():
            return limited(kind, matches=field.matches, folded=field.folded, is_word=is_word)
        case ReferenceType(entity=entity):
            return received_key(entity, model)
        case ManyType(entity=entity, max=most):
            return sized(received_key(entity, model), None, most)
        case ListType(element=element, min=least, max=most):
            return sized(_received(element, field, model, is_word=False), least, most)
        case RecordType():
            return _RECORD
        case _:
            assert_never(kind)


def received_key(entity: str, model: Model) -> Source:
    """The type of a reference in a request: that of the key of the row that is meant."""
    of = model.entity(entity)
    kind = of.field(of.key).type
    if isinstance(kind, ReferenceType):
        return received_key(kind.entity, model)
    return limited(kind) if isinstance(kind, ScalarType) else annotation(kind, model)


def sized(element: Source, least: int | None, most: int) -> Source:
    """A list of so many values."""
    low = f"min_length={least}, " if least else ""
    return source(f"Annotated[list[{element}], Meta({low}max_length={most})]", element, _ANNOTATED)


def limited(
    kind: ScalarType, *, matches: str | None = None, folded: bool = False, is_word: bool = False
) -> Source:
    """The type of a value of one column with its limits."""
    match kind.scalar:
        case "email" if kind.min is None and kind.max in (None, EMAIL_LENGTH) and matches is None:
            return source("Email", imports("backwright_runtime", "Email"))
        case "string" | "text" | "slug" | "token" | "password" | "email":
            return annotated(_STR, *_text_limits(kind, matches, folded=folded, is_word=is_word))
        case "bytes":
            media = ", ".join(literal(each) for each in kind.media)
            allowed = source(f"Media({media})", imports("backwright_runtime", "Media"))
            return annotated(_BYTES, *([allowed] if media else []), *_lengths(kind))
        case "integer":
            low = "-(2**63)" if kind.min is None else kind.min
            high = "2**63 - 1" if kind.max is None else kind.max
            return annotated(_INT, *_meta(f"ge={low}", f"le={high}"))  # bounded, it is decoded at once
        case "double":
            return annotated(_FLOAT, *_bounds(kind))
        case "decimal":
            bounds = "".join(f", {name}={value}" for name, value in _least_and_most(kind))
            scale = source(f"Scale({kind.scale or 0}{bounds})", _SCALE)
            return annotated(_DECIMAL, scale)
        case "boolean" | "date" | "timestamp" | "uuid" | "enum" | "json":
            return _scalar(kind.scalar, kind.values)
        case _:
            assert_never(kind.scalar)


def _text_limits(kind: ScalarType, matches: str | None, *, folded: bool, is_word: bool) -> list[Source]:
    found = [source("WORD", imports("backwright_runtime", "WORD"))] if is_word else []
    if kind.scalar == "email":
        found.append(source("EMAIL_ADDRESS", imports("backwright_runtime", "EMAIL_ADDRESS")))
    elif folded:
        found.append(source("FOLDED", imports("backwright_runtime", "FOLDED")))
    if matches is not None:
        found.append(source(f"Pattern({pattern(matches)})", imports("backwright_runtime", "Pattern")))
    return found + _lengths(kind)


def _lengths(kind: ScalarType) -> list[Source]:
    low = f"min_length={kind.min}" if kind.min else ""
    high = f"max_length={kind.max}" if kind.max is not None else ""
    return _meta(low, high)


def _bounds(kind: ScalarType) -> list[Source]:
    return _meta(*(f"{name}={value}" for name, value in _least_and_most(kind)))


def _least_and_most(kind: ScalarType) -> list[tuple[str, int]]:
    bounds = (("ge", kind.min), ("le", kind.max))
    return [(name, value) for name, value in bounds if value is not None]


def _meta(*arguments: str) -> list[Source]:
    given = ", ".join(each for each in arguments if each)
    return [source(f"Meta({given})", imports("msgspec", "Meta"))] if given else []


def annotated(kind: Source, *remarks: Source) -> Source:
    """A type with remarks; the bare type without any."""
    if not remarks:
        return kind
    listed = ", ".join(remark.text for remark in remarks)
    return source(f"Annotated[{kind}, {listed}]", kind, imports("typing", "Annotated"), *remarks)


def pattern(text: str) -> str:
    """A regular expression as Python writes it: raw where it can be."""
    raw = text.isprintable() and "\\" in text and '"' not in text and not text.endswith("\\")
    return f'r"{text}"' if raw else literal(text)


# What is stored --------------------------------------------------------------------------------------


def stored_as(field: Field, model: Model) -> Source:
    """The type of a column in a row: decimals say their digits, so that every database gives the same.

    What is encrypted is text there.
    """
    if field.encrypted:
        return optional(_STR, field.nullable)
    return optional(_stored(field.type, model), field.nullable)


def _stored(kind: FieldType, model: Model) -> Source:
    match kind:
        case ScalarType(scalar="decimal", scale=scale):
            return annotated(_DECIMAL, source(f"Scale({scale or 0})", _SCALE))
        case ListType(element=element):
            return listed(_stored(element, model))
        case ReferenceType(entity=entity):
            of = model.entity(entity)
            return _stored(of.field(of.key).type, model)
        case ScalarType() | ManyType() | RecordType():
            return _annotation(kind, model)
        case _:
            assert_never(kind)


def is_scalar(kind: FieldType, *scalars: str) -> bool:
    """Whether a type is one of these scalars."""
    return isinstance(kind, ScalarType) and kind.scalar in scalars
