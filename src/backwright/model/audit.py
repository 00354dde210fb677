"""Companion entities: what `audit` adds to a specification, in the specification's own terms."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backwright.model.types import Audit, Verb
from backwright.spec.nodes import AccessNode, At, EntityNode, FieldNode, SpecDocument, TypeNode

ACTIONS = {"create": "created", "update": "updated", "delete": "deleted"}
VERBS: tuple[Verb, ...] = ("create", "update", "delete")


def with_companions(document: SpecDocument) -> SpecDocument:
    """The document with an entity `<Name>Audit` behind every entity that is audited."""
    if not any(entity.audit is not None for entity in document.entities):
        return document
    identity = document.auth.identity.value if document.auth is not None else None
    found: list[EntityNode] = []
    for entity in document.entities:
        found.append(entity)
        if entity.audit is not None:
            found.append(_companion(entity, identity))
    return msgspec.structs.replace(document, entities=tuple(found))


def audit_of(entity: EntityNode) -> Audit | None:
    """What is recorded of an entity's writes."""
    if entity.audit is None:
        return None
    named = {verb.value for verb in entity.audit.verbs or ()}
    verbs = tuple(verb for verb in VERBS if not named or verb in named)
    return Audit(into=companion_name(entity), verbs=verbs)


def companion_name(entity: EntityNode) -> str:
    """The name of the entity that holds the records of another."""
    return f"{entity.name.value}Audit"


def _companion(entity: EntityNode, identity: str | None) -> EntityNode:
    place = entity.audit.place if entity.audit is not None else entity.place

    def at(text: str) -> At[str]:
        return At(text, place)

    def scalar(name: str, kind: str, *, nullable: bool = False) -> FieldNode:
        closed = At(False, place)
        shown = TypeNode(place=place, name=kind, nullable=nullable)
        return FieldNode(place=place, name=at(name), type=shown, nullable=nullable, input=closed)

    def reference(name: str, target: str, on_delete: str, *, nullable: bool) -> FieldNode:
        return FieldNode(
            place=place,
            name=at(name),
            ref=at(target),
            nullable=nullable,
            input=At(False, place),
            on_delete=at(on_delete),
        )

    def fields() -> Iterator[FieldNode]:
        yield scalar("row", "string")
        actions = tuple(at(action) for action in ACTIONS.values())
        yield FieldNode(place=place, name=at("action"), enum=actions, input=At(False, place))
        yield scalar("at", "timestamp")
        if identity is not None:
            yield reference("caller", identity, "set_null", nullable=True)
        yield scalar("operation", "string")
        yield scalar("request_id", "string")
        yield scalar("before", "json", nullable=True)
        yield scalar("after", "json", nullable=True)
        tenant = entity.field(entity.tenancy.value) if entity.tenancy is not None else None
        if tenant is not None and tenant.ref is not None:
            yield reference(tenant.name.value, tenant.ref.value, "cascade", nullable=False)

    read = entity.audit.read if entity.audit is not None else None
    return EntityNode(
        place=place,
        name=at(companion_name(entity)),
        fields=tuple(fields()),
        access=AccessNode(place=place, verbs=((at("read"), read or at("none")),)),
        records=entity.name,
    )
