"""Builds who callers are and how they prove it."""

from __future__ import annotations

from backwright.model.types import Auth, Entity, Field, ScalarType
from backwright.spec.nodes import SpecDocument

TOKEN_MINUTES = 60
SCHEME = "Bearer"


def build_auth(document: SpecDocument, entities: tuple[Entity, ...]) -> Auth | None:
    """Authentication, or None where there is none or its declaration is wrong (a check says how)."""
    node = document.auth
    identity = next((e for e in entities if node is not None and e.name == node.identity.value), None)
    if node is None or identity is None:
        return None
    names = [field.name for field in identity.fields]
    passwords = [field.name for field in identity.fields if is_password(field)]
    if node.by.value not in names or not passwords:
        return None
    minutes = node.token_minutes.value if node.token_minutes is not None else TOKEN_MINUTES
    return Auth(
        identity=identity.name,
        by=node.by.value,
        password=passwords[0],
        flows=tuple(dict.fromkeys(flow.name.value for flow in node.flows)),
        token_seconds=minutes * 60,
        scheme=SCHEME if node.scheme is None else node.scheme.value,
        cookie=None if node.cookie is None else node.cookie.value,
        place=node.place,
    )


def is_password(field: Field) -> bool:
    """Whether a field holds a password."""
    return isinstance(field.type, ScalarType) and field.type.scalar == "password"
