"""Writes `openapi.json`: the contract that the service answers by, in OpenAPI 3.1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from backwright.emit.annotations import LARGEST, SMALLEST, is_scalar
from backwright.emit.emitted import NotEmitted, column_type
from backwright.emit.failures import MEANING, STATUS, error_codes
from backwright.emit.inputs import filters_of, page_of
from backwright.emit.names import Names, pascal
from backwright.emit.views import used_views
from backwright.expr.typed import Constant
from backwright.model.types import (
    Entity,
    FieldType,
    InputField,
    Model,
    Operation,
    ReferenceType,
    ScalarType,
    ShowNothing,
    ShowPage,
    ShowRow,
    ShowSession,
    View,
)

Json = dict[str, Any]
FIELD_CODES = [
    "required",
    "type",
    "null",
    "too_short",
    "too_long",
    "too_small",
    "too_large",
    "format",
    "enum",
    "unknown",
    "repeated",
    "cursor",
    "reference",
    "taken",
]


def contract(model: Model, names: Names) -> str:
    """The document as stable, indented JSON."""
    service = model.service
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": service.version},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in model.operations)],
        "paths": paths(model, names),
        "components": components(model, names),
    }
    if service.description:
        document["info"]["description"] = service.description
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def paths(model: Model, names: Names) -> Json:
    """The operations by path and method."""
    found: Json = {}
    for operation in model.operations:
        found.setdefault(operation.path, {})[operation.method.lower()] = described(operation, model, names)
    return found


def described(operation: Operation, model: Model, names: Names) -> Json:
    """One operation."""
    about: Json = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(operation),
        "responses": responses(operation, model, names),
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{names.input_class(operation)}"}
        about["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.caller != "none":
        about["security"] = [{"bearer": []}] if operation.caller == "required" else [{}, {"bearer": []}]
    return {key: value for key, value in about.items() if value or key == "responses"}


def parameters(operation: Operation) -> list[Json]:
    """Path and query parameters."""
    found: list[Json] = [
        {"name": each.name, "in": "path", "required": True, "schema": typed(each.type)}
        for each in operation.path_parameters
    ]
    page = page_of(operation)
    if page is not None:
        limit = {"type": "integer", "minimum": 1, "maximum": page.paging.max, "default": page.paging.default}
        found.append(query_parameter("limit", limit, "How many rows at most."))
        after = {"type": "string"}
        found.append(query_parameter("after", after, "The cursor `meta.next` of the page before."))
    for field in filters_of(operation):
        parameter = query_parameter(field.wire, with_default(typed(field.type), field))
        found.append({**parameter, "required": True} if field.required else parameter)
    return found


def query_parameter(name: str, schema: Json, about: str = "") -> Json:
    """An optional query parameter."""
    text = {"description": about} if about else {}
    return {"name": name, "in": "query", **text, "schema": schema}


def responses(operation: Operation, model: Model, names: Names) -> Json:
    """The success answer, then errors by status."""
    found: Json = {str(operation.respond.status): success(operation, names)}
    by_status: dict[int, list[str]] = {}
    for code in error_codes(operation, model):
        by_status.setdefault(STATUS[code], []).append(code)
    for status, codes in sorted(by_status.items()):
        if len(codes) == 1:
            found[str(status)] = {"$ref": f"#/components/responses/{pascal(codes[0])}"}
        else:
            found[str(status)] = failure(codes)
    return found


def success(operation: Operation, names: Names) -> Json:
    """What the operation answers when it succeeds."""
    show = operation.respond.show
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    meta = "Meta"
    match show:
        case ShowNothing():
            return {"description": "Done.", "headers": headers}
        case ShowRow(view=view, location=location):
            data: Json = {"$ref": f"#/components/schemas/{names.view_class(view)}"}
            if location is not None:
                headers["Location"] = {"description": "The new row.", "schema": {"type": "string"}}
        case ShowPage(view=view):
            data = {"type": "array", "items": {"$ref": f"#/components/schemas/{names.view_class(view)}"}}
            meta = "PageMeta"
        case ShowSession():
            data = {"$ref": "#/components/schemas/Session"}
        case _:
            raise NotEmitted(show)
    about = "Created." if operation.respond.status == 201 else "Success."
    schema = closed(
        {"data": data, "error": {"type": "null"}, "meta": {"$ref": f"#/components/schemas/{meta}"}}
    )
    return {"description": about, "headers": headers, "content": {"application/json": {"schema": schema}}}


def failure(codes: Iterable[str]) -> Json:
    """An error answer with one of these codes."""
    codes = list(codes)
    error: Json = {
        "code": {"const": codes[0]} if len(codes) == 1 else {"enum": codes},
        "message": {"type": "string"},
    }
    required = ["code", "message"]
    if {"invalid", "conflict"} & set(codes):
        error["fields"] = {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}
        required = required if len(codes) > 1 else [*required, "fields"]
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if {"unauthenticated", "invalid_credentials"} & set(codes):
        headers["WWW-Authenticate"] = {"description": "`Bearer`", "schema": {"type": "string"}}
    schema = closed(
        {
            "data": {"type": "null"},
            "error": {"type": "object", "required": required, "properties": error},
            "meta": {"$ref": "#/components/schemas/Meta"},
        }
    )
    about = " Or: ".join(MEANING.get(code, code) for code in codes)
    return {"description": about, "headers": headers, "content": {"application/json": {"schema": schema}}}


def closed(properties: Json) -> Json:
    """An object whose members are all required."""
    return {"type": "object", "required": list(properties), "properties": properties}


def components(model: Model, names: Names) -> Json:
    """Everything that operations refer to."""
    schemas: Json = {}
    for view in model.views:
        if view.name in used_views(model):
            schemas[names.view_class(view.name)] = view_schema(view, model.entity(view.entity))
    for operation in model.operations:
        if operation.body is not None:
            schemas[names.input_class(operation)] = body_schema(operation, model)
        show = operation.respond.show
        if isinstance(show, ShowSession):
            view_ref = {"$ref": f"#/components/schemas/{names.view_class(show.view)}"}
            schemas["Session"] = closed({show.row: view_ref, "token": {"type": "string"}})
    schemas |= envelope()
    used = [code for operation in model.operations for code in error_codes(operation, model)]
    found: Json = {
        "schemas": schemas,
        "responses": {pascal(code): failure([code]) for code in STATUS if code in used},
        "headers": {
            "RequestId": {
                "description": "Names the request in the log; the caller's own is echoed.",
                "schema": {"type": "string"},
            }
        },
    }
    if model.auth is not None:
        found["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return found


def envelope() -> Json:
    """The schemas that every service has."""
    request_id: Json = {"type": "string"}
    return {
        "Meta": closed({"request_id": request_id}),
        "PageMeta": closed({"request_id": request_id, "next": {"type": ["string", "null"]}}),
        "FieldError": closed(
            {"field": {"type": "string"}, "code": {"enum": FIELD_CODES}, "message": {"type": "string"}}
        ),
    }


def view_schema(view: View, entity: Entity) -> Json:
    """What callers see of a row."""
    members: Json = {}
    for member in view.fields:
        field = entity.field(member.field)
        members[member.wire] = nullable(typed(field.type), field.nullable)
    return closed(members)


def body_schema(operation: Operation, model: Model) -> Json:
    """A request body."""
    assert operation.body is not None
    fields = operation.body.fields
    members = {
        field.wire: with_default(nullable(typed(field.type), field.nullable), field) for field in fields
    }
    schema: Json = {"type": "object", "properties": members}
    required = [field.wire for field in fields if field.required]
    if required:
        schema["required"] = required
    if model.service.unknown_fields == "reject":
        schema["additionalProperties"] = False
    return schema


def with_default(schema: Json, field: InputField) -> Json:
    """The schema with what absence means, where that is a constant."""
    default = field.default.meaning if field.default is not None else None
    return {**schema, "default": default.value} if isinstance(default, Constant) else schema


def nullable(schema: Json, is_nullable: bool) -> Json:
    """The schema, or null."""
    if not is_nullable:
        return schema
    changed = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def typed(received: FieldType) -> Json:
    """The schema of a value with its limits."""
    kind = column_type(received)
    if isinstance(kind, ReferenceType):
        return {"type": "string", "format": "uuid"}
    if is_scalar(kind, "string", "text", "password", "email"):
        return text_schema(kind)
    match kind.scalar:
        case "integer":
            low = SMALLEST if kind.min is None else kind.min
            high = LARGEST if kind.max is None else kind.max
            return {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
        case "boolean":
            return {"type": "boolean"}
        case "enum":
            return {"type": "string", "enum": list(kind.values)}
        case "timestamp":
            return {"type": "string", "format": "date-time"}
        case _:
            return {"type": "string", "format": kind.scalar}


def text_schema(kind: ScalarType) -> Json:
    """The schema of text; lengths are in code points, as in JSON Schema."""
    schema: Json = {"type": "string"}
    if kind.scalar in ("email", "password"):
        schema["format"] = kind.scalar
    if kind.min:
        schema["minLength"] = kind.min
    if kind.max is not None:
        schema["maxLength"] = kind.max
    return schema
