"""What somebody registers with of whom a scenario says no more than the name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backwright.model.data import FieldType, InputField, ListType, ManyType, ScalarType


def particulars(members: Iterable[InputField], user: str) -> dict[str, Any]:
    """A value for each member that is required, by wire name.

    A row of another entity cannot be thought up: such a member is left out, and the answer says that it is missing
    unless the scenario names one.
    """
    wanted = [member for member in members if member.required]
    return {each.wire: _particular(each.type, user) for each in wanted if _possible(each.type)}


def _possible(type: FieldType) -> bool:
    match type:
        case ScalarType() | ManyType():
            return True
        case ListType():
            return not type.min or isinstance(type.element, ScalarType)
        case _:
            return False


def _particular(type: FieldType, user: str) -> Any:
    match type:
        case ScalarType():
            return _scalar(type, user)
        case ListType(element=ScalarType() as element):
            return [_scalar(element, user)] * (type.min or 0)
        case _:
            return []


def _scalar(type: ScalarType, user: str) -> Any:
    match type.scalar:
        case "email":
            return f"{user}@example.com"
        case "password":
            return f"correct horse {user}".ljust(type.min or 0, ".")[: type.max]
        case "integer":
            return type.min or 1
        case "double":
            return float(type.min or 0)
        case "decimal":
            return str(type.min or 0)
        case "boolean":
            return False
        case "enum":
            return type.values[0]
        case "date":
            return "2000-01-01"
        case "timestamp":
            return "2000-01-01T00:00:00Z"
        case "uuid":
            return "00000000-0000-7000-8000-000000000001"
        case "json":
            return {}
        case "bytes":
            return ""
        case _:
            return user.ljust(type.min or 0, "x")[: type.max]
