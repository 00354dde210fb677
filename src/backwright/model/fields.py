"""Builds the fields of entities: types with their limits, and the documented defaults that were applied."""

from __future__ import annotations

from backwright.model.formulas import Formulas, type_of
from backwright.model.naming import column
from backwright.model.types import Assumption, Field, ReferenceType, Scalar, ScalarType
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import EntityNode, FieldNode, SpecDocument

TEXT_LIMITS: dict[str, tuple[int | None, int]] = {
    "string": (None, 255),
    "text": (None, 65535),
    "email": (None, 254),
    "password": (8, 128),
}
KEY = "id"


def key_field(place: Place) -> Field:
    """The key of every entity."""
    return Field(name=KEY, column=KEY, type=ScalarType(scalar="uuid"), input=False, place=place)


def field_type(field: FieldNode, document: SpecDocument) -> ScalarType | ReferenceType | None:
    """The type of a field, or None when its declaration is wrong (a check says how)."""
    if field.ref is not None:
        target = field.ref.value
        inverse = None if field.inverse is None else field.inverse.value
        return None if document.entity(target) is None else ReferenceType(entity=target, inverse=inverse)
    if field.enum is not None:
        return ScalarType(scalar="enum", values=tuple(value.value for value in field.enum))
    if field.type is None or field.type.name in {"enum", "ref"}:
        return None
    least, most = TEXT_LIMITS.get(field.type.name, (None, None))
    scalar: Scalar = field.type.name  # type: ignore[assignment]  # the grammar allows only these
    return ScalarType(
        scalar=scalar,
        min=field.min.value if field.min is not None else least,
        max=field.max.value if field.max is not None else most,
    )


def build_fields(entity: EntityNode, document: SpecDocument) -> dict[str, Field]:
    """The key and every field whose type is right, without values yet."""
    built = {KEY: key_field(entity.place)}
    for node in entity.fields:
        kind = field_type(node, document)
        if kind is None or node.name.value in built:
            continue
        built[node.name.value] = Field(
            name=node.name.value,
            column=column(node),
            type=kind,
            nullable=node.nullable,
            unique=node.unique is not None and node.unique.value,
            input=node.input is None or node.input.value,
            was=None if node.was is None else node.was.value,
            place=node.place,
        )
    return built


def with_values(field: Field, node: FieldNode, formulas: Formulas) -> Field:
    """The field with its `default` and `set`."""
    expected = type_of(field)
    default = None if node.default is None else formulas.formula(node.default, formulas.scope(), expected)
    given = None if node.set is None else formulas.formula(node.set, formulas.scope(guarded=True), expected)
    return Field(
        name=field.name,
        column=field.column,
        type=field.type,
        nullable=field.nullable,
        unique=field.unique,
        default=default,
        set=given,
        input=field.input,
        was=field.was,
        place=field.place,
    )


def field_assumptions(entity: EntityNode, node: FieldNode, field: Field) -> list[Assumption]:
    """The defaults that were applied to one field."""
    subject = f"{entity.name.value}.{node.name.value}"
    if isinstance(field.type, ReferenceType):
        text = f"A row of {field.type.entity} cannot be deleted while {subject} refers to it."
        return [Assumption(subject=subject, text=text, role="architect")]
    limits = field.type
    if limits.scalar == "password" and (node.min is None or node.max is None):
        text = f"A password has {limits.min} to {limits.max} characters."
        return [Assumption(subject=subject, text=text, role="security")]
    if limits.scalar in TEXT_LIMITS and node.max is None:
        text = f"At most {limits.max} characters."
        return [Assumption(subject=subject, text=text, role="architect")]
    return []
