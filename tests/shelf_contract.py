"""The contract of the second backend that tests break on purpose."""

from __future__ import annotations

from typing import Any

from notes_contract import SECURITY, _answers, _json, _object

TEXT = {"type": "string", "minLength": 1, "maxLength": 80}
WHOLE = {"type": "integer"}
SHELF = _object(
    ["id", "label", "version"],
    id=WHOLE,
    label={"type": "string"},
    version=WHOLE,
    visits=WHOLE,
    open={"type": "boolean"},
    floor=WHOLE,
    note={"type": ["string", "null"]},
    latest={"type": "array", "items": {"type": "string"}},
)
BOOK = _object(["id", "title"], id=WHOLE, title={"type": "string"})


def _in(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def _operation(
    *statuses: int, schema: Any = None, body: Any = None, parameters: tuple[Any, ...] = (), open: bool = False
) -> dict[str, Any]:
    made: dict[str, Any] = {"responses": _answers(*statuses, schema=schema), "parameters": list(parameters)}
    made |= {} if open else {"security": SECURITY}
    return made | ({"requestBody": {"required": True, **_json(body)}} if body else {})


NEW_LABEL = _object(["label"], label=TEXT)
LABEL = _object(["label"], label=TEXT, open={"type": "boolean"}, floor=WHOLE)
PART = _object([], label=TEXT, note=TEXT)
SECRET = {"type": "string", "minLength": 8, "maxLength": 80}
ACCOUNT = _object(["name", "password"], name=TEXT, password=SECRET)
PASSWORDS = _object(["old_password", "new_password"], old_password=SECRET, new_password=SECRET)
KEY = _object(["id", "name"], id=WHOLE, name={"type": "string"})
NAME = _object(["name"], name=TEXT)
ID = _in("shelf", "path", type="integer", minimum=1)
BOOK_ID = _in("book", "path", type="integer", minimum=1)
PAGING = (
    _in("limit", "query", type="integer", minimum=1, maximum=50),
    _in("offset", "query", type="integer", minimum=0),
    _in("q", "query", type="string"),
    _in("open", "query", type="boolean"),
    _in("min_floor", "query", type="integer"),
    _in("sort", "query", type="string", enum=["label", "-label"]),
)
LISTED = _object(["shelves", "total"], shelves={"type": "array", "items": SHELF}, total=WHOLE)

CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shelves", "version": "1.0.0"},
    "paths": {
        "/accounts": {"post": _operation(201, 422, body=ACCOUNT, open=True)},
        "/sessions": {"post": _operation(201, 401, 422, body=ACCOUNT, open=True)},
        "/password": {"post": _operation(204, 401, 403, 422, body=PASSWORDS)},
        "/sign-out": {"post": _operation(204, 401)},
        "/statistics": {"get": _operation(200, 401, 403)},
        "/go": {"get": _operation(302, 401, 422, parameters=(_in("next", "query", type="string"),))},
        "/shelves": {
            "get": _operation(200, 401, 422, schema=LISTED, parameters=PAGING),
            "post": _operation(
                201,
                401,
                422,
                schema=SHELF,
                body=LABEL,
                parameters=(_in("Idempotency-Key", "header", type="string"),),
            ),
        },
        "/shelves/{shelf}": {
            "parameters": [ID],
            "get": _operation(
                200, 304, 401, 404, schema=SHELF, parameters=(_in("If-None-Match", "header", type="string"),)
            ),
            "put": _operation(
                200,
                401,
                404,
                412,
                schema=SHELF,
                body=NEW_LABEL,
                parameters=(_in("If-Match", "header", type="string"),),
            ),
            "patch": _operation(200, 401, 404, schema=SHELF, body=PART),
            "delete": _operation(204, 401, 404),
        },
        "/shelves/{shelf}/visits": {"parameters": [ID], "post": _operation(204, 401, 404)},
        "/shelves/{shelf}/seal": {"parameters": [ID], "post": _operation(204, 401, 404, 409)},
        "/shelves/{shelf}/marks": {
            "parameters": [ID],
            "get": _operation(200, 401, 404, schema={"type": "array", "items": BOOK}),
            "post": _operation(201, 401, 404, schema=BOOK, body=_object(["title"], title=TEXT)),
        },
        "/marks/{mark}": {
            "parameters": [_in("mark", "path", type="integer")],
            "get": _operation(200, 401, 404, schema=BOOK),
        },
        "/search": {
            "get": _operation(
                200,
                401,
                422,
                schema={"type": "array", "items": BOOK},
                parameters=({**_in("q", "query", type="string"), "required": True},),
            )
        },
        "/tally": {"get": _operation(200, 401, schema=_object(["mine"], mine=WHOLE))},
        "/me": {"get": _operation(200, 401, schema=_object(["id"], id={"type": "string"}))},
        "/loans": {"post": _operation(201, 401, 404, 422, body=_object(["shelf_id"], shelf_id=WHOLE))},
        "/tags": {"post": _operation(201, 401, 422, body=NAME)},
        "/keys": {
            "get": _operation(200, 401, schema={"type": "array", "items": KEY}),
            "post": _operation(201, 401, 422, body=NAME),
        },
        "/keys/{key}": {
            "parameters": [_in("key", "path", type="integer")],
            "delete": _operation(204, 401, 404),
        },
        "/shelves/{shelf}/stamps": {
            "parameters": [ID],
            "post": _operation(201, 401, 404, 409, body=_object(["colour"], colour=TEXT)),
        },
        "/shelves/{shelf}/books": {
            "parameters": [ID],
            "get": _operation(200, 401, 404, schema={"type": "array", "items": BOOK}),
            "post": _operation(201, 401, 404, schema=BOOK, body=_object(["title"], title=TEXT)),
        },
        "/shelves/{shelf}/books/{book}": {
            "parameters": [ID, BOOK_ID],
            "get": _operation(200, 401, 404, schema=BOOK),
            "delete": _operation(204, 401, 404),
        },
    },
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}
