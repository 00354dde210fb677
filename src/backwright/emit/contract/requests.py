"""What an operation takes: parameters, headers and the body."""

from __future__ import annotations

from decimal import Decimal

from backwright.emit.aliases import is_file
from backwright.emit.annotations import is_scalar
from backwright.emit.contract.values import (
    Json,
    Written,
    array,
    described,
    file_words,
    nullable,
    ref,
    scalar,
)
from backwright.emit.defaults import constant
from backwright.emit.inputs import filters_of, page_of, paging_names, record_place, record_type
from backwright.emit.names import Names
from backwright.expr.typed import Constant, Expression, ListOf
from backwright.model.types import (
    Body,
    FieldType,
    InputField,
    ListType,
    ManyType,
    Model,
    Operation,
    RecordType,
    ReferenceType,
    ScalarType,
    ShowRow,
)
from backwright_runtime.arithmetic import in_scale

MEDIA = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
}
CSRF = "csrf_token"


# Parameters -------------------------------------------------------------------------------------------


def parameters(operation: Operation, model: Model) -> list[Json]:
    """Those of the path, of the query, and the headers that the operation looks at."""
    found: list[Json] = [
        {
            "name": each.wire or each.name,
            "in": "path",
            "required": True,
            "schema": scalar(each.type, "text"),
        }
        for each in operation.path_parameters
    ]
    found += paging_parameters(operation)
    for field in filters_of(operation):
        schema = with_default(received(field.type, field, model, "text"), field)
        found.append(
            parameter(field.wire, "header" if field.header else "query", schema, required=field.required)
        )
    return found + headers(operation, model)


def parameter(name: str, place: str, schema: Json, about: str = "", *, required: bool = False) -> Json:
    """One parameter."""
    found: Json = {"name": name, "in": place, **described(about), "schema": schema}
    return {**found, "required": True} if required else found


def paging_parameters(operation: Operation) -> list[Json]:
    """What decides the page: how many rows, from where on, in which order."""
    page, called = page_of(operation), paging_names(operation)
    found: list[Json] = []
    if page is None:
        return found
    paging = page.paging
    if "limit" in called:
        limit = {"type": "integer", "minimum": 1, "maximum": paging.max, "default": paging.default}
        found.append(parameter(called["limit"], "query", limit, "How many rows at most."))
    if "after" in called:
        about = "The cursor `meta.next` of the page before."
        if not operation.respond.envelope:
            about = "The cursor `next` of the page before."
        found.append(parameter(called["after"], "query", {"type": "string"}, about))
    if "offset" in called:
        offset = {"type": "integer", "minimum": 0, "default": 0}
        found.append(parameter(called["offset"], "query", offset, "How many rows to leave out first."))
    if "page" in called:
        number = {"type": "integer", "minimum": 1, "default": 1}
        found.append(parameter(called["page"], "query", number, "Which page, from 1 on."))
    if "sort" in called:
        names = {"type": "string", "enum": [sort.name for sort in page.sorts]}
        found.append(parameter(called["sort"], "query", names, "The order of the rows."))
    return found


def headers(operation: Operation, model: Model) -> list[Json]:
    """The headers that the operation looks at, but for credentials."""
    found = []
    if operation.idempotent != "no":
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        about = "Repeating a request with its key gives the first answer again, for 24 hours."
        found.append(
            parameter("Idempotency-Key", "header", schema, about, required=operation.idempotent == "required")
        )
    if operation.if_match != "no":
        about = "The version that is changed, as `ETag` said; `*` for any."
        required = operation.if_match == "required"
        found.append(parameter("If-Match", "header", {"type": "string"}, about, required=required))
    if operation.method == "GET" and tells_version(operation, model):
        about = "A version, as `ETag` said: 304 while it is still the one."
        found.append(parameter("If-None-Match", "header", {"type": "string"}, about))
    return found


def tells_version(operation: Operation, model: Model) -> bool:
    """Whether the answer says which version of a row it shows (`ETag`)."""
    show = operation.respond.show
    return isinstance(show, ShowRow) and model.entity(model.view(show.view).entity).version is not None


# Bodies -----------------------------------------------------------------------------------------------


def request_body(operation: Operation, body: Body, model: Model, names: Names) -> Json:
    """The body of an operation in its media type."""
    schema = ref(names.input_class(operation))
    if body.bare is not None:
        schema = object_schema(operation, body.fields, "", body, model, names)["properties"][body.bare]
    if body.wrap is not None:
        schema = {"type": "object", "required": [body.wrap], "properties": {body.wrap: schema}}
    content: Json = {"schema": schema}
    files = {
        field.wire: {"contentType": ", ".join(field.type.media)}
        for field in body.fields
        if is_file(field) and isinstance(field.type, ScalarType) and field.type.media
    }
    if body.media == "multipart" and files:
        content["encoding"] = files
    return {"required": True, "content": {MEDIA[body.media]: content}}


