"""What an operation answers when it succeeds."""

from __future__ import annotations

from typing import assert_never

from backwright.emit.contract.headers import headers
from backwright.emit.contract.requests import tells_version
from backwright.emit.contract.values import Json, array, closed, computed, not_null, nullable, ref, stored
from backwright.emit.inputs import page_of
from backwright.emit.names import Names
from backwright.expr.typed import Constant, Expression, Member, Name
from backwright.expr.walk import nodes
from backwright.model.expand.respond import leaves
from backwright.model.types import (
    Array,
    Each,
    Formula,
    Members,
    Model,
    Operation,
    Shape,
    ShapeMember,
    ShowCsv,
    ShowFile,
    ShowHtml,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    ShowShape,
    ShowText,
    Value,
    View,
    Viewed,
)

TEXT: Json = {"schema": {"type": "string"}}
NOT_MODIFIED = 304
SESSION = "Session"
WORDS = {
    200: "Success.",
    201: "Created.",
    202: "Accepted.",
    204: "Done.",
    303: "Elsewhere; `Location` says where.",
}


def successes(operation: Operation, model: Model, names: Names) -> Json:
    """The answers of success by status: most operations have one."""
    answer = success(operation, model, names)
    found: Json = {}
    for status in statuses(operation):
        found[str(status)] = {"description": WORDS.get(status, "Success."), **answer}
    if operation.method == "GET" and tells_version(operation, model):
        headers = {"X-Request-Id": answer["headers"]["X-Request-Id"], "ETag": answer["headers"]["ETag"]}
        found[str(NOT_MODIFIED)] = {"description": "The version that the caller has.", "headers": headers}
    return found


def statuses(operation: Operation) -> list[int]:
    """The statuses of success."""
    respond = operation.respond
    if respond.choose is None:
        return [respond.status]
    return sorted(set(leaves(respond.choose.meaning))) or [respond.status]


def success(operation: Operation, model: Model, names: Names) -> Json:
    """Headers and content of a success."""
    answer: Json = {"headers": headers(operation, model)}
    show = operation.respond.show
    match show:
        case ShowRow() | ShowPage() | ShowSession() | ShowShape():
            schema = enveloped(operation, show, model, names)
            answer["content"] = {"application/json": {"schema": schema}}
        case ShowNothing():
            if operation.respond.status in (200, 201):
                answer["description"] = "Done."
        case ShowText():
            answer["content"] = {"text/plain": TEXT}
        case ShowHtml():
            answer["content"] = {"text/html": TEXT}
        case ShowCsv():
            answer["content"] = {"text/csv": TEXT}
        case ShowFile(media=media):
            kind = media.meaning.value if isinstance(media.meaning, Constant) else None
            answer["content"] = {str(kind or "*/*"): {}}
        case _:
            assert_never(show)
    return answer


# JSON -------------------------------------------------------------------------------------------------


def enveloped(
    operation: Operation,
    show: ShowRow | ShowPage | ShowSession | ShowShape,
    model: Model,
    names: Names,
) -> Json:
    """The JSON of a success, in the envelope or bare."""
    respond = operation.respond
    data, meta = answered(operation, show, model, names), page_meta(operation, show)
    if not respond.envelope and isinstance(show, ShowPage):
        if not meta and respond.wrap is None:
            return data
        return closed({respond.wrap or "items": data, **meta})
    if respond.wrap is not None:
        data = closed({respond.wrap: data})
    if not respond.envelope:
        return data
    about = ref("PageMeta" if "next" in meta else "TotalMeta" if meta else "Meta")
    return closed({"data": data, "error": {"type": "null"}, "meta": about})


def page_meta(operation: Operation, show: ShowRow | ShowPage | ShowSession | ShowShape) -> Json:
    """What is told about a page."""
    page = page_of(operation)
    if not isinstance(show, ShowPage) or page is None:
        return {}
    match page.paging.style:
        case "keyset":
            return {"next": {"type": ["string", "null"]}}
        case "offset":
            return {"total": {"type": "integer", "minimum": 0}}
        case "none":
            return {}


