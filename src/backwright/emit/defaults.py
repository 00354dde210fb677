"""Constants of the specification as Python writes them: defaults of members, and what absence means."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from backwright.emit.source import Source, imports, literal, source
from backwright.expr.fold import fold
from backwright.expr.typed import Constant, Expression, ListOf, Type
from backwright.model.types import FieldType, Formula, ListType, ScalarType
from backwright_runtime.arithmetic import in_scale


def constant(formula: Formula | None) -> Constant | ListOf | None:
    """The constant, or the list of constants, that a default is; None where it has to be computed."""
    if formula is None:
        return None
    meaning = fold(formula.meaning)
    match meaning:
        case Constant():
            return meaning
        case ListOf(items=items) if all(isinstance(item, Constant) for item in items):
            return meaning
        case _:
            return None


def python(value: Expression, kind: FieldType | Type | None = None) -> Source:
    """How Python writes a constant, as a value of a field of that type."""
    match value:
        case ListOf(items=items):
            element = kind.element if isinstance(kind, ListType) else None
            written = [python(item, element) for item in items]
            return source(f"[{', '.join(each.text for each in written)}]", *written)
        case Constant(value=given, type=of):
            return source("None") if given is None else _scalar(given, of, kind)
        case _:
            raise TypeError(f"{type(value).__name__} is no constant")


def _scalar(given: str | float | bool, of: Type, kind: FieldType | Type | None) -> Source:
    scalar = kind.scalar if isinstance(kind, ScalarType) else of.kind
    match scalar:
        case "decimal":
            scale = kind.scale if isinstance(kind, ScalarType) else of.scale
            text = str(given) if scale is None else str(in_scale(Decimal(str(given)), scale))
            return source(f"Decimal({literal(text)})", imports("decimal", "Decimal"))
        case "double":
            return source(literal(float(given)))
        case "date":
            day = date.fromisoformat(str(given))
            return source(f"date({day.year}, {day.month}, {day.day})", imports("datetime", "date"))
        case "timestamp":
            at = datetime.fromisoformat(str(given)).astimezone(UTC)
            parts = [at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond]
            while len(parts) > 3 and not parts[-1]:
                parts.pop()
            listed = ", ".join(map(str, parts))
            return source(f"datetime({listed}, tzinfo=UTC)", imports("datetime", "UTC", "datetime"))
        case "uuid":
            return source(f"UUID({literal(str(given))})", imports("uuid", "UUID"))
        case _:
            return source(literal(given))
