"""What the plan has to know of tables: which depends on which, and when two indexes are one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backwright.model.types import Entity, ReferenceType


def dependency_order(entities: Sequence[Entity]) -> list[Entity]:
    """Referenced entities first; otherwise as written. Within a cycle the order is as written."""
    remaining = {entity.name: entity for entity in entities}
    ordered: list[Entity] = []
    while remaining:
        ready = [entity for entity in remaining.values() if not _waits_for(entity) & remaining.keys()]
        for entity in ready or [next(iter(remaining.values()))]:
            ordered.append(remaining.pop(entity.name))
    return ordered


def _waits_for(entity: Entity) -> set[str]:
    targets = {field.type.entity for field in entity.fields if isinstance(field.type, ReferenceType)}
    return targets - {entity.name}


def stored_index(index: Any) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """An index as a plain value, reduced to what tells it from another: uniqueness and terms."""
    terms = ((term["field"], term.get("direction", "asc")) for term in index["terms"])
    return bool(index.get("unique", False)), tuple(terms)