def answered(
    operation: Operation,
    show: ShowRow | ShowPage | ShowSession | ShowShape,
    model: Model,
    names: Names,
) -> Json:
    """The data of an answer."""
    match show:
        case ShowRow(bind=bind, view=view):
            return nullable(ref(names.view_class(view)), may_be_missing(operation, bind))
        case ShowPage(view=view):
            return array(ref(names.view_class(view)))
        case ShowSession():
            return ref(SESSION)
        case ShowShape(shape=shape):
            return shaped(shape, model, names)


def may_be_missing(operation: Operation, bind: str) -> bool:
    """Whether a step that may be left out binds what is shown."""
    made = [step for step in operation.steps if getattr(step, "bind", None) == bind]
    return any(step.when is not None or getattr(step, "optional", False) for step in made)


def session_schema(show: ShowSession, names: Names) -> Json:
    """Who is signed in, and the token that says so."""
    return closed({show.row: ref(names.view_class(show.view)), "token": {"type": "string"}})


# Shapes -----------------------------------------------------------------------------------------------


def view_schema(view: View, model: Model, names: Names) -> Json:
    """What callers see of a row."""
    entity = model.entity(view.entity)
    members: Json = {}
    for member in view.fields:
        field = entity.field(member.field)
        members[member.wire] = nullable(stored(field, model), field.nullable)
    return object_schema(members | members_schema(view.shape, model, names), model)


def object_schema(members: Json, model: Model) -> Json:
    """An object with these members. Those that may be null are left out then, where the service says so."""
    if model.service.nulls == "show":
        return closed(members)
    certain = {name: not_null(schema) for name, schema in members.items()}
    required = [name for name, schema in members.items() if schema and certain[name] == schema]
    return {"type": "object", **({"required": required} if required else {}), "properties": certain}


def members_schema(members: tuple[ShapeMember, ...], model: Model, names: Names) -> Json:
    """The members of an object by name."""
    return {each.wire: shaped(each.shape, model, names) for each in members}


def shaped(shape: Shape, model: Model, names: Names) -> Json:
    """The schema of a shape."""
    match shape:
        case Value(value=value):
            return nullable(valued(value, model), reaches_gone(value, model))
        case Members(members=members):
            return object_schema(members_schema(members, model, names), model)
        case Array(items=items):
            schemas = [shaped(item, model, names) for item in items]
            size = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", "prefixItems": schemas, "items": False, **size}
        case Viewed(view=view, row=row, depth=depth):
            missing = row.meaning.type.nullable or depth is not None
            missing = missing or may_be_gone(row.meaning, model) or reaches_gone(row, model)
            return nullable(ref(names.view_class(view)), missing)
        case Each(shape=inner, limit=limit):
            return array(shaped(inner, model, names), None, limit)
        case _:
            assert_never(shape)


def valued(formula: Formula, model: Model) -> Json:
    """The schema of a value: with the limits of its field, where it is one."""
    meaning = formula.meaning
    if isinstance(meaning, Member):
        fields = {field.name: field for field in model.entity(meaning.entity).fields}
        if meaning.field in fields:
            return nullable(stored(fields[meaning.field], model), meaning.type.nullable)
    return computed(meaning.type, model)


def reaches_gone(formula: Formula, model: Model) -> bool:
    """Whether a value is behind a reference to a row that can be deleted softly: then it is null."""
    if formula.meaning.type.kind in ("rows", "list"):
        return False
    reached = [node.of for node in nodes(formula.meaning) if isinstance(node, Member)]
    return any(may_be_gone(row, model) for row in reached)


def may_be_gone(row: Expression, model: Model) -> bool:
    """Whether a row is reached by a reference that stays when it is deleted softly."""
    if isinstance(row, Name) or row.type.entity is None:
        return False
    return model.entity(row.type.entity).soft_delete is not None
