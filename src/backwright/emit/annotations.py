"""The Python type of every stored, received and computed value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from backwright.emit.emitted import NotEmitted, column_type
from backwright.emit.names import TAKEN_CLASSES, Names, pascal
from backwright.emit.source import NO_IMPORTS, Identifier, Source, imports, literal, source
from backwright.expr.typed import Type
from backwright.model.types import (
    Field,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    RecordType,
    ReferenceType,
    Scalar,
    ScalarType,
)

UUID = source("UUID", imports("uuid", "UUID"))
UNSET_TYPE = source("UnsetType", imports("msgspec", "UnsetType"))
UNSET = source("UNSET", imports("msgspec", "UNSET"))
_ANNOTATED = imports("typing", "Annotated") | imports("msgspec", "Meta")
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


# The narrow form, until its users are gone ----------------------------------------------------------


def plain(kind: FieldType) -> Source:
    """The type of a value without its limits. Raises NotEmitted for what is refused before."""
    one = column_type(kind)
    if isinstance(one, ReferenceType):
        return UUID
    match one.scalar:
        case "string" | "text" | "email" | "password":
            return source("str")
        case "integer":
            return source("int")
        case "boolean":
            return source("bool")
        case "date" | "timestamp":
            name = "date" if one.scalar == "date" else "datetime"
            return source(name, imports("datetime", name))
        case "uuid":
            return UUID
        case "enum":
            choices = ", ".join(literal(value) for value in one.values)
            return source(f"Literal[{choices}]", imports("typing", "Literal"))
        case _:
            raise NotEmitted(one)


def stored(field: Field) -> Source:
    """The type of a row's column."""
    kind = plain(field.type)
    return source(f"{kind} | None", kind) if field.nullable else kind


def shown(field: Field) -> Source:
    """The type of a view's member: timestamps are printed by the view."""
    is_timestamp = isinstance(field.type, ScalarType) and field.type.scalar == "timestamp"
    kind = source("str") if is_timestamp else plain(field.type)
    return source(f"{kind} | None", kind) if field.nullable else kind


def limits(kind: FieldType) -> str:
    """The arguments of `Meta` that limit a value; empty where nothing is limited."""
    if not isinstance(kind, ScalarType):
        return ""
    if kind.scalar in ("string", "text", "password"):
        low = f"min_length={kind.min}" if kind.min else ""
        high = f"max_length={kind.max}" if kind.max is not None else ""
        return ", ".join(each for each in (low, high) if each)
    if kind.scalar == "integer":
        low_value = "-(2**63)" if kind.min is None else kind.min
        high_value = "2**63 - 1" if kind.max is None else kind.max
        return f"ge={low_value}, le={high_value}"
    return ""


def limited(kind: FieldType) -> Source:
    """The type of a received value with its limits."""
    if isinstance(kind, ScalarType) and kind.scalar == "email":
        return source("Email", imports("backwright_runtime", "Email"))
    bounds = limits(kind)
    bare = plain(kind)
    return source(f"Annotated[{bare}, Meta({bounds})]", bare, _ANNOTATED) if bounds else bare


class Alias(msgspec.Struct, frozen=True):
    """A named type of the inputs module: `Title = Annotated[str, Meta(min_length=1, max_length=200)]`."""

    name: Identifier
    kind: FieldType


class Aliases(msgspec.Struct, frozen=True):
    """The named types of one model: where a limited type is used, its name is printed."""

    known: tuple[Alias, ...]

    def type_of(self, field: InputField) -> Source:
        """How a member's type is written."""
        name = next((a.name for a in self.known if _named_for(a, field)), None)
        return source(name) if name else limited(field.type)

    def declarations(self) -> list[Source]:
        """The statements that declare the names."""
        return [source(f"{alias.name} = {limited(alias.kind)}", limited(alias.kind)) for alias in self.known]


def _named_for(alias: Alias, field: InputField) -> bool:
    return alias.kind == field.type and alias.name.startswith(pascal(field.name))


def aliases(model: Model, names: Names) -> Aliases:
    """One name per field name and limits; a number tells apart fields of one name with different limits."""
    taken = {*TAKEN_CLASSES, *(str(names.row_class(entity)) for entity in names.plurals)}
    taken |= {str(names.input_class(operation)) for operation in model.operations}
    taken |= {str(names.query_class(operation)) for operation in model.operations}
    known: list[Alias] = []
    for field in input_fields(model.operations):
        worth_naming = limited(field.type).text.startswith("Annotated") or is_enum(field.type)
        found = Aliases(tuple(known)).type_of(field)
        if worth_naming and found.text == limited(field.type).text:
            name = _free(pascal(field.name), taken)
            taken.add(name)
            known.append(Alias(name, field.type))
    return Aliases(tuple(known))


def _free(name: str, taken: set[str]) -> Identifier:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return Identifier(free)


def input_fields(operations: Iterable[Operation]) -> list[InputField]:
    """Every member that any request may have."""
    found: list[InputField] = []
    for operation in operations:
        found.extend(operation.query)
        found.extend(operation.body.fields if operation.body else ())
    return found


def is_enum(kind: FieldType) -> bool:
    """Whether a value is one of a closed set."""
    return isinstance(kind, ScalarType) and kind.scalar == "enum"


def is_scalar(kind: FieldType, *scalars: str) -> bool:
    """Whether a type is one of these scalars."""
    return isinstance(kind, ScalarType) and kind.scalar in scalars


def no_source() -> Source:
    """Nothing at all."""
    return Source("", NO_IMPORTS)
