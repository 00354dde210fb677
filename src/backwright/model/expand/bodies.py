"""Request bodies: the fields of an entity by name, and members that an operation declares."""

from __future__ import annotations

import msgspec

from backwright.expr.typed import ListOf
from backwright.model.expand.building import Building
from backwright.model.expand.codes import BARE, BODY_MEMBER, PARAMETER, WIRE
from backwright.model.expand.draft import Draft, file_members, input_type
from backwright.model.expand.inputs import declared, of_field
from backwright.model.formulas import type_of
from backwright.model.types import (
    Body,
    Entity,
    Field,
    Formula,
    InputField,
    ListType,
    ManyType,
    Media,
    RecordType,
    ScalarType,
)
from backwright.spec.diagnostics import Place
from backwright.spec.nodes import At, BodyNode, FieldNode


def inputs(entity: Entity) -> list[Field]:
    """The fields that clients may send when they create a row."""
    return [field for field in entity.fields if not_sendable(field, entity) is None]


def changeable(entity: Entity) -> list[Field]:
    """The fields that clients may send when they change a row."""
    return [field for field in inputs(entity) if not is_fixed(field, entity)]


def is_fixed(field: Field, entity: Entity) -> bool:
    """Whether a field keeps its first value."""
    return field.immutable or field.name in entity.keys or field.name == entity.tenancy


def is_changeable(field: Field, entity: Entity) -> bool:
    """Whether a change may take a field from a body that declares a member of its name."""
    state = entity.states is not None and entity.states.field == field.name
    made = field.generated is not None or field.set is not None or field.on_update is not None
    return not (state or made or is_fixed(field, entity))


def not_sendable(field: Field, entity: Entity) -> str | None:
    """Why clients never send a field; None where they may."""
    if field.set is not None or field.on_update is not None:
        return "is set by the system"
    if field.generated is not None:
        return f"is a {field.generated} that the service makes"
    if entity.states is not None and entity.states.field == field.name:
        return "is a state, which changes through its moves"
    if not field.input:
        return "is not input"
    return None


def fill(draft: Draft, entity: Entity | None, *, partial: bool, creates: bool) -> None:
    """Reads the operation's body, or makes the usual one of what it writes, and tells expressions about it."""
    node = draft.node.body
    if node is None:
        members = _usual(draft, entity, partial=partial, creates=creates) if entity is not None else []
    else:
        members = []
        for written in node.fields:
            member = _member(written, draft, entity, partial=partial, creates=creates)
            if member is None:
                draft.unclear["body"].add(written.name.value)
            else:
                members.append(member)
    _check_names(members, draft)
    _check_media(members, draft)
    _check_bare(members, draft)
    if not members and (node is not None or draft.node.set or not partial):
        return
    draft.body = Body(
        fields=tuple(members),
        partial=partial,
        media=_media(node),
        wrap=None if draft.node.wrap is None else draft.node.wrap.value,
        bare=None if draft.node.bare is None else members[0].wire,
    )
    named = {member.name: member for member in members}
    draft.members.update({name: input_type(member) for name, member in named.items()})
    for name, kind in file_members(named).items():
        draft.members.setdefault(name, kind)


def _check_bare(members: list[InputField], draft: Draft) -> None:
    bare, body = draft.node.bare, draft.node.body
    if bare is None:
        return
    alone = len(members) == 1 and members[0].name == bare.value and isinstance(members[0].type, ListType)
    if not alone or not members[0].required or _media(body) != "json" or draft.node.wrap is not None:
        message = f"the body is not the list `{bare.value}` alone"
        mend = f"give the body the one member `{bare.value}: {{list: …}}`, without null, default, `wrap` and `accepts`"
        draft.refuse(BARE, bare.place, message, mend)


def _usual(draft: Draft, entity: Entity, *, partial: bool, creates: bool) -> list[InputField]:
    """Every field that can be sent and that the operation does not set itself."""
    taken = {assignment.name.value for assignment in draft.node.set} | set(draft.given())
    fields = inputs(entity) if creates else changeable(entity)
    return [
        whole_member(field, entity, draft.building, whole=not partial)
        for field in fields
        if field.name not in taken
    ]


