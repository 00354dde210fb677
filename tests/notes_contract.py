"""The contract of the backend that tests break on purpose."""

from __future__ import annotations

from typing import Any


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _answers(*statuses: int, schema: Any = None) -> dict[str, Any]:
    errors = {str(status): {"description": "Refused", **_json(ERROR)} for status in (400, 413, *statuses[1:])}
    good = {"description": "Done", **(_json(schema) if schema else {})}
    return {str(statuses[0]): good, **errors}


TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
ERROR = _object(["error"], error={"type": "string"})
NOTE_MEMBERS = {"title": TEXT, "hook": {"type": "string", "format": "uri", "maxLength": 200}}
NOTE = _object(
    ["id", "title", "owner", "pinned"],
    id={"type": "integer"},
    title={"type": "string"},
    hook={"type": "string"},
    owner={"type": "integer"},
    pinned={"type": "boolean"},
)
ACCOUNT = _object(["id", "email"], id={"type": "integer"}, email={"type": "string"})
SIGNED_IN = _object(["account", "token"], account=ACCOUNT, token={"type": "string"})
CREDENTIALS = _object(
    ["email", "password"],
    email={"type": "string", "format": "email", "maxLength": 100},
    password={"type": "string", "minLength": 8, "maxLength": 100},
)
WRITE = {"required": True, **_json(_object(["title"], **NOTE_MEMBERS) | {"additionalProperties": True})}
SECURITY = [{"bearer": []}]
NUMBER_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 10**9}
NUMBER = {"name": "noteId", "in": "path", "required": True, "schema": NUMBER_SCHEMA}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}

CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "2.0.0"},
    "servers": [{"url": "https://notes.example.com/v2"}],
    "paths": {
        "/accounts": {
            "post": {
                "requestBody": {"required": True, **_json(CREDENTIALS)},
                "responses": _answers(201, 409, 422, schema=SIGNED_IN),
            }
        },
        "/forgotten-passwords": {
            "post": {
                "requestBody": {
                    "required": True,
                    **_json(
                        _object(["email"], email={"type": "string", "format": "email", "maxLength": 100})
                    ),
                },
                "responses": _answers(202, 404, 422),
            }
        },
        "/sessions": {
            "post": {
                "requestBody": {"required": True, **_json(CREDENTIALS)},
                "responses": _answers(200, 401, 422, 429, schema=SIGNED_IN),
            }
        },
        "/notes": {
            "get": {
                "security": SECURITY,
                "parameters": [LIMIT],
                "responses": _answers(
                    200, 401, 422, schema=_object(["notes"], notes={"type": "array", "items": NOTE})
                ),
            },
            "post": {
                "security": SECURITY,
                "requestBody": WRITE,
                "responses": _answers(201, 401, 422, schema=NOTE),
            },
        },
        "/notes/{noteId}": {
            "parameters": [NUMBER],
            "get": {"security": SECURITY, "responses": _answers(200, 401, 404, 422, schema=NOTE)},
            "put": {
                "security": SECURITY,
                "requestBody": WRITE,
                "responses": _answers(200, 401, 404, 422, schema=NOTE),
            },
            "delete": {"security": SECURITY, "responses": _answers(204, 401, 404, 422)},
        },
    },
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}
