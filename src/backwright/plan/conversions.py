"""Which stored values become values of another type, and what is lost by it: a closed table.

What is not in it is refused. A conversion never guesses: a value that has no counterpart stands in the way, and is
named before anything begins. How the databases convert is `migrate/conversions.py`.
"""

from __future__ import annotations

from typing import Literal as OneOf

from backwright.model.types import FieldType, ManyType, ReferenceType, ScalarType
from backwright.plan.meaning import Renames

Loss = OneOf["nothing", "unfit", "digits"]
"""What does not come along: nothing; values without a counterpart, which stand in the way; digits, or the time."""

ALIKE = {"text": "string"}
"""Two names of one stored type."""

_BY_NAME: dict[tuple[str, str], Loss] = {
    ("boolean", "integer"): "nothing",
    ("boolean", "string"): "nothing",
    ("date", "string"): "nothing",
    ("date", "timestamp"): "nothing",
    ("decimal", "double"): "unfit",
    ("decimal", "integer"): "digits",
    ("decimal", "string"): "nothing",
    ("double", "decimal"): "digits",
    ("double", "integer"): "digits",
    ("email", "string"): "nothing",
    ("enum", "string"): "nothing",
    ("integer", "boolean"): "unfit",
    ("integer", "decimal"): "unfit",
    ("integer", "double"): "unfit",
    ("integer", "string"): "nothing",
    ("slug", "string"): "nothing",
    ("string", "boolean"): "unfit",
    ("string", "date"): "unfit",
    ("string", "decimal"): "unfit",
    ("string", "email"): "unfit",
    ("string", "enum"): "unfit",
    ("string", "integer"): "unfit",
    ("string", "slug"): "nothing",
    ("string", "timestamp"): "unfit",
    ("string", "uuid"): "unfit",
    ("timestamp", "date"): "digits",
    ("timestamp", "string"): "nothing",
    ("token", "string"): "nothing",
    ("uuid", "string"): "nothing",
}


def loss(before: FieldType, after: FieldType, renames: Renames) -> Loss | None:
    """What a conversion loses; None where there is none between the two."""
    match before, after:
        case ScalarType(), ScalarType():
            return _between(before, after)
        case ReferenceType(entity=old), ManyType(entity=new):
            return "nothing" if renames.entity_after(old) == new else None
        case ManyType(entity=old), ReferenceType(entity=new):
            return "unfit" if renames.entity_after(old) == new else None
        case _:
            return None


def comes_back(before: ScalarType, after: ScalarType) -> bool:
    """Whether each value that was converted comes back as it was, so that nothing has to be kept."""
    one, other = (ALIKE.get(each.scalar, each.scalar) for each in (before, after))
    # 1.5 and 1.50 are one number, A@b.c and a@b.c one address
    if (one, other) in (("string", "decimal"), ("string", "timestamp"), ("string", "email")):
        return False
    return _between(before, after) != "digits"


def _between(before: ScalarType, after: ScalarType) -> Loss | None:
    if before.media or after.media:
        return None
    one, other = (ALIKE.get(each.scalar, each.scalar) for each in (before, after))
    if one == other == "decimal":
        return "digits" if (after.scale or 0) < (before.scale or 0) else "unfit"
    return _BY_NAME.get((one, other))
