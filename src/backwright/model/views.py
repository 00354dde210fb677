"""Views: what callers see of the rows of an entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backwright.expr.typed import Type
from backwright.model.expand.building import Building, ViewHead
from backwright.model.expand.codes import UNKNOWN, VIEW_MEMBER, WIRE
from backwright.model.expand.inputs import declared
from backwright.model.expand.orders import total
from backwright.model.formulas import Formulas, Unresolved, type_of
from backwright.model.shapes import Shapes
from backwright.model.types import (
    Each,
    Entity,
    Field,
    ManyType,
    ScalarType,
    ShapeMember,
    Value,
    View,
    ViewField,
)
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import At, SpecDocument, ViewNode


def build_views(document: SpecDocument, entities: Iterable[Entity], formulas: Formulas) -> tuple[View, ...]:
    """Every view: those of the specification, and for each entity without one of its name, its own."""
    building = Building(document, entities, {}, None, formulas)
    building.heads.update(view_heads(building))
    declared_names = {node.name.value for node in document.views}
    own = (_default(entity, building) for entity in building.entities.values())
    writer = _Views(building)
    return (
        *(view for view in own if view.name not in declared_names),
        *(view for node in document.views if (view := writer.view(node)) is not None),
    )


def view_heads(building: Building) -> dict[str, ViewHead]:
    """What can be said about each view before it is built."""
    heads = {name: ViewHead(name, name, {}) for name in building.entities}
    nodes = {node.name.value: node for node in building.document.views}
    for node in building.document.views:
        line = list(_line(node, nodes))
        entity = next((at.of.value for at in line if at.of is not None), None)
        if entity is None or entity not in building.entities:
            heads.pop(node.name.value, None)
            continue
        arguments: dict[str, Type] = {}
        for at in reversed(line):
            for argument in at.arguments:
                member = declared(argument, building)
                if member is not None:
                    typed_like = Field(
                        name=member.name, column=member.name, type=member.type, nullable=member.nullable
                    )
                    arguments[member.name] = type_of(typed_like)
        heads[node.name.value] = ViewHead(node.name.value, entity, arguments)
    return heads


def _line(node: ViewNode, nodes: dict[str, ViewNode]) -> Iterator[ViewNode]:
    """A view and those it extends, nearest first; a circle ends where it began."""
    seen: set[str] = set()
    at: ViewNode | None = node
    while at is not None and at.name.value not in seen:
        seen.add(at.name.value)
        yield at
        at = nodes.get(at.extends.value) if at.extends is not None else None


class _Views:
    """Builds the views of a specification, each once."""

    def __init__(self, building: Building) -> None:
        self.building = building
        self.nodes = {node.name.value: node for node in building.document.views}

    def view(self, node: ViewNode) -> View | None:
        """A view with what it extends; None where its entity is not known."""
        building = self.building
        if node.of is not None:
            building.entity(node.of)
        line = list(_line(node, self.nodes))
        self._check_extends(node, line)
        head = building.heads.get(node.name.value)
        if head is None:
            return None
        entity = building.entities[head.entity]
        scope = building.formulas.scope(entity.name, bindings=head.arguments)
        shapes = Shapes(building, scope)
        fields: dict[str, ViewField] = {}
        shape: dict[str, ShapeMember] = {}
        for at in reversed(line):
            listed: set[str] = set()
            for name in at.fields:
                found = _member(name, entity, building)
                if isinstance(found, ViewField):
                    fields[found.wire] = found
                elif found is not None:
                    shape[found.wire] = found
                if found is not None and found.wire in listed:
                    message = f"`{name.value}` is there twice"
                    building.refuse(WIRE, name.place, message, "name each field once")
                listed |= {found.wire} if found is not None else set()
            for member in shapes.members(at.shape):
                if member.wire in listed:
                    message = f"`{member.wire}` is one of the `fields` as well"
                    building.refuse(WIRE, at.place, message, "leave one of them out")
                fields.pop(member.wire, None)
                shape[member.wire] = member
        return View(
            name=node.name.value,
            entity=entity.name,
            fields=tuple(fields.values()),
            shape=tuple(shape.values()),
            arguments=tuple(head.arguments),
            place=node.place,
        )

    def _check_extends(self, node: ViewNode, line: list[ViewNode]) -> None:
        building = self.building
        last = line[-1]
        if node.extends is None:
            if node.of is None:
                message = f"the view `{node.name.value}` is of no entity"
                building.refuse(VIEW_MEMBER, node.place, message, "write `of: Entity` or `extends: View`")
            return
        if node.of is not None:
            message = f"the view `{node.name.value}` has both `of` and `extends`"
            building.refuse(VIEW_MEMBER, node.of.place, message, "remove `of`: it is that of the other view")
        if node.extends.value not in self.nodes:
            building.unknown(UNKNOWN, node.extends, "view", self.nodes)
        elif last.extends is not None and last.extends.value in {at.name.value for at in line}:
            message = f"the view `{node.name.value}` extends itself"
            building.refuse(VIEW_MEMBER, node.extends.place, message, "let one of them name its entity")


def _member(name: At[str], entity: Entity, building: Building) -> ViewField | ShapeMember | None:
    """One of the `fields` of a view: a stored field or a computed value."""
    field = building.fields[entity.name].get(name.value)
    if field is not None:
        if _is_secret(field):
            message = f"`{name.value}` is a password"
            building.refuse(VIEW_MEMBER, name.place, message, "leave it out: passwords are in no view")
            return None
        return _shown(field, entity, name.place, building)
    computed = [value.name for value in entity.computed]
    if name.value in computed:
        wire = building.wire(name.value)
        return _value(wire, name.value, entity, name.place, building)
    written = building.nodes.get(entity.name)
    broken: set[str] = set()
    if written is not None:
        broken = {at.name.value for at in written.fields} | {at.name.value for at in written.computed}
    if name.value not in broken:
        known = [*building.fields[entity.name], *computed]
        building.unknown(UNKNOWN, name, f"field of {entity.name} called", known)
    return None


def _shown(field: Field, entity: Entity, place: Place, building: Building) -> ViewField | ShapeMember | None:
    """A stored field: as it is, or where rules decide who sees what of it, as an expression."""
    wire = building.field_wire(field)
    if isinstance(field.type, ManyType):
        return _keys(wire, field, field.type, entity, place, building)
    if field.read is not None:
        return _value(wire, field.name, entity, place, building)
    return ViewField(wire=wire, field=field.name)


def _value(wire: str, name: str, entity: Entity, place: Place, building: Building) -> ShapeMember | None:
    scope = building.formulas.scope(entity.name)
    try:
        value = building.formulas.made(f"this.{name}", place, scope)
    except Unresolved:
        return None
    return ShapeMember(wire=wire, shape=Value(value=value))


def _keys(
    wire: str, field: Field, kind: ManyType, entity: Entity, place: Place, building: Building
) -> ShapeMember | None:
    """The keys of the rows that a many-to-many field lists, as far as the caller may read them."""
    target = building.entities.get(kind.entity)
    if target is None:
        return None
    try:
        rows = building.formulas.made(f"this.{field.name}", place, building.formulas.scope(entity.name))
    except Unresolved:
        return None
    row = building.formulas.made("this", place, building.formulas.scope(target.name))
    return ShapeMember(wire=wire, shape=Each(rows=rows, shape=Value(value=row), order=total((), target)))


def _default(entity: Entity, building: Building) -> View:
    """The view of an entity that has none of its own: everything but secrets, files and what is internal."""
    fields: list[ViewField] = []
    shape: list[ShapeMember] = []
    for field in entity.fields:
        if _is_secret(field) or _is_file(field) or field.name == entity.soft_delete:
            continue
        found = _shown(field, entity, entity.place, building)
        if isinstance(found, ViewField):
            fields.append(found)
        elif found is not None:
            shape.append(found)
    return View(name=entity.name, entity=entity.name, fields=tuple(fields), shape=tuple(shape))


def _is_secret(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar == "password"


def _is_file(field: Field) -> bool:
    return isinstance(field.type, ScalarType) and field.type.scalar == "bytes"
