"""What follows from how many rows an entity is declared to have."""

from __future__ import annotations

from backwright.model.data import LARGE_ROWS, Entity, Field, ScalarType


def is_large(entity: Entity) -> bool:
    """Whether reading its table from end to end takes longer than a caller waits."""
    return (entity.expected_rows or 0) >= LARGE_ROWS


def has_few_values(field: Field) -> bool:
    """Whether many rows have the same value of it by its type: to search for one needs no index of its own."""
    return isinstance(field.type, ScalarType) and (field.type.scalar == "boolean" or bool(field.type.values))
