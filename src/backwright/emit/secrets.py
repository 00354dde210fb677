"""Encrypted fields: what a ciphertext is bound to, and which have to be alike where they are equal."""

from __future__ import annotations

from backwright.model.types import Entity, Field, Model


def purpose_of(entity: Entity, field: Field) -> str:
    """What a ciphertext is bound to, so that it cannot be moved to another column: `person.diagnosis`."""
    return f"{entity.table}.{field.column}"


def is_compared(entity: Entity, field: Field) -> bool:
    """Whether equal values have to have equal ciphertexts: the field is a key, or part of one."""
    return field.unique or any(field.name == term.field for index in entity.indexes for term in index.terms)


def encrypted_fields(model: Model) -> list[tuple[Entity, Field]]:
    """Every encrypted field."""
    return [(entity, field) for entity in model.entities for field in entity.fields if field.encrypted]