def body_schemas(operation: Operation, body: Body, model: Model, names: Names) -> Json:
    """The schemas of a body and of the objects inside it, by component."""
    found = _record_schemas(operation, body.fields, "", model, names)
    if body.bare is not None:
        return found
    schema = object_schema(operation, body.fields, "", body, model, names)
    auth = model.auth
    if body.media != "json" and auth is not None and auth.cookie is not None and operation.caller != "none":
        about = "Instead of the header `X-CSRF-Token`."
        schema["properties"][CSRF] = {"type": "string", "description": about}
    return {**found, names.input_class(operation): schema}


def _record_schemas(
    operation: Operation, fields: tuple[InputField, ...], around: str, model: Model, names: Names
) -> Json:
    found: Json = {}
    for field in fields:
        place, kind = record_place(field), record_type(field)
        if place is None or kind is None:
            continue
        at = f"{around}{place}"
        found |= _record_schemas(operation, kind.members, f"{at}.", model, names)
        schema = object_schema(operation, kind.members, f"{at}.", None, model, names)
        found[names.record_class(operation, at)] = schema
    return found


def object_schema(
    operation: Operation,
    fields: tuple[InputField, ...],
    around: str,
    body: Body | None,
    model: Model,
    names: Names,
) -> Json:
    """An object of a request: of the whole body, or of an object inside one (None)."""
    written: Written = "json" if body is None or body.media == "json" else "text"
    members: Json = {}
    for field in fields:
        place = record_place(field)
        record = None if place is None else names.record_class(operation, f"{around}{place}")
        if body is not None and body.media == "multipart" and is_file(field):
            members[field.wire] = file_part(field)
            continue
        schema = received(field.type, field, model, written, record)
        if field.nullable:
            schema = nullable(schema) if written == "json" else emptied(schema, field)
        whole = body is None or not body.partial
        members[field.wire] = about_sending(with_default(schema, field) if whole else schema, field)
    found: Json = {"type": "object", "properties": members}
    required = [field.wire for field in fields if field.required]
    if required:
        found["required"] = required
    if model.service.unknown_fields == "reject":
        found["additionalProperties"] = False
    return found


def emptied(schema: Json, field: InputField) -> Json:
    """In a form an empty text says null, where it is no value itself."""
    if is_scalar(field.type, "string", "text") or isinstance(field.type, ListType | ManyType):
        return schema
    return {"anyOf": [schema, {"const": "", "description": "Null."}]}


def file_part(field: InputField) -> Json:
    """A file of a multipart body."""
    about = file_words(field.type) if isinstance(field.type, ScalarType) else ""
    return {"type": "string", "format": "binary", **described(about)}


def about_sending(schema: Json, field: InputField) -> Json:
    """The schema, and who may send the member where not everyone may."""
    if field.write is None:
        return schema
    words = f"Only for callers of whom this holds: {field.write.source}"
    before = f"{schema['description']} " if "description" in schema else ""
    return {**schema, "description": f"{before}{words}"}


def received(
    kind: FieldType, field: InputField, model: Model, written: Written, record: str | None = None
) -> Json:
    """The schema of a value of a request. `record` is the component of the object that it is, or lists."""
    match kind:
        case ScalarType():
            return scalar(kind, written, field.matches)
        case ReferenceType(entity=entity):
            return received_key(entity, model, written)
        case ManyType(entity=entity, max=most):
            return array(received_key(entity, model, written), None, most)
        case ListType(element=element, min=least, max=most):
            return array(received(element, field, model, written, record), least, most)
        case RecordType():
            return ref(record or "")


def received_key(entity: str, model: Model, written: Written) -> Json:
    """The schema of a reference: the key of the row that is meant."""
    of = model.entity(entity)
    kind = of.field(of.key).type
    if isinstance(kind, ReferenceType):
        return received_key(kind.entity, model, written)
    assert isinstance(kind, ScalarType)
    return scalar(kind, written)


def with_default(schema: Json, field: InputField) -> Json:
    """The schema with what absence means, where that is a constant."""
    default = constant(field.default)
    if default is None:
        if field.default is None:
            return schema
        before = f"{schema['description']} " if "description" in schema else ""
        return {**schema, "description": f"{before}Without it: {field.default.source}."}
    return {**schema, "default": json_value(default, field.type)}


def json_value(value: Expression, kind: object = None) -> object:
    """A constant as JSON holds it: a decimal with the digits of its type."""
    match value:
        case Constant(value=given) if (
            isinstance(kind, ScalarType) and kind.scalar == "decimal" and given is not None
        ):
            return str(in_scale(Decimal(str(given)), kind.scale or 0))
        case ListOf(items=items):
            return [json_value(item) for item in items]
        case Constant(value=given):
            return given
        case _:
            raise TypeError(f"{type(value).__name__} is no constant")
