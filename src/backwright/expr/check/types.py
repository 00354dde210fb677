"""The types that the checker knows by heart, what is compatible, and what can be compared and ordered."""

from __future__ import annotations

import msgspec

from backwright.expr.typed import Type

NULL = Type("null", nullable=True)
INTEGER = Type("integer")
DOUBLE = Type("double")
STRING = Type("string")
TIMESTAMP = Type("timestamp")
DATE = Type("date")
DURATION = Type("duration")
MOST_DIGITS = 18  # of a decimal, on both sides of the point
DIVISION_SCALE = 6  # of a product, a quotient and an average of decimals

ORDERED = ("integer", "decimal", "double", "string", "date", "timestamp")
COMPARED = (*ORDERED, "boolean", "uuid", "enum", "entity", "bytes")


def compatible(left: Type, right: Type) -> bool:
    """Whether values of two types can be equal: same kind, same entity, and for enums a common value.

    Rows of an entity fit a list of its keys. How many digits decimals have does not matter.
    """
    if "null" in (left.kind, right.kind):
        return True
    if {left.kind, right.kind} == {"rows", "list"}:
        rows, keys = (left, right) if left.kind == "rows" else (right, left)
        return keys.element is not None and compatible(keys.element, Type("entity", entity=rows.entity))
    if left.kind != right.kind or left.entity != right.entity:
        return False
    match left.kind:
        case "enum":
            return bool(set(left.values) & set(right.values))
        case "list":
            return left.element is None or right.element is None or compatible(left.element, right.element)
        case "record":
            mine, other = dict(left.members), dict(right.members)
            return mine.keys() == other.keys() and all(compatible(mine[name], other[name]) for name in mine)
        case _:
            return True


def joined(left: Type, right: Type) -> Type:
    """The type of a value that is of one of two compatible types."""
    first, second = (right, left) if left.kind == "null" else (left, right)
    nullable = left.nullable or right.nullable
    replace = msgspec.structs.replace
    if second.kind == "null":
        return replace(first, nullable=nullable)
    match first.kind:
        case "decimal":
            return replace(first, nullable=nullable, scale=max(first.scale or 0, second.scale or 0))
        case "enum":
            values = tuple(dict.fromkeys([*first.values, *second.values]))
            return replace(first, nullable=nullable, values=values)
        case "list" if first.element is not None and second.element is not None:
            return replace(first, nullable=nullable, element=joined(first.element, second.element))
        case "list":
            return replace(first, nullable=nullable, element=first.element or second.element)
        case _:
            return replace(first, nullable=nullable)


def certain(kind: Type) -> Type:
    """The type without null."""
    return msgspec.structs.replace(kind, nullable=False)


def maybe(kind: Type, nullable: bool) -> Type:
    """The type, with null where `nullable` says so or it already was possible."""
    return msgspec.structs.replace(kind, nullable=kind.nullable or nullable)


def decimal(scale: int, nullable: bool = False) -> Type:
    return Type("decimal", nullable, scale=scale)


def mend_value(text: str, kind: Type) -> str:
    """What to write instead of rows or of a duration, where one value is needed."""
    if kind.kind == "duration":
        return "add it to a timestamp, or subtract it from one: now + duration('1h')"
    return f"ask {text}.exists(…) or size({text})"
