"""Builds the fields of entities: types with their limits, keys, and the documented defaults that were applied."""

from __future__ import annotations

import msgspec

from backwright.model.formulas import Formulas, type_of
from backwright.model.naming import camel, column
from backwright.model.types import (
    Assumption,
    Field,
    FieldType,
    Formula,
    Generated,
    ListType,
    ManyType,
    OnDelete,
    ReferenceType,
    Rule,
    Scalar,
    ScalarType,
)
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import At, EntityNode, FieldNode, SpecDocument

TEXT_LIMITS: dict[str, tuple[int | None, int]] = {
    "string": (None, 255),
    "text": (None, 65535),
    "email": (None, 254),
    "password": (8, 128),
    "slug": (1, 80),
    "bytes": (None, 1_048_576),
}
KEY = "id"
VERSION = "version"
DELETED = "deleted_at"
MOST_ITEMS = 100
SCALE = 2
MADE_KEYS: dict[str, tuple[Scalar, Generated | None]] = {
    "uuid": ("uuid", None),
    "sequence": ("integer", "sequence"),
    "token": ("token", "token"),
}


def key_field(name: str, made: str, place: Place) -> Field:
    """A key that the service makes."""
    scalar, generated = MADE_KEYS.get(made, MADE_KEYS["uuid"])
    kind = ScalarType(scalar=scalar)
    return Field(name=name, column=name, type=kind, input=False, generated=generated, place=place)


def has_own_key(entity: EntityNode) -> bool:
    """Whether the key is made of fields that the author declared."""
    return bool(entity.keys) and entity.key_type is None


def made_key(entity: EntityNode) -> str | None:
    """The name of the key that the service makes; None where the author declared one."""
    if has_own_key(entity):
        return None
    return entity.keys[0].value if entity.keys else KEY


def field_type(node: FieldNode, document: SpecDocument) -> FieldType | None:
    """The type of a field, or None when its declaration is wrong (a check says how)."""
    if node.ref is not None:
        return _reference(node, node.ref, document)
    if node.refs is not None:
        if document.entity(node.refs.value) is None:
            return None
        return ManyType(
            entity=node.refs.value,
            inverse=_word(node.inverse),
            max=node.max.value if node.max else MOST_ITEMS,
        )
    if node.list is not None:
        return _list(node, node.list, document)
    if node.states is not None:
        return ScalarType(scalar="enum", values=tuple(name.value for name in node.states.names))
    if node.enum is not None:
        return ScalarType(scalar="enum", values=tuple(value.value for value in node.enum))
    if node.type is None or node.type.name in {"enum", "ref"}:
        return None
    return _scalar(node, node.type.name)


def _scalar(node: FieldNode, name: str) -> ScalarType:
    scalar: Scalar = name  # type: ignore[assignment]  # the grammar allows only these
    least, most = TEXT_LIMITS.get(name, (None, None))
    return ScalarType(
        scalar=scalar,
        min=node.min.value if node.min is not None else least,
        max=node.max.value if node.max is not None else most,
        scale=None if name != "decimal" else node.scale.value if node.scale is not None else SCALE,
        media=tuple(media.value for media in node.media or ()),
    )


def _reference(node: FieldNode, target: At[str], document: SpecDocument) -> ReferenceType | None:
    entity = document.entity(target.value)
    if entity is None:
        return None
    on_delete: OnDelete = "restrict" if node.on_delete is None else node.on_delete.value  # type: ignore[assignment]
    return ReferenceType(entity=target.value, inverse=_word(node.inverse), on_delete=on_delete)


def _list(node: FieldNode, element: FieldNode, document: SpecDocument) -> ListType | None:
    kind = field_type(element, document)
    if not isinstance(kind, ScalarType | ReferenceType):
        return None
    least = None if node.min is None else node.min.value
    return ListType(element=kind, min=least, max=MOST_ITEMS if node.max is None else node.max.value)


def _word(found: At[str] | None) -> str | None:
    return None if found is None else found.value


def _flag(found: At[bool] | None) -> bool:
    return found is not None and found.value


