"""Constants of the model as SQL of one database: defaults, bounds, and what fills columns that are new."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal

from backwright.expr.typed import Constant, Expression, ListOf
from backwright.model.storage import Dialect, stored_type
from backwright.model.types import Field, ListType, Model, ScalarType

_PLAIN = re.compile(r"[^{},\"\\\s]+")  # what PostgreSQL leaves without quotes inside an array
_NOW: dict[tuple[Dialect, str], str] = {
    ("postgresql", "timestamp"): "now()",
    ("postgresql", "date"): "(now() AT TIME ZONE 'UTC')::date",
    ("sqlite", "timestamp"): "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
    ("sqlite", "date"): "date('now')",
}


def constant_default(model: Model, field: Field, dialect: Dialect) -> str | None:
    """The default as SQL, where it is a constant other than null. Ciphertext is made by the service alone."""
    if field.default is None or field.encrypted:
        return None
    return constant(field.default.meaning, stored_type(model, field.type), dialect)


def fill(model: Model, field: Field, dialect: Dialect) -> str | None:
    """What rows that exist get when the field is new: the default, or the first version."""
    if field.generated == "version":
        return "1"
    if field.default is None or field.encrypted:
        return None
    kind = stored_type(model, field.type)
    if is_constant(field.default.meaning):
        return constant(field.default.meaning, kind, dialect)
    return _NOW.get((dialect, kind.scalar)) if isinstance(kind, ScalarType) else None


def is_fleeting(value: str) -> bool:
    """Whether it is another value in each statement: SQLite's clock; PostgreSQL's stands still in a transaction."""
    return value in {clock for (dialect, _), clock in _NOW.items() if dialect == "sqlite"}


def is_constant(meaning: Expression) -> bool:
    """Whether it is one value, whoever asks and whenever: a constant, or a list of constants."""
    if isinstance(meaning, ListOf):
        return all(isinstance(item, Constant) for item in meaning.items)
    return isinstance(meaning, Constant)


def constant(meaning: Expression, kind: ScalarType | ListType, dialect: Dialect) -> str | None:
    """A constant as SQL; None for null, and for what is no constant."""
    if isinstance(meaning, ListOf) and isinstance(kind, ListType) and isinstance(kind.element, ScalarType):
        items = [item.value for item in meaning.items if isinstance(item, Constant)]
        if len(items) != len(meaning.items) or None in items:
            return None
        return _list([item for item in items if item is not None], kind.element, dialect)
    if not isinstance(meaning, Constant) or meaning.value is None or isinstance(kind, ListType):
        return None
    return scalar(meaning.value, kind, dialect)


def scalar(value: bool | int | float | str, kind: ScalarType, dialect: Dialect) -> str:
    """One value as SQL, as a column of this type holds it."""
    match kind.scalar:
        case "decimal" if dialect == "sqlite":
            return str(scaled(value, kind))
        case "decimal":
            return f"{Decimal(str(value)):.{kind.scale or 0}f}"
        case "double":
            return repr(float(value))
        case "timestamp" if dialect == "postgresql":  # as PostgreSQL itself prints it
            return text(_moment(str(value)))
        case _ if isinstance(value, bool):
            return str(value).lower() if dialect == "postgresql" else str(int(value))
        case _ if isinstance(value, int):
            return str(value)
        case _:
            return text(str(value))


def _moment(value: str) -> str:
    instant = datetime.fromisoformat(value)
    fraction = f"{instant:.%f}".rstrip("0").removesuffix(".")
    return f"{instant:%Y-%m-%d %H:%M:%S}{fraction}+00"


def scaled(value: bool | int | float | str | Decimal, kind: ScalarType) -> int:
    """A decimal as SQLite has it: in units of its last digit."""
    return int(Decimal(str(value)).scaleb(kind.scale or 0))


def text(value: str) -> str:
    """A string as SQL; backslashes have no meaning."""
    return "'" + value.replace("'", "''") + "'"


def _list(items: list[bool | int | float | str], element: ScalarType, dialect: Dialect) -> str:
    if dialect == "sqlite":
        return text("[" + ",".join(_json(item, element) for item in items) + "]")
    return text("{" + ",".join(_element(item, element) for item in items) + "}")


def _json(value: bool | int | float | str, element: ScalarType) -> str:
    """An element as JSON: as a column of its type would hold it alone, booleans as booleans."""
    if element.scalar == "decimal":
        return str(scaled(value, element))
    return json.dumps(value, ensure_ascii=False)


def _element(value: bool | int | float | str, element: ScalarType) -> str:
    """An element inside PostgreSQL's own text of an array, as it prints it: what is compared with the schema."""
    if element.scalar == "decimal":
        return f"{Decimal(str(value)):.{element.scale or 0}f}"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return str(value).removesuffix(".0")
    words = _moment(value) if element.scalar == "timestamp" else value
    if _PLAIN.fullmatch(words) and words.upper() != "NULL":
        return words
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
