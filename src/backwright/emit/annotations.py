"""The Python type of every stored and every received value."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backwright.emit.emitted import NotEmitted, column_type
from backwright.emit.names import TAKEN_CLASSES, Names, pascal
from backwright.emit.source import NO_IMPORTS, Identifier, Source, imports, literal, source
from backwright.model.types import Field, FieldType, InputField, Model, Operation, ReferenceType, ScalarType

UUID = source("UUID", imports("uuid", "UUID"))
UNSET_TYPE = source("UnsetType", imports("msgspec", "UnsetType"))
UNSET = source("UNSET", imports("msgspec", "UNSET"))
_ANNOTATED = imports("typing", "Annotated") | imports("msgspec", "Meta")
SMALLEST, LARGEST = -(2**63), 2**63 - 1


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