def whole_member(field: Field, entity: Entity, building: Building, *, whole: bool) -> InputField:
    """The member for a field. Rows are linked to none where a new row does not say to which."""
    member = of_field(field, entity.name, building, whole=whole)
    if whole and isinstance(field.type, ManyType) and member.default is None:
        return msgspec.structs.replace(member, required=False, default=no_rows(field, field.place))
    return member


def no_rows(field: Field, place: Place) -> Formula:
    """The empty list of links."""
    kind = type_of(field)
    return Formula(source="[]", meaning=ListOf(type=kind, items=()), place=place)


def _member(
    node: FieldNode, draft: Draft, entity: Entity | None, *, partial: bool, creates: bool
) -> InputField | None:
    if not is_bare(node):
        return declared(node, draft.building)
    if entity is None:
        name = node.name.value
        message = f"nothing says whose field `{name}` is: names alone go with `create:` and `update:` of the operation"
        mend = f"give it a type: `{name}: string`, or `{name}: {{like: {_holder(name, draft)}.{name}}}`"
        draft.refuse(BODY_MEMBER, node.place, message, mend)
        return None
    field = draft.building.fields[entity.name].get(node.name.value)
    if field is None:
        if node.name.value not in draft.building.formulas.declared.get(entity.name, ()):
            sendable = [field.name for field in inputs(entity)]
            draft.building.unknown(PARAMETER, node.name, f"field of {entity.name} called", sendable)
        return None
    reason = not_sendable(field, entity)
    if reason is None and not creates and is_fixed(field, entity):
        reason = "keeps its first value"
    if reason is not None:
        message = f"`{field.name}` of {entity.name} {reason}"
        mend = f"leave it out, or declare a member of its own: `{{{field.name}: {{like: {entity.name}.{field.name}}}}}`"
        draft.refuse(BODY_MEMBER, node.place, message, mend)
        return None
    return whole_member(field, entity, draft.building, whole=not partial)


def _holder(name: str, draft: Draft) -> str:
    """An entity with such a field: one that a step is about, if there is one."""
    fields = draft.building.fields
    named = [step.target.value for step in draft.node.steps or () if step.target is not None]
    return next((each for each in (*named, *fields) if name in fields.get(each, {})), "Entity")


def is_bare(node: FieldNode) -> bool:
    """Whether nothing but a name was written."""
    return not node.nullable and all(
        getattr(node, name) is None for name in FieldNode.__struct_fields__ if name not in _NOT_WRITTEN
    )


_NOT_WRITTEN = ("place", "name", "nullable")


def _check_names(members: list[InputField], draft: Draft) -> None:
    wires: set[str] = set()
    for member in members:
        if member.wire in wires:
            message = f"the body has `{member.wire}` twice"
            draft.refuse(WIRE, draft.place, message, "name each member once")
        wires.add(member.wire)


def _check_media(members: list[InputField], draft: Draft) -> None:
    """Forms hold text, and those of several parts hold files, too; neither holds objects."""
    media = _media(draft.node.body)
    for member in members if media != "json" else ():
        kind = member.type.element if isinstance(member.type, ListType) else member.type
        file = isinstance(kind, ScalarType) and kind.scalar == "bytes"
        if isinstance(kind, RecordType) or (file and media == "form"):
            what = "a file" if file else "an object"
            message = f"`{member.name}` is {what}, which a {media} body cannot hold"
            mend = "write `accepts: multipart`" if file else "write `accepts: json`"
            draft.refuse(PARAMETER, member.place, message, mend)


def _media(node: BodyNode | None) -> Media:
    if node is not None and node.media is not None:
        return _as_media(node.media)
    return "json"


def _as_media(written: At[str]) -> Media:
    match written.value:
        case "form":
            return "form"
        case "multipart":
            return "multipart"
        case _:
            return "json"
