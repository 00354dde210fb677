"""Members of requests: the type of each, and what its absence means."""

from __future__ import annotations

from backwright.model.expand.building import Building
from backwright.model.expand.codes import PARAMETER
from backwright.model.fields import field_type
from backwright.model.formulas import type_of
from backwright.model.types import (
    Field,
    FieldType,
    Formula,
    InputField,
    ListType,
    RecordType,
    ReferenceType,
    ScalarType,
)
from backwright.spec.nodes import At, FieldNode

LIST_MAX = 100  # elements of a list that the author does not limit


def declared(node: FieldNode, building: Building) -> InputField | None:
    """A parameter, or a member of a body, that an operation declares; None where its type is wrong."""
    like = None
    if node.like is not None:
        like = like_field(node.like, building)
        if like is None:
            return None
    kind = like.type if like is not None else input_type(node, building)
    if kind is None:
        return None
    nullable = node.nullable or (like is not None and like.nullable)
    default = _default(node, kind, building, nullable=nullable)
    return InputField(
        wire=node.wire.value if node.wire is not None else building.wire(node.name.value),
        name=node.name.value,
        type=kind,
        nullable=nullable,
        required=not nullable and default is None,
        default=default,
        matches=_matches(node, building),
        folded=like.folded if like is not None else node.folded is not None and node.folded.value,
        place=node.place,
    )


def of_field(field: Field, entity: str, building: Building, *, whole: bool) -> InputField:
    """The member of a body that fills a field.

    `whole`: the body says everything about the row, so that absence means the default, null, or a mistake; else
    absence means unchanged.
    """
    written = building.written.get((entity, field.name))
    return InputField(
        wire=building.field_wire(field),
        name=field.name,
        type=field.type,
        nullable=field.nullable,
        required=whole and not field.nullable and field.default is None,
        default=field.default if whole else None,
        matches=None if written is None or written.matches is None else written.matches.value,
        write=field.write,
        folded=field.folded,
        place=field.place,
    )


def filtering(name: str, like: Field, building: Building, node: At[str]) -> InputField:
    """An optional query parameter that is like a field."""
    return InputField(
        wire=building.wire(name), name=name, type=like.type, folded=like.folded, place=node.place
    )


def like_field(written: At[str], building: Building) -> Field | None:
    """The field that `like: Entity.field` names."""
    entity, _, name = written.value.partition(".")
    if entity not in building.entities:
        building.unknown(PARAMETER, At(entity, written.place), "entity", building.entities)
        return None
    fields = building.fields[entity]
    if name not in fields:
        building.unknown(PARAMETER, At(name, written.place), f"field of {entity} called", fields)
        return None
    return fields[name]


def input_type(node: FieldNode, building: Building) -> FieldType | None:
    """The type of a declared member: a scalar, a reference, a list, an object."""
    if node.object is not None:
        members = [declared(member, building) for member in node.object]
        known = tuple(member for member in members if member is not None)
        return RecordType(members=known) if len(known) == len(members) else None
    if node.list is not None:
        element = (
            input_type(node.list, building) if node.list.like is None else _like_type(node.list, building)
        )
        if element is None:
            return None
        if not isinstance(element, ScalarType | ReferenceType | RecordType):
            message = f"`{node.name.value}` is a list of lists"
            building.refuse(PARAMETER, node.place, message, "give each element an object with a list in it")
            return None
        return ListType(
            element=element,
            min=None if node.min is None else node.min.value,
            max=LIST_MAX if node.max is None else node.max.value,
        )
    if node.refs is not None:
        message = f"`{node.name.value}` lists rows"
        mend = "write `{list: {ref: …}}`"
        building.refuse(PARAMETER, node.place, message, mend)
        return None
    if node.ref is not None and node.ref.value not in building.entities:
        building.unknown(PARAMETER, node.ref, "entity", building.entities)
        return None
    found = field_type(node, building.document)
    if found is None:
        building.refuse(
            PARAMETER, node.place, f"the type of `{node.name.value}` is not known", "give it a type"
        )
    if isinstance(found, ReferenceType):
        target = building.entities.get(found.entity)
        if target is not None and target.composite:
            message = f"`{node.name.value}` refers to {target.name}, whose key is more than one value"
            mend = f"take {' and '.join(target.keys)} each on its own, and find the row by them"
            building.refuse(PARAMETER, node.place, message, mend)
            return None
    return found


def _like_type(node: FieldNode, building: Building) -> FieldType | None:
    field = None if node.like is None else like_field(node.like, building)
    return None if field is None else field.type


def _matches(node: FieldNode, building: Building) -> str | None:
    if node.matches is not None:
        return node.matches.value
    if node.like is None:
        return None
    entity, _, name = node.like.value.partition(".")
    written = building.written.get((entity, name))
    return None if written is None or written.matches is None else written.matches.value


def _default(node: FieldNode, kind: FieldType, building: Building, *, nullable: bool) -> Formula | None:
    if node.default is None:
        return None
    member = Field(name=node.name.value, column=node.name.value, type=kind, nullable=nullable)
    return building.formulas.formula(node.default, building.formulas.scope(), type_of(member))