def build_fields(entity: EntityNode, document: SpecDocument) -> dict[str, Field]:
    """The key and every field whose type is right, without values yet. A declared key comes first."""
    made = made_key(entity)
    built: dict[str, Field] = {}
    if made is not None:
        way = entity.key_type.value if entity.key_type is not None else "uuid"
        built[made] = key_field(made, way, entity.place)
    natural = {name.value for name in entity.keys} if has_own_key(entity) else set()
    for node in sorted(entity.fields, key=lambda field: field.name.value not in natural):
        name = node.name.value
        found = field_type(node, document)
        if found is not None and name not in built:
            built[name] = _field(node, found, entity, is_key=name in natural)
    place = entity.place
    if _flag(entity.version) and VERSION not in built:
        kind = ScalarType(scalar="integer")
        built[VERSION] = Field(
            name=VERSION, column=VERSION, type=kind, input=False, generated="version", place=place
        )
    if _flag(entity.soft_delete) and DELETED not in built:
        moment = ScalarType(scalar="timestamp")
        built[DELETED] = Field(
            name=DELETED, column=DELETED, type=moment, nullable=True, input=False, place=place
        )
    names = document.service.names
    if names is not None and names.value == "camelCase":
        return {name: _named_on_the_wire(field) for name, field in built.items()}
    return built


def _named_on_the_wire(field: Field) -> Field:
    """The field with its name in requests and answers, where that is not its own."""
    name = field.wire or camel(field.name)
    return field if name == field.name else msgspec.structs.replace(field, wire=name)


def _field(node: FieldNode, kind: FieldType, entity: EntityNode, *, is_key: bool) -> Field:
    scalar = kind.scalar if isinstance(kind, ScalarType) else None
    generated: Generated | None = "slug" if scalar == "slug" and node.source else None
    generated = "token" if scalar == "token" else generated
    tenant = entity.tenancy is not None and entity.tenancy.value == node.name.value
    return Field(
        name=node.name.value,
        column=column(node),
        type=kind,
        nullable=node.nullable,
        unique=_flag(node.unique),
        input=generated is None and node.states is None and (node.input is None or node.input.value),
        generated=generated,
        source=_word(node.source),
        same=_word(node.same),
        immutable=_flag(node.immutable) or is_key or tenant,
        folded=_flag(node.folded),
        personal=_flag(node.personal),
        encrypted=_flag(node.encrypted),
        matches=_word(node.matches),
        wire=_word(node.wire),
        was=_word(node.was),
        place=node.place,
    )


def with_rules(field: Field, node: FieldNode, entity: str, formulas: Formulas) -> Field:
    """The field with the rules about who may see and who may send its value."""

    def rule(written: At[str] | None) -> Rule | None:
        return None if written is None else formulas.rule(written, formulas.scope(entity))

    if node.read is None and node.write is None:
        return field
    return msgspec.structs.replace(field, read=rule(node.read), write=rule(node.write))


def with_values(field: Field, node: FieldNode, formulas: Formulas) -> Field:
    """The field with its `default`, `set` and `on_update`."""
    expected = type_of(field)

    def value(written: At[str] | None, *, guarded: bool = True) -> Formula | None:
        scope = formulas.scope(guarded=guarded)
        return None if written is None else formulas.needed(written, scope, expected)

    if node.default is None and node.set is None and node.on_update is None:
        return field
    return msgspec.structs.replace(
        field,
        default=value(node.default, guarded=False),
        set=value(node.set),
        on_update=value(node.on_update),
    )


def field_assumptions(entity: EntityNode, node: FieldNode, field: Field) -> list[Assumption]:
    """The defaults that were applied to one field."""
    subject = f"{entity.name.value}.{node.name.value}"
    if isinstance(field.type, ReferenceType):
        if node.on_delete is not None:
            return []
        text = f"A row of {field.type.entity} cannot be deleted while {subject} refers to it."
        return [Assumption(subject=subject, text=text, role="architect")]
    if isinstance(field.type, ListType | ManyType):
        if node.max is not None:
            return []
        return [Assumption(subject=subject, text=f"At most {field.type.max} of them.", role="architect")]
    limits = field.type
    if not isinstance(limits, ScalarType):
        return []
    if limits.scalar == "password" and (node.min is None or node.max is None):
        text = f"A password has {limits.min} to {limits.max} characters."
        return [Assumption(subject=subject, text=text, role="security")]
    if limits.scalar == "decimal" and node.scale is None:
        text = f"{limits.scale} digits behind the point."
        return [Assumption(subject=subject, text=text, role="architect")]
    if limits.scalar in TEXT_LIMITS and node.max is None:
        unit = "bytes" if limits.scalar == "bytes" else "characters"
        return [Assumption(subject=subject, text=f"At most {limits.max} {unit}.", role="architect")]
    return []
